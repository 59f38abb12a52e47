"""Feeds: which stories are in them, and that every one keeps every rule."""

import html
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLE, Site, record
from tests.corpus import Corpus, Expected
from tests.rules import ARCHIVE, check_feed

GOLDEN = Path(__file__).parent.parent / "data"


def walk(site: Site) -> dict[str, Any]:
    """What feedparser reads at each feed's current address, all rules asserted on these and on all archives."""
    addresses = [address for address in site.addresses() if address.endswith((".atom", ".rss"))]
    found = {
        address: check_feed(site.body(address), url(site, address), site.config.feeds.limit) for address in addresses
    }
    return {address: feed for address, feed in found.items() if not ARCHIVE.search(address)}


def url(site: Site, address: str) -> str:
    from feedsvc.model import absolute

    return absolute(site.config.site.base_url, address)


def test_the_sample_record_makes_its_feeds(sample_site: Site) -> None:
    catalogue = sample_site.documents.catalogue()
    assert {feed.address.feed_path: feed.size for feed in catalogue.topics} == {
        "/topics/ai": 18, "/topics/aws-ai": 18, "/topics/computer-vision": 18,
    }  # fmt: skip
    assert len(catalogue.providers) == 17
    assert {feed.size for feed in catalogue.providers if feed.name != "Forbes"} == {1}
    feeds = walk(sample_site)
    for format in ("atom", "rss"):
        assert len(feeds[f"/feed.{format}"].entries) == 18
        assert len(feeds[f"/topics/ai.{format}"].entries) == 18
        assert len(feeds[f"/providers/forbes.{format}"].entries) == 2


def test_the_article_links_to_its_17_related_stories_in_order_and_they_link_back(sample_site: Site) -> None:
    listed = [
        line.split('"')[1].replace('\\"', '"')
        for line in (SAMPLE / "000_fce6074d693a150c.txt").read_text().split("related:")[1].splitlines()
        if line.startswith("    webUrl:")
    ]
    assert len(listed) == 17
    for format in ("atom", "rss"):
        feed = check_feed(sample_site.body(f"/feed.{format}"), f"https://feeds.example/feed.{format}")
        (article,) = (entry for entry in feed.entries if entry.title.startswith("IBM, Microsoft And Amazon"))
        related = [link for link in article.links if link.rel == "related"]
        assert [link.href for link in related] == listed
        titles = {entry.link: entry.title for entry in feed.entries}
        assert [link.title for link in related] == [html.unescape(titles[link.href]) for link in related]
        for entry in feed.entries:
            if entry is not article:
                assert [link.href for link in entry.links if link.rel == "related"] == [article.link]


@pytest.mark.sqlite  # test_postgres sees that PostgreSQL's documents are the same
def test_every_feed_of_the_corpus_keeps_every_rule_and_says_what_its_records_say(
    make_site: Callable[..., Site], corpus: Corpus
) -> None:
    site = make_site(corpus.files, feeds={"limit": 500})
    feeds = walk(site)
    assert len(feeds) > 150
    expected = {**corpus.mentions, **corpus.stories}
    for feed in feeds.values():
        for entry in feed.entries:
            check_entry(entry, expected, corpus)
    newest = sorted(expected.values(), key=lambda one: (-one.published.timestamp(), one.url))[:500]
    for format in ("atom", "rss"):
        assert [entry.id for entry in feeds[f"/feed.{format}"].entries] == [one.url for one in newest]
        mathematics = {one.url for one in expected.values() if "Math for AI" in one.topics}
        assert {entry.id for entry in feeds[f"/topics/math-for-ai.{format}"].entries} == mathematics
        daily = {one.url for one in expected.values() if one.provider == "The Daily 7 & Co"}
        assert {entry.id for entry in feeds[f"/providers/the-daily-7-co.{format}"].entries} == daily


def check_entry(entry: Any, expected: dict[str, Expected], corpus: Corpus) -> None:
    """Assert that an entry as feedparser reads it says what a story's record says."""
    story = expected[entry.link]
    assert plain(entry) == story.title
    assert entry.author == story.provider
    assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == story.published
    assert {tag.get("label") or tag.term for tag in entry.get("tags", ())} == story.topics
    assert [link.href for link in entry.links if link.rel == "related"] == corpus.related(story)
    for link in entry.links:
        if link.rel == "related":
            assert link.title == expected[link.href].title


def plain(entry: Any) -> str:
    """An entry's title as a reader shows it."""
    return html.unescape(entry.title) if entry.title_detail.type == "text/html" else entry.title


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_the_sample_feed_is_the_golden_one(sample_site: Site, format: str, request: pytest.FixtureRequest) -> None:
    body = sample_site.body(f"/providers/forbes.{format}")
    golden = GOLDEN / f"forbes.{format}"
    if request.config.getoption("--regenerate"):
        golden.write_bytes(body)
    assert body == golden.read_bytes()


def test_an_empty_folder_makes_a_valid_empty_feed(make_site: Callable[..., Site]) -> None:
    feeds = walk(make_site({}))
    assert sorted(feeds) == ["/feed.atom", "/feed.rss"]
    assert feeds["/feed.atom"].feed.updated == "1970-01-02T00:00:00+00:00"
    assert feeds["/feed.rss"].entries == []


def test_a_feed_holds_its_newest_entries_up_to_the_limit_ties_by_url(make_site: Callable[..., Site]) -> None:
    times = {"a": "2020-01-01", "b": "2020-01-03", "c": "2020-01-03", "d": "2020-01-02"}
    files = {f"{name}.md": record(name, f"https://a.example/{name}", time) for name, time in times.items()}
    feed = walk(make_site(files, feeds={"limit": 3, "archives": ["atom", "rss"]}))["/feed.atom"]
    assert [entry.title for entry in feed.entries] == ["b", "c", "d"]


def test_min_quality_leaves_out_lesser_and_unknown_stories(make_site: Callable[..., Site]) -> None:
    files = {f"{q}.md": record(f"q{q}", f"https://a.example/{q}", quality=q) for q in ("", "59", "60")}
    feed = walk(make_site(files, feeds={"min_quality": 60}))["/feed.rss"]
    assert [entry.title for entry in feed.entries] == ["q60"]


def test_titles_and_names_with_markup_reach_the_reader_as_they_are(make_site: Callable[..., Site]) -> None:
    title = "A & B < C > D ]]> {{x}} %s"
    text = record(
        html.escape(title), topics='["R&D <x>"]', provider='{name: "AT&T <b>"}', excerpt='"1 &lt; 2 &amp;amp;"'
    )
    for address, feed in walk(make_site({"1.md": text})).items():
        (entry,) = feed.entries
        assert plain(entry) == title, address
        assert entry.author == "AT&T <b>"
        assert html.unescape(entry.summary) == "1 < 2 &amp;"
    assert html.unescape(feed.feed.title).startswith("AT&T <b> - ")


def test_everything_of_a_story_is_in_its_entry(make_site: Callable[..., Site]) -> None:
    text = record(
        excerpt="Short.",
        featuredContent="<p>Long <script>x</script><a href='/y'>y</a></p>",
        images="[{url: 'https://a.example/i.png', width: 3, height: 2, title: A picture}]",
        provider="{name: N, domain: n.example, authors: [Ann, Bob Lee, N, Ann], publishers: [P]}",
    )
    site = make_site({"1.md": text})
    atom, rss = (
        check_feed(site.body(f"/feed.{f}"), f"https://feeds.example/feed.{f}").entries[0] for f in ("atom", "rss")
    )
    content = (
        '<p><a href="https://a.example/1"><img alt="A picture" src="https://a.example/i.png" /></a></p><p>Short.</p>'
        '<p>Long <a href="https://a.example/y" rel="noopener noreferrer">y</a></p>'
    )
    for entry in (atom, rss):
        assert entry.content[0].value == content
        assert entry.media_content == [
            {"url": "https://a.example/i.png", "width": "3", "height": "2", "medium": "image"}
        ]
        assert entry.media_thumbnail[0]["url"] == "https://a.example/i.png"
        assert [author["name"] for author in entry.authors] == ["Ann", "Bob Lee", "N"]
    assert atom.author_detail == {"name": "N", "href": "https://n.example/"}
    assert rss.publisher == "P"
    (item,) = json.loads(site.body("/feed.json"))["items"]
    assert item["authors"] == [{"name": "Ann"}, {"name": "Bob Lee"}, {"name": "N", "url": "https://n.example/"}]


def test_addresses_that_name_no_feed_have_no_document(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    for address in (
        "", "feed.atom", "/feed", "/feed.xml", "/feed.atom/", "/topics/ai", "/topics/none.atom", "/topics/.atom", "/topics/AI.atom",
        "/topics//ai.atom", "/x/topics/ai.atom", "/providers/ai.atom", "/topics/ai.atom.atom", "/feed/x.atom", "/../feed.atom",
    ):  # fmt: skip
        assert site.document(address) is None, address


def test_a_related_story_without_a_time_is_a_link_and_no_entry(make_site: Callable[..., Site]) -> None:
    def links() -> list[tuple[str, str]]:
        atom = check_feed(site.body("/feed.atom"), "https://feeds.example/feed.atom")
        (entry,) = (entry for entry in atom.entries if entry.id == "https://a.example/1")
        (item,) = (item for item in json.loads(site.body("/feed.json"))["items"] if item["id"] == entry.id)
        related = item["_feedsvc"].get("related", [])
        found = [(link.href, link.title) for link in entry.links if link.rel == "related"]
        assert found == [(link["url"], link["title"]) for link in related]
        assert all(
            f'<a href="{link["url"]}">{link["title"]}</a> ({link["provider"]})' in item["content_html"]
            for link in related
        )
        return found

    related = (
        "\n- https://www.b.example/x\n- {title: See C, webUrl: 'https://c.example/', provider: Cee, topics: [Unseen]}"
    )
    site = make_site({"1.md": record(topics="[AI]", related=related)})
    listed = [("https://www.b.example/x", "b.example/x"), ("https://c.example/", "See C")]
    assert links() == listed
    assert len(json.loads(site.body("/feed.json"))["items"]) == 1
    assert site.document("/providers/cee.atom") is site.document("/topics/unseen.atom") is None

    revision = site.revision("/feed.atom")
    site.write("2.md", record("C itself", "https://c.example/"))
    site.sync()
    assert links() == [listed[0], ("https://c.example/", "C itself")]
    assert site.revision("/feed.atom") != revision

    site.write("2.md", record("C itself", "https://c.example/", published="false"))
    site.sync()
    assert links() == listed[:1]  # never to a story that is hidden

    (site.config.record_folders[0] / "2.md").unlink()
    site.sync()
    assert links() == listed
    site.write(
        "3.md",
        record(
            "Another",
            "https://a.example/3",
            related="[{title: C, webUrl: 'https://c.example/', publishedDateTime: 2020-01-01}]",
        ),
    )
    site.sync()
    assert links() == [listed[0], ("https://c.example/", "C")]
    assert "https://c.example/" in site.body("/topics/ai.json").decode()  # the story has the topics of what links to it
