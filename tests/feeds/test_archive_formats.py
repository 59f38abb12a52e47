"""The formats of archives: Atom unless others are named, and feeds in formats without archives lead to those in another."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree

import feedsvc
from feedsvc.build.site import build
from feedsvc.errors import AddressError
from feedsvc.feeds.missing import explain_missing, look_up
from tests.conftest import Site, record
from tests.rules import check_feed, texts

BASE = "https://feeds.example"
#: 14 stories of five months, which each feed shows two of.
FILES: dict[str, str | bytes] = {
    f"{number}.md": record(
        f"Story {number}",
        f"https://a.example/{number}",
        f"2020-0{1 + number // 3}-1{number % 3}",
        topics="[AI]" if number % 4 else "[Law]",
        provider="{name: A}" if number % 3 else "{name: B}",
    )
    for number in range(14)
}
FEEDS = ["/feed", "/topics/ai", "/topics/law", "/providers/a", "/providers/b", "/custom/early"]
SUFFIXES = {"atom": ".atom", "rss": ".rss", "json": ".json"}


@pytest.fixture
def new_site(make_site: Callable[..., Site]) -> Callable[..., Site]:
    """Makes a site with these stories. feeds: keys of its table [feeds]."""

    def make(**feeds: Any) -> Site:
        return make_site(FILES, feeds={"limit": 2, **feeds}, custom=[{"name": "Early", "until": "2020-04-01"}])

    return make


def ids(body: bytes) -> list[str]:
    if body.startswith(b"{"):
        return [item["id"] for item in json.loads(body)["items"]]
    return texts(etree.fromstring(body), "a:entry/a:id | channel/item/guid")


def following(body: bytes) -> str:
    """The address that the link of a document to older stories leads to; empty without one."""
    if body.startswith(b"{"):
        url = json.loads(body).get("next_url", "")
    else:
        url = "".join(texts(etree.fromstring(body), "//a:link[@rel='prev-archive']/@href"))
    return unquote(url.removeprefix(BASE))


def walk(site: Site, address: str) -> list[tuple[str, list[str]]]:
    """The addresses that lead from a current feed to its oldest stories by their own links, with the ids of each."""
    found = []
    while address:
        body = site.body(address)
        if not body.startswith(b"{"):
            check_feed(body, BASE + address, site.config.feeds.limit)
        found.append((address, ids(body)))
        address = following(body)
    return found


def check_walk(site: Site, feed: str, suffix: str, archive_suffix: str) -> None:
    """Assert that links lead from a feed through archives of one format to each of its stories, once in these."""
    stories = ids(site.body(f"{feed}{suffix}?limit=500"))
    (current, newest), *older = walk(site, f"{feed}{suffix}")
    assert current == f"{feed}{suffix}"
    assert older
    assert all(address.endswith(archive_suffix) for address, _ in older)
    archived = [story for _, found in older for story in found]
    assert newest + [story for story in archived if story not in newest] == stories
    assert len(archived) == len(set(archived))


def archive_suffixes(site: Site) -> set[str]:
    """The ends of the addresses of archives but for pages."""
    sections = [path.rpartition("/")[2] for path in site.addresses() if "/2020-" in path or "/older" in path]
    return {section.rpartition(".")[2] for section in sections if section}


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("suffix", [".atom", ".rss"])
def test_every_story_is_in_an_archive_in_atom_that_feeds_in_atom_and_rss_lead_to(
    new_site: Callable[..., Site], feed: str, suffix: str
) -> None:
    site = new_site()
    assert archive_suffixes(site) == {"atom"}
    check_walk(site, feed, suffix, ".atom")


def test_feeds_in_rss_say_that_their_archives_are_in_atom(new_site: Callable[..., Site]) -> None:
    (link,) = etree.fromstring(new_site().body("/feed.rss")).xpath("//*[@rel='prev-archive']")
    assert dict(link.attrib) == {
        "href": f"{BASE}/feed/2020-05.atom", "rel": "prev-archive", "type": "application/atom+xml",
    }  # fmt: skip


def test_json_feeds_have_no_next_pages_where_archives_are_in_atom(new_site: Callable[..., Site]) -> None:
    site = new_site()
    assert all(b"next_url" not in site.body(f"{feed}.json") for feed in FEEDS)
    assert site.document("/feed/older.json") is site.document("/feed/2020-01.json") is None
    assert site.document("/feed/older.json?limit=4") is None


@pytest.mark.parametrize(
    ("formats", "archives", "expected"),
    [
        (["json"], True, {"json": ".json"}),
        (["rss"], True, {"rss": ".rss"}),
        (["rss", "json"], True, {"rss": ".rss", "json": ""}),
        (["json", "rss"], True, {"rss": ".json", "json": ".json"}),
        (["json", "rss", "atom"], True, {"atom": ".atom", "rss": ".atom", "json": ""}),
        (["atom", "rss", "json"], ["atom", "rss", "json"], {"atom": ".atom", "rss": ".rss", "json": ".json"}),
        (["atom", "rss", "json"], ["rss", "json"], {"atom": ".rss", "rss": ".rss", "json": ".json"}),
        (["atom", "rss", "json"], ["json", "atom"], {"atom": ".atom", "rss": ".json", "json": ".json"}),
        (["atom", "rss", "json"], False, {"atom": "", "rss": "", "json": ""}),
    ],
)
def test_feeds_lead_to_archives_in_their_format_else_in_the_first_that_has_some(
    new_site: Callable[..., Site], formats: list[str], archives: bool | list[str], expected: dict[str, str]
) -> None:
    site = new_site(formats=formats, archives=archives)
    for name, archive_suffix in expected.items():
        if not archive_suffix:
            assert following(site.body(f"/topics/ai{SUFFIXES[name]}")) == ""
        elif name == "rss" and archive_suffix == ".json":  # a link to JSON, whose pages go on by themselves
            assert following(site.body("/topics/ai.rss")).endswith(".json")
        else:
            check_walk(site, "/topics/ai", SUFFIXES[name], archive_suffix)
    of_archives = set(archives) if isinstance(archives, list) else {each[1:] for each in expected.values() if each}
    assert archive_suffixes(site) == of_archives
    pages = [path for path in site.addresses() if "2020-" in path and path.endswith("/")]
    assert bool(pages) == bool(archives)
    for path in pages:
        links = etree.HTML(site.body(path)).xpath("//link[@rel='alternate']/@href")
        assert links == [f"{BASE}{path[:-1]}{SUFFIXES[name]}" for name in site.config.feeds.archive_formats]


def test_a_build_has_the_archives_that_are_served_and_removes_those_of_other_formats(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(archives=["atom", "rss", "json"])
    build(site.documents, site.config.out_folder)
    out = site.config.out_folder
    assert (out / "feed/2020-01.rss").exists()
    config = feedsvc.load_config(
        tables={
            "site": {"base_url": BASE}, "feeds": {"limit": 2}, "records": {"path": str(site.config.records_folder)},
            "index": {"url": site.config.index.url}, "custom": [{"name": "Early", "until": "2020-04-01"}],
        }
    )  # fmt: skip
    other = Site(site.folder, config, type(site.documents)(site.documents.index, config))
    result = build(other.documents, out)
    assert result.conflicts == ()
    assert "feed/2020-01.rss" in result.removed_names
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    names = {path.lstrip("/") + ("index.html" if path.endswith("/") else ""): path for path in other.addresses()}
    assert {name for name in files if not name.startswith(".feedsvc")} == set(names)
    assert all(files[name].read_bytes() == other.body(path) for name, path in names.items())


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/topics/ai/2020-01.rss", ["/topics/ai/2020-01.atom"]),
        ("/feed/2020-03.json", ["/feed/2020-03.atom"]),
        ("/feed/2020-03.json?topic=ai&x=1", ["/topics/ai/2020-03.atom"]),
        ("/feed/2020-03.json?limit=1", ["/feed/2020-03.atom?limit=1"]),
        ("/feed/2021-03.json", []),
        ("/feed/2020-03.xyz", []),
        ("/feed/older.json", []),
    ],
)
def test_the_address_of_an_archive_in_a_format_without_suggests_the_one_that_there_is(
    new_site: Callable[..., Site], address: str, meant: list[str]
) -> None:
    site = new_site()
    path, _, query = address.partition("?")
    assert site.document(address) is None
    assert [each.target for each in explain_missing(site.documents, path, query).suggestions] == meant
    if meant:
        with pytest.raises(AddressError, match=r"did you mean /.*\.atom"):
            look_up(site.documents, address)
        response = feedsvc.create_app(site.config).test_client().get(address)
        assert (response.status_code, f"Did you mean {BASE}{meant[0]}\n" in response.text) == (404, True)


def test_suggestions_for_an_archive_are_of_all_formats_that_have_it(new_site: Callable[..., Site]) -> None:
    site = new_site(archives=["rss", "atom"])
    found = explain_missing(site.documents, "/feed/2020-03.json").suggestions
    assert [each.target for each in found] == ["/feed/2020-03.rss", "/feed/2020-03.atom"]
