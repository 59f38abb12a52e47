"""Following the records goes on whatever is among them, and whatever the system's limits are."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from feedsvc.serve import follower, logs, watching
from tests.conftest import Service, Site, record, running_service, wait_until
from tests.faults import bound_by_permissions
from tests.services import ask, entries


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder with one record."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "a.md").write_text(record("One"))
    return folder


def add(folder: Path | bytes, title: str, name: str | bytes = "") -> None:
    """Write a record."""
    name = name or f"{title}.md"
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    with open(path, "w") as stream:
        stream.write(record(title, f"https://a.example/{title}"))


def is_published(service: Service, *titles: str) -> Callable[[], bool]:
    return lambda: entries(service) == sorted(titles)


def under_limit(name: str, value: int) -> list[str]:
    """What to put before a command so that a limit of inotify is that of its own user namespace."""
    line = ["unshare", "-Ur", "sh", "-c", f'echo {value} > /proc/sys/user/{name} && exec "$@"', "sh"]
    if subprocess.run([*line, "true"], capture_output=True).returncode:
        pytest.skip("no user namespace can be made here")
    return line


@pytest.mark.survives("a folder below the records can't be read")
def test_a_folder_out_of_reach_does_not_end_following_and_is_read_once_it_can_be(tmp_path: Path, records: Path) -> None:
    (records / "sub").mkdir()
    add(records / "sub", "Below")
    (records / "sub").chmod(0)
    log = tmp_path / "log"
    with running_service(tmp_path, log=log, under=bound_by_permissions()) as service:
        add(records, "Two")
        wait_until(is_published(service, "One", "Two"))
        (records / "sub").chmod(0o700)
        wait_until(is_published(service, "Below", "One", "Two"))
        add(records / "sub", "Three")
        wait_until(is_published(service, "Below", "One", "Three", "Two"))
        assert ask(service, "/readyz").status == 200
    assert "ERROR" not in log.read_text()


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("max_inotify_watches", 1, "than inotify may watch; expected a greater fs.inotify.max_user_watches (sysctl)"),
        ("max_inotify_instances", 0, "a greater fs.inotify.max_user_instances (sysctl), or limit of open files"),
    ],
)
@pytest.mark.survives("inotify's limits")
def test_beyond_a_limit_of_inotify_a_service_says_once_that_it_looks_each_minute(
    tmp_path: Path, records: Path, limit: str, value: int, reason: str
) -> None:
    (records / "sub").mkdir()
    log = tmp_path / "log"
    with running_service(tmp_path, log=log, under=under_limit(limit, value)) as service:
        wait_until(lambda: reason in log.read_text())
        assert (ask(service, "/readyz").status, entries(service)) == (200, ["One"])
    assert log.read_text().count("changes are found once a minute") == 1
    assert "ERROR" not in log.read_text()


@contextmanager
def following(site: Site) -> Iterator[None]:
    """Follow the records of a site meanwhile, in a thread of the test's process."""
    thread = follower.Follower(site.config, site.documents.index, logs.SyncLog())
    thread.start()
    try:
        yield
    finally:
        thread.end()


@pytest.mark.survives("inotify's limits")
def test_what_can_not_be_watched_is_looked_at_all_the_same(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follower, "RESCAN_SECONDS", 1)
    site = make_site({"a.md": record("One")})
    odd = os.fsencode(site.config.records_folder) + b"/caf\xe9"
    os.mkdir(odd)
    with following(site):
        wait_until(lambda: "can't be watched" in caplog.text)
        add(odd, "Two")
        wait_until(lambda: b"Two" in site.body("/feed.atom"))
    assert "caf\\xe9: a folder whose name isn't UTF-8 can't be watched; expected one in UTF-8" in caplog.text
    assert caplog.text.count("once a minute") == 1


@pytest.mark.survives("links in the records")
def test_links_are_not_followed_by_the_watch(tmp_path: Path, records: Path) -> None:
    """A watch that follows them would need longer than anybody waits, or end: for /sys has what none may watch."""
    folders = [records / f"folder{number}" for number in range(8)]
    for folder in folders:
        folder.mkdir()
    for folder in folders:
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    for name, target in {"system": "/sys", "all": "/", "itself": "itself"}.items():
        (records / name).symlink_to(target)
    log = tmp_path / "log"
    with running_service(tmp_path, log=log) as service:
        add(folders[7], "Two")
        wait_until(is_published(service, "One", "Two"))
    assert "ERROR" not in log.read_text()


@pytest.mark.survives("names that aren't UTF-8")
def test_names_that_are_not_utf8_are_followed_as_any_other(tmp_path: Path, records: Path) -> None:
    log = tmp_path / "log"
    with running_service(tmp_path, log=log) as service:
        add(records, "Two", b"caf\xe9.md")
        wait_until(is_published(service, "One", "Two"))
        add(records, "Three")
        wait_until(is_published(service, "One", "Three", "Two"))
        os.unlink(os.fsencode(records) + b"/caf\xe9.md")
        wait_until(is_published(service, "One", "Three"))
    assert "report" not in log.read_text()


def test_folders_that_come_and_go_without_end_keep_no_record_waiting(tmp_path: Path, records: Path) -> None:
    stop = Event()

    def come_and_go() -> None:
        while not stop.wait(0.05):
            (records / "come").mkdir()
            (records / "come").rmdir()

    with running_service(tmp_path) as service:
        thread = Thread(target=come_and_go)
        thread.start()
        try:
            add(records, "Two")
            wait_until(is_published(service, "One", "Two"))
        finally:
            stop.set()
            thread.join()


def test_others_that_write_without_end_keep_no_record_waiting(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A watch also gives what changed when nothing has for a step, which is long here, so that no pause is one.
    monkeypatch.setattr(watching, "watch", partial(watching.watch, step=500))
    site = make_site({"a.md": record("One")})
    stop = Event()

    def write() -> None:
        """Write a file anew, and a new one, so that no moment is quiet."""
        number = 0
        while not stop.wait(0.01):
            number += 1
            add(site.config.records_folder, "busy")
            add(site.config.records_folder, f"busy{number}")

    with following(site):
        thread = Thread(target=write)
        thread.start()
        try:
            wait_until(lambda: b"busy" in site.body("/feed.atom"))
            site.write("b.md", record("Two", "https://a.example/2", "2024-01-01T00:00:00Z"))
            wait_until(lambda: b"Two" in site.body("/feed.atom"))
        finally:
            stop.set()
            thread.join()


def test_folders_that_are_made_renamed_and_removed_are_followed(tmp_path: Path, records: Path) -> None:
    with running_service(tmp_path) as service:
        (records / "x" / "y").mkdir(parents=True)
        add(records / "x" / "y", "Two")
        wait_until(is_published(service, "One", "Two"))
        (records / "x" / "y").rename(records / "z")
        add(records / "z", "Three")
        wait_until(is_published(service, "One", "Three", "Two"))
        (records / "x" / "y").mkdir()
        add(records / "x" / "y", "Four")
        wait_until(is_published(service, "Four", "One", "Three", "Two"))
        (records / "z").rename(records / ".hidden")
        wait_until(is_published(service, "Four", "One"))
