"""A service whose records go, most of them at once: it serves what it has, and says why, until they are back."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Service, running_service, wait_until
from tests.faults import command, mounted
from tests.index.test_guard import stories
from tests.services import ask, events, samples

JSON = 'log_format = "json"'
ADDRESSES = ("/feed.atom", "/feed.rss", "/feed.json", "/", "/feeds.opml", "/providers/a-example.atom?limit=3")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder of 30 stories, which are in one below it, beside one that holds the same."""
    for folder in (tmp_path / "records" / "all", tmp_path / "kept"):
        folder.mkdir(parents=True)
        write(folder)
    return tmp_path / "records"


def write(folder: Path, first: int = 0) -> None:
    for name, text in stories(range(first, first + 30)).items():
        (folder / name).write_text(text)


def empty(folder: Path) -> None:
    """Let all stories go at once: of those that go one by one, a sync would take away some."""
    (folder / "all").rename(folder.parent / f"gone {uuid4()}")


def bodies(service: Service) -> list[bytes]:
    """What the service answers, but for its own address."""
    answers = [ask(service, address) for address in ADDRESSES]
    assert {answer.status for answer in answers} == {200}
    return [answer.body.replace(service.base_url.encode(), b"") for answer in answers]


def is_ready(service: Service) -> Callable[[], bool]:
    return lambda: bool(ask(service, "/readyz").status == 200)


def is_refusing(service: Service, lost: int) -> Callable[[], bool]:
    reason = f"{lost} of 30 published stories would go".encode()
    return lambda: bool(ask(service, "/readyz").status == 503 and reason in ask(service, "/readyz").body)


def refused(service: Service) -> float:
    return samples(ask(service, "/metrics").body)["feedsvc_loss_refused_stories"]


@pytest.mark.survives("the records go")
def test_a_service_whose_folder_is_emptied_serves_what_it_has_and_recovers(tmp_path: Path, records: Path) -> None:
    log = tmp_path / "log"
    with running_service(tmp_path, serve=JSON, log=log) as service:
        wait_until(is_ready(service))
        before = bodies(service)
        assert refused(service) == 0
        empty(records)
        wait_until(is_refusing(service, 30))
        assert (ask(service, "/healthz").status, refused(service)) == (200, 30)
        assert samples(ask(service, "/metrics").body)["feedsvc_ready"] == 0
        assert bodies(service) == before
        for number in (29, 28, 27):  # each change is looked at, with all that went before
            shutil.copy(tmp_path / "kept" / f"00{number}.md", records)
            wait_until(is_refusing(service, number))
        assert (refused(service), bodies(service)) == (27, before)
        shutil.copytree(tmp_path / "kept", records, dirs_exist_ok=True)
        wait_until(is_ready(service))
        assert refused(service) == 0
        wait_until(lambda: bodies(service) == before)  # while it is copied, less may lack than is refused
        (records / "0000.md").unlink()
        wait_until(lambda: b"a.example/0000" not in ask(service, "/feed.atom").body)
    (said,) = events(log, "loss_refused")
    assert said["message"].startswith(f"{records}: ")
    assert said["lost"] == said["before"] == 30


@pytest.mark.survives("the records go")
def test_a_folder_that_is_emptied_file_by_file_under_a_service_is_noticed(tmp_path: Path, records: Path) -> None:
    with running_service(tmp_path, serve="workers = 1") as service:
        wait_until(is_ready(service))
        for path in sorted(records.rglob("*.md")):
            path.unlink()
            time.sleep(0.1)  # so that there are several syncs
        wait_until(is_refusing(service, 30))
        assert ask(service, "/feed.atom").body.count(b"<entry>") > 30 - 20


@pytest.mark.survives("the records go")
def test_a_service_that_starts_without_its_records_serves_what_the_index_has(tmp_path: Path, records: Path) -> None:
    with running_service(tmp_path) as service:
        before = bodies(service)
        empty(records)
        wait_until(is_refusing(service, 30))
    log = tmp_path / "log"
    for _ in range(2):
        with running_service(tmp_path, serve=JSON, log=log) as service:
            assert is_refusing(service, 30)()
            assert (bodies(service), refused(service)) == (before, 30)
        assert len(events(log, "loss_refused")) == 1
    with running_service(tmp_path, log=log) as service:
        assert command("check", "--accept-loss", cwd=tmp_path)[0] == 1  # there are no records
        assert is_ready(service)()
        assert b"<entry>" not in ask(service, "/feed.atom").body


@pytest.mark.survives("the records go")
def test_a_loss_is_accepted_at_the_start_and_refused_later(tmp_path: Path, records: Path) -> None:
    with running_service(tmp_path):
        pass
    empty(records)
    with running_service(tmp_path, serve="workers = 1", options=("--accept-loss",)) as service:
        wait_until(is_ready(service))
        assert b"<entry>" not in ask(service, "/feed.atom").body
        (records / "all").mkdir()
        write(records / "all", first=50)
        wait_until(lambda: ask(service, "/feed.atom").body.count(b"<entry>") == 30)
        before = bodies(service)
        empty(records)
        wait_until(is_refusing(service, 30))
        assert bodies(service) == before


@pytest.mark.survives("the records go")
def test_a_service_without_watch_starts_without_its_records_and_says_so(tmp_path: Path, records: Path) -> None:
    command("check", cwd=tmp_path)
    empty(records)
    with running_service(tmp_path, serve="watch = false") as service:
        assert is_refusing(service, 30)()
        assert b"a.example/0029" in ask(service, "/feed.atom").body


@pytest.mark.survives("the records go")
def test_a_disk_that_is_unmounted_under_a_service_and_mounted_again(tmp_path: Path) -> None:
    records = tmp_path / "records"
    with mounted(records):
        write(records)
        with running_service(tmp_path) as service:
            wait_until(is_ready(service))
            before = bodies(service)
            with mounted(tmp_path / "records"):  # over the other, which is out of reach since
                wait_until(is_refusing(service, 30))
                assert bodies(service) == before
            wait_until(is_ready(service))
            assert bodies(service) == before
