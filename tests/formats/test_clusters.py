"""What formats write of clusters: one entry with the coverage that belongs to it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html
from msgspec.structs import replace

from feedsvc.formats import feedgen_templates
from feedsvc.formats.registry import find_format
from feedsvc.model import (
    Cluster,
    Entry,
    Feed,
    FeedAddress,
    Image,
    Link,
    Provider,
    Story,
    Topic,
    make_labels,
)
from tests.rules import NAMESPACES, check_content, check_feed, texts

GOLDEN = Path(__file__).parent.parent / "data"
FORMATS = ("atom", "rss", "json")
DAILY = Provider("daily", "The Daily", "daily.example")


def day(number: int) -> datetime:
    return datetime(2020, 6, number, 8, 30, tzinfo=UTC)


STORY = Story("https://a.example/1", "A bridge opens", day(13), day(13), DAILY, excerpt="It is open. At last.")
JOINED = Link("https://b.example/1", "Long queues", "B & Co", day(14), "Thousands came. Some walked.")
LATER = Link("https://c.example/1", "What it cost", "C", day(15))
MENTION = Link("https://d.example/1", "Photos", "D")


def entry(*related: Link, left_out: int = 0, story: Story = STORY, updated: datetime | None = None) -> Entry:
    """Return the entry of a cluster. left_out: the number of related stories that it doesn't link to."""
    total = len(related) + left_out
    providers = tuple(dict.fromkeys([story.provider.name, *(link.provider for link in related)]))
    cluster = Cluster(1 + total, providers, updated or story.updated)
    return Entry(story, story.provider, related=related, related_total=total, cluster=cluster)


def feed(*entries: Entry, language: str = "en", **labels: str) -> Feed:
    return Feed(
        address=FeedAddress("feed"),
        title="News",
        name="News",
        site_title="News",
        description="All of it",
        description_language=language,
        base_url="https://feeds.example",
        language=language,
        labels=make_labels(language, labels),
        author="News",
        image=None,
        formats=tuple(map(find_format, FORMATS)),
        ttl=15,
        hub="",
        pictures=False,
        entries=entries,
        archive_formats=(),
        previous_archive=None,
        next_archive=None,
        next_page=None,
        revision=1,
        changed=day(16),
    )


def written(feed: Feed, name: str) -> bytes:
    return find_format(name).write(feed)


def items(feed: Feed) -> list[dict[str, Any]]:
    return list(json.loads(written(feed, "json"))["items"])


def content(feed: Feed) -> str:
    """Return the content of the first entry, which is the same in every format. All rules of feeds are asserted."""
    found = str(items(feed)[0]["content_html"])
    check_content(found)
    for name in ("atom", "rss"):
        body = written(feed, name)
        check_feed(body, f"https://feeds.example/feed.{name}")
        assert texts(etree.fromstring(body), "//content:encoded | //a:content")[0] == found
    return found


def coverage(feed: Feed) -> str:
    """Return what the content of the first entry has after that of its story."""
    return content(feed)[len("<p>It is open. At last.</p>") :]


@pytest.mark.parametrize("format", FORMATS)
def test_a_feed_of_clusters_is_the_golden_one(format: str, request: pytest.FixtureRequest) -> None:
    picture = Image("https://a.example/i.jpg", 640, 480, "The bridge")
    story = replace(STORY, content_html="<p>It is <em>long</em>.</p>", image=picture, authors=("Ann",))
    whole = entry(JOINED, LATER, MENTION, left_out=2, story=story, updated=day(15))
    whole = replace(whole, topics=(Topic("bridges", "Bridges"), Topic("money", "Money")))
    alone = entry(story=replace(STORY, url="https://e.example/1", title="Alone", published=day(12)))
    body = written(feed(whole, alone), format)
    if format != "json":
        check_feed(body, f"https://feeds.example/feed.{format}")
    golden = GOLDEN / f"clusters.{format}"
    if request.config.getoption("--regenerate"):
        golden.write_bytes(body)
    assert body == golden.read_bytes()


def test_the_content_has_those_that_joined_then_mentions_then_how_many_more_there_are() -> None:
    assert coverage(feed(entry(JOINED, LATER, MENTION, left_out=3))) == (
        "<p>More coverage:</p><ul>"
        '<li><a href="https://b.example/1">Long queues</a> (B &amp; Co, 2020-06-14)<br>Thousands came.</li>'
        '<li><a href="https://c.example/1">What it cost</a> (C, 2020-06-15)</li>'
        '<li><a href="https://d.example/1">Photos</a> (D)</li>'
        "<li>and 3 more</li></ul>"
    )


def test_a_cluster_of_mentions_has_the_same_heading_and_one_of_a_single_story_has_none() -> None:
    listed = '<ul><li><a href="https://d.example/1">Photos</a> (D)</li></ul>'
    assert coverage(feed(entry(MENTION))) == f"<p>More coverage:</p>{listed}"
    assert coverage(feed(replace(entry(MENTION), cluster=None))) == f"<p>Related stories:</p>{listed}"
    assert coverage(feed(entry())) == ""


@pytest.mark.parametrize(
    ("language", "heading", "more"),
    [
        ("de", "Weitere Berichte:", "und 2 weitere"),
        ("fr", "Autres articles sur ce sujet\xa0:", "et 2 de plus"),
        ("ja", "ほかの報道\uff1a", "ほか2件"),
        ("zh-Hant", "更多報導\uff1a", "另有 2 篇"),
    ],
)
def test_the_heading_is_in_the_language_of_the_site(language: str, heading: str, more: str) -> None:
    found = coverage(feed(entry(JOINED, left_out=2), language=language))
    assert found.startswith(f"<p>{heading}</p><ul><li><a ")
    assert f" (B &amp; Co, 2020-06-14)<br>Thousands came.</li><li>{more}</li></ul>" in found


def test_a_heading_of_the_configuration_replaces_it() -> None:
    assert coverage(feed(entry(JOINED), coverage="A <b> & C:")).startswith("<p>A &lt;b&gt; &amp; C:</p><ul>")


def test_the_coverage_of_a_story_in_another_language_is_marked_as_the_site_is_written() -> None:
    hebrew = replace(STORY, language="he")
    found = content(feed(entry(JOINED, story=hebrew)))
    assert found.startswith('<div lang="he" dir="rtl"><p>It is open. At last.</p><p lang="en" dir="ltr">More coverage:')
    assert '</p><ul lang="en" dir="ltr"><li>' in found
    found = content(feed(entry(JOINED, left_out=1, story=replace(STORY, language="fr")), language="ar"))
    assert '<p lang="en">More coverage:</p><ul lang="ar" dir="rtl"><li>' in found
    assert '<li><span lang="en" dir="ltr">and 1 more</span></li></ul>' in found


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(
    ("title", "provider", "date"),
    [
        ("الجسر", "الجزيرة", "\u200e2020-06-14"),
        ("Bridge", "الجزيرة", "\u200e2020-06-14"),
        ("גשר", "הארץ", "2020-06-14"),
        ("Bridge", "B", "2020-06-14"),
    ],
)
def test_a_date_after_arabic_is_kept_from_being_shown_backwards(
    language: str, title: str, provider: str, date: str
) -> None:
    joined = replace(JOINED, title=title, provider=provider, excerpt="")
    assert f">{title}</a> ({provider}, {date})</li>" in coverage(feed(entry(joined), language=language))


def test_hostile_texts_are_shown_as_they_are() -> None:
    nasty = "</li></ul><script>x</script> & \"q\" 'a' &amp; {0} %s ]]>"
    joined = Link("https://b.example/?a=1&b='2'", nasty, nasty, day(14), f"{nasty}! More.")
    found = content(feed(entry(joined, replace(joined, url="https://b.example/2", published=None, excerpt=""))))
    first, second = html.fragment_fromstring(found, create_parent="div").iterfind("ul/li")
    assert first.text_content() == f"{nasty} ({nasty}, 2020-06-14){nasty}!"
    assert second.text_content() == f"{nasty} ({nasty})"
    assert [link.get("href") for link in (*first, *second) if link.tag == "a"] == [joined.url, "https://b.example/2"]


def test_a_long_excerpt_is_cut() -> None:
    found = coverage(feed(entry(replace(JOINED, excerpt="word " * 1000), replace(LATER, excerpt="日" * 1000))))
    assert f"<br>{'word ' * 39}word…</li>" in found
    assert f"<br>{'日' * 199}…</li>" in found


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_related_links_are_in_order_and_nothing_is_replied_to(format: str) -> None:
    root = etree.fromstring(written(feed(entry(JOINED, LATER, MENTION, updated=day(15))), format))
    related = texts(root, "//a:link[@rel='related']/@href")
    assert related == [JOINED.url, LATER.url, MENTION.url]
    assert not root.xpath("//thr:in-reply-to", namespaces=NAMESPACES)


def test_an_entry_is_updated_with_its_cluster_and_keeps_its_own_id_and_time() -> None:
    before, after = (feed(entry(*related, updated=day(15))) for related in ((JOINED,), (JOINED, MENTION)))
    for clusters in (before, after):
        atom, rss = (etree.fromstring(written(clusters, name)) for name in ("atom", "rss"))
        assert texts(atom, "//a:entry/a:id") == texts(rss, "//guid") == [STORY.url]
        assert texts(atom, "//a:entry/a:published") == ["2020-06-13T08:30:00+00:00"]
        assert texts(atom, "//a:updated") == ["2020-06-15T08:30:00+00:00"] * 2
        assert texts(rss, "//item/a:updated") == ["2020-06-15T08:30:00+00:00"]
        (item,) = items(clusters)
        assert (item["id"], item["date_published"]) == (STORY.url, "2020-06-13T08:30:00+00:00")
        assert item["date_modified"] == "2020-06-15T08:30:00+00:00"


def test_json_has_the_cluster_in_place_of_related_stories() -> None:
    (item,) = items(feed(entry(JOINED, LATER, MENTION, left_out=3)))
    assert item["_feedsvc"] == {
        "provider": {"name": "The Daily", "slug": "daily", "url": "https://daily.example/"},
        "cluster": {
            "size": 7,
            "providers": ["The Daily", "B & Co", "C", "D"],
            "members": [
                {
                    "url": "https://b.example/1",
                    "title": "Long queues",
                    "provider": "B & Co",
                    "published": "2020-06-14T08:30:00+00:00",
                    "excerpt": "Thousands came. Some walked.",
                },
                {
                    "url": "https://c.example/1",
                    "title": "What it cost",
                    "provider": "C",
                    "published": "2020-06-15T08:30:00+00:00",
                },
                {"url": "https://d.example/1", "title": "Photos", "provider": "D"},
            ],
        },
    }
    (item,) = items(feed(entry()))
    assert item["_feedsvc"]["cluster"] == {"size": 1, "providers": ["The Daily"]}


def test_clusters_of_as_many_stories_are_rendered_once_whatever_their_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    def clusters(links: Sequence[Link]) -> list[Entry]:
        return [entry(*links, story=replace(STORY, url=f"https://a.example/{n}")) for n in range(3)]

    links = [(JOINED, MENTION), (replace(JOINED, published=day(20)), LATER), (replace(JOINED, excerpt=""), MENTION)]
    rendered: list[str] = []
    render = feedgen_templates.render_entry
    monkeypatch.setattr(
        feedgen_templates, "render_entry", lambda name, *values: rendered.append(name) or render(name, *values)
    )
    feedgen_templates._rendered_entry.cache_clear()
    feedgen_templates._entry_template.cache_clear()
    feedgen_templates._written.cache_clear()
    for related in links:
        for name in ("atom", "rss"):
            written(feed(*clusters(related)), name)
    assert rendered == ["atom", "rss"]
