"""Topics and providers with fewer stories than feeds.min_stories have no feed."""

import json
import re
from collections.abc import Callable

import pytest

from feedsvc.build.site import build
from feedsvc.feeds.explanation import explain
from feedsvc.feeds.missing import explain_missing
from feedsvc.feeds.notes import unknown_names
from feedsvc.formats import ASSETS
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from tests.conftest import Site, record
from tests.rules import check_feed

RELATED = "[{title: x, webUrl: 'https://x.example/', publishedDateTime: 2020-01-01}]"


def story(number: int, topics: str, **more: str) -> str:
    return record(f"Story {number}", f"https://p{number % 2}.example/{number}", topics=f"[{topics}]", **more)


#: Topics and providers with the number of their stories: Common 3, Rare 1; p0 1, p1 2.
FILES = {"1.md": story(1, "Common, Rare"), "2.md": story(2, "Common"), "3.md": story(3, "Common")}


def linked(site: Site, page: str) -> dict[str, bool]:
    """The topics on a page, and whether each is a link."""
    topics = re.findall('<ul class="topics">(.*?)</ul>', site.body(page).decode(), re.DOTALL)
    items = re.findall("<li>(.*?)</li>", "".join(topics))
    return {re.sub("<[^>]*>", "", item): item.startswith("<a ") for item in items}


def test_topics_and_providers_with_fewer_stories_have_no_feed(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2})
    paths = {re.sub(r"(/\d{4}-\d\d)?\.\w+$|/$", "", path) for path in site.addresses() if path not in ASSETS}
    paths.remove("/search")
    assert paths == {"", "/feed", "/feeds", "/.well-known/feeds", "/topics/common", "/providers/p1-example"}
    for address in (
        "/topics/rare.atom",
        "/topics/rare/",
        "/topics/rare.rss?min_quality=1",
        "/providers/p0-example.json",
    ):
        assert site.document(address) is None
    assert site.documents.slugs("topics") == ["common"]
    assert explain_missing(site.documents, "/topics/rar.atom").suggestions == ()
    for address in ("/", "/feeds.opml"):
        assert b"common" in site.body(address)
        assert b"topics/rare" not in site.body(address).lower()


def test_entries_keep_a_topic_without_a_feed_and_its_page_is_no_link(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2})
    for format in ("atom", "rss"):
        feed = check_feed(site.body(f"/topics/common.{format}"), f"https://feeds.example/topics/common.{format}")
        tags = [tag for entry in feed.entries for tag in entry.tags]
        assert sorted(tag.get("label") or tag.term for tag in tags) == ["Common"] * 3 + ["Rare"]
    assert ["Common", "Rare"] in [item["tags"] for item in json.loads(site.body("/feed.json"))["items"]]
    assert linked(site, "/topics/common/") == {"Common": True, "Rare": False}


def test_feeds_are_the_same_whether_or_not_a_topic_in_them_has_a_feed(make_site: Callable[..., Site]) -> None:
    one, two = make_site(FILES), make_site(FILES, feeds={"min_stories": 2})
    for address in ("/topics/common.atom", "/topics/common.rss", "/topics/common.json"):
        assert one.body(address) == two.body(address)


def test_only_primary_stories_count_where_mentions_are_no_entries(make_site: Callable[..., Site]) -> None:
    files = {"1.md": story(1, "Common", related=RELATED)}
    assert make_site(files, feeds={"min_stories": 2}).documents.slugs("topics") == ["common"]
    assert make_site(files, feeds={"min_stories": 2, "related": "links"}).documents.slugs("topics") == []


def test_saved_filters_and_those_that_leave_out_may_name_a_topic_without_a_feed(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2}, custom=[{"name": "Saved", "topic": ["Rare"]}])
    assert [item["title"] for item in json.loads(site.body("/custom/saved.json"))["items"]] == ["Story 1"]
    others = json.loads(site.body("/feed.json?without_topic=rare"))["items"]
    assert sorted(item["title"] for item in others) == ["Story 2", "Story 3"]
    with site.documents.index.reading() as connection:
        assert unknown_names(connection, site.config) == []


@pytest.mark.parametrize(
    "address",
    ["/feed.json?topic=rare", "/topics/common.json?topic=rare", "/feed.json?topic=rare&topic=common",
     "/providers/p1-example.json?topic=rare", "/custom/saved.json?topic=rare&topic=common"],
)  # fmt: skip
def test_other_filters_may_not_and_say_why(make_site: Callable[..., Site], address: str) -> None:
    site = make_site(FILES, feeds={"min_stories": 2}, custom=[{"name": "Saved"}])
    assert site.document(address) is None
    path, _, query = address.partition("?")
    assert explain_missing(site.documents, path, query).reason == "topic: fewer than 2 stories have 'rare'"


def test_pages_link_to_a_topic_as_soon_as_it_has_a_feed(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2})
    pages = ("/topics/common/", "/providers/p1-example/")
    revisions = {page: site.revision(page) for page in pages}
    site.write("4.md", story(4, "Rare"))
    site.sync()
    assert site.document("/topics/rare.atom")
    for page in pages:
        assert linked(site, page) == {"Common": True, "Rare": True}
        assert site.revision(page) != revisions.pop(page)
    (site.config.records_folder / "4.md").unlink()
    site.sync()
    assert site.document("/topics/rare.atom") is None
    assert [linked(site, page)["Rare"] for page in pages] == [False, False]


def test_a_build_writes_the_pages_anew_that_name_a_topic_which_has_a_feed_since(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2})
    out = site.folder / "public"
    build(site.documents, out)
    assert not (out / "topics/rare").exists()
    files = {**FILES, "4.md": story(4, "Rare")}
    site.write("4.md", files["4.md"])
    site.sync()
    build(site.documents, out)
    fresh = make_site(files, feeds={"min_stories": 2})
    for page in ("topics/common", "topics/rare", "providers/p1-example"):
        assert (out / page / "index.html").read_bytes() == fresh.body(f"/{page}/")


def test_only_pages_that_name_a_topic_change_when_it_has_a_feed(make_site: Callable[..., Site]) -> None:
    files = {**FILES, "7.md": story(7, "Far", provider="Far"), "8.md": story(8, "Far", provider="Far")}
    site = make_site(files, feeds={"min_stories": 2})
    before = {address: site.revision(address) for address in ("/topics/far/", "/providers/far/", "/topics/common/")}
    site.write("4.md", story(4, "Rare"))
    site.sync()
    changed = [address for address, revision in before.items() if site.revision(address) != revision]
    assert changed == ["/topics/common/"]


def test_it_is_explained_why_a_topic_has_no_feed(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_stories": 2})
    records = RecordFolders(find_sources(site.config))
    with site.documents.index.reading() as connection:
        lines = explain(connection, site.config, "https://p1.example/1", records).lines
    reason = "its stories are fewer than feeds.min_stories, which is 2"
    assert f"  not in https://feeds.example/topics/rare.atom: {reason}" in lines
