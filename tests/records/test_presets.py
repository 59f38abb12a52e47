"""Presets: each reads the records of its format, with no more configuration than a site for posts of one's own."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.records.presets import builtin_names
from feedsvc.records.reading import parse_file
from tests.records.test_mapping import source

TITLE, TIME = "Council & mayor agree", datetime(2026, 3, 11, 8, 15, tzinfo=UTC)
LINK, PICTURE = "https://ledger.example/2026/agree", "https://ledger.example/i.jpg"
TEXT, SUMMARY = "They agreed on Tuesday.", "An agreement, in short."
PERSONS = [{"name": "Maria Ortiz"}]
OWN = {"title": TITLE, "publishedDateTime": "2026-03-11T08:15:00Z", "webUrl": LINK}
#: For each format: the name of a file and its value, in which one article is told as the format has it.
FILES: dict[str, tuple[str, Any]] = {
    "trafilatura": ("trafilatura", {
        "title": TITLE, "author": "Maria Ortiz", "hostname": "ledger.example", "date": "2026-03-11T08:15:00Z", "text": TEXT, "raw_text": "x",
        "language": "en", "image": PICTURE, "source": LINK, "source-hostname": "The Ledger", "excerpt": SUMMARY, "categories": "", "tags": "AI;Law",
    }),
    "news-please": ("news-please", {
        "authors": ["Maria Ortiz"], "date_download": "2026-03-15 10:00:00", "date_modify": "None", "date_publish": "2026-03-11 08:15:00",
        "description": SUMMARY, "image_url": PICTURE, "language": "en", "maintext": TEXT, "source_domain": "ledger.example", "text": None,
        "title": TITLE, "title_page": None, "url": LINK,
    }),
    "newspaper": ("newspaper", {
        "url": f"{LINK}?x", "canonical_link": LINK, "title": TITLE, "top_image": "", "meta_img": PICTURE, "images": ["https://ledger.example/logo.png"],
        "keywords": [], "meta_keywords": ["AI", "Law"], "tags": None, "authors": ["Maria Ortiz"], "publish_date": "2026-03-11T08:15:00", "summary": "",
        "meta_description": SUMMARY, "meta_lang": "en", "language": "en", "meta_site_name": "The Ledger", "text": TEXT,
    }),
    "feedparser": ("feedparser", {"feed": {"title": "The Ledger", "link": "https://ledger.example/", "language": "en"}, "entries": [{
        "title": TITLE, "title_detail": {"value": TITLE}, "links": [{"rel": "alternate", "href": LINK}], "link": LINK, "id": "tag:1",
        "published": "Wed, 11 Mar 2026 09:15:00 +0100", "published_parsed": [2026, 3, 11, 8, 15, 0, 2, 70, 0], "summary": f"<p>{SUMMARY}</p>",
        "content": [{"type": "text/html", "value": f"<p>{TEXT}</p>"}], "tags": [{"term": "AI", "label": None}, {"term": "Law", "label": None}],
        "authors": PERSONS, "author": "Maria Ortiz", "media_content": [{"url": PICTURE}],
    }]}),
    "newsapi": ("newsapi", {"status": "ok", "totalResults": 1, "articles": [{
        "source": {"id": None, "name": "The Ledger"}, "author": "Maria Ortiz", "title": TITLE, "description": SUMMARY, "url": LINK,
        "urlToImage": PICTURE, "publishedAt": "2026-03-11T08:15:00Z", "content": TEXT,
    }]}),
    "json-feed": ("json-feed", {"version": "https://jsonfeed.org/version/1.1", "title": "The Ledger", "language": "en", "items": [{
        "id": "1", "url": LINK, "title": TITLE, "content_html": f"<p>{TEXT}</p>", "summary": SUMMARY, "image": PICTURE,
        "date_published": "2026-03-11T09:15:00+01:00", "authors": PERSONS, "tags": ["AI", "Law"],
    }]}),
    "schema.org": ("schema.org", {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": TITLE, "datePublished": "2026-03-11T09:15:00+01:00",
        "author": [{"@type": "Person", "name": "Maria Ortiz"}], "publisher": {"@type": "Organization", "name": "The Ledger"},
        "image": {"@type": "ImageObject", "url": PICTURE}, "mainEntityOfPage": {"@id": LINK}, "description": SUMMARY, "inLanguage": "en",
        "keywords": "AI, Law", "articleBody": TEXT,
    }),
    "WordPress": ("auto", [{
        "id": 7, "date": "2026-03-11T09:15:00", "date_gmt": "2026-03-11T08:15:00", "slug": "x", "status": "publish", "type": "post", "link": LINK,
        "title": {"rendered": "Council &#038; mayor agree"}, "content": {"rendered": f"<p>{TEXT}</p>", "protected": False},
        "excerpt": {"rendered": f"<p>{SUMMARY}</p>\n"}, "author": 3, "tags": [4, 5], "categories": [6],
        "_embedded": {"author": PERSONS, "wp:featuredmedia": [{"source_url": PICTURE}], "wp:term": [[{"name": "AI"}], [{"name": "Law"}]]},
    }]),
    "Bing": ("auto", {"_type": "News", "value": [{
        "name": TITLE, "url": LINK, "image": {"thumbnail": {"contentUrl": PICTURE}}, "description": SUMMARY, "provider": [{"_type": "Organization", "name": "The Ledger"}],
        "datePublished": "2026-03-11T08:15:00.0000000Z", "about": [{"name": "AI"}, {"name": "Law"}],
    }]}),
    "Miniflux": ("auto", {"total": 1, "entries": [{
        "id": 1, "status": "unread", "title": TITLE, "url": LINK, "published_at": "2026-03-11T08:15:00Z", "created_at": "2026-03-12T08:15:00Z",
        "content": f"<p>{TEXT}</p>", "author": "Maria Ortiz", "tags": ["AI", "Law"], "feed": {"title": "The Ledger", "site_url": "https://ledger.example/"},
    }]}),
    "FreshRSS": ("auto", {"id": "user/-/state/com.google/reading-list", "title": "List", "updated": 1773216900, "items": [{
        "id": "tag:1", "published": 1773216900, "title": TITLE, "canonical": [{"href": LINK}], "alternate": [{"href": LINK}], "author": "Maria Ortiz",
        "categories": ["user/-/state/com.google/reading-list", "user/-/label/AI", "Law"], "origin": {"title": "The Ledger", "htmlUrl": "https://ledger.example/"},
        "summary": {"content": f"<p>{TEXT}</p>"},
    }]}),
    "Postlight": ("auto", {
        "title": TITLE, "author": "Maria Ortiz", "date_published": "2026-03-11T08:15:00.000Z", "dek": SUMMARY, "lead_image_url": PICTURE,
        "content": f"<div><p>{TEXT}</p></div>", "next_page_url": None, "url": LINK, "domain": "ledger.example", "excerpt": SUMMARY, "word_count": 4,
    }),
    "NYT": ("auto", {"status": "OK", "response": {"docs": [{
        "abstract": SUMMARY, "web_url": LINK, "source": "The Ledger", "headline": {"main": TITLE, "kicker": None}, "pub_date": "2026-03-11T08:15:00+0000",
        "keywords": [{"name": "subject", "value": "AI"}, {"name": "subject", "value": "Law"}], "byline": {"original": "By Maria Ortiz"}, "_id": "nyt://1",
    }]}}),
}  # fmt: skip
#: What each of them doesn't have.
WITHOUT = {
    "Bing": ("text", "author"), "NYT": ("text", "picture"), "FreshRSS": ("summary", "picture"), "Miniflux": ("summary", "picture"),
    "Postlight": ("topics",), "newsapi": ("topics",), "news-please": ("topics",),
}  # fmt: skip
HOSTS = ("news-please", "WordPress", "Postlight")


@pytest.mark.parametrize("preset", ["auto", "its own"])
@pytest.mark.parametrize("name", FILES)
def test_what_tools_and_services_deliver_is_read_without_a_configuration(name: str, preset: str) -> None:
    own, value = FILES[name]
    chosen = source(preset=own if preset == "its own" else "auto")
    content = parse_file("a.json", json.dumps(value, indent=1).encode(), chosen)
    assert [str(problem) for problem in content.problems] == []
    (record,) = content.records
    story, without = record.story, WITHOUT.get(name, ())
    assert (story.title, story.url, story.published, story.draft) == (TITLE, LINK, TIME, False)
    assert story.provider.name == ("ledger.example" if name in HOSTS else "The Ledger")
    assert story.authors == (() if "author" in without else ("Maria Ortiz",))
    if "topics" not in without:
        assert {topic.name for topic in story.topics} == {"AI", "Law"}
    assert (story.image and story.image.url) == (None if "picture" in without else PICTURE)
    assert story.excerpt == ("" if "summary" in without else SUMMARY)
    assert (TEXT in story.content_html) != ("text" in without)


POST = "title: Don't stop\ntags: [AI, Law]\ncategories: [News, Big Law]\n"


@pytest.mark.parametrize(
    ("preset", "folder", "file", "text", "url"),
    [
        ("jekyll", "_posts", "2026-03-11-My-post.md", f"---\n{POST}---\nText", "news/big%20law/2026/03/11/My-post.html"),
        ("jekyll", "_posts", "2026-03-11-x.md", f"---\n{POST}permalink: /own/\n---\nText", "own/"),
        ("jekyll", "_posts", "2026-03-11-x.md", f"---\n{POST}permalink: /:title/\n---\nText", "news/big%20law/2026/03/11/x.html"),
        ("jekyll", ".", "law/_posts/2026-03-11-x.md", "---\ntitle: Don't stop\ntags: AI, Law\n---\nText", "law/2026/03/11/x.html"),
        ("jekyll", "_posts", "2026-03-10-x.md", f"---\n{POST}slug: y\ndate: 2026-03-11 00:10:00 +0000\n---\nText", "news/big%20law/2026/03/11/y.html"),
        ("hugo", "content", "posts/My Post.md", f"---\n{POST}date: 2026-03-11\n---\nText", "posts/my-post/"),
        ("hugo", "content/posts", "x/index.md", f"---\n{POST}date: 2026-03-11\n---\nText", "posts/x/"),
        ("hugo", "content", "posts/2026-03-11-x.md", f"---\n{POST}---\nText", "posts/2026-03-11-x/"),
        ("hugo", "content", "posts/x.md", "+++\ntitle = \"Don't stop\"\ndate = 2026-03-11\ntags = ['AI', 'Law']\nslug = 'y'\n+++\nText", "posts/y/"),
        ("hugo", "content", "posts/x.md", '{"title": "Don\'t stop", "date": "2026-03-11", "tags": ["AI", "Law"], "url": "/z/"}\nText', "z/"),
        ("zola", "content", "blog/2026-03-11-Überall.md", "+++\ntitle = \"Don't stop\"\n[taxonomies]\ntags = ['AI', 'Law']\n+++\nText", "blog/uberall/"),
        ("zola", "content", "blog/x.md", "+++\ntitle = \"Don't stop\"\ndate = 2026-03-11\npath = 'a/b'\n[taxonomies]\ntags = ['AI', 'Law']\n+++\nText", "a/b/"),
        ("pelican", "content", "news/x.md", "Title: Don't stop\nDate: 2026-03-11\nTags: AI, Law\nCategory: News\n\nText", "dont-stop.html"),
        ("pelican", "content", "news/2026-03-11_x.md", "Title: Don't stop\nTags: AI, Law\nSlug: own\n\nText", "own.html"),
        ("eleventy", "content", "blog/2026-03-11-x.md", f"---\n{POST}---\nText", "blog/x/"),
        ("eleventy", "src/content", "blog/x.mdx", f"---\n{POST}pubDate: 2026-03-11\n---\nText", "blog/x/"),
        ("eleventy", "content", "blog/x.md", f"---\n{POST}date: 2026-03-11\npermalink: '/{{{{ slug }}}}/'\n---\nText", "blog/x/"),
    ],
)  # fmt: skip
def test_posts_of_one_s_own_have_the_addresses_that_their_generator_gives_them(
    preset: str, folder: str, file: str, text: str, url: str
) -> None:
    chosen = source(Path("/x") / folder, preset=preset, site="https://blog.example/me")
    assert chosen.claims(file)
    content = parse_file(file, text.encode(), chosen)
    assert [str(problem) for problem in content.problems] == []
    story = content.records[0].story
    assert (story.url, story.title) == (f"https://blog.example/me/{url}", "Don't stop")
    assert [topic.name for topic in story.topics] == ["AI", "Law"]
    assert (story.published.year, story.published.month, story.published.day) == (2026, 3, 11)
    assert "Text" in story.content_html


@pytest.mark.parametrize(
    ("preset", "passed_over"),
    [
        ("jekyll", "README.md index.md _drafts/2026-03-11-x.md _layouts/post.html"),
        ("hugo", "_index.md posts/_index.md README.md"),
        ("zola", "_index.md blog/_index.md"),
        ("pelican", "pages/about.md README.md"),
        ("eleventy", "README.md node_modules/x/a.md _includes/x.html"),
    ],
)
def test_what_is_no_post_is_passed_over(preset: str, passed_over: str) -> None:
    chosen = source(preset=preset)
    assert [path for path in passed_over.split() if chosen.claims(path)] == []


@pytest.mark.parametrize(
    ("preset", "values", "state"),
    [
        ("hugo", {"headless": True, "draft": False}, "draft"),
        ("hugo", {"headless": False, "draft": True}, "draft"),
        ("hugo", {"_build": {"render": "never", "list": "always"}}, "draft"),
        ("hugo", {"build": {"list": "never"}, "published": "2024-01-01"}, "draft"),
        ("hugo", {"build": {"render": False}}, "draft"),
        ("hugo", {"build": {"render": "link", "list": "local"}, "headless": False, "draft": "false"}, ""),
        ("eleventy", {"permalink": False}, "draft"),
        ("eleventy", {"eleventyExcludeFromCollections": True}, "draft"),
        ("eleventy", {"permalink": "/x/", "eleventyExcludeFromCollections": False}, ""),
        ("auto", {"isDraft": True}, "draft"),
        ("auto", {"is_draft": "true", "draft": False}, "draft"),
        ("auto", {"visibility": "private", "status": "published"}, "draft"),
        ("auto", {"visibility": "public", "status": "draft"}, "draft"),
        ("auto", {"visibility": "public", "isDraft": False, "is_published": True}, ""),
        ("auto", {"is_published": False}, "draft"),
        ("auto", {"isDeleted": True}, "deleted"),
        ("newsapi", {"title": "[Removed]", "url": "https://removed.com"}, "deleted"),
        ("auto", {"title": "[Removed]", "url": "https://removed.com"}, "deleted"),
        ("auto", {"title": "True"}, ""),
        ("auto", {"title": "Private"}, ""),
    ],
)  # fmt: skip
def test_one_value_that_leaves_a_record_out_is_enough(preset: str, values: dict[str, Any], state: str) -> None:
    fields = {"title": "T", "url": LINK, "date": "2024-01-01", **values}
    content = parse_file("a.json", json.dumps(fields).encode(), source(preset=preset, site="https://a.example"))
    assert [str(problem) for problem in content.problems] == []
    story = content.records[0].story
    assert (story.draft, story.deleted) == (state == "draft", state == "deleted")


@pytest.mark.parametrize(
    ("values", "draft"),
    [
        ({"hidden": False, "draft": True}, False), ({"hidden": "no", "draft": True}, False), ({"draft": True}, True),
        ({"hidden": True, "draft": False}, True), ({"hidden": False, "headless": True}, False),
    ],
)  # fmt: skip
def test_what_a_configuration_says_of_drafts_decides(values: dict[str, Any], draft: bool) -> None:
    fields = {"title": "T", "url": LINK, "date": "2024-01-01", **values}
    chosen = source(preset="hugo", site="https://a.example", fields={"draft": "hidden"})
    content = parse_file("a.json", json.dumps(fields).encode(), chosen)
    assert [record.story.draft for record in content.records] == [draft]


def test_the_time_of_a_hugo_post_is_the_one_at_which_it_is_published() -> None:
    text = "+++\ntitle = 'T'\ndate = 2024-01-01\npublishDate = 2099-01-01\n+++\nText"
    content = parse_file("posts/x.md", text.encode(), source(preset="hugo", site="https://a.example"))
    assert content.records[0].story.published.year == 2099


@pytest.mark.parametrize("date", ["01/03/2024", "2024-13-45", "tbd"])
@pytest.mark.parametrize("preset", ["jekyll", "hugo", "zola", "pelican", "eleventy", "auto"])
def test_a_date_that_can_not_be_used_is_a_problem_though_the_file_s_name_has_one(preset: str, date: str) -> None:
    text = f"---\ntitle: T\nurl: https://a.example/1\ndate: {date}\n---\nText"
    content = parse_file("2024-01-05-us.md", text.encode(), source(preset=preset, site="https://a.example"))
    (problem,) = content.problems
    assert (problem.line, problem.field, problem.refuses) == (4, "date", False)
    assert problem.message.startswith(f"'{date}' can't be used: expected a time")
    assert problem.message.endswith("; the date in the file's name is used")
    assert str(content.records[0].story.published.date()) == "2024-01-05"


@pytest.mark.parametrize("date", ["", "null", "2024-01-05"])
def test_a_date_that_is_missing_where_the_file_s_name_has_one_is_no_problem(date: str) -> None:
    text = f"---\ntitle: T\ndate: {date}\n---\nText"
    content = parse_file("2024-01-05-us.md", text.encode(), source(preset="jekyll", site="https://a.example"))
    assert (content.problems, len(content.records)) == ((), 1)


@pytest.mark.parametrize(
    ("preset", "file", "lines", "picture"),
    [
        ("hugo", "posts/first/index.md", 'images = ["cover.jpg"]', "posts/first/cover.jpg"),
        ("hugo", "posts/first/index.md", 'image = "img/cover.jpg"', "posts/first/img/cover.jpg"),
        ("hugo", "posts/first/index.md", 'image = "cover.jpg"', "posts/first/cover.jpg"),
        ("hugo", "posts/first/index.md", 'cover = { image = "../cover.jpg" }', "posts/cover.jpg"),
        ("hugo", "posts/first/index.md", 'images = [{ url = "cover.jpg" }]', "posts/first/cover.jpg"),
        ("hugo", "posts/first/index.md", 'images = ["/img/cover.jpg"]', "img/cover.jpg"),
        ("hugo", "posts/first/index.md", 'images = ["https://blog.example/me/c.jpg"]', "c.jpg"),
        ("hugo", "posts/first.md", 'images = ["img/cover.jpg"]', "img/cover.jpg"),
        ("zola", "blog/first/index.md", 'extra = { image = "cover.jpg" }', "blog/first/cover.jpg"),
        ("eleventy", "blog/first/index.md", 'heroImage = "./cover.jpg"', "blog/first/cover.jpg"),
    ],
)  # fmt: skip
def test_pictures_of_a_page_with_a_folder_of_its_own_start_at_its_address(
    preset: str, file: str, lines: str, picture: str
) -> None:
    text = f"+++\ntitle = 'T'\ndate = 2024-01-01\n{lines}\n+++\n![x](cover.jpg)"
    content = parse_file(file, text.encode(), source(Path("/x/content"), preset=preset, site="https://blog.example/me"))
    assert content.problems == ()
    image = content.records[0].story.image
    assert image and image.url == f"https://blog.example/me/{picture}"


VALUES = {
    "title": st.text("abc &<é", min_size=1).filter(str.strip), "excerpt": st.text("abc d", min_size=1).filter(str.strip),
    "featuredContent": st.just("Text & more"), "publishedDateTime": st.just("2026-03-11T08:15:00Z"), "webUrl": st.just(LINK),
    "updatedDateTime": st.sampled_from(["2026-03-12T08:15:00Z", "2026-03-11T10:00:00+01:00"]), "images": st.just([{"url": PICTURE, "width": 3}]),
    "topics": st.lists(st.sampled_from(["AI", "Law", "C++"]), min_size=1), "authors": st.lists(st.sampled_from(["Ann", "Bob"]), min_size=1),
    "provider": st.sampled_from([{"name": "The Ledger"}, {"name": "Times", "domain": "times.example"}]), "quality": st.integers(0, 100).map(str),
    "heat": st.integers(0, 9).map(str), "language": st.sampled_from(["en", "pt-BR"]), "type": st.sampled_from(["article", "Video"]),
    "draft": st.booleans(), "ampWebUrl": st.just("https://amp.example/x"),
}  # fmt: skip


@given(st.sampled_from(builtin_names()), st.fixed_dictionaries({}, optional=VALUES), st.data())
def test_a_record_whose_keys_are_renamed_by_a_presets_table_gives_the_same_story(
    preset: str, optional: dict[str, Any], data: st.DataObject
) -> None:
    record = {**OWN, **optional}
    chosen = source(preset=preset)
    renamed = dict(record)
    for field, texts in chosen.preset_fields.items():
        outer, _, inner = field.partition(".")
        keys = [text for text in texts if "{" not in text and "." not in text and text[0] not in "=$"]
        if outer in record and outer in renamed and keys and field != "slug" and not inner:
            (key,) = keys[:1]
            if key not in renamed:
                renamed[key] = renamed.pop(outer)
    if "publishedDateTime" in renamed and ("webUrl" in renamed or "originalUrl" in renamed):
        return
    own, mapped = (parse_file("a.json", json.dumps(each).encode(), chosen) for each in (record, renamed))
    assert [str(problem) for problem in mapped.problems] == []
    assert mapped.records == own.records


@pytest.mark.parametrize("preset", builtin_names())
def test_what_no_field_is_read_from_is_in_no_story_and_no_problem(preset: str) -> None:
    values = [value for _, value in FILES.values()]
    text = json.dumps(values)
    hidden = {f"canary{number}": [f"canary{number}", {"canary": "canary"}] for number in range(5)}
    for file in json.loads(text):
        for record in file if isinstance(file, list) else [file]:
            record |= hidden
            for part in record.values():
                for item in part if isinstance(part, list) else [part]:
                    if isinstance(item, dict):
                        item |= {"secured": "canary", "canary": "canary"}
        content = parse_file("a.json", json.dumps(file).encode(), source(preset=preset))
        assert "canary" not in repr(content)
