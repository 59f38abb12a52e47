"""Disks and clocks that fail: full, read-only, out of reach, changing under the reader's eyes, or set back."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from feedsvc.index.opening import open_index
from feedsvc.index.sync import sync
from feedsvc.records.problems import MAX_PROBLEMS
from tests.build.test_site import files
from tests.conftest import PATIENCE, Site, record, running_service, wait_until
from tests.corpus import Corpus
from tests.faults import Reader, at_another_time, bound_by_permissions, command, mounted, remount, undisturbed
from tests.index.test_index import contents, titles
from tests.services import entries

CONFIG = 'feeds.formats = ["atom"]\nfeeds.archives = false\nbuild.pages = false\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's folder, with records."""
    folder = tmp_path / "site"
    Corpus(20, providers=8).write(folder / "records")
    (folder / "config.toml").write_text(CONFIG)
    return folder


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk but for so many bytes; the file that does."""
    filling = disk / "filling"
    free = os.statvfs(disk)
    filling.write_bytes(bytes(max(free.f_bavail * free.f_frsize - leave, 0)))
    return filling


def fill_wholly(disk: Path) -> Path:
    """Fill a disk while others may write to it, too; the file that does."""
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass
    return filling


@pytest.mark.survives("the output disk is full")
def test_an_output_disk_that_is_full_is_one_line_and_the_next_build_finishes(folder: Path, full: bool) -> None:
    expected = undisturbed(folder / "undisturbed", folder / "records", CONFIG)
    size = sum(map(len, expected.values()))
    with mounted(folder / "public", options="size=8m") as out:
        for leave in range(0, size, size // 20) if full else (0, size // 2):
            filling = fill(out, leave)
            status, _, error = command("build", cwd=folder)
            assert (status, error.count("\n")) == (2, 1)
            assert error.endswith(": No space left on device; expected a folder that can be written\n")
            for name, body in files(out).items():
                assert name == "filling" or body == expected[name]
            assert not list(out.glob(".*.tmp"))
            filling.unlink()
            assert command("build", cwd=folder)[::2] == (0, "")
            assert files(out) == expected
            for path in out.rglob("*.atom"):
                path.unlink()


@pytest.mark.survives("the index's disk is full")
def test_an_index_disk_that_is_full_is_one_line_and_the_next_command_finishes(folder: Path, full: bool) -> None:
    expected = undisturbed(folder / "undisturbed", folder / "records", CONFIG)
    with mounted(folder / ".feedsvc", options="size=8m") as disk:
        for leave in range(0, 150_000, 10_000) if full else (0, 50_000):
            filling = fill(disk, leave)
            status, _, error = command("build", cwd=folder)
            assert (status, error.count("\n")) == (2, 1)
            assert error.startswith(f"feedsvc: {disk}/index.sqlite3: ")
            filling.unlink()
            assert command("build", cwd=folder)[::2] == (0, "")
            assert files(folder / "public") == expected
            for path in disk.glob("index*"):
                path.unlink()


@pytest.mark.survives("the index's disk is full")
def test_a_service_goes_on_while_its_index_disk_is_full(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        mounted(folder / ".feedsvc", options="size=8m") as disk,
        running_service(folder, CONFIG, log=log) as service,
        Reader([f"{service.base_url}/feed.atom"]).asking() as reader,
    ):
        before = entries(service)
        filling = fill_wholly(disk)
        Corpus(200, seed=3).write(folder / "more")
        (folder / "more").rename(folder / "records" / "more")  # at once: of a few, there could be room for the changes
        wait_until(lambda: "expected room for the index; trying again" in log.read_text())
        assert entries(service) == before
        filling.unlink()
        wait_until(lambda: entries(service) != before)
    assert reader.failures == []
    output = log.read_text()
    assert output.count("expected room for the index; trying again") == 1
    assert "Traceback" not in output


@pytest.mark.survives("the output is read-only")
def test_a_read_only_output_folder_is_one_line(folder: Path) -> None:
    with mounted(folder / "public") as out:
        assert command("build", cwd=folder)[0] == 0
        before = files(out)
        remount(out, "ro")
        (folder / "records" / "new.md").write_text(record())
        error = f"feedsvc: {out}/.feedsvc.lock: Read-only file system; expected a folder that can be written\n"
        assert command("build", cwd=folder) == (2, "", error)
        assert files(out) == before


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.survives("the index is read-only, or can't be made")
def test_where_the_index_can_not_be_written_a_temporary_one_is_used(folder: Path, is_there: bool) -> None:
    expected = undisturbed(folder / "undisturbed", folder / "records", CONFIG)
    with mounted(folder / ".feedsvc") as disk:
        if is_there:
            assert command("check", cwd=folder)[0] == 0
            (folder / "records" / "gone.md").write_text(record())
            assert command("check", cwd=folder)[0] == 0
            (folder / "records" / "gone.md").unlink()
        before = {path: path.read_bytes() for path in disk.iterdir()}
        remount(disk, "ro")
        status, _, error = command("build", cwd=folder)
        assert (status, error.count("\n")) == (0, 1)
        assert error.startswith(f"feedsvc: {disk}/index.sqlite3: ")
        assert error.endswith("; until then, a temporary one is made each time\n")
        assert files(folder / "public") == expected
        with running_service(folder, CONFIG) as service:
            (folder / "records" / "new.md").write_text(record("New", time="2024-01-01T00:00:00Z"))
            wait_until(lambda: "New" in entries(service))
            service.process.terminate()
            assert "a temporary one is made each time" in service.process.communicate(timeout=PATIENCE)[0]
        assert {path: path.read_bytes() for path in disk.iterdir()} == before


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.survives("the index is read-only, or can't be made")
def test_where_the_index_is_out_of_reach_a_temporary_one_is_used(folder: Path, is_there: bool) -> None:
    if is_there:
        assert command("check", cwd=folder)[0] == 0
    denied = folder / ".feedsvc" if is_there else folder / "out of reach"
    denied.mkdir(exist_ok=True)
    config = "" if is_there else 'index.url = "sqlite:///out of reach/folder/index.sqlite3"\n'
    (folder / "config.toml").write_text(config)
    denied.chmod(0)
    for name in ("feeds", "build"):
        status, _, error = command(name, cwd=folder, under=bound_by_permissions())
        assert (status, error.count("\n")) == (0, 1)
        assert error.startswith(f"feedsvc: {denied}/")
        assert error.endswith("; until then, a temporary one is made each time\n")
    denied.chmod(0o700)


@pytest.mark.survives("a folder can't be read")
def test_a_folder_out_of_reach_is_one_problem_and_what_was_known_of_it_stays(tmp_path: Path) -> None:
    closed = tmp_path / "records" / "sub" / "closed"
    closed.mkdir(parents=True)
    for number in range(3):
        (closed / f"{number}.md").write_text(record(f"In {number}", f"https://a.example/{number}", topics="[Kept]"))
    (closed.parent / "a.md").write_text(record("Beside", "https://b.example/"))
    bound = bound_by_permissions()
    assert command("build", cwd=tmp_path, under=bound)[0] == 0
    problem = (
        "sub/closed/:1: can't be read: Permission denied; expected a folder that can; its records stay as they were\n"
    )
    (closed.parent / "a.md").write_text(record("Changed", "https://b.example/"))
    for mode in (0o000, 0o111, 0o444):
        closed.chmod(mode)
        status, _, error = command("build", cwd=tmp_path, under=bound)
        assert (status, error) == (1, problem)
        feed = (tmp_path / "public" / "feed.atom").read_text()
        assert all(title in feed for title in ("In 0", "In 1", "In 2", "Changed"))
        assert command("check", cwd=tmp_path, under=bound) == (1, problem, "1 problem\n")
    (tmp_path / ".feedsvc" / "index.sqlite3").unlink()
    assert command("build", cwd=tmp_path, under=bound)[::2] == (1, problem)
    assert "In 0" not in (tmp_path / "public" / "feed.atom").read_text()
    closed.chmod(0o755)
    (closed / "0.md").unlink()
    assert command("build", cwd=tmp_path, under=bound)[::2] == (0, "")
    feed = (tmp_path / "public" / "feed.atom").read_text()
    assert [f"In {number}" in feed for number in range(3)] == [False, True, True]


@pytest.mark.survives("a file can't be read")
def test_a_file_out_of_reach_is_one_problem_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    for name in "ab":
        (tmp_path / "records" / f"{name}.md").write_text(record(name, f"https://{name}.example/"))
    bound = bound_by_permissions()
    assert command("build", cwd=tmp_path, under=bound)[0] == 0
    (tmp_path / "records" / "a.md").chmod(0)
    for _ in range(2):
        assert command("build", cwd=tmp_path, under=bound)[::2] == (1, "a.md:1: can't be read: Permission denied\n")
        assert not (tmp_path / "public" / "providers" / "a-example.atom").exists()
    (tmp_path / "records" / "a.md").chmod(0o644)
    assert command("build", cwd=tmp_path, under=bound)[::2] == (0, "")
    assert (tmp_path / "public" / "providers" / "a-example.atom").exists()


@pytest.mark.survives("files vanish while they are read")
def test_files_and_folders_that_vanish_while_they_are_read_are_left_out(
    make_site: Callable[..., Site], full: bool
) -> None:
    records = {f"{number}.md": record(url=f"https://a.example/{number}") for number in range(60)}
    site = make_site(records, records={"max_loss": 100})
    stop = Event()

    def put(path: Path, text: str) -> None:
        (site.folder / "new").write_text(text)
        (site.folder / "new").rename(path)

    def stir() -> None:
        """Let files and folders come, go, and take each other's places."""
        folder = site.config.records_folder
        round = 0
        while not stop.is_set():
            round += 1
            for number in range(60):
                path = folder / f"{number}.md"
                if round % 2:
                    path.unlink()
                    (folder / f"{number}").mkdir()
                    put(folder / f"{number}" / "a.md", record(f"Round {round}", f"https://b.example/{number}"))
                else:
                    (folder / f"{number}" / "a.md").unlink()
                    (folder / f"{number}").rmdir()
                    put(path, record(f"Round {round}", f"https://a.example/{number}"))

    stirring = Thread(target=stir)
    stirring.start()
    try:
        until = time.monotonic() + (60 if full else 2)
        while time.monotonic() < until:
            assert sync(site.documents.index, site.config).problems == ()
    finally:
        stop.set()
        stirring.join()
    site.sync()
    config = make_site({}).config
    other = open_index(config)
    config.records_folder.rmdir()
    config.records_folder.symlink_to(site.config.records_folder)
    sync(other, config)
    assert contents(site.documents.index) == contents(other)
    other.close()


@pytest.mark.survives("a change keeps size and time")
def test_a_change_of_the_same_size_with_its_old_time_restored_is_noticed(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.index.sync.RECENT_NS", 0)
    site = make_site({"1.md": record("One")})
    path = site.config.records_folder / "1.md"
    before = path.stat()
    path.write_text(record("Two"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    site.sync()
    assert titles(site) == ["Two"]


@pytest.mark.survives("a change keeps size and time")
def test_a_change_within_the_grain_of_the_file_systems_clock_is_noticed(make_site: Callable[..., Site]) -> None:
    site = make_site({})
    stood_still = 0
    with mounted(site.config.records_folder, "ramfs"):  # it counts time in steps of some milliseconds
        path = site.write("1.md", record("Title 000"))
        for number in range(1, 400):
            site.write("1.md", record(f"Title {number:03}"))
            before = path.stat()
            site.sync()
            site.write("1.md", record(f"Other {number:03}"))
            after = path.stat()
            site.sync()
            assert titles(site) == [f"Other {number:03}"]
            stood_still += (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
            if stood_still == 3:
                return
    pytest.skip("the file system's clock is finer than a sync is fast")


@pytest.mark.survives("the clock is set back")
def test_a_clock_that_is_set_back_hides_no_change(folder: Path) -> None:
    earlier = at_another_time("-40d")
    assert command("build", cwd=folder)[0] == 0
    for number in range(2):
        (folder / "records" / "new.md").write_text(record(f"New {number}", time="2024-01-01T00:00:00Z"))
        assert command("build", cwd=folder, under=earlier)[::2] == (0, "")
        assert files(folder / "public") == undisturbed(folder / "undisturbed", folder / "records", CONFIG)
    (folder / "records" / "new.md").unlink()
    assert command("build", cwd=folder)[0] == 0
    assert files(folder / "public") == undisturbed(folder / "undisturbed", folder / "records", CONFIG)


@pytest.mark.survives("a file has very many problems")
def test_of_many_problems_in_a_file_the_first_are_shown(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.json").write_text(f"[{', '.join(['1'] * 1000)}]")
    status, output, _ = command("check", cwd=tmp_path)
    lines = output.splitlines()
    assert (status, len(lines)) == (1, MAX_PROBLEMS + 1)
    assert lines[-1] == f"a.json:1: more than {MAX_PROBLEMS} problems in this file; the others are not listed"
