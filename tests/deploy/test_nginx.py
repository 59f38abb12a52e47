"""nginx with the files of feedsvc/deploy/, before a running service and with the files of a build.

Changed in them is what their user changes: ports and folders, and what stands in comments for those who need it.
"""

import gzip
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import brotli
import pytest

import feedsvc
from feedsvc.feeds.encodings import MIN_BYTES
from tests.conftest import PATIENCE, Service, free_port, record, running_service, wait_until, write_records
from tests.deploy.files import adapted, uncommented
from tests.services import Answer

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
RECORDS = {
    "a.md": record(topics="[AI, 日本語, metrics, Big Data]", provider="Search"),
    "b.md": record("Two", "https://b.example/2", topics="[AI]"),
}

pytestmark = pytest.mark.skipif(not NGINX, reason="needs nginx, which .ci/run installs")


def ask(port: int, target: str, method: str = "GET", tls: bool = False, **headers: str) -> Answer:
    """The answer of nginx; headers: by names with `_` in place of `-`."""
    context = ssl._create_unverified_context()
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    )
    with closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers={"Host": "feeds.example.org", **named})
        return Answer(connection.getresponse())


def can_bind_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def ports(http: int, tls: int = 0) -> dict[str, str]:
    """The changes of the lines that listen."""
    ipv6 = can_bind_ipv6()  # nginx doesn't start on a machine without it
    return {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen [::]:80;": f"listen [::1]:{http};" if ipv6 else "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
        "listen [::]:443 ssl http2;": f"listen [::1]:{tls} ssl http2;" if ipv6 else "",
    }


@contextmanager
def running_nginx(folder: Path, text: str, port: int, modules: str = "") -> Iterator[None]:
    """nginx with a file in its conf.d, and otherwise the little that it has to have. modules: what loads them."""
    (folder / "conf.d").mkdir(parents=True)
    (folder / "conf.d" / "feedsvc.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"{modules} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        # Debian's compresses pages, where a server doesn't say otherwise.
        f"http {{ access_log off; gzip on; {paths} include {folder}/conf.d/*.conf; }}\n"
    )
    if os.geteuid() == 0:  # its workers else read the folder as another user
        (folder / "nginx.conf").write_text(f"user root; {(folder / 'nginx.conf').read_text()}")
    command = [NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_open(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "error.log").read_text()
            assert (folder / "error.log").read_text() == ""
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def is_open(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def proxied(
    folder: Path, changes: Mapping[str, object] = {}, used: tuple[str, ...] = (), tls: int = 0, **options: Any
) -> Iterator[tuple[int, int, Service]]:
    """A service on RECORDS behind nginx: the ports of nginx and of the service, and the latter.

    changes: further ones of the file; used: how lines begin that are no longer comments; options: of the service.
    """
    write_records(folder, RECORDS)
    port = free_port()
    with running_service(folder, **options) as service:
        own = urlsplit(service.base_url).port or 0
        usual = {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{own};",
            "/var/cache/feedsvc": folder / "cache",
            **ports(port, tls),
        }
        text = uncommented(adapted("nginx-proxy.conf", {**usual, **changes}), *used)
        with running_nginx(folder / "nginx", text, port):
            yield port, own, service


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with proxied(tmp_path_factory.mktemp("proxy")) as (port, own, _):
        yield port, own


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, feedsvc.Site]]:
    """nginx with the files of a build: its port, and their site."""
    folder = tmp_path_factory.mktemp("static")
    port = free_port()
    with built(folder) as site:
        text = adapted("nginx-static.conf", {"root /srv/feeds;": f"root {folder}/public;", **ports(port)})
        with running_nginx(folder / "nginx", text, port):
            yield port, site


@contextmanager
def built(folder: Path, base_url: str = "https://feeds.example.org", out: str = "public") -> Iterator[feedsvc.Site]:
    write_records(folder, RECORDS)
    (folder / "config.toml").write_text(f'site.base_url = "{base_url}"\nbuild.out = "{out}"\nbuild.precompress = true')
    with feedsvc.open(folder / "config.toml") as site:
        site.sync()
        site.build()
        yield site


def test_a_proxy_delivers_what_the_service_does_and_keeps_it(proxy: tuple[int, int]) -> None:
    port, own = proxy
    for target in (  # for which no other test asks
        "/feed.atom?limit=2",
        f"/topics/{quote('日本語')}.json",
        "/feed.rss?topic=ai&limit=1",
        "/topics/ai/?limit=1",
    ):
        first, again, direct = ask(port, target), ask(port, target), ask(own, target)
        assert first.status == 200 and first.body == again.body == direct.body
        assert [each.headers["X-Cache"] for each in (first, again)] == ["MISS", "HIT"]
        for name in set(direct.headers) - {"date", "Date", "server", "Server", "connection", "Connection"}:
            assert again.headers[name] == direct.headers[name], name
        kept = ask(port, target, If_None_Match=first.headers["ETag"])
        assert (kept.status, kept.body, kept.headers["X-Cache"]) == (304, b"", "HIT")
    assert b"Two" not in ask(port, "/topics/big-data.json").body


def test_a_proxy_keeps_a_copy_of_each_encoding(proxy: tuple[int, int]) -> None:
    port, _ = proxy
    plain = ask(port, "/providers/search.atom").body
    for encoding, decode in {"gzip": gzip.decompress, "br": brotli.decompress}.items():
        for cached in ("MISS", "HIT"):
            answer = ask(port, "/providers/search.atom", Accept_Encoding=encoding)
            assert (answer.headers["Content-Encoding"], answer.headers["X-Cache"]) == (encoding, cached)
            assert decode(answer.body) == plain


def test_a_page_behind_a_proxy_gets_all_that_it_loads(proxy: tuple[int, int]) -> None:
    port, _ = proxy
    for page in ("/", "/topics/ai/"):
        text = ask(port, page).body.decode()
        loaded = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^":]+)"', text)
        assert len(loaded) >= 4
        for link in loaded:
            assert ask(port, urljoin(page, link.replace("&amp;", "&"))).status == 200, link


def test_a_proxy_passes_redirects_and_what_is_not_there_on(proxy: tuple[int, int]) -> None:
    port, _ = proxy
    moved = ask(port, "/topics/AI.atom?limit=1")
    assert (moved.status, urlsplit(moved.headers["Location"]).path) == (301, "/topics/ai.atom")
    assert ask(port, "/topics/unknown.atom").status == 404
    assert ask(port, "/feed.atom?limit=x").status == 400
    assert ask(port, "/healthz").status == 200


def test_addresses_for_operators_are_closed(proxy: tuple[int, int]) -> None:
    port, own = proxy
    for path in ("/readyz", "/metrics", "/feeds/metrics", "//metrics", "/%6detrics", "/x/../metrics?a=b"):
        answer = ask(port, path)
        assert answer.status == 404 and b"nginx" in answer.body, path
        assert "X-Cache" in answer.headers or b"feedsvc" not in answer.body
    assert ask(own, "/metrics").status == ask(own, "/readyz").status == 200
    # Others of these names are not meant.
    assert ask(port, "/topics/metrics").status == 301
    assert ask(port, "/topics/metrics.atom").status == ask(port, "/topics/metrics/").status == 200


def test_what_is_kept_is_delivered_while_the_service_is_down(tmp_path: Path) -> None:
    with proxied(tmp_path, serve="max_age = 1\nworkers = 1") as (port, _, service):
        kept = ask(port, "/feed.atom")
        os.killpg(service.process.pid, signal.SIGKILL)
        wait_until(lambda: ask(port, "/feed.atom").headers["X-Cache"] == "STALE")
        stale = ask(port, "/feed.atom")
        assert (stale.status, stale.body) == (kept.status, kept.body)
        assert ask(port, "/feed.rss").status == 502


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, for a certificate")
def test_the_lines_for_tls_for_a_hub_and_for_a_part_of_another_site(tmp_path: Path) -> None:
    names = {name: f"{tmp_path}/{name}.pem" for name in ("fullchain", "privkey")}
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=feeds.example.org"
    subprocess.run(
        [*command.split(), "-out", names["fullchain"], "-keyout", names["privkey"]], check=True, capture_output=True
    )
    tls = free_port()
    changes = {f"/etc/letsencrypt/live/feeds.example.org/{name}.pem": path for name, path in names.items()}
    used = ("listen 127.0.0.1:", "listen [::1]:" if can_bind_ipv6() else "", "ssl_certificate ", "ssl_certificate_key ")
    used = (*filter(None, used), "geo $from_hub", "proxy_cache_bypass $from_hub")
    changes |= {"203.0.113.7": "127.0.0.1", "location / {": "location /feeds/ {"}
    with proxied(tmp_path, changes, used, tls, base_path="/feeds") as (port, own, _):
        for _ in range(2):
            answer = ask(tls, "/feeds/feed.atom", tls=True)
            assert (answer.status, answer.headers["X-Cache"]) == (200, "BYPASS")
        assert ask(port, "/feeds/").status == ask(own, "/feeds/metrics").status == 200
        assert ask(port, "/feeds/metrics").status == ask(port, "/feed.atom").status == 404


def test_files_have_the_bytes_and_headers_of_the_service(static: tuple[int, feedsvc.Site]) -> None:
    port, site = static
    service = feedsvc.create_app(site).test_client()
    names = sorted(
        path.relative_to(site.config.out_folder).as_posix()
        for path in site.config.out_folder.rglob("*")
        if path.is_file() and path.suffix not in (".gz", ".br", ".zst") and not path.name.startswith(".")
    )
    assert {Path(name).suffix for name in names} >= {
        ".atom",
        ".rss",
        ".json",
        ".opml",
        ".html",
        ".css",
        ".js",
        ".svg",
        ".ico",
        "",
    }
    for name in names:
        target = "/" + quote(name.removesuffix("index.html"))
        answer, served = ask(port, target), service.get(target)
        assert (answer.status, answer.body) == (served.status_code, served.data), target
        for header in {*served.headers.keys()} - {
            "ETag",
            "Last-Modified",
            "Vary",
            "Link",
            "Access-Control-Expose-Headers",
        }:
            assert answer.headers[header] == served.headers[header], (target, header)
        assert not {*answer.headers} - {*served.headers.keys()} - {"Server", "Date", "Connection", "Accept-Ranges"}
        packed = ask(port, target, Accept_Encoding="br, gzip, zstd")
        if len(answer.body) >= MIN_BYTES:
            assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Vary"] == "Accept-Encoding"
            assert gzip.decompress(packed.body) == answer.body
            assert packed.headers["Content-Type"] == answer.headers["Content-Type"]
        for each in (answer, packed):
            headers = {"Accept_Encoding": "gzip"} if each is packed else {}
            assert ask(port, target, If_None_Match=each.headers["ETag"], **headers).status == 304


def test_what_a_build_keeps_for_itself_is_not_delivered(static: tuple[int, feedsvc.Site]) -> None:
    port, site = static
    assert (site.config.out_folder / "feed.atom.gz").exists() and (site.config.out_folder / ".feedsvc.json").exists()
    for path in (
        "/feed.atom.gz",
        "/feed.atom.br",
        "/.feedsvc.json",
        "/.feedsvc.lock",
        "/.well-known/",
        "/nothing.atom",
    ):
        answer = ask(port, path)
        assert answer.status == 404 and "Cache-Control" not in answer.headers, path
    moved = ask(port, "/topics/ai")
    assert (moved.status, moved.headers["Location"]) == (301, "/topics/ai/")


@pytest.mark.skipif(not BROTLI.exists(), reason="needs libnginx-mod-http-brotli-static, which .ci/run installs")
def test_the_line_for_brotli_and_a_path_of_another_site(tmp_path: Path) -> None:
    port = free_port()
    changes = {
        "root /srv/feeds;": f"root {tmp_path}/public;",
        "location = /search.json": "location = /feeds/search.json",
        "location = /.well-known": "location = /feeds/.well-known",
        **ports(port),
    }
    text = uncommented(adapted("nginx-static.conf", changes), "brotli_static on;")
    with (
        built(tmp_path, "https://example.org/feeds", "public/feeds"),
        running_nginx(tmp_path / "nginx", text, port, modules=f"load_module {BROTLI};"),
    ):
        answer = ask(port, "/feeds/feed.atom", Accept_Encoding="gzip, br")
        assert answer.headers["Content-Encoding"] == "br"
        assert brotli.decompress(answer.body) == ask(port, "/feeds/feed.atom").body
        assert ask(port, "/feeds/search.json").headers["Content-Type"] == "application/json"
        assert ask(port, "/feeds/.well-known/feeds").headers["Content-Type"] == "text/x-opml; charset=utf-8"
        assert b"https://example.org/feeds/feed.atom" in ask(port, "/feeds/").body
