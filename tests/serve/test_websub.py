"""Every feed that changed is announced to the hub, and no other."""

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.feeds.documents import Documents
from feedsvc.index.opening import open_index
from feedsvc.serve import exchange, websub
from tests.conftest import FEEDSVC, PATIENCE, Service, Site, free_port, record, running_service, wait_until
from tests.hub import Handler, Hub, answering, certificate, running_hub, running_subscriber, speaking
from tests.services import get, put

#: Of answers.
PIECES = (
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/9.9 ", b"HTTP/0.9", b"204", b"503", b"100", b"301", b"999", b" OK", b"\r\n", b"\r\n\r\n", b"\n", b"\r",
    b"Retry-After: ", b"Location: ", b"http://[", b"Content-Length: ", b"Transfer-Encoding: chunked", b"Connection: close", b"-1", b"9" * 5000,
    "\u0661".encode(), b"\xff", b"\0", b"=?utf-8?b?/w==?=", b"Content-Type: text/x; charset*=utf-8''%ff", b" folded",
)  # fmt: skip
RECORDS = {
    "1.md": record("One", "https://a.example/1", topics="[AI]"),
    "2.md": record("Two", "https://b.example/2", topics="[AI]"),
    "3.md": record("Three", "https://c.example/3", topics="[Law]"),
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    for name, text in RECORDS.items():
        (tmp_path / "records" / name).write_text(text)
    return tmp_path


def serving(folder: Path, hub: Hub) -> AbstractContextManager[Service]:
    return running_service(folder, f'feeds = {{ hub = "{hub.url}", formats = ["atom", "rss"] }}')


def noted(folder: Path) -> set[str]:
    """The hashes of the feeds that the service has noted, so that it can find what changes."""
    with closing(sqlite3.connect(folder / ".feedsvc/index.sqlite3")) as index:
        return {hash for (hash,) in index.execute("SELECT hash FROM announcements")}


def urls(base_url: str, *paths: str) -> list[str]:
    """The addresses in both formats."""
    return sorted(f"{base_url}/{path}.{format}" for path in paths for format in ("atom", "rss"))


def change(folder: Path, name: str, title: str) -> None:
    put(folder / "records" / name, RECORDS[name].replace('title: "', f'title: "{title} '))


def test_a_changed_record_reaches_subscribers(folder: Path, hub: Hub) -> None:
    with serving(folder, hub) as service, running_subscriber() as subscriber:
        feed = f"{service.base_url}/topics/ai.atom"
        subscriber.subscribe(feed)
        wait_until(lambda: bool(hub.subscriptions))
        wait_until(lambda: bool(noted(folder)))
        change(folder, "1.md", "Changed")
        wait_until(lambda: bool(subscriber.delivered))
        (_, body), *_ = subscriber.delivered
        assert b"Changed One" in body
        assert body == get(feed)


def test_exactly_the_feeds_whose_bytes_changed_are_announced(folder: Path, hub: Hub) -> None:
    with serving(folder, hub) as service:
        wait_until(lambda: bool(noted(folder)))
        change(folder, "3.md", "Changed")
        expected = urls(service.base_url, "feed", "topics/law", "providers/c-example")
        wait_until(lambda: len(hub.announced) >= len(expected))
        path = folder / "records" / "3.md"
        put(path, path.read_text().replace("topics:", "unknown: 1\ntopics:"))  # which no feed shows
        time.sleep(2)
        assert hub.announced == expected
        # A new feed, and those that a story is no longer in.
        put(path, path.read_text().replace("[Law]", "[Robots]"))
        more = urls(service.base_url, "feed", "topics/robots", "providers/c-example")
        wait_until(lambda: len(hub.announced) >= len(expected + more))
        time.sleep(1)
        assert hub.announced == sorted(expected + more)


def test_changes_while_a_hub_was_down_are_announced_once_even_after_a_restart(folder: Path, hub: Hub) -> None:
    hub.status = 503
    with serving(folder, hub) as service:
        wait_until(lambda: bool(noted(folder)))
        begun = time.monotonic()
        for number in range(12):
            change(folder, "1.md", f"Change {number}")
            time.sleep(0.2)
        wait_until(lambda: b"Change 11" in get(f"{service.base_url}/feed.atom"))
        last = hashlib.sha256(get(f"{service.base_url}/feed.atom")).hexdigest()
        wait_until(lambda: last in noted(folder))
        # Though there were more changes, but for those in which a retry of all was due.
        assert len(hub.refused) <= 2 + (time.monotonic() - begun) // (websub.FIRST_RETRY / 2)
        os.killpg(service.process.pid, signal.SIGKILL)
    assert not hub.accepted
    hub.status = 204
    with serving(folder, hub) as service:
        wait_until(lambda: bool(hub.accepted))
        time.sleep(1)
        own = [url.replace(service.base_url, "") for url in hub.announced]
        assert own == urls("", "feed", "topics/ai", "providers/a-example")


@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_a_hub_that_hangs_keeps_no_reader_waiting(folder: Path, hub: Hub) -> None:
    hub.free.clear()
    with serving(folder, hub) as service:
        wait_until(lambda: bool(noted(folder)))
        change(folder, "1.md", "Changed")
        wait_until(lambda: b"Changed" in get(f"{service.base_url}/feed.atom"))
        wait_until(lambda: hub.asked > 0)
        change(folder, "2.md", "Changed, too,")
        wait_until(lambda: b"Changed, too" in get(f"{service.base_url}/feed.atom"))
        assert not hub.accepted
        hub.free.set()
        wait_until(lambda: f"{service.base_url}/providers/b-example.atom" in hub.announced)


def test_requests_go_to_the_hub_alone(make_site: Callable[..., Site], hub: Hub) -> None:
    asked: list[str] = []

    class Redirecting(Handler):
        def do_POST(self) -> None:
            self.body()  # closing before all of it is read would reset the connection
            asked.append(self.path)
            self.answer(307, {"Location": hub.url})

    with answering(Redirecting) as url:
        documents = changed_site(make_site, url).documents
        _, reason = websub.notify_hub(documents)
    assert reason == f"{url}: answered 307; expected a WebSub hub that takes announcements (2xx)"
    assert asked == ["/"]
    assert not hub.accepted and not hub.refused


def changed_site(make_site: Callable[..., Site], hub_url: str) -> Site:
    """A site with a change that is to be announced."""
    site = make_site(RECORDS, feeds={"hub": hub_url, "formats": ["atom", "rss"]})
    websub.queue_changes(site.documents)
    assert websub.notify_hub(site.documents) == (None, "")  # at first all is known
    site.write("1.md", record("Changed", "https://a.example/1", topics="[AI]"))
    site.sync()
    websub.queue_changes(site.documents)
    return site


def test_the_time_between_retries_grows(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    documents = changed_site(make_site, f"http://127.0.0.1:{free_port()}/").documents
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    waits = []
    for _ in range(14):
        wait, reason = websub.notify_hub(documents)
        assert wait and "refused" in reason
        waits.append(wait)
        assert websub.notify_hub(documents)[1] == ""  # not before its time
        now += wait + 1
    for attempts, wait in enumerate(waits):
        usual = min(websub.FIRST_RETRY * 2**attempts, websub.LONGEST_RETRY)
        assert usual / 2 <= wait <= usual * 1.5
    assert len({round(wait / websub.LONGEST_RETRY, 6) for wait in waits[-4:]}) == 4  # never all hubs' clients at once
    now -= 10**6
    assert "refused" in websub.notify_hub(documents)[1]  # a clock that was set back delays nothing


@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_a_retry_is_after_the_time_that_the_hub_asks_for(make_site: Callable[..., Site], hub: Hub) -> None:
    hub.status, hub.headers = 429, {"Retry-After": "300"}
    wait, reason = websub.notify_hub(changed_site(make_site, hub.url).documents)
    assert wait == 300
    assert "answered 429" in reason


def repeated(data: bytes, seconds: float = 0) -> Callable[[socket.socket], None]:
    """Say the same without end, with a pause after each time."""

    def say(client: socket.socket) -> None:
        while True:
            client.sendall(data)
            time.sleep(seconds)

    return say


def said(data: bytes) -> Callable[[socket.socket], None]:
    return lambda client: client.sendall(data)


REFUSAL = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
#: What a hub may say to hold or end whoever announces, and what is told of it.
HOSTILE = {
    "a number of 5000 digits": (said(REFUSAL + b"Retry-After: " + b"9" * 5000 + b"\r\n\r\n"), "answered 503"),
    "other digits": (said(REFUSAL + "Retry-After: ١٢".encode() + b"\r\n\r\n"), "answered 503"),
    "a byte now and then": (repeated(b"H", 0.05), "took longer than 1 s"),
    "nothing": (lambda client: time.sleep(60), "took longer than 1 s"),
    "100 without end": (repeated(b"HTTP/1.1 100 Continue\r\n\r\n"), "sent more than 65536 bytes before its answer"),
    "100 now and then": (repeated(b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), "took longer than 1 s"),
    "headers without end": (
        lambda client: (client.sendall(b"HTTP/1.1 204 OK\r\n"), repeated(b"A: " + b"b" * 5000 + b"\r\n")(client)),
        "sent more than 65536 bytes before its answer",
    ),
    "a header now and then": (
        lambda client: (client.sendall(b"HTTP/1.1 204 OK\r\n"), repeated(b"A: b\r\n", 0.05)(client)),
        "took longer than 1 s",
    ),
    "many headers": (said(b"HTTP/1.1 204 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n"), "got more than 100 headers"),
    "a line without end": (repeated(b"x" * 5000), "sent more than 65536 bytes before its answer"),
    "no address": (said(b"HTTP/1.1 301 Moved\r\nLocation: http://[/\r\n\r\n"), "answered 301"),
    "another scheme": (said(b"HTTP/1.1 307 Moved\r\nLocation: file:///etc/passwd\r\n\r\n"), "answered 307"),
    "a number that is none": (said(b"HTTP/1.1 " + b"9" * 5000 + b" x\r\n\r\n"), "HTTP/1.1 999"),
    "line breaks": (said(b"\x1b[2J\rHTTP"), "\\x1b[2J\\rHTTP"),
    "an end": (said(b""), "Remote end closed connection"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_a_hub_that_says_anything_is_tried_again(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    say, reason = HOSTILE[kind]
    monkeypatch.setattr(exchange, "DEADLINE", 1 if "1 s" in reason else 60)
    with speaking(say) as url:
        wait, told = websub.notify_hub(changed_site(make_site, url).documents)
    assert reason in told and told.endswith("; expected a WebSub hub that takes announcements (2xx)")
    assert told.isprintable() and len(told) < 400
    assert wait and wait <= websub.LONGEST_RETRY


@pytest.mark.parametrize("body", [repeated(b"x"), repeated(b"x", 0.05), said(b"")], ids=["long", "slow", "short"])
@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_the_body_of_an_answer_is_not_waited_for(
    make_site: Callable[..., Site], body: Callable[[socket.socket], None]
) -> None:
    with speaking(
        lambda client: (
            said(b"HTTP/1.1 100 X\r\n\r\nHTTP/1.1 202 X\r\nContent-Length: 9\r\n\r\n")(client),
            body(client),
        )
    ) as url:
        assert websub.notify_hub(changed_site(make_site, url).documents) == (None, "")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=10), max_size=9).map(b"".join))
@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_no_answer_is_an_error_of_the_service(answer: bytes) -> None:
    with speaking(said(answer)) as url, suppress(websub.HubError):
        websub._publish(url, ["https://feeds.example/feed.atom"])


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_a_hub_behind_tls_has_the_same_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    feeds = [f"https://feeds.example/{number}{'x' * 1000}.atom" for number in range(websub.BATCH)]

    def answer_and_read(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 204 X\r\n\r\n")
        while client.recv(65536):  # of the request, which is more than what is sent at once
            pass

    with speaking(answer_and_read, tls) as url:
        with pytest.raises(websub.HubError, match="certificate verify failed"):
            websub._publish(url, feeds)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        websub._publish(url, feeds)
    monkeypatch.setattr(exchange, "DEADLINE", 2)
    with (
        speaking(repeated(b"H", 0.05), tls) as url,
        pytest.raises(websub.HubError, match=r"took longer than 2 s|timed out"),
    ):
        websub._publish(url, feeds)
    with (
        speaking(lambda client: time.sleep(60)) as url,
        pytest.raises(websub.HubError, match=r"took longer than 2 s|timed out"),
    ):
        websub._publish(url.replace("http:", "https:"), feeds)  # which shakes no hands


@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_what_a_hub_said_ends_no_announcing(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "DEADLINE", 1)
    monkeypatch.setattr(websub, "FIRST_RETRY", 0.1)
    monkeypatch.setattr(websub, "LONGEST_RETRY", 0.1)
    monkeypatch.setattr(websub, "CHECK_SECONDS", 0.01)
    answers = [say for say, _ in HOSTILE.values()]
    stop = Event()

    def answer(client: socket.socket) -> None:
        if not answers:
            stop.set()
            client.sendall(b"HTTP/1.1 204 OK\r\n\r\n")
        else:
            answers.pop()(client)

    with speaking(answer) as url:
        announcing = Thread(target=websub.announce_changes, args=(changed_site(make_site, url).documents, stop))
        announcing.start()
        announcing.join(PATIENCE)
        assert not announcing.is_alive() and not answers


@pytest.mark.survives("a hub that holds, floods or confuses whoever notifies it")
def test_no_fault_ends_announcing(
    make_site: Callable[..., Site], hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(websub, "FIRST_RETRY", 0)
    monkeypatch.setattr(websub, "CHECK_SECONDS", 0.01)
    documents, stop = changed_site(make_site, hub.url).documents, Event()
    revision, faults = documents.revision, [RuntimeError("unforeseen")]

    def failing() -> int:
        if faults:
            raise faults.pop()
        stop.set()
        return revision()

    monkeypatch.setattr(documents, "revision", failing)
    websub.announce_changes(documents, stop)
    assert "can't announce changes; trying again in 0 s" in caplog.text and "unforeseen" in caplog.text


def test_many_feeds_are_announced_in_few_requests(make_site: Callable[..., Site], hub: Hub) -> None:
    files = {f"{number}.md": record("A", f"https://{number}.example/") for number in range(130)}
    site = make_site(files, feeds={"hub": hub.url, "formats": ["atom"]})
    websub.queue_changes(site.documents)
    for name, text in files.items():
        site.write(name, text.replace('"A"', '"B"'))
    site.sync()
    websub.queue_changes(site.documents)
    assert websub.notify_hub(site.documents) == (None, "")
    assert [len(urls) for _, urls in hub.accepted] == [websub.BATCH, 131 - websub.BATCH]
    assert len(set(hub.announced)) == 131


def test_a_feed_that_changes_while_it_is_announced_is_announced_again(
    make_site: Callable[..., Site], hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = changed_site(make_site, hub.url)
    publish = websub._publish

    def publish_late(url: str, feeds: list[str]) -> None:
        publish(url, feeds)
        monkeypatch.setattr(websub, "_publish", publish)
        site.write("1.md", record("Changed again", "https://a.example/1", topics="[AI]"))
        site.sync()
        websub.queue_changes(site.documents)

    monkeypatch.setattr(websub, "_publish", publish_late)
    assert websub.notify_hub(site.documents) == (None, "")
    assert hub.announced == sorted(2 * urls("https://feeds.example", "feed", "topics/ai", "providers/a-example"))


def test_of_two_processes_that_share_an_index_one_announces(make_site: Callable[..., Site], hub: Hub) -> None:
    hub.free.clear()
    site = changed_site(make_site, hub.url)
    other = Documents(open_index(site.config), site.config)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(websub.notify_hub, site.documents)
        wait_until(lambda: hub.asked == 1)
        wait, reason = websub.notify_hub(other)
        hub.free.set()
        assert (first.result(), reason) == ((None, ""), "")
        assert wait and wait > 0
    other.index.close()
    assert len(hub.accepted) == 1


def test_only_the_leader_announces(make_site: Callable[..., Site], hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = changed_site(make_site, hub.url).documents
    stop = Event()
    accepted: list[int] = []

    def is_leader(index: object) -> bool:
        """It is the leader in the third round of four."""
        accepted.append(len(hub.accepted))
        if len(accepted) == 4:
            stop.set()
        return len(accepted) == 3

    monkeypatch.setattr(type(documents.index), "is_leader", is_leader)
    monkeypatch.setattr(websub, "CHECK_SECONDS", 0.01)
    websub.announce_changes(documents, stop)
    assert accepted == [0, 0, 0, 1]


def test_archives_and_filtered_feeds_name_no_hub(make_site: Callable[..., Site]) -> None:
    later = record("Later", "https://a.example/later", "2020-07-01", topics="[AI]")
    formats = ("atom", "rss", "json")
    site = make_site({**RECORDS, "later.md": later}, feeds={"hub": "https://hub.example/", "archives": formats})
    for format in formats:
        assert b"hub.example" in site.body(f"/topics/ai.{format}")
        assert b"hub.example" not in site.body(f"/topics/ai/2020-06.{format}?limit=1")
        assert b"hub.example" not in site.body(f"/topics/ai.{format}?limit=3")


def test_a_build_announces_the_feeds_that_it_changed(folder: Path, hub: Hub) -> None:
    (folder / "config.toml").write_text(
        f'site.base_url = "https://feeds.example"\nfeeds = {{ hub = "{hub.url}", formats = ["atom", "rss"] }}\n'
    )

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run([FEEDSVC, "build"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)

    build()
    assert not hub.accepted
    change(folder, "3.md", "Changed")
    hub.status = 500
    done = build()
    failure = "answered 500; expected a WebSub hub that takes announcements (2xx); the next build tries again"
    assert done.stderr == f"3 stories from 3 records\n{hub.url}: {failure}\n"
    assert done.returncode == 1
    hub.status = 204
    wait_until(lambda: build().returncode == 0 and bool(hub.accepted))
    assert hub.announced == urls("https://feeds.example", "feed", "topics/law", "providers/c-example")


def test_changes_are_announced_while_others_follow_without_end(folder: Path, hub: Hub) -> None:
    with serving(folder, hub):
        wait_until(lambda: bool(noted(folder)))
        begun, number = time.monotonic(), 0

        def is_announced() -> bool:
            """Whether several were, after one more."""
            nonlocal number
            number += 1
            change(folder, "1.md", f"Change {number}")
            time.sleep(0.1)
            return len(hub.accepted) > 2

        wait_until(is_announced)
        assert len(hub.accepted) <= 1 + (time.monotonic() - begun) / websub.CHECK_SECONDS
