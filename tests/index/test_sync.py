"""What a sync finds in a folder of records, however its files and folders changed."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedsvc.config import parse_config
from feedsvc.index import sync as sync_module
from feedsvc.index.opening import open_index
from feedsvc.index.sync import sync
from feedsvc.records import reading
from tests.conftest import Site, record
from tests.faults import bound_by_permissions, command
from tests.index.test_index import contents, record_texts, titles

#: Longer than the resolution of a file system's clock.
CLOCK_SECONDS = 0.02


@pytest.fixture(autouse=True)
def no_recent_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that just changed count as settled, so that only those with another size or time are read."""
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)


def rewrite_in_disguise(path: Path) -> None:
    before = path.stat()
    path.write_text(path.read_text().replace("Old", "New"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "another content of the same size, with its old time restored": (rewrite_in_disguise, ["New", "Other"]),
    "another time": (lambda path: os.utime(path, (1, 1)), ["Old", "Other"]),
    "renamed": (lambda path: path.rename(path.with_suffix(".yaml")), ["Old", "Other"]),
    "hidden": (lambda path: path.rename(path.with_name(".a.md")), ["Other"]),
    "gone": (lambda path: path.unlink(), ["Other"]),
    "its folder gone": (lambda path: shutil.rmtree(path.parent), ["Other"]),
    "a link in its place": (lambda path: (path.unlink(), path.symlink_to("../other.md")), ["Other"]),
    "a pipe in its place": (lambda path: (path.unlink(), os.mkfifo(path)), ["Other"]),
    "a folder in its place": (lambda path: (path.unlink(), path.mkdir()), ["Other"]),
    "a link in its folder's place": (
        lambda path: (path.parent.rename(path.parents[2] / "away"), path.parent.symlink_to(path.parents[2] / "away")),
        ["Other"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_sync_finds_any_change_of_a_file(
    make_site: Callable[..., Site], change: Callable[[Path], object], expected: list[str]
) -> None:
    site = make_site({"sub/a.md": record("Old"), "other.md": record("Other", "https://a.example/2")})
    time.sleep(CLOCK_SECONDS)
    site.sync()
    change(site.config.records_folder / "sub" / "a.md")
    site.sync()
    assert sorted(titles(site)) == expected


@pytest.mark.parametrize("moment", ["listed", "read", "watched"])
@pytest.mark.survives("a folder can't be read")
def test_a_folder_that_was_away_for_a_moment_is_read(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It is as it was, without any new time."""
    site = make_site({"1.md": record("One"), "sub/2.md": record("Two", "https://a.example/2")})
    folder, away = site.config.records_folder, site.folder / "away"
    time.sleep(CLOCK_SECONDS)
    site.sync()
    if moment == "listed":
        (folder / "sub").rename(away)
        site.sync()
        assert titles(site) == ["One"]
        away.rename(folder / "sub")
    elif moment == "read":
        site.write("sub/2.md", record("Changed", "https://a.example/2"))

        def read_nothing(*arguments: Any) -> Any:
            (folder / "sub").rename(away)
            try:
                return read_file(*arguments)
            finally:
                away.rename(folder / "sub")

        read_file = reading.read_file
        with monkeypatch.context() as context:
            context.setattr(reading, "read_file", read_nothing)
            site.sync()
        site.sync()
        assert sorted(titles(site)) == ["Changed", "One"]
        return
    else:
        (folder / "sub").rename(away)
        (folder / "sub").mkdir()
        sync(site.documents.index, site.config, paths={str(folder / "sub" / "2.md")})
        assert titles(site) == ["One"]
        (folder / "sub").rmdir()
        away.rename(folder / "sub")
    site.sync()
    assert sorted(titles(site)) == ["One", "Two"]


paths = st.sampled_from(["1.md", "sub/2.md", "sub/below/3.md", "other/4.yaml"])
folders = st.sampled_from(["sub", "sub/below", "other"])
steps = st.one_of(
    st.tuples(st.just("write"), paths, record_texts),
    st.tuples(st.just("move"), paths, paths),
    st.tuples(st.just("move"), folders, folders),
    st.tuples(st.just("remove"), st.one_of(paths, folders), st.just("")),
)


def take(folder: Path, kind: str, name: str, argument: str) -> set[str]:
    """Do what a step says, if it can be done; the paths that a watch would report."""
    path, target = folder / name, folder / argument
    if kind == "write":
        made = {str(parent) for parent in path.parents if not parent.exists()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(argument)
        return made | {str(path)}
    if not path.exists():
        return set()
    if kind == "remove":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif not (target.exists() or path in target.parents) and target.parent.exists():
        path.rename(target)
        return {str(path), str(target)}
    return {str(path)}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(steps, min_size=1, max_size=3), min_size=2, max_size=6), st.lists(st.booleans(), min_size=6))
def test_the_index_never_depends_on_how_folders_were_moved(
    history: list[list[tuple[str, str, str]]], watched: list[bool]
) -> None:
    site = Path(tempfile.mkdtemp())
    config = parse_config({"index": {"url": "sqlite:///old.db"}}, site)
    config.records_folder.mkdir()
    index, fresh = open_index(config), open_index(parse_config({"index": {"url": "sqlite:///new.db"}}, site))
    try:
        with patch.object(sync_module, "RECENT_NS", 0):
            for batch, is_watched in zip(history, watched, strict=False):
                time.sleep(CLOCK_SECONDS)
                changed = {path for step in batch for path in take(config.records_folder, *step)}
                sync(index, config, paths=changed if is_watched else None)
            sync(index, config)
            sync(fresh, config)
        assert contents(index) == contents(fresh)
    finally:
        index.close()
        fresh.close()
        shutil.rmtree(site)


@pytest.mark.survives("a folder can't be read")
def test_what_is_below_a_folder_that_cannot_be_entered_stays(tmp_path: Path) -> None:
    inner = tmp_path / "records" / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.md").write_text(record("Within", "https://a.example/"))
    (tmp_path / "records" / "other.md").write_text(record("Other", "https://a.example/other"))
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


@pytest.mark.parametrize("library", ["nh3", "markdown-it-py", "PyYAML"])
@pytest.mark.survives("another version of a library that reads records")
def test_another_version_of_a_library_that_reads_records_lets_all_be_read_again(tmp_path: Path, library: str) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    installed = tmp_path / "installed" / f"{library.replace('-', '_').lower()}-999.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 999\n")
    program = "import feedsvc; print(feedsvc.open().sync().read)"
    time.sleep(2.1)  # until the file is no recent one

    def read(path: str = "") -> str:
        paths = os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": paths}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert [read(), read(), read(str(installed.parent))] == ["1\n", "0\n", "1\n"]
