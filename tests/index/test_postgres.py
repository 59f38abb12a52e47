"""PostgreSQL as the index that several nodes share: the same bytes as from a file, whatever ends or stalls."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psycopg
import pytest

from feedsvc.config import parse_config
from feedsvc.errors import IndexUnusableError
from feedsvc.feeds.explanation import explain
from feedsvc.index import postgres as database
from feedsvc.index import postgres_connection
from feedsvc.index.opening import open_index
from feedsvc.index.schema import VERSION
from feedsvc.index.sync import sync
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from tests.cli.commands import result
from tests.conftest import FEEDSVC, PATIENCE, SAMPLE, Site, free_port, record, wait_until
from tests.corpus import Corpus
from tests.postgres import Postgres, running_proxy


def documents(site: Site, *more: str) -> dict[str, bytes]:
    """All documents, and some more, by address."""
    addresses = [address for target in (*site.addresses(), *more) if (address := site.address(target))]
    found = zip(addresses, site.documents.get_all(addresses), strict=True)
    return {address.target: document.body for address, document in found if document}


def letters(number: int) -> str:
    """A text that can't be compressed to less than two thirds."""
    return "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=number))


#: The longest that may be; and what languages sort in other orders than bytes do.
ODD = {
    "long.md": record(
        "Long", f"https://long.example/{letters(2020)}", topics=f"[{letters(70)}, {letters(4000)}]",
        provider=f"{{name: {letters(5000)}, images: [{{url: 'https://i.example/{letters(2000)}', title: {letters(3000)}}}]}}",
    ),
    **{
        f"{name}.md": record(name, f"https://a.example/{name}", topics=f"[{name}]")
        for name in ("a", "B", "_", "ä", "z", "Ω", "日本", "a-b", "ab", "𝒳", "\N{REPLACEMENT CHARACTER}", "ｱ")
    },
}  # fmt: skip
FILTERED = (
    "/feed.atom?limit=500", "/feed.json?min_quality=50", "/feed.rss?related=links&without_topic=ai", "/feed.atom?type=video",
    "/feed.atom?category=news", "/feed.json?related=clusters&min_quality=50&without_provider=cnn", "/topics/ai.atom?related=clusters",
    "/topics/ai.atom?without_provider=cnn&min_heat=3", "/feed.json?topic=ai&topic=law&provider=forbes",
    "/topics/ai.atom?since=2019-06-15&until=2020-03-02", "/feed/older.json?limit=3&until=2020-01-31", "/providers/forbes.rss?since=2020-01-01",
    "/feed.json?limit=3", "/feed/older.json?limit=3", "/feed/2020-01-2.atom?limit=3", "/topics/ai/2020-01.atom?limit=3&min_quality=20",
)  # fmt: skip


@pytest.mark.parametrize("files", ["sample", "corpus", "odd"])
def test_documents_and_explanations_are_those_of_an_index_in_a_file(
    make_site: Callable[..., Site], postgres: Postgres, full: bool, files: str
) -> None:
    tables: dict[str, Any] = {
        "custom": [{"name": "Good", "min_quality": 60}], "feeds": {"archives": ["atom", "rss", "json"]},
    }  # fmt: skip
    if files == "sample":
        texts: dict[str, Any] = {path.name: path.read_bytes() for path in SAMPLE.iterdir()}
        tables["records"] = {"include_unpublished": True}
    else:
        texts = dict(Corpus(300 if full else 40).files) if files == "corpus" else dict(ODD)
    texts["new.md"] = record("Newer", topics="[AI, Newer]")
    sites = [make_site(texts, **tables), make_site(texts, **tables, index={"url": postgres.url()})]
    for history in ("first", "later"):
        if history == "later":
            for name in sorted(texts)[::3]:
                for site in sites:
                    (site.config.records_folder / name).unlink()
                    site.write(f"again/{name}", texts[name])
            for site in sites:
                site.write("new.md", record("New", topics="[AI, New]"))
                site.sync()
        known, shared = (documents(site, *FILTERED) for site in sites)
        assert len(known) > 20
        assert shared == known
        explanations = []
        for site in sites:
            with site.documents.index.reading() as connection:
                urls = [url for (url,) in connection.execute("SELECT DISTINCT url FROM occurrences ORDER BY url")]
                folder = RecordFolders(find_sources(site.config))
                explanations.append([explain(connection, site.config, each, folder) for each in [*urls[:40], "new.md"]])
        assert explanations[0] == explanations[1]


def test_texts_are_compared_by_their_bytes_whatever_the_databases_language(
    make_site: Callable[..., Site], postgres: Postgres
) -> None:
    site = make_site({"1.md": record()}, index={"url": postgres.url()})
    with site.documents.index.reading() as connection:
        found = connection.execute(
            "SELECT collation_name, count(*) FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND data_type = 'text' GROUP BY 1"
        ).fetchall()
    assert [name for name, _ in found] == ["C"]


def test_readers_see_the_old_index_while_it_is_made_anew(make_site: Callable[..., Site], postgres: Postgres) -> None:
    site = make_site({"1.md": record("One")}, index={"url": postgres.url()})
    other = open_index(site.config)
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE state SET fingerprint = 'of another folder'")
    before = site.documents.revision()
    seen: list[int] = []
    sync(site.documents.index, site.config, lambda done, total: seen.append(reads(other)))
    other.close()
    assert seen == [before]
    assert site.documents.revision() > before


def reads(index: Any) -> int:
    with index.reading() as connection:
        return int(connection.execute("SELECT revision FROM state").fetchone()[0])


def test_who_writes_waits_for_another_writer(make_site: Callable[..., Site], postgres: Postgres) -> None:
    site = make_site({"1.md": record("One")}, index={"url": postgres.url()})
    other = open_index(site.config)
    done: list[float] = []
    writer = threading.Thread(target=lambda: done.append(sync(other, site.config).read and time.monotonic()))
    with site.documents.index.writing():
        site.write("1.md", record("Two"))
        writer.start()
        time.sleep(0.5)
        assert done == []
    writer.join(PATIENCE)
    other.close()
    assert done != []
    assert b"Two" in site.body("/feed.atom")


def test_what_asks_for_a_nul_is_not_found(make_site: Callable[..., Site], postgres: Postgres) -> None:
    site = make_site({"1.md": record(topics="[AI]")}, index={"url": postgres.url()})
    assert site.document("/topics/a\0i.atom") is None
    assert site.document("/topics/a\0i/2020-06.atom") is None


def test_who_writes_may_take_longer_than_a_silent_node_is_waited_for(
    make_site: Callable[..., Site], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site({"1.md": record("One")}, index={"url": postgres.url()})
    monkeypatch.setitem(database._WRITER, "idle_in_transaction_session_timeout", "4s")
    monkeypatch.setattr(postgres_connection, "BEAT_SECONDS", 0.3)
    with site.documents.index.writing() as connection:
        time.sleep(5)  # as if it read records meanwhile
        connection.execute("UPDATE state SET revision = revision + 1")


@pytest.mark.survives("the network to PostgreSQL stalls")
def test_who_reads_waits_for_no_answer_but_once_and_not_for_long(
    make_site: Callable[..., Site], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_proxy(postgres.port) as proxy:
        site = make_site({"1.md": record("One")}, index={"url": postgres.url(proxy.port)})
        site.documents.index.close()  # so that the next session has this timeout
        monkeypatch.setattr(database, "READ_SECONDS", 1)

        def is_read() -> bool:
            with suppress(IndexUnusableError):  # on a slow machine
                return site.documents.revision() > 0
            return False

        wait_until(is_read)
        proxy.stall()
        begun = time.monotonic()
        for _ in range(100):
            with pytest.raises(IndexUnusableError, match=r"no answer within 1 seconds|connection timeout"):
                site.documents.revision()
        assert 1 <= time.monotonic() - begun < 50  # if each of them waited, 100
        proxy.flow()
        wait_until(is_read)


# What can't be used


def refusal(folder: Path, url: str, command: str = "check") -> str:
    """The one line that a command says of an index that it can't use."""
    (folder / "config.toml").write_text(f"index.url = '{url}'\nserve.port = {free_port()}\n")
    status, output, errors = result(command, cwd=folder)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "secret" not in errors
    return errors.removeprefix("feedsvc: ").rstrip()


@pytest.mark.parametrize("command", ["check", "serve", "build"])
@pytest.mark.survives("`index.url` names no PostgreSQL")
def test_a_wrong_password_is_an_error(folder: Path, postgres: Postgres, command: str) -> None:
    url = postgres.url(password="secret", schema="feedsvc")
    assert refusal(folder, url, command) == (
        f"postgresql://feeds@127.0.0.1:{postgres.port}/postgres, schema feedsvc: connection failed: connection to server at "
        f'"127.0.0.1", port {postgres.port} failed: FATAL: password authentication failed for user "feeds"; '
        "expected a PostgreSQL server that lets this user use the schema"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:secret@h/d", "index.url: 'mysql://u@h/d' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("postgresql://u:secret@[h/d", "index.url: 'postgresql://u@[h/d' can't be used; expected postgresql://USER@HOST/DATABASE"),
        ("postgresql://u:secret@h/d?schema=A%20b", "index.url: the schema 'A b' can't be used; expected lower-case letters, digits and _"),
        ("postgresql://u:secret@127.0.0.1:{free}/d", "postgresql://u@127.0.0.1:{free}/d, schema feedsvc: connection failed: .*refused.*; expected a PostgreSQL server .*"),
        ("postgresql://feeds:{password}@127.0.0.1:{port}/none", '.*, schema feedsvc: connection failed: .* database "none" does not exist; expected .*'),
    ],
)  # fmt: skip
@pytest.mark.survives("`index.url` names no PostgreSQL")
def test_an_address_of_no_index_is_an_error(folder: Path, postgres: Postgres, url: str, message: str) -> None:
    names = {"free": str(free_port()), "port": str(postgres.port), "password": "p%40ss%3Aw%2Frd"}
    for name, value in names.items():
        url, message = url.replace(f"{{{name}}}", value), message.replace(f"{{{name}}}", value)
    assert re.fullmatch(re.sub(r"([?\[])", r"\\\1", message), refusal(folder, url))


def test_without_psycopg_an_error_names_what_to_install(folder: Path) -> None:
    (folder / "config.toml").write_text("index.url = 'postgresql://h/d'\n")
    code = "import sys; sys.modules['psycopg'] = None; from feedsvc.cli import main; main(['check'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(
        r"feedsvc: index.url: PostgreSQL needs psycopg \(.*\); expected it installed: pip install 'feedsvc\[postgres\]'\n",
        done.stderr,
    )


@pytest.mark.survives("`index.url` names no PostgreSQL")
def test_an_index_of_another_version_is_an_error_and_stays_in_use(
    folder: Path, make_site: Callable[..., Site], postgres: Postgres
) -> None:
    url = postgres.url(schema="aged")
    site = make_site({"1.md": record("One")}, index={"url": url})
    before = site.body("/feed.atom")
    run(postgres, f"COMMENT ON TABLE aged.state IS 'feedsvc index, version {VERSION + 1}'")
    for command in ("check", "serve"):
        assert refusal(folder, url, command) == (
            f"postgresql://feeds@127.0.0.1:{postgres.port}/postgres, schema aged: an index of version {VERSION + 1}; "
            f"expected version {VERSION}, or another schema, which ?schema=NAME in index.url names"
        )
    assert site.body("/feed.atom") == before


@pytest.mark.survives("`index.url` names no PostgreSQL")
def test_a_schema_or_a_database_of_something_else_is_an_error_and_stays(folder: Path, postgres: Postgres) -> None:
    run(postgres, "CREATE SCHEMA shop", "CREATE TABLE shop.files (name text)")
    assert "schema shop: tables of something else; expected another schema" in refusal(
        folder, postgres.url(schema="shop")
    )
    run(postgres, "SELECT name FROM shop.files")
    run(postgres, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = postgres.url().replace("/postgres?", "/latin?")
    assert "the database is in LATIN1; expected one in UTF8" in refusal(folder, url)


def run(postgres: Postgres, *statements: str) -> None:
    with psycopg.connect(postgres.url().partition("?")[0], autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


def test_another_folder_of_records_gets_a_schema_of_its_own(folder: Path, postgres: Postgres) -> None:
    (folder / "config.toml").write_text(f"index.url = '{postgres.url(schema='mine')}'\n")
    assert result("feeds", cwd=folder)[0] == 0
    (folder / "other").mkdir()
    (folder / "other" / "broken.md").write_text("x")
    assert result("check", "other", cwd=folder)[0] == 1
    assert result("check", cwd=folder) == (0, "", "1 story from 1 record\n0 problems\n")


# Several nodes


@dataclass
class Node:
    """A running process that serves the feeds, and what it has said."""

    process: subprocess.Popen[str]
    base_url: str
    said: list[str] = field(default_factory=list)

    @property
    def is_elected(self) -> bool:
        return any("this node now keeps the index" in line for line in self.said)

    def get(self, path: str = "/feed.atom") -> str:
        with urlopen(self.base_url + path, timeout=PATIENCE) as response:
            return str(response.read().decode())

    def serves(self, text: str, path: str = "/feed.atom") -> Callable[[], bool]:
        return lambda: text in self.get(path)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def node(folder: Path, url: str, command: str = "serve") -> Iterator[Node]:
    """`feedsvc serve`, or with another command granian itself, on the records in a folder and the index at a URL."""
    port = free_port()
    file = folder / f"{port}.toml"
    site = f"site.base_url = 'https://feeds.example'\nindex.url = '{url}'\nserve.port = {port}\nserve.workers = 1\n"
    file.write_text(site)
    arguments = [FEEDSVC, "serve", "--config", file]
    if command == "granian":
        arguments = [
            FEEDSVC.parent / "granian",
            "--interface",
            "wsgi",
            "--factory",
            "--port",
            str(port),
            "feedsvc:create_app",
        ]
    process = subprocess.Popen(
        arguments, cwd=folder, env={**os.environ, "PYTHONWARNINGS": "error", "FEEDSVC_CONFIG": str(file)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    started = Node(process, f"http://127.0.0.1:{port}")
    assert process.stdout
    listener = threading.Thread(target=lambda lines: started.said.extend(lines), args=(process.stdout,))
    listener.start()
    try:
        wait_until(lambda: answers(started))
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.process.terminate()
            started.process.wait(PATIENCE)
        listener.join(PATIENCE)
        process.stdout.close()
    assert "Traceback" not in "".join(started.said)


@contextmanager
def elected_node(folder: Path, url: str) -> Iterator[Node]:
    """A node that is elected before another one stands."""
    with node(folder, url) as first:
        wait_until(lambda: first.is_elected)
        yield first


def is_ready(started: Node) -> bool:
    try:
        return "ok" in started.get("/readyz")
    except HTTPError as error:
        error.close()
        assert error.code == 503
        return False


def answers(started: Node) -> bool:
    assert started.process.poll() is None, started.said
    try:
        return "entry" in started.get()
    except (URLError, ConnectionError):
        return False


@contextmanager
def requested(*nodes: Node) -> Iterator[list[str]]:
    """Requests for cached feeds meanwhile, from each node; gives a list of what went wrong with them."""
    faults: list[str] = []
    done = threading.Event()

    def ask(asked: Node) -> None:
        number = 0
        while not done.wait(0.02) or number < 5:
            try:
                asked.get(("/feed.atom", "/feed.rss", "/topics/ai.atom")[number % 3])
            except (URLError, ConnectionError, TimeoutError) as error:
                faults.append(f"{asked.base_url}: {error!r}")
            number += 1

    for asked in nodes:
        for path in ("/feed.atom", "/feed.rss", "/topics/ai.atom"):
            asked.get(path)
    threads = [threading.Thread(target=ask, args=(asked,)) for asked in nodes for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield faults
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "1.md").write_text(record("First", topics="[AI]"))
    return folder


def publish(records: Path, title: str) -> None:
    (records / f"{title}.md").write_text(record(title, f"https://a.example/{title}", topics="[AI]"))


@pytest.mark.survives("the node that syncs an index in PostgreSQL is killed")
def test_nodes_share_an_index_that_one_of_them_syncs_and_when_it_is_killed_another(
    tmp_path: Path, records: Path, postgres: Postgres
) -> None:
    url = postgres.url()
    with elected_node(tmp_path, url) as first, node(tmp_path, url) as second, node(tmp_path, url, "granian") as reader:
        publish(records, "Second")
        for each in (first, second, reader):
            wait_until(each.serves("Second"))
        assert first.get() == second.get() == reader.get()
        assert not second.is_elected

        # Other commands work beside it, and leave the work to it.
        (tmp_path / "config.toml").write_text(f"site.base_url = 'https://feeds.example'\nindex.url = '{url}'\n")
        assert result("check", cwd=tmp_path) == (0, "", "2 stories from 2 records\n0 problems\n")
        status, _, problems = result("build", "--out", "out", cwd=tmp_path)
        assert status == 0, problems
        assert "Second" in (tmp_path / "out" / "feed.atom").read_text()
        publish(records, "Third")
        wait_until(second.serves("Third"))
        assert any("files read 1" in line for line in first.said)
        assert not any("files read" in line for line in second.said)

        with requested(second, reader) as faults:
            first.kill()
            publish(records, "Fourth")
            wait_until(reader.serves("Fourth"))
        assert faults == []
        wait_until(lambda: second.is_elected)  # it says so before, but may be heard later


@pytest.mark.survives("the records go")
def test_a_loss_that_the_leader_refuses_is_told_by_all_nodes_and_the_leader_stays(
    tmp_path: Path, records: Path, postgres: Postgres
) -> None:
    most = records / "most"
    most.mkdir()
    for number in range(30):
        (most / f"{number}.md").write_text(record(f"Story {number}", f"https://a.example/{number}"))
    url = postgres.url(schema="losses")
    with node(tmp_path, url) as first, node(tmp_path, url) as second, node(tmp_path, url, "granian") as reader:
        nodes = (first, second, reader)
        wait_until(lambda: all(map(is_ready, nodes)))
        before = first.get()
        most.rename(tmp_path / "most")
        wait_until(lambda: not any(map(is_ready, nodes)))
        for number in range(4):  # each of which is looked at
            (records / "notes.txt").write_text(str(number))
            time.sleep(1)
        assert [each.get() for each in nodes] == [before] * 3
        assert [each.is_elected for each in (first, second)].count(True) == 1
        (records / "notes.txt").unlink()
        (tmp_path / "most").rename(most)
        wait_until(lambda: all(map(is_ready, nodes)))
        assert [each.is_elected for each in (first, second)].count(True) == 1
        refusals = [line for each in (first, second) for line in each.said if "published stories would go" in line]
        assert len(refusals) == 1


@pytest.mark.survives("PostgreSQL is gone, or restarted")
def test_feeds_are_served_while_the_database_is_gone_and_go_on_when_it_is_back(
    tmp_path: Path, records: Path, postgres: Postgres
) -> None:
    url = postgres.url()
    with node(tmp_path, url) as first, node(tmp_path, url, "granian") as reader, requested(first, reader) as faults:
        postgres.stop()
        try:
            publish(records, "Second")
            time.sleep(2)
            with pytest.raises(HTTPError, match="503") as refused:
                reader.get("/providers/a-example.json")  # which nobody had asked for
            assert refused.value.headers["Retry-After"] == "10"
            refused.value.close()
            assert not is_ready(reader)
        finally:
            postgres.start()
        for each in (first, reader):
            wait_until(each.serves("Second"))
        assert "Second" in reader.get("/providers/a-example.json")
        wait_until(lambda: is_ready(reader))
        postgres.stop()
        postgres.start()
        publish(records, "Third")
        for each in (first, reader):
            wait_until(each.serves("Third"))
    assert faults == []


@pytest.mark.survives("PostgreSQL turns read-only")
def test_a_database_that_turns_read_only_is_said_and_changes_are_published_once_it_is_not(
    tmp_path: Path, records: Path, postgres: Postgres
) -> None:
    with node(tmp_path, postgres.url()) as first:
        wait_until(lambda: is_ready(first))
        run(postgres, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            wait_until(lambda: not is_ready(first))
            with pytest.raises(HTTPError) as refused:
                first.get("/readyz")
            message = b"not in step: the database of the index is read-only; expected one that a sync can write\n"
            assert refused.value.read() == message
            publish(records, "Second")
            time.sleep(2)
            assert "First" in first.get("/feed.atom?limit=9")
        finally:
            run(
                postgres,
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            )
        wait_until(first.serves("Second"))
        wait_until(lambda: is_ready(first))


@pytest.mark.survives("the network to PostgreSQL stalls")
def test_a_stalled_network_takes_the_election_from_a_node_which_serves_what_it_has(
    tmp_path: Path, records: Path, postgres: Postgres
) -> None:
    schema = "stalled"
    with (
        running_proxy(postgres.port) as proxy,
        elected_node(tmp_path, postgres.url(proxy.port, schema=schema)) as first,
        node(tmp_path, postgres.url(schema=schema)) as second,
        requested(first, second) as faults,
    ):
        proxy.stall()
        publish(records, "Second")
        wait_until(second.serves("Second"))
        assert "Second" not in first.get()
        proxy.flow()
        wait_until(first.serves("Second"))
        publish(records, "Third")
        wait_until(first.serves("Third"))
        wait_until(lambda: second.is_elected)
    assert faults == []


@pytest.mark.survives("the network to PostgreSQL stalls")
def test_a_node_that_stalls_while_it_writes_loses_what_it_wrote(
    make_site: Callable[..., Site], postgres: Postgres
) -> None:
    schema = "writing"
    site = make_site({"1.md": record("First")}, index={"url": postgres.url(schema=schema)})
    with running_proxy(postgres.port) as proxy:
        config = parse_config({"index": {"url": postgres.url(proxy.port, schema=schema)}}, site.folder)
        stalled = open_index(config)
        assert stalled.is_leader()
        assert not site.documents.index.is_leader()

        def write() -> None:
            with pytest.raises(IndexUnusableError), stalled.writing() as connection:
                connection.execute("UPDATE state SET revision = 0")
                proxy.stall()
                time.sleep(8)  # as if it read records meanwhile

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.5)
        wait_until(site.documents.index.is_leader)
        site.write("2.md", record("Second", "https://a.example/2"))
        site.sync()
        assert b"Second" in site.body("/feed.atom")
        proxy.flow()
        writer.join(PATIENCE)
        assert not writer.is_alive()
        stalled.close()
        assert site.documents.revision() > 0
