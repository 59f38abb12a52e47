"""The documents that a worker keeps: which stay, which are made anew, and how much they may take."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsvc.config import parse_config
from feedsvc.errors import IndexUnusableError
from feedsvc.feeds.documents import Document, Documents
from feedsvc.web import cache
from feedsvc.web.cache import FORM_BYTES, DocumentCache
from tests.conftest import Site, record

FILES: dict[str, str | bytes] = {
    "1.md": record(topics="[AI]"),
    "2.md": record("Two", "https://b.example/2", topics="[Law]"),
}


@pytest.fixture
def site(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
    return make_site(FILES, custom=[{"name": "All"}])


@pytest.fixture
def made(site: Site, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the document at each address was made."""
    counts: Counter[str] = Counter()
    get = site.documents.get

    def counting(address: str) -> Document | None:
        counts[address] += 1
        return get(address)

    monkeypatch.setattr(site.documents, "get", counting)
    return counts


def body(kept: DocumentCache, address: str) -> bytes:
    found = kept.get(address)
    assert found, address
    return found.document.body


STAYING = (
    "/topics/ai.atom", "/topics/ai.json?limit=3", "/topics/ai/", "/topics/ai/2020-06.atom",
    "/providers/a-example.rss", "/providers/a-example/2020-06.rss", "/assets/style.css",
)  # fmt: skip
CHANGING = (
    "/topics/law.atom", "/topics/law.json?limit=3", "/topics/law/", "/topics/law/2020-06.atom", "/providers/b-example.rss",
    "/feed.atom", "/feed/2020-06.atom", "/custom/all.atom", "/custom/all/", "/feeds.opml", "/",
)  # fmt: skip


def test_a_change_makes_anew_the_documents_that_it_reaches_and_leaves_the_others(
    site: Site, made: Counter[str]
) -> None:
    kept = DocumentCache(site.documents)
    for round in range(1, 4):
        for address in STAYING + CHANGING:
            assert body(kept, address) == body(kept, address)
        assert made == dict.fromkeys(STAYING, 1) | dict.fromkeys(CHANGING, round)
        site.write("2.md", record(f"Two, {round}", "https://b.example/2", topics="[Law]"))
        site.sync()
        assert f"Two, {round}".encode() in body(kept, "/topics/law.atom")


def test_while_the_index_stands_it_is_not_asked_for_what_is_kept(
    site: Site, made: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    revision_of = site.documents.revision_of

    def counting(address: str) -> int | None:
        asked[address] += 1
        return revision_of(address)

    monkeypatch.setattr(site.documents, "revision_of", counting)
    kept = DocumentCache(site.documents)
    for round in range(1, 3):
        for _ in range(3):
            kept.get("/topics/ai.atom")
        assert (asked, made) == ({"/topics/ai.atom": round}, {"/topics/ai.atom": 1})
        site.write("2.md", record("Changed", "https://b.example/2", topics="[Law]"))
        site.sync()


@pytest.mark.sqlite
def test_what_is_kept_is_delivered_while_the_index_does_not_answer(site: Site) -> None:
    kept = DocumentCache(site.documents)
    before = body(kept, "/topics/ai.atom")
    index = site.documents.index
    index.close()
    index.file.unlink()
    index.file.mkdir()
    assert body(kept, "/topics/ai.atom") == before
    with pytest.raises(IndexUnusableError):
        kept.get("/topics/law.atom")
    index.file.rmdir()
    site.write("1.md", record("New", topics="[AI]"))
    site.sync()
    assert b"New" in body(kept, "/topics/ai.atom")


def test_a_change_is_seen_though_the_configurations_time_lies_ahead(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    config = parse_config(
        {"site": {"base_url": "https://feeds.example"}}, site.folder, datetime.now(UTC) + timedelta(days=1)
    )
    kept = DocumentCache(Documents(site.documents.index, config))
    assert b"A title" in body(kept, "/topics/ai.atom")
    site.write("1.md", record("New", topics="[AI]"))
    site.sync()
    kept._checked = 0  # as if time had passed
    assert b"New" in body(kept, "/topics/ai.atom")


def test_a_feed_that_comes_and_goes_is_noticed(site: Site) -> None:
    kept = DocumentCache(site.documents)
    for _ in range(2):
        assert kept.get("/topics/rare.atom") is None
        path = site.write("3.md", record("Three", "https://c.example/", topics="[Rare]"))
        site.sync()
        assert b"Three" in body(kept, "/topics/rare.atom")
        path.unlink()
        site.sync()
    assert kept.get("/topics/rare.atom") is None


def test_a_document_that_changes_while_it_is_made_is_made_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DocumentCache(site.documents)
    get = site.documents.get

    def change_after(address: str) -> Document | None:
        document = get(address)
        monkeypatch.undo()
        monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
        site.write("1.md", record("New", topics="[AI]"))
        site.sync()
        return document

    monkeypatch.setattr(site.documents, "get", change_after)
    assert b"A title" in body(kept, "/topics/ai.atom")
    assert b"New" in body(kept, "/topics/ai.atom")


def test_what_many_ask_for_at_once_is_made_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DocumentCache(site.documents)
    made: list[str] = []
    encoded: list[str] = []
    begun, get, encode = threading.Event(), site.documents.get, cache.encode

    def slowly(address: str) -> Document | None:
        made.append(address)
        begun.wait(0.2)  # nobody sets it: the others come meanwhile
        return get(address)

    def counting(data: bytes, encoding: str) -> bytes:
        encoded.append(encoding)
        begun.wait(0.1)
        return encode(data, encoding)

    monkeypatch.setattr(site.documents, "get", slowly)
    monkeypatch.setattr(cache, "encode", counting)

    def ask(address: str) -> Any:
        found = kept.get(address)
        assert found
        return kept.form(address, found, "gzip")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, ["/feed.atom", "/feed.rss"] * 8))
    assert sorted(made) == ["/feed.atom", "/feed.rss"]
    assert encoded == ["gzip", "gzip"]
    assert len({id(answer) for answer in answers}) == 2


def test_an_error_keeps_nobody_waiting(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DocumentCache(site.documents)

    def fail(address: str) -> Document | None:
        raise IndexUnusableError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(site.documents, "get", fail)
        for _ in range(2):
            with pytest.raises(IndexUnusableError):
                kept.get("/feed.atom")
    assert kept.get("/feed.atom")


def test_compressed_forms_count(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DocumentCache(site.documents)
    found = kept.get("/feed.atom")
    assert found
    assert kept.size == len(found.document.body) + FORM_BYTES
    _, gzipped = kept.form("/feed.atom", found, "gzip")
    assert kept.size == found.size == len(found.document.body) + len(gzipped) + 2 * FORM_BYTES
    monkeypatch.setattr(cache, "MAX_BYTES", found.size)
    kept.form("/feed.atom", found, "br")  # too large now: delivered, and no longer kept
    assert kept.size == 0


def test_names_for_suggestions_are_read_once_for_each_state_of_the_index(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = DocumentCache(site.documents)
    read: list[str] = []
    slugs = site.documents.slugs

    def noting(kind: str) -> list[str]:
        read.append(kind)
        return slugs(kind)

    monkeypatch.setattr(site.documents, "slugs", noting)
    for _ in range(3):
        assert kept.slugs("topics") == ["ai", "law"]
        assert kept.slugs("nonsense") == []
    assert read.count("topics") == 1
    site.write("3.md", record("Three", "https://c.example/", topics="[Rare]"))
    site.sync()
    assert kept.slugs("topics") == ["ai", "law", "rare"]
    assert list(kept._slugs) == ["topics"]
