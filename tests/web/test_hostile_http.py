"""Hostile requests, written byte by byte to the running server."""

import itertools
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feedsvc.web.cache import MAX_BYTES
from feedsvc.web.responses import PAGE_POLICY
from tests.conftest import PATIENCE, Service, record, running_service, wait_until
from tests.corpus import Corpus

CANARY = "canary-7f3a"
#: What no answer holds: of files beside the records, of the index, and of a record's unknown field.
SECRETS = (CANARY.encode(), b"root:", b"SQLite format 3")
GOOD = {"Host": "feeds.example"}


class Wire:
    """A connection that sends exactly the bytes it is given, opened again whenever the server has closed it."""

    def __init__(self, service: Service) -> None:
        address = urlsplit(service.base_url)
        self.address = (address.hostname, address.port)
        self.socket: socket.socket | None = None

    def send(self, data: bytes, is_head: bool = False) -> tuple[int, list[tuple[str, str]], bytes]:
        """(status, headers in order, names in small letters; body) of the first answer to some bytes."""
        for _ in range(2):
            try:
                if not self.socket:
                    self.socket = socket.create_connection(self.address, timeout=PATIENCE)
                self.socket.sendall(data)
                if answer := self._read(is_head):
                    return answer
            except (ConnectionError, TimeoutError):
                if not self.socket:
                    raise
            self.close()  # it may have been idle for too long
        raise ConnectionError(f"no answer to {data[:100]!r}")

    def ask(
        self, target: str, method: str = "GET", headers: dict[str, str] = GOOD
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return self.send("\r\n".join(lines).encode("latin-1"), is_head=method == "HEAD")

    def _read(self, is_head: bool) -> tuple[int, list[tuple[str, str]], bytes] | None:
        assert self.socket
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := self.socket.recv(65536)):
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = [(line.partition(": ")[0].lower(), line.partition(": ")[2]) for line in lines]
        number = int(status.split(" ")[1])
        length = 0 if is_head or number == 304 else int(dict(headers).get("content-length", 0))
        while len(body) < length:
            if not (more := self.socket.recv(65536)):
                return None
            body += more
        assert len(body) == length, "more than was announced"
        if dict(headers).get("connection") == "close":
            self.close()
        return number, [header for header in headers if header[0] != "date"], body

    def close(self) -> None:
        if self.socket:
            self.socket.close()
            self.socket = None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hostile")
    Corpus(60).write(folder / "records")
    (folder / "records" / "secret.md").write_text(record(secured=CANARY, topics="[AI]"))
    (folder / "secret.txt").write_text(CANARY)
    config = 'feeds.hub = "https://hub.example/"\n[[custom]]\nname = "Good"\n'
    with running_service(folder, f'{config}description = "x"\n# {CANARY}', serve="workers = 1") as service:
        yield service


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    wire = Wire(service)
    yield wire
    wire.close()


#: Two dots, and what stands between folders, as servers have been known to decode them.
DOTS = (
    "..", "%2e%2e", ".%2E", "%252e%252e", "..;", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e",
    "%00..", "..%00", "....", "..%20",
)  # fmt: skip
SEPARATORS = ("/", "//", "%2f", "%252F", "\\", "%5c", "%c0%af", "/./", "%e2%88%95")
STARTS = ("/", "/assets/", "/topics/", "/feed/", "/assets/style.css/")
FILES = ("etc/passwd", "secret.txt", "config.toml", ".feedsvc/index.sqlite3", "records/secret.md")


@pytest.mark.survives("path traversal")
def test_no_encoding_of_a_path_leads_out_of_what_is_published(service: Service, full: bool) -> None:
    paths = list(itertools.product(STARTS, DOTS, SEPARATORS, FILES, (1, 7) if full else (4,)))

    def ask_some(first: int) -> set[int]:
        """Ask for every eighth, and return the statuses: who asks waits most of the time."""
        wire, seen = Wire(service), set()
        for start, dots, separator, file, depth in paths[first::8]:
            target = start + (dots + separator) * depth + file.replace("/", separator)
            status, headers, body = wire.ask(target)
            assert status in (301, 400, 404), target
            assert not any(secret in body for secret in SECRETS), target
            assert status != 301 or dict(headers)["location"].startswith(f"{service.base_url}/")
            seen.add(status)
        wire.close()
        return seen

    with ThreadPoolExecutor(8) as pool:
        assert 404 in set[int]().union(*pool.map(ask_some, range(8)))


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "http://127.0.0.1/../../etc/passwd", "//etc/passwd", "/%2fetc/passwd", "etc/passwd", "*", "?", "#", "/feed.atom%00.html", "/.feedsvc/index.sqlite3", "/config.toml", "/records/secret.md", "/secret.txt"],
)  # fmt: skip
@pytest.mark.survives("path traversal")
def test_no_form_of_a_target_leads_to_a_file(wire: Wire, target: str) -> None:
    status, _, body = wire.ask(target)
    assert status in (301, 400, 404)
    assert not any(secret in body for secret in SECRETS)


ADDRESSES = (
    "/feed.atom", "/topics/ai.rss?limit=3", "/feed.json", "/feed/2020-01.atom", "/", "/topics/ai/", "/feeds.opml", "/assets/script.js",
    "/topics/AI.atom?limit=3", "/topics/ai", "/topics/none.atom", "/none", "/feed.atom?limit=x", "//evil.example/feed.atom",
)  # fmt: skip
EVIL = "evil.example"
HOSTILE_HEADERS = (
    {"Host": EVIL}, {"Host": f"{EVIL}:80"}, {"Host": "127.0.0.1@evil.example"}, {"Host": ""}, {"Host": "evil.example/x?y"},
    {**GOOD, "Host ": EVIL}, {**GOOD, "hOST": EVIL}, {},
    *(
        {**GOOD, name: value}
        for name, value in {
            "X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Scheme": "gopher", "X-Forwarded-Port": "1",
            "X-Forwarded-Prefix": "/evil", "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Server": EVIL, "X-Host": EVIL,
            "Forwarded": "for=1.1.1.1;host=evil.example;proto=https", "X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz",
            "X-HTTP-Method-Override": "DELETE", "X-Script-Name": "/evil", "Script-Name": "/evil", "Base-URL": "http://evil.example",
            "Path-Info": "/healthz", "Proxy": "http://evil.example", "Origin": "https://evil.example", "Referer": "https://evil.example/",
            "Cookie": "session=1", "Authorization": "Basic YTpi", "Accept": "text/evil", "Accept-Language": "evil", "Upgrade-Insecure-Requests": "1",
            "If-Range": '"x"', "TE": "trailers", "Expect": "evil", "Pragma": "no-cache",
        }.items()
    ),
)  # fmt: skip


@pytest.mark.survives("hostile `Host`, `X-Forwarded-*`, `Forwarded` and others")
def test_no_header_changes_a_byte_of_what_is_served(wire: Wire) -> None:
    for target in ADDRESSES:
        expected = wire.ask(target)
        assert EVIL not in repr(expected[1:]) or target.startswith("//evil")
        for headers in HOSTILE_HEADERS:
            found = wire.ask(target, headers=headers)
            # A request that is none is refused before the application sees it, and one without one host by it.
            assert found == expected or (found[0] == 400 and EVIL.encode() not in found[2]), (target, headers)
        if expected[0] != 400:
            assert wire.ask(f"http://evil.example{target}")[::2] == expected[::2] or target.startswith("//")


@pytest.mark.parametrize("headers", [{"Host": EVIL}, {**GOOD, "X-Forwarded-Host": EVIL}], ids=["host", "forwarded"])
@pytest.mark.survives("hostile `Host`, `X-Forwarded-*`, `Forwarded` and others")
def test_the_header_that_is_most_abused_is_no_error(wire: Wire, headers: dict[str, str]) -> None:
    assert [wire.ask(target, headers=headers)[0] for target in ("/feed.atom", "/", "/topics/AI.atom")] == [
        200,
        200,
        301,
    ]


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        ("1.1", ["a.example"], 200),
        ("1.1", ["a.example", "b.example"], 400),
        ("1.1", ["a.example", "a.example"], 400),
        ("1.1", [], 400),
        ("1.1", [""], 400),
        ("1.1", ["a.example/x?y"], 400),
        ("1.0", [], 200),
        ("1.0", ["a.example", "b.example"], 400),
    ],
)
@pytest.mark.survives("hostile `Host`, `X-Forwarded-*`, `Forwarded` and others")
def test_a_request_has_one_host(wire: Wire, version: str, hosts: list[str], status: int) -> None:
    lines = [f"GET /feed.atom HTTP/{version}", *(f"Host: {host}" for host in hosts), "", ""]
    assert wire.send("\r\n".join(lines).encode())[0] == status


BREAKS = (
    "%0d%0a",
    "%0a",
    "%0d",
    "%00",
    "%0b",
    "%c2%85",
    "%e2%80%a8",
    "%c4%8d%c4%8a",
    "%e5%98%8d%e5%98%8a",
    "%250d%250a",
    "\x85",
)
PLACES = (
    "/topics/ai{}.atom", "/topics/{}/", "/TOPICS/ai{}.atom", "/topics/AI.atom?{}", "/custom/good{}.rss", "/{}", "/feed/2020-01{}.atom",
    "/feed.atom?topic=ai{}", "/feed.atom?provider={}", "/feed.atom?type={}", "/feed.atom?limit=3{}", "/feed.atom?{}", "/feed.atom?related={}",
    "/feed.atom?min_quality=1{}", "/topics/AI{}?type={}", "/topics/ai?{}",
)  # fmt: skip
#: All headers that there are.
NAMES = {
    "content-type", "content-length", "etag", "last-modified", "cache-control", "vary", "x-content-type-options", "link",
    "access-control-allow-origin", "access-control-expose-headers", "cross-origin-resource-policy", "location", "server", "connection",
    "content-security-policy", "referrer-policy", "cross-origin-opener-policy",
}  # fmt: skip


@pytest.mark.survives("header injection")
def test_no_slug_and_no_filter_makes_a_header(wire: Wire) -> None:
    linked = 0
    for place, end in itertools.product(PLACES, BREAKS):
        target = place.replace("{}", f"{end}X-Injected:%20yes{end}{end}%3Cscript%3E")
        status, headers, body = wire.ask(target)
        assert status in (200, 301, 400, 404), target
        assert {name for name, _ in headers} <= NAMES, target
        assert all(value.isprintable() and value.isascii() for _, value in headers), target
        assert b"<script>" not in body or dict(headers)["content-type"].startswith("text/plain"), target
        linked += any("injected" in value.lower() for name, value in headers if name in ("link", "location"))
    assert linked  # so that some did come near


@pytest.mark.parametrize("data", [b"\r", b"\n", b"\0", b"\x0b", b"\xff", b" ", b"\t"])
@pytest.mark.survives("header injection")
def test_a_control_character_in_a_target_harms_nobody(wire: Wire, data: bytes) -> None:
    request = b"GET /feed.atom?type=a" + data + b"X-Injected:yes HTTP/1.1\r\nHost: a\r\n\r\n"
    with suppress(ConnectionError):  # the server may hang up on it
        status, headers, _ = wire.send(request)
        assert status in (200, 400, 404)
        assert {name for name, _ in headers} <= NAMES
    assert wire.ask("/feed.atom")[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        "/feed.atom",
        "/topics/ai/",
        "/feeds.opml",
        "/assets/icon.svg",
        "/none",
        "/topics/AI.atom",
        "/feed.atom?limit=x",
        "/healthz",
        "/readyz",
    ],
)
def test_head_equals_get_whatever_the_answer(wire: Wire, target: str) -> None:
    status, headers, body = wire.ask(target)
    assert wire.ask(target, "HEAD") == (status, headers, b"")
    assert int(dict(headers)["content-length"]) == len(body)


@pytest.mark.parametrize("target", ["/feed.atom", "/", "/none", "/healthz", "/metrics"])
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "BREW", "GET2", "get\x7f", "X" * 5000]
)
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_no_other_method_does_anything(wire: Wire, method: str, target: str) -> None:
    status, headers, body = wire.ask(target, method, {**GOOD, "X-Secret": CANARY, "Content-Length": "0"})
    assert status in (400, 405, 414)
    assert CANARY.encode() not in body  # TRACE echoes nothing
    if status == 405:
        assert set(dict(headers)["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert dict(headers)["cache-control"] == "no-store"


@pytest.mark.parametrize("target", ["/feed.atom", "/none", "*"])
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_options_tells_what_is_allowed(wire: Wire, target: str) -> None:
    preflight = {**GOOD, "Origin": "https://x.example", "Access-Control-Request-Headers": "If-None-Match"}
    status, headers, body = wire.ask(target, "OPTIONS", preflight)
    assert body == b"" or status == 404
    if status == 200:
        assert set(dict(headers)["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert dict(headers)["access-control-allow-headers"] == "If-None-Match, If-Modified-Since"
        assert "access-control-allow-credentials" not in dict(headers)


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /feed.atom HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET /feed.atom HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /feed.atom HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /feed.atom HTTP/1.1\r\nHost: a\r\n X-Folded: 1\r\n\r\n",
        b"GET /feed.atom HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /feed.atom\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n" * 1000 + b"\0" * 1000 + b"\r\n\r\n",
    ],
)
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_what_is_no_request_is_refused(wire: Wire, request_: bytes) -> None:
    with suppress(ConnectionError):
        assert wire.send(request_)[0] in (400, 404, 405)
    assert wire.ask("/feed.atom")[0] == 200


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /feed.atom?topic=" + b"x" * MEGABYTE + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /feed.atom?" + b"topic=x&" * (MEGABYTE // 8) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"../" * (MEGABYTE // 3) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G" * MEGABYTE + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"x" * MEGABYTE + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * (MEGABYTE // 6) + b"\r\n",
    ],
    ids=["value", "parameters", "path", "method", "header", "headers"],
)
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_a_megabyte_anywhere_is_refused(wire: Wire, request_: bytes) -> None:
    with suppress(ConnectionError):
        assert wire.send(request_)[0] in (400, 404, 414, 431)
    assert wire.ask("/feed.atom")[0] == 200


@pytest.mark.parametrize(
    "name", ["Accept-Encoding", "Accept", "If-None-Match", "If-Modified-Since", "Cookie", "Host", "X-Any"]
)
@pytest.mark.parametrize("target", ["/feed.atom", "/none"])
@pytest.mark.survives("header bombs")
def test_a_head_that_is_long_is_refused_unread(wire: Wire, target: str, name: str) -> None:
    for size, statuses in ((8_000, (200, 404) if name != "Host" else (400,)), (100_000, (431,)), (390_000, (431,))):
        with suppress(ConnectionError):  # it may close before all is sent
            assert wire.ask(target, headers={**GOOD, name: "a," * (size // 2)})[0] in statuses, size
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(5_000))
    with suppress(ConnectionError):
        assert wire.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n".encode() + lines + b"\r\n")[0] == 431


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#: An empty SETTINGS frame.
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"


@pytest.mark.survives("header bombs")
def test_http_2_in_clear_text_is_not_spoken(wire: Wire) -> None:
    with socket.create_connection(wire.address, timeout=PATIENCE) as client:
        client.sendall(PREFACE + SETTINGS)
        answer = b""
        with suppress(ConnectionError):
            while more := client.recv(65536):  # until the connection is closed
                answer += more
        assert answer[3:5] != b"\x04\0"
    upgrade = {**GOOD, "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    assert wire.ask("/feed.atom", headers=upgrade) == wire.ask("/feed.atom")


@pytest.mark.parametrize("size", [8_000, 60_000, 300_000])
@pytest.mark.parametrize("where", ["/feed.atom?x={}", "/feed.atom?topic={}", "/topics/{}.atom", "/topics/{}/"])
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_what_is_long_but_a_request_is_answered(wire: Wire, where: str, size: int) -> None:
    assert wire.ask(where.format("%e6%97" * (size // 6)))[0] in ((200, 400, 404) if size == 8_000 else (414, 431))


@pytest.mark.parametrize(
    "value",
    ["bytes=0-1", "bytes=-1", "bytes=999999999-", "bytes=5-2", "bytes=" + "0-," * 3000, "bytes=" + ",".join(f"{i}-" for i in range(1300)), "x=1", "bytes=-99999999999999999999"],
    ids=["first", "last", "beyond", "backwards", "empty", "thousand", "unit", "huge"],
)  # fmt: skip
@pytest.mark.survives("other methods, broken requests, megabytes, ranges")
def test_a_range_gets_the_whole(wire: Wire, value: str) -> None:
    whole = wire.ask("/feed.atom")
    for more in ({}, {"If-Range": dict(whole[1])["etag"]}, {"If-Range": '"x"'}):
        assert wire.ask("/feed.atom", headers={**GOOD, "Range": value, **more}) == whole


FEED = {
    "etag", "last-modified", "cache-control", "vary", "x-content-type-options", "access-control-allow-origin",
    "access-control-expose-headers", "cross-origin-resource-policy", "content-type", "content-length", "server",
}  # fmt: skip
PAGE = (FEED - {"access-control-allow-origin", "access-control-expose-headers"}) | {
    "content-security-policy", "referrer-policy", "cross-origin-opener-policy",
}  # fmt: skip
TEXT = {"cache-control", "x-content-type-options", "content-type", "content-length", "server"}


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("/feed.atom", FEED | {"link"}),
        ("/feed.json", FEED | {"link"}),
        ("/feeds.opml", FEED),
        ("/assets/script.js", FEED),
        ("/", PAGE),
        ("/topics/ai/", PAGE),
        ("/none", TEXT | {"vary"}),
        ("/feed.atom?limit=x", TEXT),
        ("/topics/AI.atom", TEXT | {"location"}),
        ("/healthz", TEXT),
    ],
)
@pytest.mark.survives("header injection")
def test_each_answer_has_its_headers_and_no_others(wire: Wire, target: str, names: set[str]) -> None:
    _, headers, _ = wire.ask(target)
    found = dict(headers)
    assert found.keys() == names
    assert found["x-content-type-options"] == "nosniff"
    assert found["server"] == "granian"  # and no version
    if names is PAGE:
        assert found["content-security-policy"] == PAGE_POLICY
        assert found["referrer-policy"] == "no-referrer"
        assert found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == "same-origin"
    if names >= FEED:
        assert found["access-control-allow-origin"] == "*"
        assert found["cross-origin-resource-policy"] == "cross-origin"


def test_the_policy_of_pages_lets_nothing_in_that_is_not_named() -> None:
    rules = dict(rule.split(" ", 1) for rule in PAGE_POLICY.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"


def workers(service: Service, number: int) -> set[int]:
    """The web workers of a service, of which there should be a number; past the first sync, which has some, too."""
    wait_until(lambda: len(resident(service)) == number)
    return set(resident(service))


def resident(service: Service) -> dict[int, float]:
    """The megabytes of memory of each worker, of whichever kind."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            status = dict(line.split(":\t") for line in (folder / "status").read_text().splitlines() if ":\t" in line)
            if int(status["PPid"]) == service.process.pid and "spawn_main" in (folder / "cmdline").read_text():
                found[int(folder.name)] = int(status["VmRSS"].split()[0]) / 1024
    return found


@pytest.mark.survives("thousands of filters")
def test_however_many_filters_are_asked_for_a_worker_keeps_no_more_than_its_share(
    service: Service, wire: Wire, full: bool
) -> None:
    assert wire.ask("/feed.json?min_quality=1&related=links")[0] == 200  # so that it has loaded all that it needs
    (worker,) = workers(service, 1)
    before = resident(service)[worker]
    kept = MAX_BYTES / 2**20
    sent = number = 0
    while sent < kept * (20 if full else 2):
        number += 1
        status, _, body = wire.ask(f"/feed.json?min_quality={-number}&limit={number % 450 + 50}")
        assert status == 200
        sent += len(body) / 2**20
    grown = resident(service)[worker] - before
    print(f"{number} filters, {sent:.0f} MB: the worker grew by {grown:.0f} MB; it may keep {kept:.0f}")
    assert grown < kept * 1.6
