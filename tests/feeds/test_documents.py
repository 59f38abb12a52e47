"""What an address leads to, and what is known of its document before it is rendered."""

from collections.abc import Callable

import pytest

from feedsvc.feeds.addresses import Address, Redirect
from feedsvc.feeds.documents import FoundDocument
from feedsvc.feeds.missing import explain_missing
from tests.conftest import Site, record

FILES: dict[str, str | bytes] = {
    "1.md": record(topics="[AI]"),
    "2.md": record("Two", "https://b.example/2", topics="[Law]"),
}


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/topics/AI", "/topics/ai/"),
        ("/FEED.atom", "/feed.atom"),
        ("/topics/ai.atom", None),
        ("/feed/2020-06", None),
    ],
)
def test_ids_and_other_spellings_lead_to_what_is_published(
    make_site: Callable[..., Site], path: str, leads_to: str | None
) -> None:
    found = make_site(FILES).documents.resolve(path)
    assert (found.path if isinstance(found, Redirect) else None) == leads_to


@pytest.mark.parametrize("path", ["/feeds.opml", "/search.json", "/assets/style.css"])
def test_only_feeds_and_their_pages_have_filters(make_site: Callable[..., Site], path: str) -> None:
    address = make_site(FILES).documents.resolve(path, "limit=x")
    assert isinstance(address, Address)
    assert address.target == path


@pytest.mark.parametrize("archives", [True, ["rss", "json"], False])
def test_all_that_there_is_has_a_revision_and_nothing_else(
    make_site: Callable[..., Site], archives: bool | list[str]
) -> None:
    site = make_site(FILES, custom=[{"name": "All"}], feeds={"archives": archives, "limit": 1})
    absent = ["/topics/none.atom", "/topics/ai/2020-07.atom", "/custom/none/", "/nope", "/feed", "/topics/ai.xml"]
    assert ("/feed/2020-06/" in site.addresses()) == bool(archives)
    some = ["/feed/2020-06.atom", "/feed/2020-06.rss", "/feed/2020-06.json", "/feed/older.json"]
    for address in [*site.addresses(), "/", *some, *absent]:
        found = site.document(address)
        assert site.revision(address) == (found.revision if found else None), address


def test_each_change_of_a_document_makes_its_revision_greater(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"limit": 1})
    addresses = [*site.addresses(), "/"]
    for round in range(3):
        before = {address: (site.body(address), site.revision(address)) for address in addresses}
        site.write("2.md", record(f"Two, {round}", "https://b.example/2", topics="[Law]"))
        site.sync()
        for address, (body, changed) in before.items():
            now = site.revision(address)
            assert changed is not None
            assert now is not None
            assert now > changed or site.body(address) == body, address


def test_a_redirect_renders_nothing(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(FILES, feeds={"limit": 1})
    monkeypatch.setattr(site.documents, "get_all", None)
    monkeypatch.setattr(FoundDocument, "make", None)
    monkeypatch.setattr(site.documents, "catalogue", None)
    resolve = site.documents.resolve
    assert resolve("/FEED/2020-06.atom") == Redirect("/feed/2020-06.atom")
    assert resolve("/topics/AI/2001-01.atom") is None
    assert resolve("/Topics/None") is None
    assert suggested(site, "/providers/a-exmple.rss")[0] == "/providers/a-example/"
    assert suggested(site, "/nonsense/ai.rss") == []


def suggested(site: Site, path: str) -> list[str]:
    """The addresses that are suggested in place of a path."""
    return [address.target for address in explain_missing(site.documents, path).suggestions]


def test_of_many_feeds_those_that_begin_alike_are_suggested(make_site: Callable[..., Site]) -> None:
    topics = [f"{letter}{number}" for letter in "abc" for number in range(100)]
    site = make_site({"1.md": record(topics=f"[{', '.join(topics)}, Machine Learning, Zebras]")})
    assert suggested(site, "/topics/machine-lerning.atom") == ["/topics/machine-learning/"]


def test_a_topic_that_comes_or_goes_leaves_other_feeds_as_they_are(make_site: Callable[..., Site]) -> None:
    files = {f"{name}.md": record(url=f"https://{name}.example/", topics=f"[{name}]") for name in ("ai", "law")}
    site = make_site(files)
    before = site.revision("/topics/ai.atom")
    for topic in ("Robots", "Law"):
        site.write("law.md", record(url="https://law.example/", topics=f"[{topic}]"))
        site.sync()
        assert site.revision("/topics/ai.atom") == before
