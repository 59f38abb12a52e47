"""A service follows its configuration: what changes is taken over while it serves, and what is faulty is not."""

import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from tests.conftest import FEEDSVC, PATIENCE, Service, answers, free_port, record, running_service, wait_until
from tests.faults import command
from tests.hub import running_hub
from tests.index.test_guard import stories
from tests.index.test_postgres import node
from tests.postgres import Postgres
from tests.serve.test_websub import noted
from tests.services import ask, ask_each_worker, entries, kill_workers, put, samples, workers

KEPT = "the service goes on with the configuration that it has"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a record and a draft."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record("One", topics="[AI]"))
    (tmp_path / "records" / "b.md").write_text(record("Draft", "https://b.example/", published="false"))
    return tmp_path


def text_of(service: Service, config: str = "", serve: str = "") -> str:
    """A configuration of a service with the address that it has; the arguments are those of `running_service`."""
    port = service.base_url.rpartition(":")[2]
    return f'site.base_url = "{service.base_url}"\n{config}\n[serve]\nport = {port}\n{serve}\n'


def save(service: Service, text: str) -> None:
    """Write the configuration as editors do: a new file takes the place of the old one."""
    put(service.folder / "config.toml", text)


def has_title(service: Service, title: str, workers: int = 1) -> Callable[[], bool]:
    """Whether the feed has a title. workers: how many the service has, each of which is asked."""

    def has() -> bool:
        return f"<title>{title}</title>".encode() in ask(service, "/feed.atom").body

    return has if workers == 1 else lambda: all(ask_each_worker(service, workers, has))


def taken(log: Path) -> list[str]:
    return re.findall(r"taken over: (.*)", log.read_text())


class Client:
    """A client that asks for a feed all the while, on one connection, and knows what it got last."""

    def __init__(self, url: str, header: str, validator: str) -> None:
        self.url, self.header, self.validator = url, header, validator
        self.session = requests.Session()
        self.last = self.session.get(url)
        self.statuses = Counter[int]()

    def ask(self) -> None:
        sent = {self.header: self.last.headers[self.validator]}
        response = self.session.get(self.url, headers=sent, timeout=PATIENCE)
        self.statuses[response.status_code] += 1
        if response.status_code != 304:
            self.last = response


@contextmanager
def asking(*clients: Client) -> Iterator[None]:
    """Let clients ask meanwhile. Whatever isn't answered is an error."""
    stop, errors = Event(), list[Exception]()

    def run(client: Client) -> None:
        try:
            while not stop.is_set():
                client.ask()
                time.sleep(0.02)
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors


def test_a_changed_configuration_is_taken_over_while_each_request_is_answered(folder: Path) -> None:
    log = folder / "log"
    changed = """site.title = "News"
site.language = "de"
labels.everything = "Alles"
feeds.formats = ["atom", "json"]
records.include_unpublished = true
custom = [{ name = "About", topic = "AI" }]"""
    with running_service(folder, log=log) as service:
        url = f"{service.base_url}/feed.atom"
        clients = [
            Client(url, *headers)
            for headers in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            for _ in range(2)
        ]
        with asking(*clients):
            save(service, text_of(service, changed, serve="max_age = 60"))
            wait_until(has_title(service, "News", workers=2))
            now = requests.get(url)
            wait_until(lambda: all(client.last.content == now.content for client in clients))
            answered = [client.statuses[304] for client in clients]
            wait_until(lambda: all(client.statuses[304] > was for client, was in zip(clients, answered, strict=True)))
        assert [set(client.statuses) for client in clients] == [{200, 304}] * len(clients)
        assert now.headers["Cache-Control"].startswith("public, max-age=60")

        def has_taken_effect() -> bool:
            since = requests.get(url).headers["Last-Modified"]
            return requests.get(url, headers={"If-Modified-Since": since}).status_code == 304

        wait_until(has_taken_effect)
        assert entries(service) == ["Draft", "One"]
        assert ask(service, "/feed.rss").status == 404
        for address in ("/feed.atom", "/", "/feeds.opml", "/custom/about.json"):
            assert ask(service, address).body.decode() == command("show", address, cwd=folder)[1]
        assert "Alles" in ask(service, "/feeds.opml").body.decode()
        asked = 1 + sum(client.statuses[304] for client in clients)
        # Each worker counts with the next request what it answered just now.
        wait_until(lambda: samples(ask(service, "/metrics").body)["feedsvc_requests_total 304"] == asked)
    (line,) = taken(log)
    assert set(line.split(", ")) == {
        "site.title", "site.language", "labels.everything", "records.include_unpublished", "feeds.formats",
        "serve.max_age", "custom",
    }  # fmt: skip
    assert not re.search("ERROR|WARNING", log.read_text())


@pytest.mark.survives("a configuration that is faulty")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[site", "not valid TOML"),
        ("site.titel = 'News'", "site.titel is not a key that feedsvc knows; did you mean title?"),
        ("feeds.limit = 0", "feeds.limit: 0 can't be used; expected a number from 1 to 500"),
        ("records.path = 'nowhere'", "nowhere: No such file or directory; expected a folder of records"),
        ("records.preset = 'hugoo'", "did you mean hugo?"),
        (None, "config.toml: No such file or directory; expected a configuration file"),
    ],
)
def test_a_faulty_configuration_is_reported_once_and_taken_over_once_it_is_mended(
    folder: Path, text: str | None, reason: str
) -> None:
    log = folder / "log"
    with running_service(folder, log=log, serve="workers = 1") as service:
        before, usable = ask(service, "/feed.atom").body, (folder / "config.toml").read_text()
        if text is None:
            (folder / "config.toml").unlink()
        else:
            save(service, text_of(service, text))
        wait_until(lambda: KEPT in log.read_text())
        (folder / "records" / "c.md").write_text(record("Two", "https://c.example/"))
        wait_until(lambda: entries(service) == ["One", "Two"])
        (folder / "records" / "c.md").unlink()
        wait_until(lambda: ask(service, "/feed.atom").body == before)
        (line,) = [line for line in log.read_text().splitlines() if KEPT in line]
        assert reason in line
        if text:
            (_, _, error) = command("check", cwd=folder)
            assert error.removeprefix("feedsvc: ").strip() in line
        save(service, usable)
        wait_until(lambda: "config.toml: nothing changed since it was taken over" in log.read_text())
        save(service, text_of(service, "site.title = 'News'"))
        wait_until(has_title(service, "News"))


@pytest.mark.survives("a configuration that is faulty")
def test_whatever_takes_the_place_of_a_configuration_the_service_goes_on(folder: Path) -> None:
    log, file = folder / "log", folder / "config.toml"
    places: dict[str, Callable[[], object]] = {
        "not a file": file.mkdir,
        "not a file; expected": partial(os.mkfifo, file),
        "Too many levels of symbolic links": partial(file.symlink_to, "config.toml"),
        "not UTF-8 text": partial(file.write_bytes, b"a = '\xff'"),
        "2,000,000 bytes": partial(file.write_text, "# x\n" * 500_000),
    }
    with running_service(folder, log=log, serve="workers = 1") as service:
        sound = file.read_text()
        for number, (reason, make) in enumerate(places.items()):
            file.unlink()
            make()
            wait_until(lambda reason=reason: reason in log.read_text().rpartition("taken over")[2])
            assert ask(service, "/feed.atom").status == 200
            (file.rmdir if file.is_dir() else file.unlink)()
            file.write_text(f"site.title = 'News {number}'\n{sound}")
            wait_until(has_title(service, f"News {number}"))


@pytest.mark.survives("the folder of a service is moved")
def test_a_service_whose_folder_is_moved_serves_what_it_has_until_it_is_back(folder: Path) -> None:
    site, away, log = folder / "site", folder / "away", folder / "log"
    (folder / "records").rename(folder / "moved")
    site.mkdir()
    (folder / "moved").rename(site / "records")
    with running_service(site, log=log, serve="workers = 1") as service:
        before = ask(service, "/feed.atom").body
        site.rename(away)
        wait_until(lambda: "config.toml: No such file" in log.read_text() and "records: No such" in log.read_text())
        (away / "records" / "c.md").write_text(record("Two", "https://c.example/"))
        (away / "config.toml").write_text(text_of(service, "site.title = 'News'"))
        time.sleep(2)
        assert ask(service, "/feed.atom").body == before
        assert ask(service, "/topics/ai.rss").status == 200  # which was not asked for before
        assert not site.exists()
        away.rename(site)
        wait_until(has_title(service, "News"))
        assert entries(service) == ["One", "Two"]


def test_a_terminal_that_is_closed_leaves_a_service_in_order(folder: Path) -> None:
    """It sends SIGHUP to all processes of the group, also to those that multiprocessing has for itself."""
    log = folder / "log"
    with running_service(folder, log=log, serve="workers = 1") as service:
        os.killpg(service.process.pid, signal.SIGHUP)
        wait_until(lambda: "nothing changed" in log.read_text())
        kill_workers(service)
        assert ask(service, "/feed.atom").status == 200
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(PATIENCE) == 0
    assert log.read_text().count("ERROR") == 1  # that of the worker


@pytest.mark.parametrize("watch", [True, False])
def test_what_only_a_restart_takes_over_is_named_and_the_rest_is_taken_over(folder: Path, watch: bool) -> None:
    log, serve = folder / "log", f"watch = {str(watch).lower()}"
    with running_service(folder, log=log, serve=serve, options=("--workers", "1")) as service:
        changed = "site.title = 'News'\nindex.url = 'sqlite:///other.sqlite3'"
        save(
            service,
            f"site.base_url = '{service.base_url}'\n{changed}\nserve = {{ host = '::1', port = 1, workers = 3, {serve} }}",
        )
        if not watch:
            service.process.send_signal(signal.SIGHUP)
        wait_until(has_title(service, "News"))
        assert not (folder / "other.sqlite3").exists()
    assert "WARNING config.toml: only a restart takes over serve.host, serve.port, index.url\n" in log.read_text()
    assert taken(log) == ["site.title"]  # the number of workers is the option's


@pytest.mark.parametrize("watch", [True, False])
def test_sighup_reads_configuration_and_records_anew_also_where_neither_is_followed(folder: Path, watch: bool) -> None:
    log, serve = folder / "log", f"workers = 1\nwatch = {str(watch).lower()}"
    with running_service(folder, log=log, serve=serve) as service:
        if not watch:
            save(service, text_of(service, "site.title = 'News'", serve))
            (folder / "records" / "c.md").write_text(record("Two", "https://c.example/"))
            time.sleep(1.5)
            assert entries(service) == ["One"]
        os.killpg(service.process.pid, signal.SIGHUP)  # as a terminal that is closed does
        wait_until(lambda: ("taken over" if not watch else "nothing changed") in log.read_text())
        if not watch:
            wait_until(has_title(service, "News"))
            assert entries(service) == ["One", "Two"]
            (folder / "records" / "c.md").unlink()
            time.sleep(1.5)
            assert entries(service) == ["One", "Two"]
    assert not re.search("ERROR|WARNING", log.read_text())


def test_sighup_during_the_first_sync_is_taken_after_it(folder: Path) -> None:
    log, port = folder / "log", free_port()
    command = [FEEDSVC, "serve", "--port", str(port), "--workers", "1"]
    with log.open("w") as stream, subprocess.Popen(command, cwd=folder, stdout=stream, stderr=stream) as process:
        try:
            wait_until(lambda: can_connect(port))
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: "options: nothing changed" in log.read_text())
        finally:
            process.terminate()
    assert process.returncode == 0


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.survives("a configuration that would take stories away")
def test_a_configuration_that_would_take_most_stories_away_is_taken_over_once_that_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    for name, text in stories(range(30)).items():
        (tmp_path / "records" / name).write_text(text)
    log = tmp_path / "log"
    with running_service(tmp_path, log=log) as service:
        first = (tmp_path / "config.toml").read_text()
        before = ask(service, "/feed.atom").body
        for _ in range(2):
            save(service, text_of(service, "site.title = 'News'\nrecords.exclude = ['00[12]*.md']"))
            wait_until(lambda: b"20 of 30 published stories would go" in ask(service, "/readyz").body)
            assert ask(service, "/feed.atom").body == before
            save(service, first)
            wait_until(lambda: bool(ask(service, "/readyz").status == 200))
        assert not taken(log)
        save(service, text_of(service, "site.title = 'News'\nrecords.exclude = ['00[12]*.md']"))
        wait_until(lambda: bool(ask(service, "/readyz").status == 503))
        assert command("check", "--accept-loss", cwd=tmp_path)[0] == 0
        (tmp_path / "records" / "0000.md").touch()
        wait_until(has_title(service, "News", workers=2))
        assert ask(service, "/feed.atom").body.count(b"<entry>") == 10
    assert log.read_text().count("would go") == 3


@pytest.mark.survives("workers end again and again")
def test_a_worker_that_is_started_again_has_the_configuration_of_then(folder: Path) -> None:
    with running_service(folder) as service:
        save(service, text_of(service, "site.title = 'News'"))
        wait_until(has_title(service, "News", workers=2))
        kill_workers(service)
        assert has_title(service, "News", workers=2)()


@pytest.mark.survives("workers end again and again")
def test_a_worker_that_is_killed_as_it_begins_holds_up_nothing_however_large_the_configuration(folder: Path) -> None:
    saved = ", ".join(f"{{ name = 'N{number}', topic = 'AI' }}" for number in range(3000))  # more than a pipe takes
    with running_service(folder, f"custom = [{saved}]", serve="workers = 1") as service:
        (first,) = workers(service)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: bool(set(workers(service)) - {first}))
        kill_workers(service)
        assert ask(service, "/custom/n2999.atom").status == 200
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0


def test_a_configuration_that_is_made_later_is_taken_over_beside_the_options(folder: Path) -> None:
    log, port = folder / "log", free_port()
    service = [FEEDSVC, "serve", "records", "--host", "localhost", "--port", str(port), "--workers", "1"]
    with (
        log.open("w") as stream,
        subprocess.Popen(service, cwd=folder, stdout=stream, stderr=stream, text=True) as process,
    ):
        try:
            found = Service(folder, f"http://localhost:{port}", process)
            wait_until(lambda: answers(f"{found.base_url}/healthz"))
            assert found.base_url.encode() in ask(found, "/feed.atom").body
            (folder / "other").mkdir()
            (folder / "config.toml").write_text("site.title = 'News'\nrecords.path = 'other'\nserve.port = 1\n")
            wait_until(has_title(found, "News"))
            assert entries(found) == ["One"]  # of the folder that the command names
            assert f"{found.base_url}/feed.atom".encode() in ask(found, "/feed.atom").body
        finally:
            process.terminate()
    assert f"Serving 1 story at {found.base_url}/\n" in log.read_text()


def test_a_hub_is_notified_from_when_the_configuration_names_it_until_it_does_no_more(folder: Path) -> None:
    log = folder / "log"
    with running_hub() as hub, running_service(folder, log=log, serve="workers = 1") as service:
        save(service, text_of(service, f"feeds.hub = '{hub.url}'"))
        wait_until(lambda: len(taken(log)) == 1 and bool(noted(folder)))
        (folder / "records" / "c.md").write_text(record("Two", "https://c.example/"))
        wait_until(lambda: f"{service.base_url}/feed.atom" in hub.announced)
        assert f"{service.base_url}/topics/ai.atom" not in hub.announced
        save(service, text_of(service, f"site.title = 'News'\nfeeds.hub = '{hub.url}'"))  # which changes all feeds
        wait_until(lambda: f"{service.base_url}/topics/ai.atom" in hub.announced)
        save(service, text_of(service))
        wait_until(lambda: len(taken(log)) == 3)
        (folder / "records" / "d.md").write_text(record("Three", "https://d.example/"))
        wait_until(lambda: "Three" in entries(service))
        time.sleep(1.5)
        assert not any("d-example" in address for address in hub.announced)


def test_nodes_that_share_an_index_follow_each_its_own_file(tmp_path: Path, postgres: Postgres) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record("One"))
    (tmp_path / "records" / "b.md").write_text(record("Draft", "https://b.example/", published="false"))
    url = postgres.url()
    with node(tmp_path, url) as first:
        wait_until(lambda: first.is_elected)
        with node(tmp_path, url) as second:
            own, other = (tmp_path / f"{each.base_url.rpartition(':')[2]}.toml" for each in (first, second))
            change(other, "site.title = 'News'")
            wait_until(second.serves("<title>News"))
            assert first.serves("<title>feedsvc")()
            change(other, "records.include_unpublished = true")  # which is not what the leader reads
            wait_until(lambda: any("the index of another configuration" in line for line in second.said))
            assert second.serves("<title>News")()
            change(own, "records.include_unpublished = true")
            wait_until(lambda: any("taken over: records.include" in line for line in second.said))
            for each in (first, second):
                wait_until(each.serves("Draft"))
            change(own, "site.base_url = 'https://other.example'", "site.base_url = 'https://feeds.example'")
            wait_until(lambda: any("the index of another configuration" in line for line in first.said))


def change(file: Path, line: str, before: str = "") -> None:
    """Add a line to a configuration, or put it in the place of one."""
    text = file.read_text()
    file.write_text(text.replace(before, line) if before else f"{line}\n{text}")
