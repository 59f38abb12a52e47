"""Files of others in the output, those of builds that others changed, links and mounts: they stay, and nothing else is hurt."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.build.manifest import MANIFEST
from tests.build.test_site import FEW, files, local, run
from tests.conftest import Site, record, wait_until
from tests.faults import command, mounted, remount

TWO = {"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2", topics="[Law]")}


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site whose feeds are built, before the clock's last tick: what is written since has another time."""
    made = make_site(TWO, **FEW)
    run(made)
    probe, newest = made.folder / "probe", max(path.stat().st_mtime_ns for path in made.config.out_folder.rglob("*"))
    wait_until(lambda: probe.write_text("") == 0 and probe.stat().st_mtime_ns > newest)
    return made


def change(site: Site) -> None:
    """Let all documents change."""
    for name, topics, url in (("1.md", "[AI]", "https://a.example/1"), ("2.md", "[Law]", "https://b.example/2")):
        site.write(name, record("Changed", url, topics=topics))
    site.sync()


@pytest.mark.parametrize("same_size", [False, True])
@pytest.mark.survives("others delete, shorten or replace")
def test_a_file_that_was_changed_since_is_a_conflict_and_stays(site: Site, same_size: bool) -> None:
    out = site.config.out_folder
    own = (out / "feed.atom").read_bytes().replace(b"A title", b"A lie!!") if same_size else b"mine"
    (out / "feed.atom").write_bytes(own)
    for _ in range(2):
        assert run(site).conflicts == (out / "feed.atom",)
        change(site)
    assert files(out) == {**local(site), "feed.atom": own}
    (out / "feed.atom").unlink()
    assert run(site).conflicts == ()
    assert files(out) == local(site)


@pytest.mark.survives("others delete, shorten or replace")
def test_a_file_that_was_changed_since_stays_when_its_feed_goes(site: Site) -> None:
    out = site.config.out_folder
    (out / "topics" / "ai.atom").write_text("mine")
    (site.config.records_folder / "1.md").unlink()
    site.sync()
    result = run(site)
    assert (result.conflicts, result.removed) == ((out / "topics" / "ai.atom",), 3)
    assert files(out) == {**local(site), "topics/ai.atom": b"mine"}
    assert run(site).conflicts == ()  # it is the user's now


@pytest.mark.survives("others delete, shorten or replace")
def test_a_file_that_was_put_in_the_place_of_a_deleted_one_stays(site: Site) -> None:
    out = site.config.out_folder
    (out / "feed.rss").unlink()
    (out / "feed.rss").symlink_to(site.folder / "mine")
    (site.folder / "mine").write_text("mine")
    assert run(site).conflicts == (out / "feed.rss",)
    assert (out / "feed.rss").is_symlink()


@pytest.mark.survives("others delete, shorten or replace")
def test_a_change_that_is_taken_back_is_no_conflict(site: Site) -> None:
    out = site.config.out_folder
    before = (out / "feed.atom").read_bytes()
    (out / "feed.atom").write_text("mine")
    assert run(site).conflicts == (out / "feed.atom",)
    (out / "feed.atom").write_bytes(before)
    change(site)
    assert run(site).conflicts == ()
    assert files(out) == local(site)


@pytest.mark.survives("the output is copied, checked out or restored: other times")
def test_a_copy_or_checkout_of_the_output_has_no_conflicts(site: Site) -> None:
    out = site.config.out_folder
    copy = site.folder / "copy"
    shutil.copytree(out, copy, copy_function=shutil.copyfile)  # with new times
    assert run(site, copy).conflicts == ()
    change(site)
    for path in out.rglob("*"):
        os.utime(path, (1, 1))
    assert (run(site).conflicts, run(site, copy).conflicts) == ((), ())
    assert files(out) == files(copy) == local(site)


@pytest.mark.survives("the output is copied, checked out or restored: other times")
def test_with_a_manifest_of_an_earlier_version_the_size_tells_whose_a_file_is(site: Site) -> None:
    out = site.config.out_folder
    manifest: dict[str, Any] = json.loads((out / MANIFEST).read_bytes())
    del manifest["revision"]
    for entry in manifest["made"].values():
        del entry[2:]  # the outline
        for name, (size, state) in entry[1].items():
            entry[1][name] = [size, int(state.split()[0])]
    (out / MANIFEST).write_text(json.dumps(manifest))
    (out / "feed.atom").write_text("mine")
    os.utime(out / "feed.rss", (1, 1))
    change(site)
    assert run(site).conflicts == (out / "feed.atom",)
    assert files(out) == {**local(site), "feed.atom": b"mine"}


@pytest.mark.survives("a folder in the output becomes a link")
def test_nothing_is_written_or_removed_through_a_link(site: Site) -> None:
    out, elsewhere = site.config.out_folder, site.folder / "elsewhere"
    shutil.copytree(out / "topics", elsewhere)
    before = files(elsewhere)
    shutil.rmtree(out / "topics")
    (out / "topics").symlink_to(elsewhere)
    change(site)
    (site.config.records_folder / "1.md").unlink()
    site.write("3.md", record("Three", "https://c.example/3", topics="[New]"))
    site.sync()
    names = {path.relative_to(out).as_posix() for path in map(Path, run(site).conflicts)}
    assert names == {f"topics/{topic}.{suffix}" for topic in ("ai", "law", "new") for suffix in ("atom", "rss")}
    assert files(elsewhere) == before
    (out / "topics").unlink()
    assert run(site).conflicts == ()
    assert files(out) == local(site)


@pytest.mark.survives("a folder in the output becomes a link")
def test_an_output_folder_may_be_a_link_itself(site: Site) -> None:
    link = site.folder / "link"
    link.symlink_to(site.config.out_folder)
    change(site)
    assert run(site, link).conflicts == ()
    assert files(site.config.out_folder) == local(site)


@pytest.mark.survives("a folder in the output becomes a link")
def test_a_disk_that_is_mounted_in_the_output_is_written_like_a_folder(site: Site) -> None:
    out = site.config.out_folder
    with mounted(out / "topics") as disk:
        change(site)
        (disk / ".feedsvc.1.tmp").write_text("of a build that was killed")
        assert run(site).conflicts == ()
        assert files(out) == local(site)
        assert not list(disk.glob(".*"))
        for path in site.config.records_folder.iterdir():
            path.unlink()
        site.write("3.md", record("Three", "https://c.example/3"))
        site.sync()
        run(site)
        assert (files(out), list(disk.iterdir())) == (local(site), [])


@pytest.mark.survives("a folder in the output becomes a link")
def test_a_disk_that_is_mounted_in_the_output_to_be_read_is_a_conflict(site: Site) -> None:
    out = site.config.out_folder
    with mounted(out / "topics") as disk:
        run(site)
        remount(disk, "ro")
        change(site)
        assert len(run(site).conflicts) == 4
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert run(site).conflicts == ()
        assert files(out) == local(site)


@pytest.mark.survives("others delete, shorten or replace")
def test_the_command_says_what_stays_and_why(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "1.md").write_text(record())
    assert command("build", cwd=tmp_path)[0] == 0
    (tmp_path / "public" / "feed.atom").write_text("mine")
    status, _, problems = command("build", cwd=tmp_path)
    line = f"{tmp_path}/public/feed.atom: not as feedsvc wrote it, so it stays; move it to let feedsvc write its own\n"
    assert (status, problems) == (1, line)
