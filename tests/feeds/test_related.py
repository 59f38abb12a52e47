"""Being related goes both ways, and an entry links to some of its related stories in every format."""

import json
from collections.abc import Callable

import pytest
from lxml import etree, html

from tests.conftest import Site, record
from tests.rules import NAMESPACES, check_feed

A, B, C, X = (f"https://{name}.example/" for name in "abcx")
#: Titles, URLs and times of stories, of which C is the newest.
STORIES = {"A": (A, "2020-06-01"), "B": (B, "2020-06-02"), "C": (C, "2020-06-03"), "X": (X, "2020-05-01")}


def story(title: str, related: str = "", **more: str) -> str:
    """A record that lists other stories by their titles."""
    url, time = STORIES[title]
    items = (
        f"{{title: {name}, webUrl: '{STORIES[name][0]}', publishedDateTime: {STORIES[name][1]}}}" for name in related
    )
    return record(title, url, time, related=f"[{', '.join(items)}]" if related else "", **more)


def links(site: Site, feed: str = "/feed") -> dict[str, list[str]]:
    """The titles that each entry of a feed links to, by its title; the same in Atom, RSS, JSON and in the content."""
    found: dict[str, list[tuple[str, str]]] = {}
    for format in ("atom", "rss"):
        for entry in check_feed(site.body(f"{feed}.{format}"), f"https://feeds.example{feed}.{format}").entries:
            related = [(link.href, link.title) for link in entry.links if link.rel == "related"]
            assert found.setdefault(entry.title, related) == related
    for item in json.loads(site.body(f"{feed}.json"))["items"]:
        related = item["_feedsvc"].get("related", [])
        assert [(link["url"], link["title"]) for link in related] == found[item["title"]]
        content = html.fragment_fromstring(item["content_html"] or "<p></p>", create_parent="div")
        assert [(a.get("href"), a.text) for a in content.iterfind(".//li/a")] == found[item["title"]]
    return {title: [name for _, name in related] for title, related in found.items()}


def test_a_record_that_another_one_lists_links_to_it(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.md": story("A"), "b.md": story("B", related="A")})
    assert links(site) == {"A": ["B"], "B": ["A"]}
    assert site.body("/feed.atom").count(b"Related stories:") == 2


def test_listed_stories_come_first_then_those_that_list_it_newest_first_each_once(
    make_site: Callable[..., Site],
) -> None:
    files = {"a.md": story("A", related="XB"), "b.md": story("B", related="A"), "c.md": story("C", related="XA")}
    assert links(make_site(files)) == {"A": ["X", "B", "C"], "B": ["A"], "C": ["X", "A"], "X": ["C", "A"]}


def replies(body: bytes) -> dict[str, list[str]]:
    """The URLs of the stories that each entry in Atom says that it replies to, by its title."""
    entries = etree.fromstring(body).iterfind("a:entry", NAMESPACES)
    return {
        entry.findtext("a:title", "", NAMESPACES): [
            each.get("ref", "") for each in entry.iterfind("thr:in-reply-to", NAMESPACES)
        ]
        for entry in entries
    }


def test_a_mention_replies_in_atom_to_the_stories_that_list_it_and_no_other_story_does(
    make_site: Callable[..., Site],
) -> None:
    files = {"a.md": story("A", related="XB"), "b.md": story("B"), "c.md": story("C", related="XA")}
    site = make_site(files)
    assert replies(site.body("/feed.atom")) == {"A": [], "B": [], "C": [], "X": [C, A]}
    assert replies(site.body("/feed.atom?related=links")) == {"A": [], "B": [], "C": []}
    for address in ("/feed.rss", "/feed.json"):
        assert b"reply" not in site.body(address)
    site.write("x.md", story("X", related="B"))
    site.sync()
    assert replies(site.body("/providers/x-example.atom")) == {"X": []}


def test_each_mention_of_the_sample_replies_to_its_article_in_every_feed(sample_site: Site) -> None:
    for address in ("/feed.atom", "/topics/ai.atom", "/providers/forbes.atom"):
        (article,) = (title for title, found in replies(sample_site.body(address)).items() if not found)
        assert article.startswith("IBM, Microsoft And Amazon")
    found = replies(sample_site.body("/feed.atom"))
    urls = {item["title"]: item["id"] for item in json.loads(sample_site.body("/feed.json"))["items"]}
    assert len(found) == 18
    assert all(found[title] == [urls[article]] for title in found if title != article)


def test_a_mention_replies_to_as_many_stories_as_it_links_to(make_site: Callable[..., Site]) -> None:
    files = {f"{title}.md": story(title, related="X") for title in "ABC"}
    assert replies(make_site(files, feeds={"related_limit": 2}).body("/feed.atom"))["X"] == [C, B]


@pytest.mark.parametrize("hidden", [{"published": "false"}, {"deleted": "true"}, {"publishedDateTime": "2999-01-01"}])
def test_a_hidden_story_is_linked_from_neither_side(make_site: Callable[..., Site], hidden: dict[str, str]) -> None:
    files = {
        "a.md": story("A", related="B"),
        "b.md": story("B", related="C", **hidden),
        "c.md": story("C", related="B"),
    }
    assert links(make_site(files)) == {"A": [], "C": []}


def test_a_story_that_a_link_without_a_time_leads_to_links_back(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.md": story("A"), "b.md": record("B", B, related=f"['{A}', '{X}']")})
    assert links(site) == {"A": ["B"], "B": ["A", "x.example"]}


def test_links_only_keeps_the_links_of_primary_stories_and_none_has_none(make_site: Callable[..., Site]) -> None:
    files = {"a.md": story("A"), "b.md": story("B", related="XA")}
    site = make_site(files, feeds={"related": "links"})
    assert links(site) == {"A": ["B"], "B": ["X", "A"]}
    assert not site.document("/providers/x-example.atom")  # that of a mention
    site = make_site(files, feeds={"related": "none"})
    assert links(site) == {"A": [], "B": []}
    assert b"related_total" not in site.body("/feed.json")


@pytest.mark.parametrize(
    ("limit", "shown", "rest"), [(25, ["B", "C", "X"], ""), (2, ["B", "C"], "and 1 more"), (1, ["B"], "and 2 more")]
)
def test_an_entry_links_to_the_first_related_stories_and_tells_how_many_more_there_are(
    make_site: Callable[..., Site], limit: int, shown: list[str], rest: str
) -> None:
    files = {"a.md": story("A", related="B"), "c.md": story("C", related="A"), "x.md": story("X", related="A")}
    site = make_site(files, feeds={"related_limit": limit})
    assert links(site)["A"] == shown
    for address in ("/feed.atom", "/feed.rss", "/feed.json", "/providers/a-example/"):
        assert (rest or "more").encode() in site.body(address) if rest else b" more" not in site.body(address)
    (item,) = (item for item in json.loads(site.body("/feed.json"))["items"] if item["id"] == A)
    assert item["_feedsvc"]["related_total"] == 3
    assert b"Related stories (3)" in site.body("/providers/a-example/")


def test_without_any_links_the_number_of_related_stories_is_still_told(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.md": story("A", related="B")}, feeds={"related_limit": 0})
    assert links(site) == {"A": [], "B": []}
    items = json.loads(site.body("/feed.json"))["items"]
    assert [item["_feedsvc"]["related_total"] for item in items] == [1, 1]
    assert b"Related stories" not in site.body("/feed.atom")


@pytest.mark.parametrize(
    ("feed", "before", "after"),
    [
        ("/providers/a-example", {}, {"b.md": story("B", related="A")}),
        ("/providers/a-example", {"b.md": story("B", related="A")}, {}),
        ("/providers/a-example", {"b.md": story("B", related="A")}, {"b.md": story("B", related="A").replace('"B"', '"New"')}),
        ("/providers/a-example", {"b.md": story("B", related="A")}, {"b.md": story("B", related="A", provider="New")}),
        ("/providers/a-example", {"b.md": story("B", related="A")}, {"b.md": story("B", related="A", draft="true")}),
        ("/providers/b-example", {"b.md": story("B", related="X")}, {"b.md": story("B", related="X"), "x.md": story("X").replace('"X"', '"New"')}),
        ("/providers/x-example", {"b.md": story("B", related="X")}, {"b.md": story("B", related="X"), "c.md": story("C", related="X")}),
    ],
)  # fmt: skip
def test_a_feed_counts_as_changed_when_a_story_at_either_end_of_a_link_does(
    make_site: Callable[..., Site], feed: str, before: dict[str, str], after: dict[str, str]
) -> None:
    site = make_site({"a.md": story("A"), **before})
    revision, old = site.revision(f"{feed}.atom"), site.body(f"{feed}.atom")
    for name in before.keys() - after.keys():
        (site.config.records_folder / name).unlink()
    for name, text in after.items():
        site.write(name, text)
    site.sync()
    fresh = make_site({"a.md": story("A"), **after})
    assert site.body(f"{feed}.atom") == fresh.body(f"{feed}.atom") != old
    assert site.revision(f"{feed}.atom") != revision


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (story("B", related="A"), story("B", related="A").replace('"B"', '"New"')),
        (story("B", related="A"), story("B", related="A", draft="true")),
        (story("B", related="A"), story("B")),
        (story("B"), story("B", related="A")),
        (story("B", related="XA"), story("B", related="AX")),
    ],
)
def test_a_change_of_a_record_does_not_reach_others_that_list_the_same_stories(
    make_site: Callable[..., Site], before: str, after: str
) -> None:
    site = make_site({"a.md": story("A"), "b.md": before, "c.md": story("C", related="A"), "x.md": story("X")})
    changed, other = (site.revision(f"/providers/{name}-example.atom") for name in "bc")
    site.write("b.md", after)
    site.sync()
    assert site.revision("/providers/b-example.atom") != changed
    assert site.revision("/providers/c-example.atom") == other


@pytest.mark.parametrize(
    "after", [story("B", related="A").replace('"B"', '"New"'), story("B", related="A", topics="[Law]")]
)
def test_a_record_that_is_still_shown_does_not_reach_others_that_mention_the_same_stories(
    make_site: Callable[..., Site], after: str
) -> None:
    site = make_site({"b.md": story("B", related="A"), "c.md": story("C", related="A")})
    mentioned, other = (site.revision(f"/providers/{name}-example.atom") for name in "ac")
    site.write("b.md", after)
    site.sync()
    assert site.revision("/providers/a-example.atom") != mentioned
    assert site.revision("/providers/c-example.atom") == other


def test_a_record_that_is_hidden_reaches_others_that_link_to_what_it_mentions_by_its_title(
    make_site: Callable[..., Site],
) -> None:
    best = story("B", related="A").replace("title: A,", "title: Best,")
    assert best != story("B", related="A")
    files = {"1.md": best, "c.md": story("C", related="A")}
    site = make_site(files)
    assert b"Best" in site.body("/providers/c-example.atom")
    revision = site.revision("/providers/c-example.atom")
    site.write("0.md", story("B", draft="true"))
    site.sync()
    assert b"Best" not in site.body("/providers/c-example.atom")
    assert site.revision("/providers/c-example.atom") != revision


def test_another_list_of_related_stories_does_not_reach_what_lists_its_story(make_site: Callable[..., Site]) -> None:
    site = make_site({"b.md": story("B"), "c.md": story("C", related="B"), "x.md": story("X")})
    listed, other = (site.revision(f"/providers/{name}-example.atom") for name in "xc")
    site.write("b.md", story("B", related="X"))
    site.sync()
    assert site.revision("/providers/x-example.atom") != listed
    assert site.revision("/providers/c-example.atom") == other


def test_a_file_that_is_written_anew_with_the_same_stories_changes_nothing(make_site: Callable[..., Site]) -> None:
    site = make_site({"b.md": story("B", related="A")})
    revision = site.documents.revision()
    site.write("b.md", story("B", related="A") + "\n\n")
    site.sync()
    assert site.documents.revision() == revision
