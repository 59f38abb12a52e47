"""Formats that feedsvc does not bring: registered by a program, or added by another package."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from feedsvc.build.site import build
from feedsvc.config import parse_config
from feedsvc.errors import ConfigError, FormatError
from feedsvc.feeds.documents import Documents
from feedsvc.formats import registry
from feedsvc.model import Feed, Format
from feedsvc.web import create_app
from tests.conftest import Site, record


def write_list(feed: Feed) -> bytes:
    """Return the titles and URLs of a feed's entries, each on a line."""
    return "".join(f"{entry.story.title} {entry.story.url}\n" for entry in feed.entries).encode()


LIST = Format("list", ".txt", "text/plain", "Plain list", write_list)


def write_next(feed: Feed) -> bytes:
    """Return where the next stories of a feed are, and the number of those that it has."""
    return f"{feed.next_url(PAGED)} {len(feed.entries)}".encode()


PAGED = Format("paged", ".txt", "text/plain", "Paged list", write_next, is_paged=True)
BODY = "Two é https://a.example/2\nOne https://a.example/1\n".encode()

#: A package's module, and the entry points in its metadata.
MODULE = """
from feedsvc.model import Format

LIST = Format("list", ".txt", "text/plain", "Plain list", lambda feed: feed.title.encode())
"""
ENTRY_POINTS = "[feedsvc.formats]\nlist = feedsvc_plain_list:LIST\n"


@pytest.fixture
def formats(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry in which nothing has been looked up or registered, until the test ends."""
    monkeypatch.setattr(registry, "_registered", {})
    registry._find.cache_clear()
    yield
    registry._find.cache_clear()


@pytest.fixture
def site(formats: None, make_site: Callable[..., Site]) -> Site:
    """A site that publishes the list before Atom."""
    registry.register(LIST)
    return make_site(
        {
            "1.md": record("One", topics="[AI]"),
            "2.md": record("Two é", "https://a.example/2", "2020-06-14", topics="[AI]"),
        },
        feeds={"formats": ["list", "atom"]},
    )


@pytest.fixture
def package(formats: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that adds the list."""
    metadata = tmp_path / "feedsvc_plain_list-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: feedsvc-plain-list\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "feedsvc_plain_list.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "feedsvc_plain_list", raising=False)


@pytest.mark.parametrize(
    ("target", "self_url"),
    [
        ("/feed.txt", "https://feeds.example/feed.txt"),
        ("/topics/ai.txt", "https://feeds.example/topics/ai.txt"),
        ("/topics/ai.txt?limit=2&topic=AI", "https://feeds.example/topics/ai.txt?limit=2"),
    ],
)
def test_a_registered_format_is_served_like_any_other(site: Site, target: str, self_url: str) -> None:
    site.settle()
    client = create_app(site.config, started=0).test_client()
    response = client.get(target)
    assert (response.status_code, response.data) == (200, BODY)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Link"] == f'<{self_url}>; rel="self"'
    for name, value in (
        ("If-None-Match", response.headers["ETag"]),
        ("If-Modified-Since", response.headers["Last-Modified"]),
    ):
        repeated = client.get(target, headers={name: value})
        assert (repeated.status_code, repeated.data) == (304, b"")
        assert repeated.headers["ETag"] == response.headers["ETag"]


def test_a_format_that_is_not_configured_has_no_address(site: Site) -> None:
    client = create_app(site.config).test_client()
    assert client.get("/feed.atom").status_code == 200
    for path in ("/feed.rss", "/feed.list", "/feed.txt.txt"):
        assert client.get(path).status_code == 404


def test_a_registered_format_is_built_like_any_other(site: Site) -> None:
    build(site.documents, site.config.out_folder)
    written = {path.relative_to(site.config.out_folder).as_posix() for path in site.config.out_folder.rglob("*.txt")}
    assert written == {f"{feed}.txt" for feed in ("feed", "topics/ai", "providers/a-example")}
    assert (site.config.out_folder / "topics/ai.txt").read_bytes() == BODY


def test_a_registered_format_has_archives_and_pages_where_it_is_to(
    formats: None, make_site: Callable[..., Site]
) -> None:
    registry.register(PAGED)
    files = {f"{n}.md": record(url=f"https://a.example/{n}", time=f"2020-0{n}-13", topics="[AI]") for n in (4, 5, 6)}
    feeds = {"formats": ["atom", "paged"], "limit": 2}
    site = make_site(files, feeds={**feeds, "archives": ["paged"]})
    assert site.body("/feed.txt") == b"https://feeds.example/feed/2020-04.txt 2"
    assert site.body("/feed/2020-04.txt") == b" 1"
    (link,) = etree.fromstring(site.body("/feed.atom")).xpath("//*[@rel='prev-archive']")
    assert (link.get("href"), link.get("type")) == ("https://feeds.example/feed/2020-05.txt", "text/plain")
    assert site.document("/feed/2020-04.atom") is None
    site = make_site(files, feeds=feeds)
    assert site.body("/feed.txt") == b" 2"
    assert site.document("/feed/2020-04.txt") is None


def test_opml_has_the_addresses_of_a_registered_format_that_comes_first(site: Site) -> None:
    urls = etree.fromstring(site.body("/feeds.opml")).xpath("//@xmlUrl")
    assert urls == [
        f"https://feeds.example/{name}.txt" for name in ("feed", "topics/ai", "providers/a-example")
    ]  # fmt: skip


@pytest.mark.parametrize(("address", "feed"), [("/", "/feed"), ("/topics/ai/", "/topics/ai")])
def test_pages_offer_a_registered_format(site: Site, address: str, feed: str) -> None:
    page = html.document_fromstring(site.body(address))
    url = f"https://feeds.example{feed}.txt"
    first, second = page.xpath("//link[@rel='alternate']")
    assert (first.get("type"), first.get("href")) == ("text/plain", url)
    assert first.get("title").endswith(" (Plain list)")
    assert second.get("type") == "application/atom+xml"
    other = page.find(".//dl[@class='formats']")  # than Atom, which is the one to take
    assert (other.findtext("dt"), other.findtext("dd/code")) == ("Plain list", url)
    assert page.xpath("//*[@class='subscribe']//a[@class='open']/@href") == [f"feed:https://feeds.example{feed}.atom"]


def test_a_registered_format_replaces_a_builtin_one_of_its_name(formats: None) -> None:
    other = Format("atom", ".xml", "application/atom+xml", "Atom", write_list)
    registry.register(other)
    assert registry.find_format("atom") is other


@pytest.mark.usefixtures("package")
def test_a_package_adds_a_format_by_an_entry_point(tmp_path: Path) -> None:
    assert "feedsvc_plain_list" not in sys.modules
    config = parse_config({"feeds": {"formats": ["list"]}}, tmp_path)
    assert config.feeds.formats == ("list",)
    assert registry.find_format("list") is sys.modules["feedsvc_plain_list"].LIST
    assert registry.format_names() == ["atom", "json", "list", "rss"]


@pytest.mark.usefixtures("package")
def test_entry_points_are_looked_up_only_for_names_that_are_not_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    entry_points = registry.entry_points
    monkeypatch.setattr(
        registry, "entry_points", lambda **query: names.append(query.get("name")) or entry_points(**query)
    )
    for name in ("atom", "rss", "json"):
        assert registry.find_format(name).name == name
    assert names == []
    assert [registry.find_format("list").name for _ in range(2)] == ["list", "list"]
    assert names == ["list"]


@pytest.mark.parametrize(
    ("entry_point", "expected"),
    [
        (
            "gone = no_such_module:FORMAT",
            "expected a package feedsvc-plain-list that can be loaded (ModuleNotFoundError: ",
        ),
        (
            "gone = feedsvc_plain_list:LIST",
            "expected a Format named gone at feedsvc_plain_list:LIST of the package",
        ),
        (
            "gone = feedsvc_plain_list",
            "expected a Format named gone at feedsvc_plain_list of the package feedsvc-plain-list",
        ),
    ],
)
@pytest.mark.usefixtures("package")
def test_a_faulty_package_is_an_error_that_names_it(tmp_path: Path, entry_point: str, expected: str) -> None:
    (tmp_path / "feedsvc_plain_list-1.0.dist-info" / "entry_points.txt").write_text(
        f"[feedsvc.formats]\n{entry_point}\n"
    )
    with pytest.raises(ConfigError) as error:
        parse_config({"feeds": {"formats": ["gone"]}}, tmp_path)
    assert str(error.value).startswith(f"feeds.formats: 'gone' can't be used; {expected}")


@pytest.mark.usefixtures("formats")
def test_an_unknown_format_is_an_error_that_lists_the_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        parse_config({"feeds": {"formats": ["atom", "atm"]}}, tmp_path)
    assert str(error.value) == "feeds.formats: 'atm' can't be used; expected one of atom, json, rss"
    with pytest.raises(LookupError, match=r"^expected one of atom, json, rss$"):
        registry.find_format("atm")


@pytest.mark.usefixtures("package")
def test_an_unknown_formats_error_lists_added_formats_too(tmp_path: Path) -> None:
    registry.register(Format("csv", ".csv", "text/csv", "CSV", write_list))
    with pytest.raises(ConfigError, match=r"expected one of atom, csv, json, list, rss$"):
        parse_config({"feeds": {"formats": ["lst"]}}, tmp_path)


@pytest.mark.parametrize(
    ("name", "suffix", "media_type"),
    [
        ("a/b", ".txt", "text/plain"),
        ("", ".txt", "text/plain"),
        ("list", "txt", "text/plain"),
        ("list", "/../../../outside.txt", "text/plain"),
        ("list", ".TXT", "text/plain"),
        ("list", ".html", "text/html"),
        ("list", ".gz", "application/gzip"),
        ("list", ".txt", "text/plain\r\nX-Evil: 1"),
        ("list", ".txt", "text"),
    ],
)
def test_a_format_with_an_impossible_address_or_header_is_refused(name: str, suffix: str, media_type: str) -> None:
    with pytest.raises(ValueError, match="can't be used in a format; expected"):
        Format(name, suffix, media_type, "List", write_list)


@pytest.mark.parametrize("words", [("Li\0st", ""), ("List", "When\nit fits")])
def test_a_format_whose_words_hold_control_characters_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="expected words without control characters"):
        Format("list", ".txt", "text/plain", words[0], write_list, advice=words[1])


@dataclass
class Writer:
    """Writes a format. As all that is compared by value and can be changed, it has no hash."""

    title: str

    def __call__(self, feed: Feed) -> bytes:
        return self.title.encode()


def test_what_writes_a_format_may_be_any_object(site: Site) -> None:
    registry.register(Format("list", ".txt", "text/plain", "Plain list", Writer("Mine")))
    assert site.body("/topics/ai.txt") == b"Mine"
    assert b"Plain list" in site.body("/topics/ai/")


def fail(feed: Feed) -> bytes:
    raise KeyError("of the package")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (fail, "the format list failed: KeyError: 'of the package'"),
        (lambda feed: "text", "the format list returned str; expected bytes"),
        (None, "the format list failed: TypeError: "),
    ],
)
def test_a_format_that_fails_is_an_error_that_names_it(site: Site, write: Any, message: str) -> None:
    registry.register(Format("list", ".txt", "text/plain", "List", write))
    documents = Documents(site.documents.index, site.config)
    address = documents.parse("/feed.txt")
    assert address
    with pytest.raises(FormatError) as error:
        documents.get(address)
    assert str(error.value).startswith(message)
