"""The documents that a worker caches: which stay, which are made anew, and how much memory they may take."""

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from feedsvc.errors import IndexUnusableError
from feedsvc.feeds import documents as documents_module
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents, FoundDocument
from feedsvc.index import sqlite_connection
from feedsvc.web import cache, create_app
from feedsvc.web.blueprint import EXTENSION
from feedsvc.web.cache import REPRESENTATION_BYTES, CachedDocument, DocumentCache
from feedsvc.web.delivery import Delivery
from tests.conftest import PATIENCE, Site, record

FILES: dict[str, str | bytes] = {
    "1.md": record(topics="[AI]"),
    "2.md": record("Two", "https://b.example/2", topics="[Law]"),
}
#: So that these have archives.
LATER = {
    "later/1.md": record("Later", "https://a.example/later", "2020-07-01", topics="[AI]"),
    "later/2.md": record("Later", "https://b.example/later", "2020-07-01", topics="[Law]"),
}


@pytest.fixture
def site(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
    return make_site(FILES, custom=[{"name": "All"}])


def watch_making(
    documents: Documents, monkeypatch: pytest.MonkeyPatch, making: Callable[[Address, Callable[[], Any]], Any]
) -> None:
    """Let documents be made through a function of their address and of what makes them."""
    find = documents.find

    @contextmanager
    def watched(address: Address) -> Iterator[FoundDocument | None]:
        with find(address) as found:
            yield found and FoundDocument(found.revision, lambda: making(address, found.make))

    monkeypatch.setattr(documents, "find", watched)


@pytest.fixture
def made(site: Site, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the document at each address was made."""
    counts: Counter[str] = Counter()

    def counting(address: Address, make: Callable[[], Any]) -> Any:
        counts[address.target] += 1
        return make()

    watch_making(site.documents, monkeypatch, counting)
    return counts


def get(documents: DocumentCache, target: str) -> CachedDocument | None:
    path, _, query = target.partition("?")
    address = documents.documents.parse(path, query)
    assert address
    return documents.get(address)


def body(documents: DocumentCache, target: str) -> bytes:
    found = get(documents, target)
    assert found, target
    return found.document.body


STAYING = (
    "/topics/ai.atom", "/topics/ai.json?limit=3", "/topics/ai/", "/topics/ai/2020-06.atom?limit=1",
    "/providers/a-example.rss", "/providers/a-example/2020-06.atom?limit=1", "/assets/style.css",
)  # fmt: skip
CHANGING = (
    "/topics/law.atom", "/topics/law.json?limit=3", "/topics/law/", "/topics/law/2020-06.atom?limit=1", "/providers/b-example.rss",
    "/feed.atom", "/feed/2020-06.atom?limit=1", "/custom/all.atom", "/custom/all/", "/feeds.opml", "/",
)  # fmt: skip


def test_a_change_makes_anew_the_documents_that_it_reaches_and_leaves_the_others(
    site: Site, made: Counter[str]
) -> None:
    documents = DocumentCache(site.documents)
    for name, text in LATER.items():
        site.write(name, text)
    site.sync()
    for round in range(1, 4):
        for address in STAYING + CHANGING:
            assert body(documents, address) == body(documents, address)
        assert made == dict.fromkeys(STAYING, 1) | dict.fromkeys(CHANGING, round)
        site.write("2.md", record(f"Two, {round}", "https://b.example/2", topics="[Law]"))
        site.sync()
        assert f"Two, {round}".encode() in body(documents, "/topics/law.atom")


def test_while_the_index_does_not_change_it_is_not_asked_for_cached_documents(
    site: Site, made: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    find = site.documents.find

    def counting(address: Address) -> Any:
        asked[address.target] += 1
        return find(address)

    monkeypatch.setattr(site.documents, "find", counting)
    documents = DocumentCache(site.documents)
    for round in range(1, 3):
        for _ in range(3):
            get(documents, "/topics/ai.atom")
        assert (asked, made) == ({"/topics/ai.atom": round}, {"/topics/ai.atom": 1})
        site.write("2.md", record("Changed", "https://b.example/2", topics="[Law]"))
        site.sync()


@pytest.mark.sqlite
@pytest.mark.survives("dear requests")
def test_a_cached_document_is_delivered_while_the_index_does_not_answer(site: Site) -> None:
    documents = DocumentCache(site.documents)
    before = body(documents, "/topics/ai.atom")
    index = site.documents.index
    index.close()
    index.file.unlink()
    index.file.mkdir()
    assert body(documents, "/topics/ai.atom") == before
    with pytest.raises(IndexUnusableError):
        get(documents, "/topics/law.atom")
    index.file.rmdir()
    site.write("1.md", record("New", topics="[AI]"))
    site.sync()
    assert b"New" in body(documents, "/topics/ai.atom")


def test_a_feed_that_comes_and_goes_is_noticed(site: Site) -> None:
    documents = DocumentCache(site.documents)
    for _ in range(2):
        assert get(documents, "/topics/rare.atom") is None
        path = site.write("3.md", record("Three", "https://c.example/", topics="[Rare]"))
        site.sync()
        assert b"Three" in body(documents, "/topics/rare.atom")
        path.unlink()
        site.sync()
    assert get(documents, "/topics/rare.atom") is None


def test_a_document_that_changes_while_it_is_made_is_made_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = DocumentCache(site.documents)

    def change_after(address: Address, make: Callable[[], Any]) -> Any:
        document = make()
        monkeypatch.undo()
        monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
        site.write("1.md", record("New", topics="[AI]"))
        site.sync()
        return document

    watch_making(site.documents, monkeypatch, change_after)
    assert b"A title" in body(documents, "/topics/ai.atom")
    assert b"New" in body(documents, "/topics/ai.atom")


def test_what_many_ask_for_at_once_is_made_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = DocumentCache(site.documents)
    made: list[str] = []
    encoded: list[str] = []
    begun, encode = threading.Event(), cache.encode

    def slowly(address: Address, make: Callable[[], Any]) -> Any:
        made.append(address.target)
        begun.wait(0.2)  # nobody sets it: the others come meanwhile
        return make()

    def counting(data: bytes, encoding: str) -> bytes:
        encoded.append(encoding)
        begun.wait(0.1)
        return encode(data, encoding)

    watch_making(site.documents, monkeypatch, slowly)
    monkeypatch.setattr(cache, "encode", counting)

    def ask(target: str) -> Any:
        address = site.address(target)
        assert address
        found = documents.get(address)
        assert found
        return documents.representation(address, found, "gzip")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, ["/feed.atom", "/feed.rss"] * 8))
    assert sorted(made) == ["/feed.atom", "/feed.rss"]
    assert encoded == ["gzip", "gzip"]
    assert len({id(answer) for answer in answers}) == 2


def is_free(delivery: Delivery) -> bool:
    """Return whether one more thread may make a document, or wait for it."""
    places = delivery.cache.turns._places
    return places.acquire(blocking=False) and not places.release()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Delivery], None]]:
    """A function that lets a document of a delivery be made until the test ends, and as many wait as may."""
    monkeypatch.setattr(cache, "WAIT_SECONDS", PATIENCE)
    end, begun = threading.Event(), threading.Event()
    with ThreadPoolExecutor(cache.MAX_WAITING + 1) as pool:

        def make_busy(delivery: Delivery) -> None:
            def held(address: Address, make: Callable[[], Any]) -> Any:
                begun.set()
                end.wait(PATIENCE)
                return make()

            watch_making(delivery.documents, monkeypatch, held)
            for number in range(cache.MAX_WAITING + 1):
                pool.submit(get, delivery.cache, f"/feed.atom?limit={number + 1}")
                assert begun.wait(PATIENCE)
            while is_free(delivery):
                time.sleep(0.001)

        try:
            yield make_busy
        finally:
            end.set()


@pytest.mark.survives("dear requests")
def test_what_is_cached_is_delivered_however_much_is_to_be_made(site: Site, busy: Callable[[Delivery], None]) -> None:
    delivery = Delivery(site.documents, 0)
    assert get(delivery.cache, "/topics/ai.atom") and get(delivery.cache, "/topics/law.atom")
    kept, old = body(delivery.cache, "/topics/ai.atom"), body(delivery.cache, "/topics/law.atom")
    site.write("2.md", record("New", "https://b.example/2", topics="[Law]"))
    site.sync()
    busy(delivery)
    answer = delivery.answer("/topics/ai.atom", {"HTTP_ACCEPT_ENCODING": "gzip"})  # whose feed hasn't changed
    assert answer and gzip.decompress(answer.body) == kept
    assert body(delivery.cache, "/topics/law.atom") == old  # whose feed has, which nobody waits for


@pytest.mark.survives("dear requests")
def test_more_than_may_wait_are_told_to_come_again(site: Site, busy: Callable[[Delivery], None]) -> None:
    app = create_app(site.config)
    (delivery,), client = app.extensions[EXTENSION].values(), app.test_client()
    busy(delivery)
    for target in ("/topics/ai.atom?limit=7", "/topics/nothing.atom"):
        response = client.get(target)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5"), target
        assert response.headers["Cache-Control"] == "no-store"
        assert b"still to be made" in response.data


@pytest.mark.sqlite
@pytest.mark.survives("dear requests")
def test_a_document_whose_queries_take_too_long_is_a_503_and_the_next_one_is_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(site.config).test_client()
    with monkeypatch.context() as patch:
        patch.setattr(documents_module, "MAX_SECONDS", 1e-9)
        patch.setattr(sqlite_connection, "STEPS", 1)
        response = client.get("/feed.atom")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
        with pytest.raises(IndexUnusableError, match="expected an answer in less time"):
            get(DocumentCache(site.documents), "/feed.atom")
        address = site.address("/feed.atom")
        assert address and site.documents.get(address)  # what isn't made for a request takes the time that it takes
    assert client.get("/feed.atom").status_code == 200


def test_an_error_keeps_nobody_waiting(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = DocumentCache(site.documents)

    def fail(address: Address, make: Callable[[], Any]) -> Any:
        raise IndexUnusableError("gone")

    with monkeypatch.context() as patch:
        watch_making(site.documents, patch, fail)
        for _ in range(2):
            with pytest.raises(IndexUnusableError):
                get(documents, "/feed.atom")
    assert get(documents, "/feed.atom")


def test_compressed_representations_count(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = DocumentCache(site.documents)
    address = site.address("/feed.atom")
    assert address
    found = documents.get(address)
    assert found
    assert documents.size == len(found.document.body) + REPRESENTATION_BYTES
    _, gzipped = documents.representation(address, found, "gzip")
    assert documents.size == found.size == len(found.document.body) + len(gzipped) + 2 * REPRESENTATION_BYTES
    monkeypatch.setattr(cache, "MAX_BYTES", found.size)
    documents.representation(address, found, "br")  # too large now: delivered, and no longer documents
    assert documents.size == 0


def test_names_for_suggestions_are_read_once_for_each_state_of_the_index(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = DocumentCache(site.documents)
    read: list[str] = []
    slugs = site.documents.slugs

    def noting(kind: str) -> list[str]:
        read.append(kind)
        return slugs(kind)

    monkeypatch.setattr(site.documents, "slugs", noting)
    for _ in range(3):
        assert documents.slugs("topics") == ["ai", "law"]
        assert documents.slugs("nonsense") == []
    assert read.count("topics") == 1
    site.write("3.md", record("Three", "https://c.example/", topics="[Rare]"))
    site.sync()
    assert documents.slugs("topics") == ["ai", "law", "rare"]
    assert list(documents._slugs) == ["topics"]
