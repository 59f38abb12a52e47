"""What would flood or empty subscribers by accident stops a build before anything is written; a dry run tells of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.build import plan
from feedsvc.build.manifest import MANIFEST
from feedsvc.build.site import build
from feedsvc.config import parse_config
from feedsvc.errors import LossError
from feedsvc.feeds.documents import Documents
from feedsvc.index.sync import sync
from tests.build.test_site import FEW, files, run
from tests.conftest import Site, record, write_records
from tests.faults import command
from tests.object_store import S3


def stories(number: int, scheme: str = "https", **fields: str) -> dict[str, str]:
    """Records of one topic, the newest last."""
    return {
        f"{each:03}.md": record(
            f"Story {each}",
            f"{scheme}://a.example/{each:03}",
            f"2020-06-13T00:{each % 60:02}:00Z",
            topics="[AI]",
            **fields,
        )
        for each in range(number)
    }


def other(site: Site, **tables: dict[str, Any]) -> Site:
    """The site with other tables of its configuration."""
    base = {"site": {"base_url": "https://feeds.example"}, **FEW}
    config = parse_config({**base, **tables}, site.folder)
    return Site(site.folder, config, Documents(site.documents.index, config))


def times(folder: Path) -> dict[Path, int]:
    """When all that is in a folder was last changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site of 40 stories, built."""
    made = make_site(stories(40), **FEW)
    run(made)
    return made


def into_its_output(site: Site, new: Site) -> Site:
    """Another index and records, with the output of a site."""
    shutil.copytree(site.config.out_folder, new.config.out_folder, dirs_exist_ok=True)
    return new


@pytest.mark.parametrize(
    ("records", "lost"),
    [({}, 40), (stories(40, "http"), 40), (stories(19), 21), (dict(list(stories(70).items())[40:]), 40)],
    ids=["an emptied folder", "other URLs", "most", "another branch"],
)
@pytest.mark.survives("what was built would go")
def test_a_new_index_that_lacks_most_of_what_was_built_changes_nothing(
    make_site: Callable[..., Site], site: Site, records: dict[str, str], lost: int
) -> None:
    new = into_its_output(site, make_site(records, **FEW))
    before = times(new.config.out_folder)
    with pytest.raises(LossError) as caught:
        run(new)
    assert (caught.value.lost, caught.value.before) == (lost, 40)
    message = str(caught.value)
    assert message.startswith(
        f"{new.config.out_folder}: {lost} of 40 published stories would go, such as https://a.example/0"
    )
    assert message.endswith(" if they are meant to go, use feedsvc build --accept-loss")
    assert (len(caught.value.examples), message.count("\n")) == (3, 0)
    assert times(new.config.out_folder) == before
    build(new.documents, new.config.out, accept_loss=True)
    assert files(new.config.out_folder)["feed.atom"] == new.body("/feed.atom")
    assert run(new).written == 0


@pytest.mark.parametrize(
    "records",
    [stories(20), stories(500), {**stories(21, "http"), **dict(list(stories(40).items())[21:])}],
    ids=["half", "growth", "just over half are new"],
)
def test_half_and_growth_are_let(make_site: Callable[..., Site], site: Site, records: dict[str, str]) -> None:
    wanted = "21 of 40" if "http://" in records["000.md"] else ""
    new = into_its_output(site, make_site(records, **FEW))
    if wanted:
        with pytest.raises(LossError, match=wanted):
            run(new)
        run(other(new, records={"max_loss": 53}))
    else:
        run(new)


def test_a_small_site_may_change_as_a_whole(make_site: Callable[..., Site]) -> None:
    site = make_site(stories(19), **FEW)
    run(site)
    run(into_its_output(site, make_site({}, **FEW)))


def test_what_rotates_out_of_a_feed_or_is_left_out_by_the_configuration_is_not_lost(site: Site) -> None:
    for number in range(200):
        site.write(f"new{number}.md", record(f"New {number}", f"https://new.example/{number}", "2021-01-01T00:00:00Z"))
    site.sync()
    run(site)
    for table in ({"min_quality": 50}, {"related": "links"}, {"formats": ["json"]}, {"limit": 1}, {"min_stories": 500}):
        run(other(site, feeds=table))


def test_mentions_that_are_entries_no_longer_are_lost_only_if_they_are_gone(make_site: Callable[..., Site]) -> None:
    related = "".join(
        f"\n  - {{title: M, webUrl: 'https://m.example/{number}', publishedDateTime: 2020-06-12}}"
        for number in range(60)
    )
    site = make_site({"1.md": record(related=related)}, **FEW)
    run(site)
    run(other(site, feeds={"related": "links"}))
    run(site)
    new = into_its_output(site, make_site({"1.md": record()}, **FEW))
    with pytest.raises(LossError, match="50 of 51 published"):
        run(new)


@pytest.mark.parametrize("mode", ["clusters", "links"])
def test_what_only_feeds_of_other_modes_show_is_not_lost(make_site: Callable[..., Site], mode: str) -> None:
    listed = {
        f"{number}.md": record(
            f"Story {number}",
            f"https://a.example/{number}",
            f"2020-06-13T01:{number}:00Z",
            related="\n  - {title: First, webUrl: 'https://a.example/', publishedDateTime: 2020-06-13}"
            f"\n  - {{title: M, webUrl: 'https://m.example/{number}', publishedDateTime: 2020-06-12}}",
        )
        for number in range(10, 50)
    }
    custom = {"name": "All", "related": "entries"}
    first_record = record("First", "https://a.example/", "2020-06-13")
    site = make_site({"0.md": first_record, **listed}, feeds={"related": mode}, custom=[custom])
    first, second = run(site), run(site)
    assert (first.written, second.written) == (second.unchanged, 0)
    for number in range(10, 50):
        site.write(f"{number}.md", record(f"Story {number}", f"https://b.example/{number}"))
    sync(site.documents.index, site.config, accept_loss=True)
    if mode == "links":  # each was an entry
        with pytest.raises(LossError, match="40 of 41"):
            run(site)
    else:
        run(site)


def test_a_manifest_of_an_earlier_version_has_nothing_to_compare(make_site: Callable[..., Site], site: Site) -> None:
    new = into_its_output(site, make_site({}, **FEW))
    manifest = json.loads((new.config.out_folder / MANIFEST).read_bytes())
    for key in ("owner", "feeds", "stories"):
        del manifest[key]
    (new.config.out_folder / MANIFEST).write_text(json.dumps(manifest))
    run(new)
    assert files(new.config.out_folder)["feed.atom"] == new.body("/feed.atom")


def test_the_manifest_knows_the_current_feeds_from_any_history(site: Site) -> None:
    for number in range(3):
        site.write("new.md", record(f"New {number}", "https://new.example/", "2021-01-01T00:00:00Z", topics="[Law]"))
        site.write("000.md", record("Changed", "https://a.example/000", topics=f"[T{number}]"))
        site.sync()
        run(site)
    fresh = site.folder / "fresh"
    run(site, fresh)
    known = [json.loads((out / MANIFEST).read_bytes()) for out in (site.config.out_folder, fresh)]
    assert known[0]["feeds"] == known[1]["feeds"]
    assert known[0]["stories"] == known[1]["stories"]
    assert len(known[0]["stories"]) == 41


def test_a_dry_run_tells_what_a_build_does_and_writes_nothing(site: Site) -> None:
    out = site.config.out_folder
    (out / "feed.rss").write_text("mine")
    site.write("new.md", record("New", "https://new.example/", "2021-01-01T00:00:00Z", topics="[AI, Law]"))
    site.write("039.md", record("Other", "https://other.example/", "2021-01-01T00:00:00Z", topics="[AI]"))
    site.sync()
    for folder in (out, site.folder / "none"):
        before = times(out)
        planned = plan(site.documents, folder)
        if folder == out:
            assert planned.new == {"/feed": 2, "/topics/ai": 2}
            assert (planned.new_stories, planned.refused) == (2, "")
        else:
            assert (planned.new, folder.exists()) == ({}, False)
        assert times(out) == before
        existing = files(folder) if folder.exists() else {}
        result = run(site, folder)
        now = files(folder)
        assert set(planned.to_write) == {name for name in now if now[name] != existing.get(name)}
        assert set(planned.to_remove) == existing.keys() - now.keys()
        assert (len(planned.to_write), planned.unchanged, len(planned.to_remove), planned.conflicts) == (
            result.written, result.unchanged, result.removed, result.conflicts,
        )  # fmt: skip


def test_a_dry_run_counts_compressed_copies_and_what_is_in_the_way(make_site: Callable[..., Site]) -> None:
    site = make_site(stories(3), build={"precompress": True})
    out = site.config.out_folder
    (out / "feed.json").mkdir(parents=True)
    (out / "providers").write_text("mine")
    for _ in range(2):
        planned, result = plan(site.documents, out), run(site)
        assert (len(planned.to_write), planned.unchanged, len(planned.to_remove), planned.conflicts) == (
            result.written, result.unchanged, result.removed, result.conflicts,
        )  # fmt: skip
        (site.config.records_folder / "000.md").unlink(missing_ok=True)
        site.write("1.md", record(topics="[Law]"))
        site.sync()


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files but the log of the database, which readers have, too."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command runs."""
    (tmp_path / "config.toml").write_text('feeds.formats = ["atom"]\nfeeds.archives = false\nbuild.pages = false\n')
    write_records(tmp_path, stories(40))
    return tmp_path


@pytest.mark.survives("what was built would go")
def test_the_command_refuses_plans_and_goes_on(folder: Path) -> None:
    assert command("build", cwd=folder)[0] == 0
    assert command("build", "--dry-run", cwd=folder) == (
        0, f"0 stories new to subscribers\n{folder}/public: 0 files to write, 5 unchanged, 0 to remove\n", ""
    )  # fmt: skip
    write_records(folder, stories(40, "http"))
    for new_index in (False, True):
        if new_index:
            shutil.rmtree(folder / ".feedsvc")
        before = snapshot(folder)
        status, output, problems = command("build", "--dry-run", cwd=folder)
        assert (status, snapshot(folder)) == (1, before)
        assert " 40 of 40 published stories would go, such as https://a.example/000, " in problems
        assert problems.count("\n") == 1
        assert output == (
            "write feed.atom\nwrite providers/a-example.atom\nwrite topics/ai.atom\n"
            "     40 new to subscribers of /feed\n     40 new to subscribers of /providers/a-example\n"
            "     40 new to subscribers of /topics/ai\n"
            "40 stories new to subscribers, most in /feed: 40\n"
            f"{folder}/public: 3 files to write, 2 unchanged, 0 to remove\n"
        )
        planned = json.loads(command("build", "--dry-run", "--json", cwd=folder)[1])
        assert (planned["new"]["/topics/ai"], planned["new_stories"], planned["to_remove"]) == (40, 40, [])
        assert problems == f"feedsvc: {planned['refused']}\n"
        status, output, again = command("build", cwd=folder)
        assert (status, output, again) == (1, "", problems)
        assert files(folder / "public") == {
            name.removeprefix(f"{folder}/public/"): body
            for name, body in before.items()
            if name.startswith(f"{folder}/public/") and "/.feedsvc" not in name
        }
    assert command("build", "--accept-loss", cwd=folder)[0] == 0
    assert b"http://a.example/000" in (folder / "public" / "feed.atom").read_bytes()
    assert command("build", cwd=folder)[0] == 0


@pytest.mark.survives("what was built would go")
def test_records_that_are_back_are_not_held_against_what_a_build_was_refused_with_a_new_index(folder: Path) -> None:
    assert command("build", cwd=folder)[0] == 0
    before = files(folder / "public")
    shutil.rmtree(folder / ".feedsvc")
    write_records(folder, stories(40, "http"))
    assert command("build", cwd=folder)[0] == 1
    write_records(folder, stories(40))
    assert command("build", cwd=folder)[0] == 0
    assert files(folder / "public") == before


def test_a_dry_run_that_can_not_run_ends_as_a_build_would(folder: Path) -> None:
    shutil.rmtree(folder / "records")
    assert command("build", "--dry-run", cwd=folder)[0] == 2
    assert not (folder / ".feedsvc").exists()


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ("records", "the records are in it"),
        (".", "the records are in it"),
        ("link", "the records are in it"),
        ("records/public", "among the records"),
        (".feedsvc", "the index is in it"),
    ],
)
@pytest.mark.survives("an output that holds the records")
def test_an_output_that_holds_the_records_or_the_index_or_is_among_them_is_refused(
    folder: Path, out: str, problem: str
) -> None:
    (folder / "link").symlink_to("records")
    before = snapshot(folder)
    status, output, problems = command("build", "--out", out, cwd=folder)
    assert (status, output, problems.count("\n")) == (2, "", 1)
    assert problems.startswith(f"feedsvc: {folder / out}: {problem}")
    assert problems.endswith("; expected a folder beside them: set build.out, or use --out\n") or out == ".feedsvc"
    assert snapshot(folder) == before
    assert not (folder / ".feedsvc").exists()


@pytest.mark.survives("an output that holds the records")
def test_the_output_in_a_repository_that_is_all_records_is_not_read(folder: Path) -> None:
    (folder / "config.toml").write_text('records.path = "."\n')
    for _ in range(2):
        status, _, problems = command("build", cwd=folder)
        assert (status, problems) == (0, "")
    (folder / "real").mkdir()
    (folder / "linked").symlink_to("real")  # whose files would be records
    status, _, problems = command("build", "--out", "linked", cwd=folder)
    assert (status, "among the records" in problems) == (2, True)
    assert list((folder / "real").iterdir()) == []


@pytest.mark.survives("a second configuration for one output")
def test_a_second_configuration_for_one_output_is_refused(folder: Path) -> None:
    assert command("build", cwd=folder)[0] == 0
    before = files(folder / "public")
    (folder / "second").mkdir()
    for second in (folder / "second.toml", folder / "second" / "config.toml"):
        second.write_text(
            f'records.path = "{folder}/records"\nbuild.out = "{folder}/public"\nfeeds.formats = ["json"]\n'
        )
        status, output, problems = command("build", "--config", second, cwd=folder)
        assert (status, output) == (2, "")
        assert problems == (
            f"feedsvc: {folder}/public: another configuration, ../config.toml, builds feedsvc here, all of which would go; "
            "expected an output of its own, with --out or build.out; if this one takes its place, say so with --accept-loss\n"
        )
        assert files(folder / "public") == before
    assert command("build", "--config", second, "--accept-loss", cwd=folder)[0] == 0
    assert "feed.json" in files(folder / "public")


@pytest.mark.survives("a second configuration for one output")
def test_a_configuration_can_be_edited_renamed_and_moved(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert command("build", cwd=folder)[0] == 0
    text = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(f'site.title = "New"\nsite.base_url = "https://new.example"\n{text}')
    assert command("build", cwd=folder)[0] == 0
    (folder / "config.toml").rename(folder / "other.toml")
    assert command("build", "--config", "other.toml", cwd=folder)[0] == 0
    moved = tmp_path_factory.mktemp("moved") / "site"
    folder.rename(moved)
    try:
        assert command("build", "--config", "other.toml", cwd=moved)[0] == 0
        (moved / "config").mkdir()
        (moved / "other.toml").rename(moved / "config" / "other.toml")
        (moved / "records").rename(moved / "config" / "records")
        assert command("build", "--config", "config/other.toml", "--out", "public", cwd=moved)[0] == 0
    finally:
        moved.rename(folder)


@pytest.mark.survives("a second configuration for one output")
def test_what_was_built_without_a_configuration_can_be_built_with_one(folder: Path) -> None:
    (folder / "config.toml").unlink()
    assert command("build", cwd=folder)[0] == 0
    (folder / "config.toml").write_text('site.base_url = "https://new.example"\n')
    assert command("build", cwd=folder)[0] == 0


@pytest.mark.survives("what was built would go")
def test_a_bucket_is_guarded_and_planned_like_a_folder(make_site: Callable[..., Site], s3: S3) -> None:
    out = "s3://feeds-bucket/feeds"
    site, emptied = make_site(stories(40), **FEW), make_site({}, **FEW)

    def sent() -> list[str]:
        return [asked.name for asked in s3.proxy.asked if asked.method not in ("GET", "HEAD")]

    planned = plan(site.documents, out)
    assert (len(planned.to_write), sent()) == (8, [])
    assert build(site.documents, out).written == 8
    before, s3.proxy.asked = s3.files("feeds-bucket", "feeds/"), []
    with pytest.raises(LossError, match=f"^{out}: 40 of 40 published stories would go"):
        build(emptied.documents, out)
    planned = plan(emptied.documents, out)
    assert planned.refused.startswith(f"{out}: 40 of 40 ")
    assert (len(planned.to_write), len(planned.to_remove)) == (4, 4)
    assert (sent(), s3.files("feeds-bucket", "feeds/")) == ([], before)
    result = build(emptied.documents, out, accept_loss=True)
    assert (result.written, result.removed) == (4, 4)


@pytest.mark.survives("a second configuration for one output")
def test_a_second_configuration_for_one_bucket_is_refused(folder: Path, s3: S3) -> None:
    out = "s3://feeds-bucket/feeds"
    assert command("build", "--out", out, cwd=folder)[0] == 0
    config = (folder / "config.toml").read_text()
    (folder / "second.toml").write_text(config)
    (folder / "second").mkdir()
    (folder / "second" / "config.toml").write_text(f'records.path = "../records"\nsite.title = "Second"\n{config}')
    for second in ("second.toml", "second/config.toml"):
        status, _, problems = command("build", "--out", out, "--config", second, cwd=folder)
        assert (status, "another configuration, config.toml, builds feedsvc here" in problems) == (2, True)
    assert command("build", "--out", out, cwd=folder)[0] == 0
