"""Load: many clients at once while records change, and clients that stall."""

import asyncio
import gzip
import hashlib
import random
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feedsvc.serve import sockets
from tests.conftest import PATIENCE, Service, record, running_service, wait_until
from tests.corpus import Corpus
from tests.serve.test_serve import addresses
from tests.services import get, samples
from tests.web.test_hostile_http import Wire, resident, workers

CONNECTIONS = 64
#: Seconds between two changes of records.
CHANGE_SECONDS = 0.1
FILTERS = (
    "limit=3",
    "limit=500",
    "min_quality=50",
    "topic=ai&topic=law",
    "without_provider=forbes",
    "related=none",
    "type=video&limit=9",
)
MISSES = ("/none", "/topics/ai.xml", "/topics/none.atom", "/feed/1999-01.atom", "/topics/AI.atom", "/wp-login.php")
HOSTILE = (
    "/feed.atom?limit=x", "/feed.atom?type=%00%0d%0aX:y", "/%2e%2e/%2e%2e/etc/passwd", "/feed.rss?" + "topic=x&" * 30, "/feed.json?x=" + "y" * 9000,
    "/topics/%ff%fe.atom", "/feed.atom?min_quality=99999999999", "//evil.example/", "/feed.atom?topic=" + "%e6%97%a5" * 60,
)  # fmt: skip


class Client:
    """64 connections that ask for one thing after the other, and what came of it."""

    def __init__(self, service: Service, feeds: list[str], pages: list[str]) -> None:
        self.address = urlsplit(service.base_url)
        self.feeds, self.pages = feeds, pages
        self.etags: dict[str, str] = {}
        self.seconds: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.torn: list[str] = []
        self.whole = 0

    async def ask(self, over: asyncio.Event, seed: int) -> None:
        """Ask on one connection until it is over."""
        choice = random.Random(seed)
        reader, writer = await asyncio.open_connection(self.address.hostname, self.address.port)
        while not over.is_set():
            begun = time.monotonic()
            target, method, headers = self.choose(choice)
            lines = [f"{method} {target} HTTP/1.1", "Host: evil.example", *headers, "", ""]
            writer.write("\r\n".join(lines).encode())
            lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            has_body = status != 304 and method != "HEAD"
            body = await reader.readexactly(int(found.get("content-length", 0)) if has_body else 0)
            self.seconds.append(time.monotonic() - begun)
            self.statuses[status] += 1
            if status == 503:  # a slow machine has more to make than may wait
                assert found["retry-after"], target
            if status == 200 and method == "GET":
                self.check(target, found, body)
        writer.close()
        await writer.wait_closed()

    def choose(self, choice: random.Random) -> tuple[str, str, list[str]]:
        """(target, method, header lines) of a request."""
        kind = choice.random()
        if kind < 0.1:
            return choice.choice(MISSES), "GET", []
        if kind < 0.2:
            return choice.choice(HOSTILE), choice.choice(("GET", "GET", "HEAD", "POST", "BREW")), []
        if kind < 0.3:
            return choice.choice(self.pages), "GET", []
        target = choice.choice(self.feeds)
        if kind < 0.4:
            target = f"{target}?{choice.choice(FILTERS)}"
        if kind < 0.7 and target in self.etags:
            return target, "GET", [f"If-None-Match: {self.etags[target]}"]
        return target, "GET", ["Accept-Encoding: gzip"] if choice.random() < 0.5 else []

    def check(self, target: str, headers: dict[str, str], body: bytes) -> None:
        """Note a body whose hash is not its ETag's."""
        self.etags[target] = headers["etag"]
        if "content-encoding" in headers:
            body = gzip.decompress(body)
        self.whole += 1
        if headers["etag"] != f'W/"{hashlib.sha256(body).hexdigest()[:32]}"':
            self.torn.append(target)


async def change_records(folder: Path, over: asyncio.Event, least: int) -> None:
    """Write, ten times a second, a record anew, delete one or bring one, until it is over, but so often at least."""
    choice, number, begun = random.Random(7), 0, time.monotonic()
    while not over.is_set() or number < least:
        number += 1
        file = folder / f"changing{choice.randrange(40)}.md"
        if choice.random() < 0.2:
            file.unlink(missing_ok=True)
        else:
            text = record(
                f"Change {number}", f"https://a.example/{file.name}", topics="[AI, Law]", quality=str(number % 100)
            )
            file.write_text(text if choice.random() < 0.9 else text[: len(text) // 2])
        await asyncio.sleep(max(begun + number * CHANGE_SECONDS - time.monotonic(), 0))  # late ones are made up for


async def watch_memory(service: Service, pids: set[int], seconds: int, is_enough: Callable[[], bool]) -> list[float]:
    """The megabytes of memory of all workers, each second, for as many as given, and on until it is enough and level."""
    sizes: list[float] = []
    while len(sizes) < seconds or (not (is_enough() and is_level(sizes)) and len(sizes) < PATIENCE):
        sizes.append(round(sum(size for pid, size in resident(service).items() if pid in pids)))
        await asyncio.sleep(1)
    return sizes


def is_level(sizes: list[float]) -> bool:
    """Whether the last quarter is hardly above the one before. How long it takes to fill caches depends on the machine."""
    quarter = len(sizes) // 4
    return max(sizes[-quarter:]) < 1.1 * max(sizes[-2 * quarter : -quarter])


@pytest.mark.survives("load")
def test_nothing_breaks_while_64_clients_ask_and_records_change_ten_times_a_second(tmp_path: Path, full: bool) -> None:
    seconds = 60 if full else 8
    Corpus(150).write(tmp_path / "records")
    log = tmp_path / "log"
    with running_service(tmp_path, log=log) as service:
        found = [urlsplit(url).path for url in addresses(tmp_path)]
        # A few feeds are in the cache of each worker within seconds; of many, it must drop some.
        feeds = [path for kind in ("/feed", "/topics/", "/providers/") for path in found if path.startswith(kind)]
        feeds = feeds[:120] if full else feeds[:9]
        pages = [
            "/",
            "/feeds.opml",
            *(path.removesuffix(".atom") + "/" for path in feeds if "/topics/" in path and path.endswith(".atom")),
        ]
        client = Client(service, feeds, pages)
        pids = workers(service, 2)

        async def run() -> list[float]:
            over = asyncio.Event()
            asking = [client.ask(over, seed) for seed in range(CONNECTIONS)]
            changes = change_records(tmp_path / "records", over, int(seconds / CHANGE_SECONDS))
            running = asyncio.gather(changes, *asking)
            sizes = await watch_memory(service, pids, seconds, lambda: client.whole > 100 * seconds / 8)
            over.set()
            await running
            return sizes

        sizes = asyncio.run(run())
        latencies = sorted(client.seconds)
        p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
        print(
            f"{len(sizes)} s: {len(latencies)} requests, statuses {dict(client.statuses)}, median {p50:.1f} ms, "
            f"99th percentile {p99:.1f} ms, slowest {latencies[-1] * 1000:.0f} ms, memory of all workers {sizes} MB"
        )
        assert client.statuses.keys() - {503} == {200, 304, 301, 400, 404, 405}
        assert client.torn == []
        assert client.whole > 100 * seconds / 8
        assert is_level(sizes)
        assert max(resident(service)[pid] for pid in pids) < 150  # and none died
        (tmp_path / "records" / "last.md").write_text(record("The last", "https://a.example/last", "2024-01-01"))
        wait_until(lambda: b"The last" in get(f"{service.base_url}/feed.atom?limit=1"))

        def counted() -> dict[str, float]:
            return samples(get(f"{service.base_url}/metrics"))

        # Each worker counts with the next request what it answered just now.
        wait_until(lambda: counted()["feedsvc_requests_total 304"] == client.statuses[304])
        assert {name for name in counted() if name.startswith("feedsvc_requests_total 5")} <= {
            "feedsvc_requests_total 503"
        }
    assert "ERROR" not in log.read_text()


#: What clients send that then say no more: half a head; a head whose body never comes; and requests whose answers, more
#: than the system keeps for them, they never read.
STALLS = {
    "half a head": b"GET /feed.atom HTTP/1.1\r\nHost: a\r\nX-",
    "no body": b"POST /feed.atom HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx",
    "idle": b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "unread": b"GET /feed.atom HTTP/1.1\r\nHost: a\r\n\r\n" * 5,
}


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.survives("stalled clients")
def test_clients_that_stall_keep_nobody_waiting(corpus_service: Service, stall: str, full: bool) -> None:
    number = 400 if stall == "unread" else 1500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, hard), hard))
    address = urlsplit(corpus_service.base_url)
    stalled = []
    try:
        for _ in range(number):
            client = socket.socket()
            stalled.append(client)
            client.settimeout(PATIENCE)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((address.hostname, address.port))
            client.sendall(STALLS[stall])
        slowest = 0.0
        for other in range(500 if full else 50):
            wire = Wire(corpus_service)  # on a new connection, which must be accepted
            begun = time.monotonic()
            assert wire.ask("/feed.atom")[0] == 200
            slowest = max(slowest, time.monotonic() - begun)
            wire.close()
            assert other or not is_given_up(stalled[-1])  # for which this one would have waited
        print(f"{number} x {stall}: the slowest other answer took {slowest * 1000:.0f} ms")
    finally:
        for client in stalled:
            client.close()


def is_given_up(client: socket.socket) -> bool:
    """Whether the server has closed a connection, on which it sent nothing before."""
    client.setblocking(False)
    with suppress(BlockingIOError):
        return not client.recv(1, socket.MSG_PEEK)
    return False


def queued(port: int) -> list[int]:
    """The bytes that wait to be sent, or to be acknowledged, on each connection of the server that listens on a port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = [line for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "01"]
    return [int(line[4].partition(":")[0], 16) for line in established]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's options are Linux's")
@pytest.mark.survives("answers that nobody reads")
def test_answers_that_nobody_reads_take_little_and_are_given_up(corpus_service: Service, full: bool) -> None:
    address, number = urlsplit(corpus_service.base_url), 200
    assert address.port
    pids = workers(corpus_service, 2)  # and none that reads records
    before = sum(resident(corpus_service)[pid] for pid in pids)
    size = len(get(f"{corpus_service.base_url}/feed.atom"))
    clients = []
    try:
        for _ in range(number):
            client = socket.socket()
            clients.append(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((address.hostname, address.port))
            client.sendall(b"GET /feed.atom HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        wait_until(lambda: sum(bytes > sockets.UNSENT_BYTES / 2 for bytes in queued(address.port)) >= number)
        time.sleep(1)  # so that more would have come
        assert max(queued(address.port)) < sockets.UNSENT_BYTES + 65536
        grown = sum(resident(corpus_service)[pid] for pid in pids) - before
        print(
            f"{number} connections: {sum(queued(address.port)) / 2**20:.0f} MB in the kernel, {grown:.0f} MB in workers"
        )
        assert grown < number * 3 * size / 2**20 + 20  # a document of each, and what malloc leaves between them
        assert get(f"{corpus_service.base_url}/feed.atom?limit=1")
        if full:
            wait_until(lambda: not [bytes for bytes in queued(address.port) if bytes])
    finally:
        for client in clients:
            client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's options are Linux's")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.survives("answers that nobody reads")
def test_a_client_that_takes_nothing_is_hung_up_on(
    family: socket.AddressFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "UNREAD_SECONDS", 1)
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with sockets.listen(host, 0) as listener, socket.socket(family) as client:
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection, pytest.raises(TimeoutError, match="Connection timed out"):
            connection.settimeout(PATIENCE)
            while True:
                connection.sendall(bytes(2**20))
