"""Each kind of records that people have: what it needs in config.toml, and what readers see of it in the feeds."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reader import make_reader

import feedsvc
from feedsvc.config import load_config
from feedsvc.records.mapping import map_record
from feedsvc.records.reading import parse_mapping
from feedsvc.records.registry import find_syntax
from feedsvc.records.searching import find_records
from feedsvc.records.sources import find_sources
from feedsvc.records.values import Fields
from tests.rules import check_feed

DATA = Path(__file__).parent.parent / "data" / "kinds"
BASE = "https://feeds.example"

#: What the table [records] needs beside `path`, as the README has it. Each is a folder of DATA.
KINDS = {
    **dict.fromkeys(
        ("bing-news", "feedparser-entries", "feedparser-whole", "freshrss", "front-matter", "json-feed", "json-lines",
         "miniflux", "news-please", "newsapi", "newspaper4k", "postlight", "schema.org", "schema.org-graph",
         "trafilatura", "wordpress"),
        "",
    ),
    "jekyll": 'preset = "jekyll"\nsite = "https://harbour.example"',
    "hugo": 'preset = "hugo"\nsite = "https://harbour.example"',
    "zola": 'preset = "zola"\nsite = "https://harbour.example"',
    "pelican": 'preset = "pelican"\nsite = "https://harbour.example"',
    "eleventy": 'preset = "eleventy"\nsite = "https://harbour.example"',
    "astro": 'preset = "eleventy"\nsite = "https://harbour.example"',
}  # fmt: skip

#: The presets of kinds that need none.
NAMED = {
    "feedparser-entries": "feedparser",
    "feedparser-whole": "feedparser",
    "json-feed": "json-feed",
    "news-please": "news-please",
    "newsapi": "newsapi",
    "newspaper4k": "newspaper",
    "schema.org": "schema.org",
    "schema.org-graph": "schema.org",
    "trafilatura": "trafilatura",
}


def expected(kind: str) -> list[dict[str, Any]]:
    """Return the stories of a kind, newest first, each with the fields that its source has."""
    stories: list[dict[str, Any]] = json.loads((DATA / kind / "expected.json").read_text())
    return stories


def config_of(kind: str, folder: Path, lines: str) -> Path:
    """Write a configuration with what [records] needs, and return its path."""
    path = folder / "config.toml"
    path.write_text(f'site.base_url = "{BASE}"\n[records]\npath = "{DATA / kind / "records"}"\n{lines}\n')
    return path


def documents(kind: str, folder: Path, lines: str) -> dict[str, bytes]:
    """Return the feed of all stories of a kind in each format, and assert that no record has a problem."""
    with feedsvc.open(config_of(kind, folder, lines)) as site:
        assert [problem.message for problem in site.sync().problems] == []
        return {suffix: site.document(f"/feed.{suffix}").body for suffix in ("atom", "rss", "json")}


def plain(markup: str) -> str:
    """Return the text of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split()).replace(" .", ".")


def test_every_folder_of_the_data_is_a_kind() -> None:
    assert sorted(KINDS) == sorted(path.name for path in DATA.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_a_source_has_of_a_story_is_published(kind: str, tmp_path: Path) -> None:
    found = []
    for item in json.loads(documents(kind, tmp_path, KINDS[kind])["json"])["items"]:
        provider = item["_feedsvc"]["provider"]["name"]
        *persons, publisher = [author["name"] for author in item["authors"]]
        assert publisher == provider
        found.append(
            {
                "title": item["title"],
                "link": item["url"],
                "published": item["date_published"].replace("+00:00", "Z"),
                "updated": item["date_modified"].replace("+00:00", "Z"),
                "authors": persons,
                "provider": provider,
                "topics": sorted(item.get("tags", ())),
                "picture": item.get("image"),
                "excerpt": item.get("summary"),
            }
        )
    assert found == [
        {
            **dict.fromkeys(("picture", "excerpt")),
            "authors": [],
            "updated": story["published"],
            **{key: value for key, value in story.items() if key not in ("text", "language")},
            "topics": sorted(story.get("topics", ())),
        }
        for story in expected(kind)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_readers_see_the_stories_of_a_kind(kind: str, tmp_path: Path) -> None:
    bodies = documents(kind, tmp_path, KINDS[kind])
    for suffix in ("atom", "rss"):
        parsed = check_feed(bodies[suffix], f"{BASE}/feed.{suffix}")
        (tmp_path / f"feed.{suffix}").write_bytes(bodies[suffix])
        with make_reader(":memory:", feed_root=str(tmp_path)) as reader:
            reader.add_feed(f"feed.{suffix}")
            reader.update_feeds()
            stored = {entry.link: entry for entry in reader.get_entries()}
        assert [entry.link for entry in parsed.entries] == [story["link"] for story in expected(kind)]
        for entry, story in zip(parsed.entries, expected(kind), strict=True):
            seen = stored[story["link"]]
            published = datetime.fromisoformat(story["published"])
            byline = [*story.get("authors", ()), story["provider"]]
            assert plain(entry.title) == plain(seen.title or "") == story["title"]
            assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == seen.published == published
            assert [author.name for author in entry.authors] == byline
            assert sorted(tag.label or tag.term for tag in entry.get("tags", ())) == sorted(story.get("topics", ()))
            texts = [*entry.get("content", [entry.get("summary_detail")]), *seen.content] if "text" in story else []
            assert all(story["text"] in plain(text.value) for text in texts)


@pytest.mark.parametrize("kind", NAMED)
def test_a_preset_gives_the_same_feeds_as_none(kind: str, tmp_path: Path) -> None:
    assert documents(kind, tmp_path, f'preset = "{NAMED[kind]}"') == documents(kind, tmp_path, "")


@pytest.mark.parametrize("kind", KINDS)
def test_the_language_of_a_story_is_found(kind: str, tmp_path: Path) -> None:
    (source,) = find_sources(load_config(config_of(kind, tmp_path, KINDS[kind])))
    languages = {}
    for path in (path for path in source.folder.rglob("*") if path.is_file()):
        name = path.relative_to(source.folder).as_posix()
        if not source.claims(name):
            continue
        syntax = find_syntax(name)
        assert syntax
        items, body = syntax.read(path.read_text())
        for fields, _, top in find_records(items, body, source):
            assert isinstance(fields, Fields)
            mapped = map_record(fields, body, name, source, top).fields
            languages[mapped["webUrl"][0]] = mapped.value_of("language")
    for story in expected(kind):
        assert languages[story["link"]] == story.get("language")


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (
            {"title": "A", "link": "https://a.example/1", "published": "Seg, 03 Mai"},
            "published: 'Seg, 03 Mai' can't be used: expected a time such as",
        ),
        (
            {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "A", "datePublished": "2020-01-01"},
            "webUrl: is missing; expected an address",
        ),
    ],
)
def test_a_record_that_cannot_be_used_has_one_problem(record: dict[str, str], problem: str) -> None:
    (found,) = parse_mapping(record, "a").problems
    assert str(found).startswith(f"a:1: {problem}")
    assert "@context" not in str(found)


TITLE, LINK, TIME = "Harbour bridge reopens", "https://gazette.example/bridge", "2020-03-09T06:30:00Z"

#: Answers of services that no preset is named after, each with one story.
SIBLINGS: dict[str, dict[str, Any]] = {
    "The Guardian": {
        "response": {
            "status": "ok",
            "results": [
                {
                    "id": "world/2020/bridge", "webTitle": TITLE, "webUrl": LINK, "webPublicationDate": TIME, "sectionName": "World",
                    "fields": {"byline": "Ada Byron", "trailText": "Cars cross", "thumbnail": "https://gazette.example/b.jpg"},
                }
            ],
        }
    },
    "Ghost": {
        "posts": [
            {
                "id": "5f", "title": TITLE, "slug": "bridge", "url": LINK, "published_at": "2020-03-09T07:30:00.000+01:00",
                "primary_author": {"name": "Ada Byron"}, "tags": [{"name": "World", "slug": "world"}], "custom_excerpt": "Cars cross",
                "feature_image": "https://gazette.example/b.jpg", "html": "<p>Cars</p>",
            }
        ],
        "meta": {"pagination": {"page": 1}},
    },
    "Elasticsearch": {
        "took": 3,
        "hits": {
            "total": {"value": 1},
            "hits": [
                {
                    "_index": "news", "_id": "1",
                    "_source": {
                        "title": TITLE, "url": LINK, "published_at": TIME, "author": "Ada Byron", "tags": ["World"],
                        "description": "Cars cross", "image_url": "https://gazette.example/b.jpg",
                    },
                }
            ],
        },
    },
    "GraphQL": {
        "data": {
            "posts": {
                "edges": [
                    {
                        "node": {
                            "title": TITLE, "link": LINK, "dateGmt": "2020-03-09T06:30:00", "author": {"node": {"name": "Ada Byron"}},
                            "tags": {"nodes": [{"name": "World"}]}, "excerpt": "<p>Cars cross</p>",
                            "featuredImage": {"node": {"sourceUrl": "https://gazette.example/b.jpg"}},
                        }
                    }
                ]
            }
        }
    },
    "DEV": {
        "articles": [
            {
                "type_of": "article", "id": 1, "title": TITLE, "description": "Cars cross", "url": LINK, "published_timestamp": TIME,
                "cover_image": "https://gazette.example/b.jpg", "tag_list": ["World"], "tags": "World", "user": {"name": "Ada Byron"},
            }
        ]
    },
    "Feedly": {
        "id": "feed/x", "title": "Harbour Gazette",
        "items": [
            {
                "id": "x=", "title": TITLE, "published": 1583735400000, "crawled": 1583737200000, "author": "Ada Byron",
                "alternate": [{"href": LINK, "type": "text/html"}], "keywords": ["World"], "summary": {"content": "Cars cross"},
                "visual": {"url": "https://gazette.example/b.jpg"}, "origin": {"title": "Harbour Gazette"},
            }
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SIBLINGS)
def test_shapes_that_no_preset_names_come_out_right(name: str) -> None:
    content = parse_mapping(SIBLINGS[name], "a")
    (record,) = content.records
    story = record.story
    assert content.problems == ()
    assert (story.title, story.url, story.published) == (TITLE, LINK, datetime.fromisoformat(TIME))
    assert story.authors == ("Ada Byron",)
    assert [topic.name for topic in story.topics] == ["World"]
    assert "Cars cross" in (story.excerpt, plain(story.content_html))
    assert story.image
