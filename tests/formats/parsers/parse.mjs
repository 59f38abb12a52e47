// Parses feeds with parsers in JavaScript: `node parse.mjs FILE...` prints {parser: {file: what it reads}} as JSON.
//
// Each parser has an adapter, which returns what it makes of a feed by default: {title, link, entries: [{id, title, link,
// published, updated, authors, categories, summary, content}]}. What it doesn't give is left out. No adapter repairs
// anything: what a parser gives otherwise is in differences.py.
import { readFileSync } from 'node:fs'

const list = (value) => (value === undefined || value === null ? [] : [value].flat())
const time = (value) => (value ? new Date(value).toISOString() : undefined)
const byEvents = (parser, text) =>
  new Promise((resolve, reject) => parser.on('error', reject).on('end', resolve).end(text))

const PARSERS = {
  '@extractus/feed-extractor': async ({ extractFromXml, extractFromJson }, text, format) => {
    const feed =
      format === 'json' ? extractFromJson(JSON.parse(text), { descriptionMaxLen: 0 }) : extractFromXml(text, { descriptionMaxLen: 0 })
    return {
      title: feed.title,
      link: feed.link,
      entries: feed.entries.map(({ id, title, link, published, description }) => ({
        id, title, link, published, summary: description,
      })),
    }
  },

  '@rowanmanning/feed-parser': async ({ parseFeed }, text) => {
    const feed = parseFeed(text)
    return {
      title: feed.title,
      link: feed.url,
      entries: feed.items.map((item) => ({
        id: item.id, title: item.title, link: item.url, published: time(item.published), updated: time(item.updated),
        authors: item.authors.map(({ name }) => name), categories: item.categories.map(({ label, term }) => label ?? term),
        summary: item.description, content: item.content,
      })),
    }
  },

  feedme: async ({ default: FeedMe }, text) => {
    const parser = new FeedMe(true)
    parser.end(text)
    const feed = await new Promise((resolve) => parser.on('finish', () => resolve(parser.done())))
    const alternate = (links) => list(links).find((link) => !link.rel || link.rel === 'alternate')
    const plain = (value) => value?.text ?? value
    return {
      title: plain(feed.title),
      link: alternate(feed.link)?.href ?? alternate(feed.link) ?? feed.home_page_url,
      entries: feed.items.map((item) => ({
        id: plain(item.guid ?? item.id), title: plain(item.title), link: alternate(item.link)?.href ?? alternate(item.link) ?? item.url,
        published: time(item.pubdate ?? item.published ?? item.date_published),
        updated: time(item.updated ?? item['atom:updated'] ?? item.date_modified),
        authors: list(item['dc:creator'] ?? item.author ?? item.authors).map((author) => author.name ?? author),
        categories: list(item.category).map((category) => category.label ?? plain(category)).concat(list(item.tags)),
        summary: plain(item.summary ?? item.description), content: plain(item['content:encoded'] ?? item.content ?? item.content_html),
      })),
    }
  },

  feedparser: async ({ default: FeedParser }, text) => {
    const parser = new FeedParser()
    const items = []
    parser.on('data', (item) => items.push(item))
    await byEvents(parser, text)
    return {
      title: parser.meta.title,
      link: parser.meta.link,
      entries: items.map((item) => ({
        id: item.guid, title: item.title, link: item.link, published: time(item.pubdate), updated: time(item.date),
        authors: list(item.author), categories: item.categories, summary: item.summary, content: item.description,
      })),
    }
  },

  feedsmith: async ({ parseFeed }, text) => {
    const { feed } = parseFeed(text)
    const text_of = (value) => value?.value ?? value
    const alternate = (links) => links?.find((link) => !link.rel || link.rel === 'alternate')?.href
    return {
      title: text_of(feed.title),
      link: feed.link ?? feed.home_page_url ?? alternate(feed.links),
      entries: (feed.items ?? feed.entries).map((item) => ({
        id: text_of(item.guid ?? item.id), title: text_of(item.title), link: item.link ?? item.url ?? alternate(item.links),
        published: time(item.pubDate ?? item.published ?? item.date_published),
        updated: time(item.updated ?? item.atom?.updated ?? item.date_modified),
        authors: (item.dc?.creators ?? item.authors ?? []).map((author) => author.name ?? author),
        categories: (item.categories ?? item.tags ?? []).map((category) => category.label ?? category.name ?? category.term ?? category),
        summary: text_of(item.summary ?? item.description), content: text_of(item.content?.encoded ?? item.content ?? item.content_html),
      })),
    }
  },

  htmlparser2: async ({ parseFeed }, text) => {
    const feed = parseFeed(text)
    return {
      title: feed.title,
      link: feed.link,
      entries: feed.items.map((item) => ({
        id: item.id, title: item.title, link: item.link, published: time(item.pubDate), summary: item.description,
      })),
    }
  },

  podparse: async ({ default: parse }, text) => {
    const { meta, episodes } = parse(text)
    return {
      title: meta.title,
      link: meta.link,
      entries: episodes.map((item) => ({
        id: item.guid, title: item.title, link: item.link, published: time(item.pubDate), authors: list(item.author),
        categories: item.categories, summary: item.description, content: item.showNotes,
      })),
    }
  },

  'react-native-rss-parser': async ({ parse }, text) => {
    const feed = await parse(text)
    return {
      title: feed.title,
      link: feed.links.find(({ rel }) => !rel || rel === 'alternate')?.url,
      entries: feed.items.map((item) => ({
        id: item.id, title: item.title, link: item.links[0]?.url, published: time(item.published),
        authors: item.authors.map(({ name }) => name), categories: item.categories.map(({ name }) => name),
        summary: item.description, content: item.content,
      })),
    }
  },

  'rss-parser': async ({ default: Parser }, text) => {
    const feed = await new Parser().parseString(text)
    return {
      title: feed.title,
      link: feed.link,
      entries: feed.items.map((item) => ({
        id: item.guid ?? item.id, title: item.title, link: item.link, published: item.isoDate,
        authors: list(item.creator ?? item.author), categories: item.categories?.map((category) => category._ ?? category.$?.label ?? category),
        summary: item.summary ?? item.content, content: item['content:encoded'] ?? item.content,
      })),
    }
  },
}

const results = {}
for (const [name, parse] of Object.entries(PARSERS)) {
  const library = await import(name)
  results[name] = {}
  for (const file of process.argv.slice(2)) {
    const format = file.slice(file.lastIndexOf('.') + 1)
    try {
      results[name][file] = await parse(library, readFileSync(file, 'utf8'), format)
    } catch (error) {
      results[name][file] = { error: String(error) }
    }
  }
}
process.stdout.write(JSON.stringify(results))
