"""The running service, and real readers."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from reader import make_reader

from tests.conftest import FEEDSVC, PATIENCE, Service, answers, record, running_service, wait_until
from tests.corpus import Corpus
from tests.feeds.test_feeds import check_entry
from tests.rules import check_feed
from tests.services import entries, get, members


def addresses(folder: Path) -> list[str]:
    """All feeds' URLs, as `feedsvc feeds` lists them."""
    done = subprocess.run([FEEDSVC, "feeds"], cwd=folder, capture_output=True, text=True, check=True)
    return [word for line in done.stdout.splitlines() for word in line.split() if word.startswith("http")]


def gives_other_than(before: bytes, url: str, sent: dict[str, str]) -> bool:
    """Whether a request is answered with another body; a 304 has none."""
    answer = requests.get(url, headers=sent)
    return answer.status_code == 200 and answer.content != before


class Poll:
    """A `reader` that has subscribed to feeds, and the statuses of what it fetched last."""

    def __init__(self, urls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.statuses: Counter[int] = Counter()
        send = requests.Session.send

        def noting(*arguments: Any, **options: Any) -> requests.Response:
            response = send(*arguments, **options)
            self.statuses[response.status_code] += 1
            return response

        monkeypatch.setattr(requests.Session, "send", noting)
        self.reader = make_reader(":memory:")
        for url in urls:
            self.reader.add_feed(url)

    def update(self) -> Counter[int]:
        self.statuses.clear()
        for result in self.reader.update_feeds_iter(scheduled=False):
            assert not isinstance(result.value, Exception), result
        return self.statuses.copy()


def test_a_story_is_published_when_its_time_has_come_and_not_before(tmp_path: Path) -> None:
    records, log = tmp_path / "records", tmp_path / "log"
    records.mkdir()
    with running_service(tmp_path, log=log) as service:
        for seconds in (3, 12, 48):  # until it is read before its time
            due = int(time.time()) + seconds
            moment = datetime.fromtimestamp(due, UTC).isoformat()
            (records / "a.md").write_text(record(f"In {seconds} seconds", time=moment))
            wait_until(lambda due=due: "1 not due" in log.read_text() or time.time() > due)  # type: ignore[misc]
            if "1 not due" in log.read_text():
                break
        assert "1 not due" in log.read_text()
        wait_until(lambda: b"seconds" in get(f"{service.base_url}/feed.atom"))
        assert time.time() >= due


def test_last_modified_is_no_time_to_come_whatever_the_time_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record("One"))
    for number, moment in enumerate((2_000_000_000, 0)):
        with running_service(tmp_path, config_time=moment) as service:
            url = f"{service.base_url}/feed.atom"
            first = requests.get(url)
            sent = {"If-Modified-Since": first.headers["Last-Modified"]}
            moments = [parsedate_to_datetime(first.headers[name]) for name in ("Last-Modified", "Date")]
            assert moments[0] <= moments[1]
            assert requests.get(url, headers=sent).status_code == 304
            (tmp_path / "records" / "a.md").write_text(record(f"Two {number}"))
            wait_until(partial(gives_other_than, first.content, url, sent))


@pytest.mark.parametrize("name", ["sample_service", "corpus_service"])
def test_a_reader_gets_every_feed_once_and_304_from_then_on(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    service: Service = request.getfixturevalue(name)
    urls = addresses(service.folder)
    if name == "corpus_service" and not full:
        urls = urls[::5]  # of each format
    poll = Poll(urls, monkeypatch)
    assert poll.update() == {200: len(urls)}
    assert poll.update() == {304: len(urls)}
    for url in (url for url in urls if not url.endswith(".json")):
        parsed = check_feed(get(url), url)
        seen = {entry.id: entry for entry in poll.reader.get_entries(feed=url)}
        assert len(seen) == len(parsed.entries)
        for entry in parsed.entries:
            stored = seen[entry.id]
            assert stored.link == entry.link
            assert stored.title == entry.title
            assert stored.authors_str == entry.author
            assert stored.published == datetime(*entry.published_parsed[:6], tzinfo=UTC)
            assert stored.feed.title == parsed.feed.title


def test_feedparser_reads_over_http_what_the_records_say(corpus_service: Service, corpus: Corpus) -> None:
    expected = {**corpus.mentions, **corpus.stories}
    for format in ("atom", "rss"):
        feed = check_feed(get(f"{corpus_service.base_url}/feed.{format}"), f"{corpus_service.base_url}/feed.{format}")
        assert len(feed.entries) == 50
        for entry in feed.entries:
            check_entry(entry, expected, corpus)


def test_new_changed_moved_and_deleted_records_are_published(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    with running_service(tmp_path) as service:
        assert entries(service) == []
        (records / "a.md").write_text(record("One"))
        wait_until(lambda: entries(service) == ["One"])
        (records / "a.md").write_text(record("Two"))
        wait_until(lambda: entries(service) == ["Two"])
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "b.md").write_text(record("Three", "https://b.example/"))
        (tmp_path / "new").rename(records / "sub")
        wait_until(lambda: entries(service) == ["Three", "Two"])
        wait_until(lambda: answers(f"{service.base_url}/providers/b-example.rss"))
        shutil.rmtree(records / "sub")
        wait_until(lambda: entries(service) == ["Two"])
        wait_until(lambda: not answers(f"{service.base_url}/providers/b-example.rss"))


def test_serve_prints_the_addresses_to_subscribe_to(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record(topics="[AI]"))
    with running_service(tmp_path, serve="workers = 1") as service:
        service.process.terminate()
        output, _ = service.process.communicate(timeout=PATIENCE)
    assert output.partition("\n")[2] == (  # past the first sync's line
        f"Serving 1 story at {service.base_url}/\n"
        "Subscribe to\n"
        f"  {service.base_url}/feed.atom  feedsvc\n"
        f"  {service.base_url}/topics/ai.atom  AI\n"
        f"  {service.base_url}/providers/a-example.atom  a.example\n"
        "Press Ctrl-C to stop.\n"
    )


def test_a_quiet_service_prints_its_address_alone(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    with running_service(tmp_path, serve="workers = 1", options=("--quiet",)) as service:
        service.process.terminate()
        output, _ = service.process.communicate(timeout=PATIENCE)
    assert output.partition("\n")[2] == f"Serving 1 story at {service.base_url}/\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_service_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "records").mkdir()
    with running_service(tmp_path, serve="workers = 1") as service:  # which has begun to serve, as it answers
        os.killpg(service.process.pid, number)  # as a terminal's Ctrl-C does
        assert service.process.wait(PATIENCE) == 0
        assert service.process.communicate()[0].endswith("Press Ctrl-C to stop.\n")
    assert not answers(f"{service.base_url}/healthz")


def test_workers_end_with_a_service_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    with running_service(tmp_path) as service:
        service.process.kill()
        wait_until(lambda: not answers(f"{service.base_url}/healthz"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_long_sync_leaves_no_process_and_no_traceback(tmp_path: Path, number: signal.Signals) -> None:
    Corpus(1500, seed=5).write(tmp_path / "records")
    process = subprocess.Popen(
        [FEEDSVC, "build"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(members(process.pid)) >= 3)
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=PATIENCE)  # workers end what they have begun, on a busy machine slowly
    assert (process.returncode, output) == {
        signal.SIGINT: (130, "feedsvc: interrupted\n"),
        signal.SIGTERM: (-signal.SIGTERM, ""),
    }[number]
    wait_until(lambda: not members(process.pid))


def test_the_service_goes_on_when_the_folder_goes_and_comes_back(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "a.md").write_text(record("One"))
    with running_service(tmp_path) as service:
        records.rename(tmp_path / "away")
        assert entries(service) == ["One"]
        (tmp_path / "away").rename(records)
        (records / "b.md").write_text(record("Two", "https://b.example/"))
        wait_until(lambda: entries(service) == ["One", "Two"])
        records.rename(tmp_path / "away")
        records.mkdir()
        (records / "c.md").write_text(record("Three", "https://c.example/"))
        wait_until(lambda: entries(service) == ["Three"])
        (records / "d.md").write_text(record("Four", "https://d.example/"))
        wait_until(lambda: entries(service) == ["Four", "Three"])
