"""Clients that send `If-Modified-Since` alone, while records, configuration, index and processes change at any moment."""

import os
import re
from collections.abc import Callable, Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from feedsvc.config import load_config
from feedsvc.index import revisions
from feedsvc.index.database import Index
from feedsvc.index.opening import open_index
from feedsvc.index.sync import sync
from feedsvc.web import blueprint, cache, create_app, delivery
from tests.conftest import record

ADDRESSES = ("/feed.atom", "/topics/ai.rss", "/topics/law.json", "/", "/feeds.opml", "/assets/style.css")
NOON = 1_800_000_000.0


def newest(body: bytes) -> int:
    """The number of the record that was written last of those in a document."""
    return max(map(int, re.findall(rb"Title ([0-9]+)", body)), default=0)


class Known:
    """What a client has of an address."""

    def __init__(self, body: bytes, last_modified: str, date: str) -> None:
        self.body = body
        #: By the header that it took the value from.
        self.dates = {"Last-Modified": last_modified, "Date": date}


class Clients(RuleBasedStateMachine):
    """A service of two workers that runs on a clock of its own, and clients with what they have of each address."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.now = NOON
        #: Seconds by which the clock was set back.
        self.set_back = 0
        clock = SimpleNamespace(
            time=lambda: self.now - self.set_back, monotonic=lambda: self.now, perf_counter=lambda: self.now
        )
        for module in (revisions, cache, delivery, blueprint):
            self.patch.setattr(module, "time", clock)
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        (self.folder / "records").mkdir()
        self.known: dict[tuple[str, str], Known] = {}
        self.last_modified: dict[tuple[str, bytes], float] = {}
        self.number = 0
        self.index: Index | None = None
        self.workers: list[FlaskClient] = []
        self.configure("One", NOON)
        self.write("AI")
        self.restart(0)

    def teardown(self) -> None:
        self.close()
        self.temporary.cleanup()
        self.patch.undo()

    def close(self) -> None:
        if self.index:
            self.index.close()

    def configure(self, title: str, mtime: float) -> None:
        path = self.folder / "config.toml"
        path.write_text(f'site.title = "{title}"\nsite.base_url = "https://feeds.example"\n')
        os.utime(path, (mtime, mtime))

    def write(self, topic: str) -> None:
        self.number += 1
        text = record(f"Title {self.number}", f"https://a.example/{topic}", topics=f"[{topic}]")
        (self.folder / "records" / f"{topic}.md").write_text(text)

    def sync(self, progress: Callable[[int, int], None] | None = None) -> None:
        assert self.index
        sync(self.index, self.config, progress)

    def get(self, worker: int, address: str, since: str = "") -> tuple[int, bytes, str]:
        """(status, body, `Last-Modified`) of an answer, whose time is held to the rules."""
        headers = {"If-Modified-Since": since} if since else {}
        answer = self.workers[worker].get(address, headers=headers)
        last_modified = answer.headers.get("Last-Modified", "")
        if answer.status_code == 200:
            seconds = parsedate_to_datetime(last_modified).timestamp()
            assert seconds <= self.now - self.set_back, "later than Date"
            key = (address, answer.data)
            assert seconds >= self.last_modified.get(key, 0), "goes back"
            self.last_modified = {key: seconds, **{k: v for k, v in self.last_modified.items() if k[0] != address}}
        return answer.status_code, answer.data, last_modified

    @rule(seconds=st.sampled_from((0.01, 0.1, 0.24, 0.4, 0.9, 1, 1.5, 60)))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        address=st.sampled_from(ADDRESSES),
        header=st.sampled_from(("Last-Modified", "Date")),
        worker=st.sampled_from((0, 1)),
    )
    def ask(self, address: str, header: str, worker: int) -> None:
        known = self.known.get((address, header))
        status, body, last_modified = self.get(worker, address, known.dates[header] if known else "")
        _, current, _ = self.get(worker, address)
        if status == 304:
            assert known
            # A worker may lag behind the one that the client asked before.
            assert known.body == current or newest(known.body) > newest(current), "a 304 for what it hasn't got"
            known.dates["Date"] = formatdate(int(self.now), usegmt=True)
        else:
            assert body == current
            self.known[address, header] = Known(body, last_modified, formatdate(int(self.now), usegmt=True))

    @rule(
        topics=st.lists(st.sampled_from(("AI", "Law")), min_size=1, max_size=6), seconds=st.sampled_from((0, 0.1, 20))
    )
    def change(self, topics: list[str], seconds: float) -> None:
        """Change records, one after the other. seconds: what each sync takes, while clients ask."""
        for topic in topics:
            self.write(topic)

            def during(done: int, total: int) -> None:
                self.now += seconds
                for address in ADDRESSES[:3]:
                    self.ask_twice(address)

            self.sync(during)

    def ask_twice(self, address: str) -> None:
        for header in ("Last-Modified", "Date"):
            self.ask(address, header, 0)

    @rule(
        title=st.sampled_from(("One", "Two")),
        mtime=st.sampled_from((0, NOON, 2 * NOON)),
        wait=st.sampled_from((0, 0.5)),
    )
    def edit(self, title: str, mtime: float, wait: float) -> None:
        """Edit the configuration, whatever the time of its file, and start the service anew."""
        self.configure(title, mtime)
        self.restart(wait)

    @rule(wait=st.sampled_from((0, 0.5)))
    def restart(self, wait: float) -> None:
        self.close()
        self.now += wait
        self.config = load_config(self.folder / "config.toml")
        self.index = open_index(self.config)
        self.sync()
        self.workers = [create_app(self.config, started=self.now).test_client() for _ in range(2)]

    @rule(topic=st.sampled_from(("", "AI", "Law")))
    def delete_the_index(self, topic: str) -> None:
        """Delete the index of the running service, and perhaps change a record before it is made anew."""
        for path in (self.folder / ".feedsvc").glob("index.*"):
            path.unlink()
        if topic:
            self.write(topic)
        self.sync()

    @precondition(lambda self: self.known)
    @rule()
    def settle(self) -> None:
        """In the end, all clients have what there is."""
        self.now += 200
        for (address, header), known in list(self.known.items()):
            self.ask(address, header, 0)
            assert self.known[address, header].body == self.get(1, address)[1]
            status, *_ = self.get(0, address, known.dates[header])
            assert known is not self.known[address, header] or status == 304


@pytest.mark.survives("clients that send `If-Modified-Since` alone")
def test_no_client_gets_a_304_for_what_it_has_not_got() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Clients, settings=settings(stateful_step_count=30, max_examples=20, deadline=None)
    )


@pytest.fixture
def clients() -> Iterator[Clients]:
    made = Clients()
    yield made
    made.teardown()


@pytest.mark.survives("clients that send `If-Modified-Since` alone")
def test_a_clock_that_is_set_back_brings_no_last_modified_again(clients: Clients) -> None:
    clients.wait(100)
    clients.change(["AI"], 0)
    clients.wait(100)
    _, before, last_modified = clients.get(0, "/feed.atom")
    assert clients.get(0, "/feed.atom", last_modified)[0] == 304
    clients.set_back = 3600
    clients.last_modified.clear()  # it can't but go back, so as not to be later than Date
    clients.change(["AI"], 0)
    for seconds in (1, 3600, 3600):
        clients.wait(seconds)
        status, body, _ = clients.get(0, "/feed.atom", last_modified)
        assert (status, body != before) == (200, True)


@pytest.mark.survives("clients that send `If-Modified-Since` alone")
def test_a_burst_of_changes_shows_no_time_to_come(clients: Clients) -> None:
    clients.wait(100)
    for _ in range(20):
        clients.change(["AI", "Law"], 0)
        assert parsedate_to_datetime(clients.get(0, "/feed.atom")[2]).timestamp() <= clients.now
    clients.wait(60)
    assert clients.get(0, "/feed.atom", clients.get(0, "/feed.atom")[2])[0] == 304


@pytest.mark.survives("clients that send `If-Modified-Since` alone")
def test_a_worker_that_lags_has_nothing_for_a_client_that_asked_another_one(clients: Clients) -> None:
    clients.change(["AI"], 20)
    clients.ask("/feed.atom", "Last-Modified", worker=1)
    clients.change(["AI"], 0)
    clients.settle()
