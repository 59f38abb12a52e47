"""An index that is deleted, damaged, old, or used by several at once: feeds are the same, and the service answers."""

import fcntl
import os
import random
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from feedsvc.index.owner import Owner
from feedsvc.index.schema import VERSION
from feedsvc.index.sqlite import SqliteDatabase
from tests.build.test_site import files
from tests.conftest import PATIENCE, record, running_service, wait_until
from tests.corpus import Corpus
from tests.faults import Reader, command, start, undisturbed
from tests.rules import check_feed
from tests.services import entries

#: Of an index by an early version, which had other tables, and these.
OLD_TABLES = """
    CREATE TABLE state (fingerprint TEXT NOT NULL, revision BIGINT NOT NULL, changed BIGINT NOT NULL);
    CREATE TABLE files (path TEXT PRIMARY KEY, size BIGINT NOT NULL, mtime BIGINT NOT NULL, hash VARCHAR(64) NOT NULL);
    CREATE TABLE problems (path TEXT NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL);
    CREATE TABLE tellings (path TEXT NOT NULL, record INTEGER NOT NULL, position INTEGER NOT NULL, url TEXT NOT NULL);
    CREATE TABLE telling_topics (path TEXT NOT NULL, slug TEXT NOT NULL);
    CREATE TABLE stories (url TEXT PRIMARY KEY, path TEXT NOT NULL);
    CREATE TABLE story_topics (url TEXT NOT NULL, slug TEXT NOT NULL);
    INSERT INTO state VALUES ('[2,"0.1","/records",false]', 7, 1600000000);
    INSERT INTO files VALUES ('a.md', 1, 1, '');
"""


def delete(index: Path) -> None:
    for path in index.parent.glob(f"{index.name}*"):
        path.unlink(missing_ok=True)  # a service may have removed it meanwhile


def delete_its_folder(index: Path) -> None:
    gone = index.parent.rename(index.parent.with_name("gone"))  # at once: a service may make files in it meanwhile
    shutil.rmtree(gone)


def delete_all_but_the_log(index: Path) -> None:
    index.unlink()


def empty(index: Path) -> None:
    os.truncate(index, 0)


def cut_its_header(index: Path) -> None:
    os.truncate(index, 50)


def cut_in_half(index: Path) -> None:
    os.truncate(index, index.stat().st_size // 2 + 100)


def fill_with_garbage(index: Path) -> None:
    with index.open("r+b") as stream:
        stream.write(random.randbytes(index.stat().st_size))


def fill_all_but_its_start_with_garbage(index: Path) -> None:
    with index.open("r+b") as stream:
        stream.seek(4096)
        stream.write(random.randbytes(index.stat().st_size - 4096))


def fill_all_but_its_header_with_garbage(index: Path) -> None:
    with index.open("r+b") as stream:
        stream.seek(100)
        stream.write(random.randbytes(index.stat().st_size - 100))


def sql(index: Path, script: str) -> None:
    with closing(sqlite3.connect(index, timeout=PATIENCE)) as connection:
        connection.executescript(script)


def encode_otherwise(index: Path) -> None:
    sql(index, "UPDATE occurrence_stories SET data = '{\"url\": 1}'")


def write_texts_that_are_no_texts(index: Path) -> None:
    sql(index, "UPDATE names SET name = CAST(x'ff00ff' AS TEXT)")


def make_it_an_older_one(index: Path) -> None:
    older = index.with_name("older")
    sql(older, OLD_TABLES)
    delete(index)
    older.rename(index)  # whole at once: a service may make a new one meanwhile


def make_it_another_version(index: Path) -> None:
    sql(index, f"PRAGMA user_version = {VERSION + 1}")


def cut_its_log(index: Path) -> None:
    os.truncate(f"{index}-wal", os.stat(f"{index}-wal").st_size // 2)


def empty_its_log(index: Path) -> None:
    os.truncate(f"{index}-wal", 0)


def fill_its_log_with_garbage(index: Path) -> None:
    fill_with_garbage(Path(f"{index}-wal"))


SILENT = [delete, delete_its_folder, delete_all_but_the_log, empty, make_it_an_older_one, make_it_another_version]
LOG = [cut_its_log, empty_its_log, fill_its_log_with_garbage]
DAMAGE = [
    cut_its_header, cut_in_half, fill_with_garbage, fill_all_but_its_header_with_garbage,
    fill_all_but_its_start_with_garbage, encode_otherwise,
    write_texts_that_are_no_texts,
]  # fmt: skip
SOME = [delete_its_folder, empty, make_it_an_older_one, cut_its_log, cut_in_half, fill_with_garbage, encode_otherwise]
CONFIG = 'feeds.formats = ["atom"]\nfeeds.archives = false\nbuild.pages = false\n'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """(a site's folder, with an index as a killed service leaves it; what a build of it writes)"""
    folder = tmp_path_factory.mktemp("lost")
    Corpus(12).write(folder / "records")
    (folder / "config.toml").write_text(CONFIG)
    assert command("check", cwd=folder)[0] == 0
    index = folder / ".feedsvc" / "index.sqlite3"
    with closing(sqlite3.connect(index)) as connection:  # so that the log isn't folded into the file
        connection.execute("SELECT * FROM state").fetchone()
        Corpus(14).write(folder / "records")
        assert command("check", cwd=folder)[0] == 0
        (folder / "kept").mkdir()
        for path in (index, Path(f"{index}-wal")):
            shutil.copy(path, folder / "kept")
    return folder, undisturbed(folder / "undisturbed", folder / "records", CONFIG)


@pytest.mark.parametrize(
    "fault", [pytest.param(each, marks=() if each in SOME else pytest.mark.full) for each in SILENT + LOG + DAMAGE]
)
@pytest.mark.survives("the index is deleted, truncated")
def test_a_lost_index_is_made_anew_by_the_next_command(
    site: tuple[Path, dict[str, bytes]], fault: Callable[[Path], None]
) -> None:
    folder, expected = site
    shutil.rmtree(folder / ".feedsvc")
    shutil.rmtree(folder / "public", ignore_errors=True)
    shutil.copytree(folder / "kept", folder / ".feedsvc")
    index = folder / ".feedsvc" / "index.sqlite3"
    if fault in DAMAGE:
        sql(index, "PRAGMA wal_checkpoint(TRUNCATE)")
    fault(index)
    status, _, errors = command("build", cwd=folder)
    assert status == 0
    if fault in DAMAGE:
        (line,) = errors.splitlines()
        assert line.startswith(f"{index}: damaged (")
        assert line.endswith(f"; it is now {index}.damaged, and a new one is made from the records")
    else:
        assert errors == ""
    assert files(folder / "public") == expected


@pytest.mark.parametrize("break_it", [None, fill_all_but_its_header_with_garbage])
@pytest.mark.survives("`index.url` names a database of something else, or a text")
def test_a_database_of_something_else_is_never_touched(tmp_path: Path, break_it: Callable[[Path], None] | None) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "config.toml").write_text('index.url = "sqlite:///mine.db"')
    for table in ("state", "mine"):
        sql(tmp_path / "mine.db", f"CREATE TABLE {table} (a); INSERT INTO {table} VALUES (randomblob(9000))")
    if break_it:
        break_it(tmp_path / "mine.db")
    before = (tmp_path / "mine.db").read_bytes()
    status, _, error = command("build", cwd=tmp_path)
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(f"feedsvc: {tmp_path}/mine.db: ")
    assert break_it or "of something else" in error
    assert (tmp_path / "mine.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "mine.db", "records"]


@pytest.mark.survives("the index is deleted, truncated")
def test_a_service_goes_on_while_its_index_is_lost(tmp_path: Path, full: bool) -> None:
    records = tmp_path / "records"
    Corpus(30).write(records)
    index = tmp_path / ".feedsvc" / "index.sqlite3"
    with running_service(tmp_path, CONFIG, "workers = 1") as service:  # which has made what the reader asks for
        reader = Reader([f"{service.base_url}/feed.atom", f"{service.base_url}/topics/ai.atom"])
        for number, fault in enumerate([*SILENT, *LOG, *DAMAGE] if full else SOME):
            answers = Reader([f"{service.base_url}/feed.atom?limit={number + 9}"])
            with reader.asking():
                wait_until(lambda: all(reader.bodies.values()))
                if fault in DAMAGE:
                    sql(index, "PRAGMA wal_checkpoint(TRUNCATE)")
                fault(index)
                with answers.asking():
                    wait_until(lambda answers=answers: any(answers.bodies.values()))  # type: ignore[misc]
                title = f"After {fault.__name__}"
                (records / "new.md").write_text(record(title, time="2024-01-01T00:00:00Z"))
                wait_until(lambda title=title: title in entries(service))  # type: ignore[misc]
            assert set(answers.statuses) <= {200, 503}, answers.failures
            assert fault not in (delete, delete_its_folder) or answers.failures == []
        service.process.terminate()
        output, _ = service.process.communicate(timeout=PATIENCE)
    assert reader.failures == []
    for url, bodies in reader.bodies.items():
        for body in bodies:
            check_feed(body, url)
    assert "Traceback" not in output
    assert f"{index}: damaged (" in output


@pytest.mark.survives("two builds at once")
def test_two_builds_at_once_are_as_one(tmp_path: Path, full: bool) -> None:
    Corpus(60).write(tmp_path / "records")
    (tmp_path / "config.toml").write_text(CONFIG)
    expected = undisturbed(tmp_path / "undisturbed", tmp_path / "records", CONFIG)
    for _ in range(50 if full else 2):
        shutil.rmtree(tmp_path / ".feedsvc", ignore_errors=True)
        shutil.rmtree(tmp_path / "public", ignore_errors=True)
        for build in [start("build", cwd=tmp_path) for _ in range(2)]:
            output, _ = build.communicate(timeout=PATIENCE)
            assert build.returncode == 0
            assert re.fullmatch("201 stories from .*\nwarning: site.base_url .*\n.*: [0-9]+ files written.*\n", output)
        assert files(tmp_path / "public") == expected


@pytest.mark.survives("two builds at once")
def test_a_build_waits_until_another_one_has_left_the_folder(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "public").mkdir()
    with (tmp_path / "public" / ".feedsvc.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build = start("build", cwd=tmp_path)
        wait_until(SqliteDatabase(tmp_path / ".feedsvc" / "index.sqlite3", Owner("../config.toml")).is_filled)
        time.sleep(0.5)
        (tmp_path / "records" / "a.md").write_text(record("Meanwhile", topics="[AI]"))
        assert command("check", cwd=tmp_path)[0] == 0
        waits = build.poll() is None and files(tmp_path / "public") == {}
    build.communicate(timeout=PATIENCE)
    assert (waits, build.returncode) == (True, 0)
    assert "topics/ai.atom" in files(tmp_path / "public")  # it looks at the index when it is its turn


@pytest.mark.survives("two services on one index, and builds beside them")
def test_builds_beside_two_services_on_one_index(tmp_path: Path) -> None:
    records = tmp_path / "records"
    Corpus(20).write(records)
    with ExitStack() as stack:
        (tmp_path / "config.toml").write_text(CONFIG)
        services = [stack.enter_context(running_service(tmp_path, None)) for _ in range(2)]
        urls = [f"{service.base_url}/{name}" for service in services for name in ("feed.atom", "feed.atom?limit=3")]
        readers = [stack.enter_context(Reader([url]).asking()) for url in urls]
        for number in range(3):
            title = f"Change {number}"
            (records / "new.md").write_text(record(title, time="2024-01-01T00:00:00Z"))
            build = start("build", cwd=tmp_path)
            for service in services:
                wait_until(lambda service=service, title=title: title in entries(service))  # type: ignore[misc]
            build.communicate(timeout=PATIENCE)
            assert build.returncode == 0
    for reader in readers:
        assert reader.failures == []
        assert reader.statuses[200] > 10
