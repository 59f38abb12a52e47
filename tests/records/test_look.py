"""The quick look that tells in which folders of records something changed."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedsvc.config import parse_config
from feedsvc.index import sync as sync_module
from feedsvc.index.database import open_index
from feedsvc.index.sync import sync
from feedsvc.records.folders import Digests, begin_look, digests
from feedsvc.workers import ahead
from tests.conftest import Site, record
from tests.faults import bound_by_permissions, command
from tests.index.test_index import contents, record_texts, titles

#: Longer than the grain of a file system's clock.
GRAIN_SECONDS = 0.02


def look_at(folder: str) -> Digests:
    return digests([folder], folder)


def rewrite_in_disguise(path: Path) -> None:
    before = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "another content of the same size, with its old time restored": rewrite_in_disguise,
    "another time": lambda path: os.utime(path, (1, 1)),
    "other permissions": lambda path: path.chmod(0),
    "renamed": lambda path: path.rename(path.with_suffix(".yaml")),
    "gone": lambda path: path.unlink(),
    "a new file": lambda path: path.with_name("new.md").touch(),
    "a link in its place": lambda path: (path.unlink(), path.symlink_to("/dev/null")),
    "a pipe in its place": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_in_a_folder_gives_it_another_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    for name in ("a.md", "sub/a.md", "sub/below/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("ab")
    before = look_at(str(tmp_path))
    assert before.keys() == {f"{tmp_path}{below}" for below in ("", "/sub", "/sub/below")}
    assert all(before.values())
    time.sleep(GRAIN_SECONDS)
    change(tmp_path / "sub" / "a.md")
    after = look_at(str(tmp_path))
    assert {path for path in before if before[path] != after[path]} == {f"{tmp_path}/sub"}


def test_what_is_hidden_is_not_looked_at_and_what_cannot_be_has_no_digest(tmp_path: Path) -> None:
    before = look_at(str(tmp_path))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.md").touch()
    (tmp_path / ".a.md").touch()
    assert look_at(str(tmp_path)) == before
    assert look_at(f"{tmp_path}/nowhere") == {f"{tmp_path}/nowhere": ""}
    (tmp_path / "far.md").touch()
    try:
        os.utime(tmp_path / "far.md", ns=(0, 2**63))  # in the year 2262
    except OSError:
        pytest.skip("the file system has no such times")
    if (tmp_path / "far.md").stat().st_mtime_ns < 2**63:
        pytest.skip("the file system has no such times")
    assert look_at(str(tmp_path)) == {str(tmp_path): ""}


def test_child_processes_see_what_one_sees(tmp_path: Path) -> None:
    for number in range(60):
        folder = tmp_path / f"{number % 7}" / f"{number}" / os.fsdecode(b"\xff")
        folder.mkdir(parents=True)
        (folder / "a.md").write_text("x" * number)
    look = begin_look(tmp_path)
    seen = look()
    assert seen == look_at(str(tmp_path))
    assert len(seen) == 1 + 7 + 60 + 60
    (tmp_path / "later.md").touch()
    assert look() == seen
    assert begin_look(tmp_path / "nowhere")() == {f"{tmp_path}/nowhere": ""}


class _Killed:
    """What kills a process that is to send it."""

    def __reduce__(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


def _work(main: int, item: int) -> Any:
    if os.getpid() == main:
        return item
    match item:
        case 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case 2:
            return _Killed()
        case 3:
            raise MemoryError
        case 4:  # while it sends more than a pipe holds
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
            return "x" * 10_000_000
    return item


def test_what_children_leave_undone_is_done_by_their_parent(capfd: pytest.CaptureFixture[str]) -> None:
    results = ahead(partial(_work, os.getpid()), [1, 2, 3, 4, 5], lambda: time.sleep(0.5))
    assert results() == [1, 2, 3, 4, 5]
    assert results() == [1, 2, 3, 4, 5]
    assert capfd.readouterr() == ("", "")


def test_only_folders_where_something_changed_are_gone_through(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    names = ("0.md", "one/1.md", "one/two/2.md", "three/3.md")
    site = make_site({name: record(name, f"https://a.example/{name}") for name in names})
    folder = site.config.records_folder
    listed: list[str] = []
    original = sync_module.list_folder
    monkeypatch.setattr(
        sync_module, "list_folder", lambda folder, path: (listed.append(path), original(folder, path))[1]
    )

    def synced() -> tuple[list[str], int, int]:
        listed.clear()
        time.sleep(GRAIN_SECONDS)
        result = sync(site.documents.index, site.config)
        return sorted(os.path.relpath(path, folder) for path in listed), result.read, result.gone

    synced()
    assert synced() == ([], 0, 0)
    site.write("one/1.md", record("Changed", "https://a.example/one/1.md"))
    assert synced() == (["one"], 1, 0)
    assert synced() == ([], 0, 0)
    site.write("notes.doc", "")
    assert synced() == (["."], 0, 0)
    (folder / "one" / "two").rename(folder / "moved")
    assert synced() == (["moved"], 1, 1)
    site.write("three/4.md", record("Four", "https://a.example/4"))
    sync(site.documents.index, site.config, paths={str(folder / "three" / "4.md")})
    assert synced() == (["three"], 0, 0)
    shutil.rmtree(folder / "three")
    assert synced() == ([], 0, 2)
    assert synced() == ([], 0, 0)


@pytest.mark.parametrize("moment", ["listed", "read", "watched"])
def test_a_folder_that_was_away_for_a_moment_is_read(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It is as it was, without any new time."""
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    site = make_site({"1.md": record("One")})
    site.sync()
    folder, away = site.config.records_folder, site.folder / "away"
    site.write("sub/2.md", record("Two", "https://a.example/2"))
    seen = look_at(str(folder))
    time.sleep(GRAIN_SECONDS)
    if moment == "listed":
        (folder / "sub").rename(away)
        sync(site.documents.index, site.config, look=lambda: seen)
        away.rename(folder / "sub")
    elif moment == "read":

        def read_nothing(*arguments: Any) -> Any:
            (folder / "sub").rename(away)
            try:
                return read_file(*arguments)
            finally:
                away.rename(folder / "sub")

        read_file = sync_module.read_file
        with monkeypatch.context() as patch:
            patch.setattr(sync_module, "read_file", read_nothing)
            site.sync()
    else:
        site.sync()
        site.sync()
        (folder / "sub").rename(away)
        (folder / "sub").mkdir()
        sync(site.documents.index, site.config, paths={str(folder / "sub" / "2.md")})
        assert titles(site) == ["One"]
        (folder / "sub").rmdir()
        away.rename(folder / "sub")
    site.sync()
    assert sorted(titles(site)) == ["One", "Two"]


def test_what_appears_between_the_look_and_the_listing_is_found_and_links_are_not_followed(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    site = make_site({"1.md": record("One"), "sub/2.md": record("Two", "https://a.example/2")})
    folder = site.config.records_folder
    site.write("3.md", record("Three", "https://a.example/3"))
    site.write("sub/4.md", record("Four", "https://a.example/4"))
    seen = look_at(str(folder))
    site.write("new/below/5.md", record("Five", "https://a.example/5"))
    (folder / "sub").rename(site.folder / "sub")
    (folder / "sub").symlink_to(site.folder / "sub")
    sync(site.documents.index, site.config, look=lambda: seen)
    assert sorted(titles(site)) == ["Five", "One", "Three"]


def test_a_folder_that_another_process_noted_after_the_look_stays(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    site = make_site({"1.md": record("One")})
    seen = look_at(str(site.config.records_folder))
    site.write("new/2.md", record("Two", "https://a.example/2"))
    site.sync()
    assert sync(site.documents.index, site.config, look=lambda: seen).gone == 0
    assert sorted(titles(site)) == ["One", "Two"]


def test_a_file_that_may_change_without_a_new_time_is_looked_at_again(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record("One")})
    for _ in range(2):
        with site.documents.index.reading() as connection:
            assert connection.execute("SELECT path, digest FROM folders").fetchall() == [("", "")]
        site.sync()


paths = st.sampled_from(["1.md", "sub/2.md", "sub/below/3.md", "other/4.yaml"])
folders = st.sampled_from(["sub", "sub/below", "other"])
steps = st.one_of(
    st.tuples(st.just("write"), paths, record_texts),
    st.tuples(st.just("move"), paths, paths),
    st.tuples(st.just("move"), folders, folders),
    st.tuples(st.just("remove"), st.one_of(paths, folders), st.just("")),
)


def take(folder: Path, kind: str, name: str, argument: str) -> set[str]:
    """Do what a step says, if it can be done; the paths that a watch would tell of."""
    path, target = folder / name, folder / argument
    if kind == "write":
        told = {str(parent) for parent in path.parents if not parent.exists()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(argument)
        return told | {str(path)}
    if not path.exists():
        return set()
    if kind == "remove":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif not (target.exists() or path in target.parents) and target.parent.exists():
        path.rename(target)
        return {str(path), str(target)}
    return {str(path)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(steps, min_size=1, max_size=3), min_size=2, max_size=6), st.lists(st.booleans(), min_size=6))
def test_the_index_never_depends_on_which_folders_were_gone_through(
    history: list[list[tuple[str, str, str]]], watched: list[bool]
) -> None:
    site = Path(tempfile.mkdtemp())
    config = parse_config({"index": {"url": "sqlite:///old.db"}}, site)
    config.records_folder.mkdir()
    index, fresh = open_index(config), open_index(parse_config({"index": {"url": "sqlite:///new.db"}}, site))
    try:
        with patch.object(sync_module, "RECENT_NS", 0):
            for batch, is_watched in zip(history, watched, strict=False):
                time.sleep(GRAIN_SECONDS)
                told = {path for step in batch for path in take(config.records_folder, *step)}
                sync(index, config, paths=told if is_watched else None)
            sync(index, config)
            sync(fresh, config)
        assert contents(index) == contents(fresh)
    finally:
        index.close()
        fresh.close()
        shutil.rmtree(site)


def test_what_is_below_a_folder_that_cannot_be_entered_stays(tmp_path: Path) -> None:
    inner = tmp_path / "records" / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.md").write_text(record("Within", "https://a.example/"))
    bound = bound_by_permissions()
    assert command("build", cwd=tmp_path, under=bound)[0] == 0
    for mode in (0o444, 0o000):
        inner.parent.chmod(mode)
        for _ in range(2):
            status, _, error = command("build", cwd=tmp_path, under=bound)
            assert (status, "can't be read: Permission denied" in error) == (1, True)
            assert "Within" in (tmp_path / "public" / "feed.atom").read_text()
    inner.parent.chmod(0o755)
    shutil.rmtree(inner)
    assert command("build", cwd=tmp_path, under=bound)[::2] == (0, "")
    assert "Within" not in (tmp_path / "public" / "feed.atom").read_text()
