"""The indexes of other records than the configured ones: one for each folder, of which a few are kept."""

import os
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from random import Random

import pytest

import feedsvc
from feedsvc.index.others import KEPT
from tests.cli.commands import result
from tests.conftest import record, running_service, wait_until
from tests.services import entries

INDEXES = Path(".feedsvc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a site's records, and other folders of records."""
    for number in range(KEPT + 3):
        (tmp_path / f"r{number}").mkdir()
        (tmp_path / f"r{number}" / "a.md").write_text(record(f"Of r{number}", f"https://a.example/{number}"))
    (tmp_path / "config.toml").write_text('records.path = "r0"\n')
    return tmp_path


def read(folder: Path, records: str | Path) -> int:
    """The number of files that a sync of a folder of records reads."""
    with chdir(folder), feedsvc.open(records=records) as site:
        return site.sync().read


def others(folder: Path) -> set[str]:
    """The names of the other indexes."""
    return {path.name for path in (folder / INDEXES).iterdir() if path.name.startswith("other-")}


def test_every_command_uses_the_index_of_a_folder_however_its_path_is_written(folder: Path) -> None:
    assert result("build", "r2", "--out", "out", cwd=folder)[0] == 0
    (folder / "way").symlink_to(".")
    for path in ("r2", "./r2/", "r1/../r2", folder / "r2", "way/r2"):
        assert read(folder, path) == 0
    with chdir(folder / "r1"):
        assert read(folder / "r1", "../r2") == 1  # another configuration: that of the folder of r1
    assert "a.example" in result("feeds", "./r2", cwd=folder)[1]
    assert "Of r2" in result("show", "/feed.atom", "r2/", cwd=folder)[1]
    assert "https://a.example/2" in result("why", "a.md", "r2", cwd=folder)[1]
    assert "https://a.example/0" in result("why", "a.md", cwd=folder)[1]
    assert len(others(folder)) == 1


def test_the_configured_folder_named_by_another_path_has_the_index_of_the_configuration(folder: Path) -> None:
    (folder / "link").symlink_to("r0")
    assert [read(folder, path) for path in ("r0", "./r0/", folder / "r0", "link")] == [1, 0, 0, 0]
    assert not others(folder)


def test_a_link_has_one_index_wherever_it_leads(folder: Path) -> None:
    (folder / "current").symlink_to("r1")
    assert read(folder, "current") == 1
    (folder / "current").unlink()
    (folder / "current").symlink_to("r2")
    assert read(folder, "current/") == 1
    assert len(others(folder)) == 1


def test_those_that_were_used_longest_ago_are_removed_and_no_file_is_left(folder: Path) -> None:
    for number in range(KEPT + 1):
        assert read(folder, f"r{number}") == 1
    before = others(folder)
    assert len(before) == KEPT
    assert read(folder, "r1") == 0  # so that r2 is the one that was used longest ago
    assert read(folder, f"r{KEPT + 1}") == 1
    assert len(others(folder)) == KEPT
    assert [read(folder, "r1"), read(folder, "r2")] == [0, 1]
    assert {path.name for path in (folder / INDEXES).iterdir()} == {".gitignore", "index.sqlite3"} | others(folder)


def test_a_source_of_several_has_an_index_of_its_own_and_the_only_one_that_of_the_configuration(folder: Path) -> None:
    (folder / "config.toml").write_text('records.source = [{ path = "r1" }, { path = "r2" }]\n')
    assert [read(folder, path) for path in ("r1", "r2")] == [1, 1]
    assert len(others(folder)) == 2
    (folder / "config.toml").write_text('records.source = [{ path = "r3" }]\n')
    assert [read(folder, path) for path in ("r3", "./r3")] == [1, 0]
    assert len(others(folder)) == 2


def test_what_earlier_versions_left_and_half_removed_indexes_go(folder: Path) -> None:
    (folder / INDEXES).mkdir()
    former = "index.sqlite3-0123456789ab"
    for name in (former, f"{former}-wal", f"{former}-shm", "index-preview.sqlite3-0123456789ab.damaged-2"):
        (folder / INDEXES / name).touch()
    kept = {"index-preview.sqlite3", "index.sqlite3", "index.sqlite3-mine", "index.sqlite3.damaged"}
    for name in kept:
        (folder / INDEXES / name).touch()
    (folder / INDEXES / "other-0123456789ab.removed").mkdir()
    (folder / INDEXES / "other-0123456789ab.removed" / "index.sqlite3").touch()
    assert read(folder, "r1") == 1
    assert {path.name for path in (folder / INDEXES).iterdir()} == kept | others(folder)


def test_an_index_in_use_stays_however_long_ago_it_was_made(folder: Path) -> None:
    with chdir(folder), feedsvc.open(records="r1") as site:
        site.sync()
        (mine,) = others(folder)
        os.utime(folder / INDEXES / mine / "lock", (0, 0))
        for number in range(2, KEPT + 3):
            assert read(folder, f"r{number}") == 1
        assert mine in others(folder)
    os.utime(folder / INDEXES / mine / "lock", (0, 0))
    assert read(folder, f"r{KEPT + 1}") == 0
    shutil.rmtree(folder / INDEXES / next(name for name in others(folder) if name != mine))
    for number in range(2, KEPT + 3):
        read(folder, f"r{number}")
    assert mine not in others(folder)


@pytest.mark.survives("more folders of records are looked at")
def test_a_service_of_another_folder_keeps_its_index_while_others_come_and_go(folder: Path) -> None:
    (folder / "records").mkdir()
    with running_service(folder, options=("r1",)) as service:
        (mine,) = others(folder)
        os.utime(folder / INDEXES / mine / "lock", (0, 0))
        for number in range(2, KEPT + 3):
            assert read(folder, f"r{number}") == 1
        (folder / "r1" / "b.md").write_text(record("New", "https://a.example/new"))
        wait_until(lambda: "New" in entries(service))
        assert mine in others(folder)


#: Reads the folders of records that are named in turn, and checks what it gets of each.
PROGRAM = """
import sys, feedsvc
for number in sys.argv[1:]:
    with feedsvc.open(records=f"r{number}") as site:
        site.sync()
        assert f"Of r{number}".encode() in site.document("/feed.atom").body
"""


@pytest.mark.survives("more folders of records are looked at")
def test_processes_look_at_more_folders_than_indexes_are_kept(folder: Path) -> None:
    running = []
    for number in range(4):
        numbers = Random(number).choices(range(1, KEPT + 3), k=25)
        command = [sys.executable, "-c", PROGRAM, *map(str, numbers)]
        running.append(subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True))
    for process in running:
        assert (process.communicate()[1], process.returncode) == ("", 0)
    read(folder, "r1")
    assert 1 <= len(others(folder)) <= KEPT + len(running)
    assert not list((folder / INDEXES).glob("*.removed"))
