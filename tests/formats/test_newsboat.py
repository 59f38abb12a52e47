"""Feeds and pages in a real newsboat, which fetches through a proxy that counts the statuses of responses."""

import fcntl
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import termios
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from html import escape
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from lxml import html

from tests.conftest import PATIENCE, Service, wait_until
from tests.formats.conftest import write_webp

pytestmark = pytest.mark.skipif(not shutil.which("newsboat"), reason="newsboat isn't installed")


class Newsboat:
    """A newsboat with its own home directory, and the statuses of the responses to its last reload."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.statuses: Counter[int] = Counter()
        statuses = self.statuses

        class Proxy(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                headers = {name: value for name, value in self.headers.items() if name != "Proxy-Connection"}
                with closing(HTTPConnection(url.netloc, timeout=PATIENCE)) as service:
                    service.request("GET", url._replace(scheme="", netloc="").geturl(), headers=headers)
                    response = service.getresponse()
                    body = response.read()
                statuses[response.status] += 1
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        Thread(target=self.proxy.serve_forever, kwargs={"poll_interval": 0.05}).start()
        address = f"127.0.0.1:{self.proxy.server_port}"
        (home / "config").write_text(f'use-proxy yes\nproxy "{address}"\nproxy-type http\n')
        (home / "urls").touch()

        files = ["-u", home / "urls", "-c", home / "cache.db", "-C", home / "config"]
        self.command = ["newsboat", *map(str, files)]
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "dumb"}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout.strip()

    def reload(self) -> Counter[int]:
        self.statuses.clear()
        self.run("-x", "reload")
        return self.statuses.copy()

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.home / "cache.db")) as cache:
            return cache.execute(query).fetchall()

    def close(self) -> None:
        self.proxy.shutdown()
        self.proxy.server_close()


@pytest.fixture
def newsboat(tmp_path: Path) -> Iterator[Newsboat]:
    with closing(Newsboat(tmp_path)) as newsboat:
        yield newsboat


def feed_of(page: str) -> str:
    """Return the address of the Atom feed that a page links to, as readers discover it."""
    with urlopen(page) as response:
        links = html.document_fromstring(response.read()).xpath(
            '//link[@rel="alternate"][@type="application/atom+xml"]'
        )
    assert len(links) == 1
    return str(links[0].get("href"))


def check_reloads(newsboat: Newsboat, feeds: int) -> None:
    """Assert that newsboat downloads all feeds at first, and none of them again.

    Newsboat 2.21 stores the ETag of a feed only at the second reload, since at the first it does so before it adds the feed.
    """
    assert newsboat.reload() == {200: feeds}
    assert newsboat.reload() in ({200: feeds}, {304: feeds})
    assert newsboat.reload() == {304: feeds}


@pytest.mark.parametrize(("path", "stories"), [("/", 18), ("/topics/ai/", 18), ("/providers/forbes/", 2)])
def test_newsboat_gets_the_feed_that_a_page_links_to_and_then_304(
    path: str, stories: int, sample_service: Service, newsboat: Newsboat
) -> None:
    (newsboat.home / "urls").write_text(f"{feed_of(sample_service.base_url + path)}\n")
    check_reloads(newsboat, 1)
    assert newsboat.rows("select count(*), count(distinct url) from rss_item where title != ''") == [(stories, stories)]
    assert newsboat.run("-x", "print-unread") == f"{stories} unread articles"


def test_newsboat_imports_all_feeds_from_opml_and_has_every_story_once(
    sample_service: Service, newsboat: Newsboat
) -> None:
    opml = newsboat.home / "feeds.opml"
    with urlopen(f"{sample_service.base_url}/feeds.opml") as response:
        opml.write_bytes(response.read())
    newsboat.run("-i", str(opml))
    urls = {line.split()[0] for line in (newsboat.home / "urls").read_text().splitlines()}
    assert len(urls) == 21
    check_reloads(newsboat, len(urls))
    assert {url for (url,) in newsboat.rows("select rssurl from rss_feed")} == urls
    # A story has the same id in every feed, and newsboat stores it once.
    assert newsboat.rows("select count(*), count(distinct url) from rss_item") == [(18, 18)]
    assert newsboat.run("-x", "print-unread") == "18 unread articles"


def test_newsboat_opens_the_page_as_the_site_of_a_feed(sample_service: Service, newsboat: Newsboat) -> None:
    page = f"{sample_service.base_url}/topics/ai/"
    (newsboat.home / "urls").write_text(f"{feed_of(page)}\n")
    newsboat.reload()
    assert newsboat.rows("select url from rss_feed") == [(page,)]


#: A terminal's screen as a page.
PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>newsboat</title><style>
body {{ margin: 0; background: #16191d; }}
pre {{ margin: 16px; font: 14px/20px "DejaVu Sans Mono", monospace; color: #d5d9de; }}
b {{ display: block; background: #1d4f7c; color: #ffd75f; }}
</style><pre>{rows}</pre>"""

#: The key that moves down, in the terminal `linux`.
DOWN = "\x1b[B"


class Terminal:
    """A terminal in which newsboat runs."""

    def __init__(self, newsboat: Newsboat, columns: int, lines: int) -> None:
        pyte = pytest.importorskip("pyte", reason="pyte isn't installed")
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.end, other = pty.openpty()
        os.set_blocking(self.end, False)
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            newsboat.command,
            env={**newsboat.environment, "TERM": "linux"},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def shows(self, text: str) -> bool:
        with suppress(BlockingIOError):
            self.stream.feed(os.read(self.end, 65536))
        return text in "\n".join(self.screen.display)

    def words(self) -> str:
        """Return what it shows, with a space for any white space: lines are broken to its width."""
        self.shows("")
        return " ".join("\n".join(self.screen.display).split())

    def press(self, keys: str, expected: str) -> None:
        os.write(self.end, keys.encode())
        wait_until(lambda: self.shows(expected))

    def html(self) -> str:
        """Return the screen as a page: the lines that newsboat fills with a colour are bars."""
        rows = []
        for number, text in enumerate(self.screen.display):
            is_bar = self.screen.buffer[number][0].bg != "default"
            rows.append(f"<b>{escape(text)}</b>" if is_bar else f"{escape(text)}\n")
        return PAGE.format(rows="".join(rows))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.end)


def test_newsboat_shows_a_storys_summary_and_its_related_stories(
    harbour: Service, newsboat: Newsboat, request: pytest.FixtureRequest
) -> None:
    (newsboat.home / "urls").write_text(f"{harbour.base_url}/topics/bridges.atom\n")
    newsboat.reload()
    with closing(Terminal(newsboat, 100, 25)) as terminal:
        wait_until(lambda: terminal.shows("Bridges - Harbour News"))
        terminal.press("\n", "Bridge over the Sound")
        (row,) = [n for n, line in enumerate(terminal.screen.display) if "Bridge over the Sound" in line]
        terminal.press(DOWN * (row - 1) + "\n", "Related stories:")
        wait_until(lambda: "] (The Ledger)" in terminal.words())  # which comes last
        shown = terminal.words()
        if request.config.getoption("--regenerate"):
            window = {"width": 875, "height": 532}
            page = request.getfixturevalue("browser").new_page(viewport=window, device_scale_factor=2)
            page.set_content(terminal.html())
            write_webp(page, "newsboat")
            page.close()
    assert "Title: Bridge over the Sound reopens after nine months" in shown
    assert "Traffic returned to all four lanes at dawn." in shown
    assert "* Toll stays at 4.20 until the end of the year[" in shown and "] (The Ledger)" in shown
