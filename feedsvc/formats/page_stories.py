"""A story on a page, as HTML. Pages are mostly stories, for which a template would take several times as long."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from html import escape

from feedsvc.formats.content import language_attributes
from feedsvc.model import Catalogue, Entry, Feed, FeedAddress, Image, Link

#: Links to related stories that are shown unfolded.
_SHOWN_LINKS = 3
#: The characters of an excerpt that is shortened, how many more are no reason to, and what it ends in then.
_EXCERPT, _SPARED, _CUT = 240, 5, "..."
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day_and_month(day: date) -> str:
    """Return a day within a year as people read it, in English whatever the locale of the process, as `%B` isn't."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def _full_date(day: date) -> str:
    """Return a date as people read it, in English."""
    return f"{day_and_month(day)} {day.year}"


def date_and_time(moment: datetime) -> str:
    """Return a time in UTC as people read it, in English."""
    return f"{_full_date(moment)}, {moment.hour:02}:{moment.minute:02} UTC"


def english_in(around: str) -> str:
    """Return the attributes of an element with the page's own words, which are English, by the language around it."""
    return "" if around.split("-")[0] == "en" else language_attributes("en", around)


def picture(image: Image, site: Feed | Catalogue, around: str, name: str = "picture") -> str:
    """Return a picture, which is on the server of others: unless the site lets it load, a reader has to open it.

    around: the language around it. name: the class of its element.
    """
    url, title = escaped((image.url, image.title))
    attributes = f'src="{url}" alt="{title}" loading="lazy" referrerpolicy="no-referrer"'
    if site.pictures:
        return f'<img class="{name}" {attributes}>\n'
    summary = f"<summary{english_in(around)}>Picture</summary>"
    return f'<details class="{name}">\n{summary}\n<img {attributes}>\n</details>\n'


def stories(entries: Iterable[Entry], site: Feed | Catalogue, root: str, is_whole: bool = True) -> str:
    """Return stories, each with its headline, byline, excerpt, coverage and topics.

    root: the relative path to the home page. is_whole: whether each has its whole excerpt, and all links.
    """
    return "\n".join([_story(entry, site, root, is_whole) for entry in entries])


def _story(entry: Entry, site: Feed | Catalogue, root: str, is_whole: bool) -> str:
    story, language = entry.story, site.language
    around = story.language or language
    inside = language_attributes(language, around)
    excerpt = story.excerpt if is_whole else _shortened(story.excerpt)
    url, title, excerpt, *names = escaped((story.url, story.title, excerpt, *entry.persons, entry.provider.name))
    time = _time(story.published, date_and_time(story.published), around)
    parts = [f"<article{language_attributes(around, language)}>\n"]
    if story.image:
        parts += (picture(story.image, site, around), "\n")
    parts.append(f'<h3><a href="{url}">{title}</a></h3>\n<p class="facts">{", ".join([*names, time])}</p>\n')
    if excerpt:
        parts.append(f"<p>{excerpt}</p>\n")
    if entry.related and entry.is_mention:
        parts.append(f'<p class="related"{inside}>{_mentioned_by(entry, site)}</p>\n')
    elif entry.related:
        parts.append(f'<div class="coverage"{inside}>\n{_coverage(entry, site, is_whole)}</div>\n')
    if entry.topics:
        parts.append(f'<ul class="topics"{inside}>\n{_topics(entry, root)}</ul>\n')
    return "".join((*parts, "</article>\n"))


def headlines(entries: Sequence[Entry], language: str, with_provider: bool) -> str:
    """Return stories, at least one, as headlines, by the days on which they were published, in UTC, in the order given.

    language: of the page. with_provider: whether each has the name of its provider.
    """
    english = english_in(language)
    stories = [entry.story for entry in entries]
    urls, titles = escaped([story.url for story in stories]), escaped([story.title for story in stories])
    providers = [""] * len(stories)
    if with_provider:
        providers = [f" <span>{name}</span>" for name in escaped([entry.provider.name for entry in entries])]
    lines: list[str] = []
    before = None
    for story, url, title, provider in zip(stories, urls, titles, providers, strict=True):
        day = story.published.date()
        if day != before:
            lines += ["</ul>"] if before else []
            lines += (f'<h3{english}><time datetime="{day}">{day_and_month(day)}</time></h3>', "<ul>")
            before = day
        inside = language_attributes(story.language, language) if story.language else ""
        lines.append(f'<li><a{inside} href="{url}">{title}</a>{provider}</li>')
    return "\n".join((*lines, "</ul>"))


def _mentioned_by(entry: Entry, site: Feed | Catalogue) -> str:
    """Return the links to some of the stories that list a mention, and the number of the others."""
    links = [f'<a href="{url}">{title}</a>' for url, title, _ in _texts(entry.related[:_SHOWN_LINKS])]
    rest = entry.related_total - len(links)
    more = f" {_more('span', rest, site)}" if rest else ""
    return f"<span{english_in(site.language)}>Related to</span>\n{', '.join(links)}{more}"


def _coverage(entry: Entry, site: Feed | Catalogue, is_whole: bool) -> str:
    """Return the heading and the list of the related stories of an entry."""
    heading = site.labels.coverage if entry.cluster else site.labels.related
    inside = language_attributes(heading.language, site.language)
    items = [
        f'<li><a href="{url}">{title}</a> '
        f'<span class="facts">{provider}{_published(link, site.language)}</span></li>\n\n'
        for link, (url, title, provider) in zip(entry.related, _texts(entry.related), strict=True)
    ]
    shown, others = items[:_SHOWN_LINKS], items[_SHOWN_LINKS:]
    rest = entry.related_total - len(shown)
    more = folded = ""
    if is_whole and others:
        left_out = f"{_more('li', entry.related_left_out, site)}\n" if entry.related_left_out else ""
        folded = f"<ul>\n{''.join(others)}{left_out}</ul>\n"
        folded = f"<details>\n{_more('summary', rest, site)}\n{folded}</details>\n"
    elif rest:
        more = f"{_more('li', rest, site)}\n"
    heading_text = f"<p{inside}>{_escape(heading.text)} ({entry.related_total})</p>\n"
    return f"{heading_text}<ul>\n{''.join(shown)}{more}</ul>\n{folded}"


def _published(link: Link, language: str) -> str:
    """Return when a story in the same cluster was published; nothing of others."""
    return f", {_time(link.published, _full_date(link.published), language)}" if link.published else ""


def _time(moment: datetime, shown: str, around: str) -> str:
    return f'<time{english_in(around)} datetime="{moment.isoformat()}">{shown}</time>'


def _more(element: str, number: int, site: Feed | Catalogue) -> str:
    """Return an element that says how many related stories are left."""
    label = site.labels.more
    inside = language_attributes(label.language, site.language)
    return f"<{element}{inside}>{_escape(label.filled(number))}</{element}>"


def _topics(entry: Entry, root: str) -> str:
    """Return the items of the list of topics, with links to those that have a page."""
    names = escaped([topic.name for topic in entry.topics])
    return "".join(
        [
            f'<li><a href="{root}{_topic_page(topic.slug)}">{name}</a></li>\n'
            if topic.slug in entry.linked_topics
            else f"<li>{name}</li>\n"
            for topic, name in zip(entry.topics, names, strict=True)
        ]
    )


@lru_cache(1000)
def _topic_page(slug: str) -> str:
    """Return the address of a topic's page relative to the home page."""
    return FeedAddress("topics", slug).page_link


def _shortened(text: str) -> str:
    """Return the beginning of a text, up to a word's end, if it is long."""
    if len(text) <= _EXCERPT + _SPARED:
        return text
    return text[: _EXCERPT - len(_CUT)].rsplit(" ", 1)[0] + _CUT


def _texts(links: Iterable[Link]) -> list[tuple[str, str, str]]:
    """Return the URL, title and provider of links, escaped."""
    texts = iter(escaped([text for link in links for text in (link.url, link.title, link.provider)]))
    return list(zip(texts, texts, texts, strict=True))


def escaped(texts: Iterable[str]) -> list[str]:
    """Return texts, at least one, escaped for HTML: all at once, separated by a character that none of them holds."""
    return _escape("\0".join(texts)).split("\0")


def _escape(text: str) -> str:
    """Return a text escaped as templates do it, in less time."""
    return escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;")
