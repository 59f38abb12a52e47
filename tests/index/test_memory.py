"""An index in memory, and records in memory."""

import threading
from pathlib import Path
from typing import Any

import pytest

from feedsvc.config import parse_config
from feedsvc.errors import IndexLostError
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.explanation import explain
from feedsvc.index.database import Index
from feedsvc.index.memory import MemoryDatabase
from feedsvc.index.opening import open_index
from feedsvc.index.sync import sync
from feedsvc.records.collection import RecordMappings

CONFIG = parse_config({"site": {"base_url": "https://feeds.example"}}, Path("/nowhere"))


def mapping(number: int, **more: Any) -> dict[str, Any]:
    fields = {"title": f"Title {number}", "webUrl": f"https://a.example/{number}", "topics": ["AI"]}
    return {**fields, "publishedDateTime": "2020-01-01T00:00:00Z", **more}


def documents(index: Index) -> dict[str, bytes]:
    made = Documents(index, CONFIG)
    addresses = [address for _, some in made.listing() for address in some]
    found = zip(addresses, made.get_all(addresses), strict=True)
    return {address.path: document.body for address, document in found if document}


def test_mappings_make_the_feeds_that_an_index_in_a_file_makes(tmp_path: Path) -> None:
    related = [{"title": "Other", "webUrl": "https://b.example/", "publishedDateTime": "2019-01-01"}]
    records = RecordMappings([mapping(number, related=related) for number in range(12)])
    file = open_index(parse_config({}, tmp_path))
    in_memory = MemoryDatabase()
    for index in (file, in_memory):
        assert sync(index, CONFIG, records=records).read == 12
    made = documents(in_memory)
    assert len(made) > 5
    assert made["/topics/ai.atom"].count(b"<entry>") == 13
    assert made == documents(file)
    in_memory.close()
    file.close()


def test_the_names_of_mappings_are_in_the_order_of_the_list() -> None:
    """So of two records with one URL, the first in the list counts."""
    records = RecordMappings([mapping(1, title=f"Title {number}") for number in range(12)])
    names = [file.name for file in records.files()]
    assert (names[0], names[11]) == ("record 01", "record 12")
    assert names == sorted(names)
    index = MemoryDatabase()
    sync(index, CONFIG, records=records)
    assert b">Title 0<" in documents(index)["/feed.atom"]


def test_a_draft_in_memory_is_explained() -> None:
    records, index = RecordMappings([mapping(1), mapping(2, published=False)]), MemoryDatabase()
    sync(index, CONFIG, records=records)
    with index.reading() as connection:
        for subject in ("record 2", "https://a.example/2"):
            lines = explain(connection, CONFIG, subject, records).lines
            assert lines[1].startswith("  record 2: own record, a draft; counts")
            assert '"Title 2"' in lines[2]


def test_an_index_in_memory_is_read_once_it_is_filled_and_a_failed_write_has_no_effect() -> None:
    index = MemoryDatabase()
    assert index.is_leader()
    assert not index.is_filled()
    with pytest.raises(IndexLostError, match="empty; expected a sync"), index.reading():
        pass
    sync(index, CONFIG, records=RecordMappings([mapping(1)]))
    assert index.is_filled()
    with pytest.raises(ZeroDivisionError), index.writing() as connection:
        connection.execute("DELETE FROM stories")
        raise ZeroDivisionError
    with index.reading() as connection:
        assert connection.execute("SELECT count(*) FROM stories").fetchone() == (1,)


def test_threads_share_an_index_in_memory() -> None:
    index = MemoryDatabase()
    sync(index, CONFIG, records=RecordMappings([mapping(1)]))
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                if number == 0:
                    sync(index, CONFIG, records=RecordMappings([mapping(1), mapping(2)]))
                assert documents(index)["/feed.atom"]
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert documents(index)["/feed.atom"].count(b"<entry>") == 2
