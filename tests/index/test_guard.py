"""Losses: what would take away most of what is published changes nothing, unless it is meant to."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedsvc
from feedsvc.config import parse_config
from feedsvc.errors import LossError
from feedsvc.feeds.documents import Documents
from feedsvc.index.guard import WINDOW_SECONDS
from feedsvc.index.status import Status
from feedsvc.index.sync import sync
from tests.build.test_site import files
from tests.conftest import Site, record, write_records
from tests.faults import command, mounted

MakeSite = Callable[..., Site]


def story(number: int, scheme: str = "https", **more: str) -> str:
    return record(f"Story {number}", f"{scheme}://a.example/{number:04}", **more)


def stories(numbers: Iterable[int], **more: str) -> dict[str, str]:
    """Return files, each with the record of a story."""
    return {f"{number:04}.md": story(number, **more) for number in numbers}


def remove(site: Site, numbers: Iterable[int]) -> None:
    for number in numbers:
        (site.config.records_folder / f"{number:04}.md").unlink()


def write(site: Site, records: dict[str, str]) -> None:
    for name, text in records.items():
        site.write(name, text)


def configured(site: Site, **tables: dict[str, Any]) -> Site:
    """Return the site with another configuration, and its index."""
    usual = {"site": {"base_url": "https://feeds.example"}, "index": {"url": site.config.index.url}}
    config = parse_config({**usual, **tables}, site.folder)
    return Site(site.folder, config, Documents(site.documents.index, config))


def status(site: Site) -> Status:
    return site.documents.status()


def published(site: Site) -> set[str]:
    items = json.loads(site.body("/feed.json?limit=500"))["items"]
    return {item["id"] for item in items}


def check_refused(site: Site, lost: int, before: int) -> None:
    """A sync of the site is refused, and changes nothing."""
    kept = {address: site.body(address) for address in site.addresses()}
    with pytest.raises(LossError) as refused:
        site.sync()
    assert (refused.value.lost, refused.value.before, len(refused.value.examples)) == (lost, before, 3)
    assert str(refused.value).count("\n") == 0
    assert {address: site.body(address) for address in site.addresses()} == kept
    assert (status(site).refused_loss, status(site).failure) == (lost, str(refused.value))


@pytest.mark.survives("the records go")
def test_a_folder_that_is_emptied_changes_nothing_until_the_records_are_back(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    remove(site, range(30))
    check_refused(site, 30, 30)
    check_refused(site, 30, 30)
    write(site, stories(range(31)))
    site.sync()
    assert (len(published(site)), status(site).refused_loss, status(site).failure) == (31, 0, "")


@pytest.mark.survives("the records go")
def test_the_line_says_what_would_go(make_site: MakeSite) -> None:
    site = make_site(stories(range(1200)))
    remove(site, range(10, 1200))
    with pytest.raises(LossError) as refused:
        site.sync()
    examples = "https://a.example/0010, https://a.example/0011, https://a.example/0012"
    assert str(refused.value) == (
        f"{site.config.records_folder}: 1,190 of 1,200 published stories would go, such as {examples}; nothing was "
        "changed; expected at most 50 % (records.max_loss); if they are meant to go, use feedsvc check, build or serve "
        "with --accept-loss"
    )


@pytest.mark.parametrize(
    ("before", "gone", "percent", "is_refused"),
    [
        (19, 19, 50, False),
        (20, 20, 50, True),
        (40, 20, 50, False),
        (39, 20, 50, True),
        (100, 50, 50, False),
        (100, 51, 50, True),
        (100, 19, 0, False),
        (100, 20, 0, True),
        (100, 99, 99, False),
        (100, 100, 99, True),
        (100, 100, 100, False),
    ],
)
@pytest.mark.survives("the records go")
def test_more_than_a_share_and_at_least_20_stories_are_refused(
    make_site: MakeSite, before: int, gone: int, percent: int, is_refused: bool
) -> None:
    site = make_site(stories(range(before)), records={"max_loss": percent})
    remove(site, range(gone))
    if is_refused:
        check_refused(site, gone, before)
    else:
        site.sync()
        assert len(published(site)) == before - gone


@pytest.mark.parametrize("percent", [-1, 101, 0.5, "50"])
def test_a_share_that_is_no_percentage_is_an_error(percent: Any, tmp_path: Path) -> None:
    with pytest.raises(feedsvc.ConfigError, match=r"records.max_loss: .* expected a percentage, .* from 0 to 100"):
        parse_config({"records": {"max_loss": percent}}, tmp_path)


def test_a_site_that_grows_or_is_small_is_never_refused(make_site: MakeSite) -> None:
    site = make_site({})
    for size in (1, 19, 300):
        write(site, stories(range(size)))
        site.sync()
        assert len(published(site)) == size
    small = make_site(stories(range(19)))
    remove(small, range(19))
    write(small, stories(range(100, 119)))
    small.sync()
    assert len(published(small)) == 19


def test_new_stories_do_not_hide_lost_ones(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    remove(site, range(30))
    write(site, stories(range(100, 400)))
    check_refused(site, 30, 30)


@pytest.mark.survives("the records go")
def test_another_address_for_each_story_loses_all(make_site: MakeSite) -> None:
    site = make_site(stories(range(30), scheme="http"))
    write(site, stories(range(30)))
    check_refused(site, 30, 30)


@pytest.mark.parametrize("more", [{"deleted": "true"}, {"draft": "true"}, {"publishedDateTime": "2999-01-01"}])
def test_stories_that_are_left_out_are_lost_too(make_site: MakeSite, more: dict[str, str]) -> None:
    site = make_site(stories(range(30)))
    write(site, stories(range(30), **more))
    check_refused(site, 30, 30)


def test_records_that_can_be_used_no_longer_are_lost(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    write(site, dict.fromkeys(stories(range(30)), "title: broken"))
    check_refused(site, 30, 30)


def test_a_clock_that_goes_back_loses_what_was_due(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(stories(range(30)))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    check_refused(site, 30, 30)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    site.sync()
    assert status(site).failure == ""


@pytest.mark.survives("the records go")
def test_a_folder_that_is_emptied_slowly_is_noticed_and_stays_refused(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    for first in (0, 6, 12):
        remove(site, range(first, first + 6))
        site.sync()
    remove(site, range(18, 24))
    check_refused(site, 24, 30)
    remove(site, range(24, 30))
    _let_time_pass(site)
    check_refused(site, 30, 30)
    write(site, stories(range(18, 30)))
    site.sync()
    assert len(published(site)) == 12


def test_what_went_long_ago_or_came_back_does_not_count(make_site: MakeSite) -> None:
    site = make_site(stories(range(40)))
    remove(site, range(19))
    site.sync()
    _let_time_pass(site)
    remove(site, range(19, 21))
    site.sync()
    assert len(published(site)) == 19
    site = make_site(stories(range(40)))
    for _ in range(3):
        remove(site, range(19))
        site.sync()
        write(site, stories(range(19)))
        site.sync()
    assert len(published(site)) == 40


def _let_time_pass(site: Site) -> None:
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE losses SET at = at - ?", (WINDOW_SECONDS + 1,))


def mentions(number: int) -> str:
    related = "".join(
        f"\n  - {{title: M, webUrl: 'https://m.example/{each}', publishedDateTime: 2020-06-13}}" for each in range(30)
    )
    return story(number, related=related)


@pytest.mark.parametrize(("related", "lost"), [("entries", 31), ("links", 0), ("none", 0)])
def test_mentions_count_where_they_are_entries(make_site: MakeSite, related: str, lost: int) -> None:
    site = make_site({"a.md": mentions(1), "b.md": story(2)}, feeds={"related": related})
    (site.config.records_folder / "a.md").unlink()
    if lost:
        check_refused(site, lost, 32)
    else:
        site.sync()
        assert published(site) == {"https://a.example/0002"}


def test_another_way_to_publish_related_stories_loses_nothing(make_site: MakeSite) -> None:
    site = make_site({"a.md": mentions(1), "b.md": story(2)})
    site.write("c.md", story(3))
    site = configured(site, feeds={"related": "links"})
    site.sync()
    site.write("b.md", story(4))
    site = configured(site, feeds={"related": "entries"})
    site.sync()
    assert len(published(site)) == 33


@pytest.mark.survives("the records go")
def test_a_configuration_that_publishes_less_is_refused_until_it_is_accepted(make_site: MakeSite) -> None:
    site = make_site(stories(range(30), draft="true"), records={"include_unpublished": True})
    site = configured(site)
    check_refused(site, 30, 30)
    sync(site.documents.index, site.config, accept_loss=True)
    assert (published(site), status(site).failure) == (set(), "")


@pytest.mark.survives("the records go")
def test_a_configuration_that_names_another_folder_is_refused(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    (site.folder / "other").mkdir()
    other = configured(site, records={"path": "other"})
    check_refused(other, 30, 30)
    shutil.copytree(site.config.records_folder, other.config.records_folder, dirs_exist_ok=True)
    other.sync()
    assert len(published(other)) == 30


def test_the_index_of_another_version_of_feedsvc_is_compared(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE state SET fingerprint = 'of another version'")
    remove(site, range(20))
    check_refused(site, 20, 30)
    write(site, stories(range(20)))
    site.sync()
    assert len(published(site)) == 30


@pytest.mark.sqlite
@pytest.mark.survives("the records go")
def test_tables_of_another_version_are_compared_and_stay_until_the_records_are_back(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    index = site.documents.index
    with index.writing() as connection:
        connection.execute("DROP TABLE losses")
        connection.execute("PRAGMA user_version = 7")
    remove(site, range(30))
    for _ in range(2):
        with pytest.raises(LossError) as refused:
            site.sync()
        assert (refused.value.lost, refused.value.before) == (30, 30)
        assert not index.is_filled()
    write(site, stories(range(30)))
    site.sync()
    assert len(published(site)) == 30


@pytest.mark.sqlite
def test_tables_that_cannot_be_compared_are_no_failure(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)))
    with site.documents.index.writing() as connection:
        connection.execute("DROP TABLE stories")
        connection.execute("CREATE TABLE stories (address TEXT)")
        connection.execute("PRAGMA user_version = 3")
    remove(site, range(30))
    site.sync()
    assert published(site) == set()


def test_where_everything_may_go_it_may_go_again_and_again(make_site: MakeSite) -> None:
    site = make_site(stories(range(30)), records={"max_loss": 100})
    for first in (100, 200, 300):
        shutil.rmtree(site.config.records_folder)
        write(site, stories(range(first, first + 30)))
        site.sync()
        assert len(published(site)) == 30
    site = configured(site, records={"max_loss": 99})
    remove(site, range(300, 330))
    check_refused(site, 120, 120)


def test_what_is_accepted_does_not_count_later(make_site: MakeSite) -> None:
    site = make_site(stories(range(100)))
    remove(site, range(60))
    check_refused(site, 60, 100)
    sync(site.documents.index, site.config, accept_loss=True)
    remove(site, range(60, 79))
    site.sync()
    assert len(published(site)) == 21


@pytest.mark.survives("the records go")
def test_records_in_memory_are_guarded_too() -> None:
    records: list[dict[str, str]] = [
        {"title": "T", "webUrl": f"https://a.example/{number}", "publishedDateTime": "2020-06-13"}
        for number in range(30)
    ]
    with feedsvc.open(records=records) as site:
        site.sync()
        before = site.document("/feed.atom").body
        kept = records.copy()
        records.clear()
        with pytest.raises(feedsvc.LossError, match="records in memory: 30 of 30 published stories would go"):
            site.sync()
        assert site.document("/feed.atom").body == before
        records.extend(kept[:20])
        assert site.sync().counts.stories == 20
        records.clear()
        assert site.sync(accept_loss=True).counts.stories == 0


@settings(max_examples=50)
@given(st.lists(st.sets(st.integers(0, 45)), max_size=6))
@pytest.mark.survives("the records go")
def test_a_sync_is_refused_only_for_what_went_and_publishes_all_or_nothing(states: list[set[int]]) -> None:
    records: list[dict[str, str]] = []
    with feedsvc.open(records=records) as site:
        known: set[int] = set()
        lost: set[int] = set()
        for state in states:
            records[:] = [
                {"title": "T", "webUrl": f"https://a.example/{number}", "publishedDateTime": "2020-06-13"}
                for number in sorted(state)
            ]
            gone = (lost | known) - state
            try:
                site.sync()
            except LossError as loss:
                assert loss.lost == len(gone) >= 20
                assert {*loss.examples} <= {f"https://a.example/{number}" for number in gone}
            else:
                known, lost = state, gone
            assert site.feeds()[0].size == len(known)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's folder, with 30 stories."""
    (tmp_path / "config.toml").write_text("site.base_url = 'https://feeds.example'\n")
    write_records(tmp_path, stories(range(30)))
    return tmp_path


REFUSED = "published stories would go, such as https://a.example/00"


@pytest.mark.survives("the records go")
def test_each_command_says_that_a_sync_was_refused_and_goes_on_with_what_is_there(folder: Path) -> None:
    assert command("check", cwd=folder)[0] == command("build", cwd=folder)[0] == 0
    shown, listed = command("show", "/feed.atom", cwd=folder)[1], command("feeds", cwd=folder)[1]
    built = files(folder / "public")
    shutil.rmtree(folder / "records")
    (folder / "records").mkdir()
    line = f"feedsvc: {folder}/records: 30 of 30 {REFUSED}"
    for arguments, output in ((["show", "/feed.atom"], shown), (["feeds"], listed)):
        status, found, error = command(*arguments, cwd=folder)
        assert (status, found, error.count("\n")) == (1, output, 1)
        assert error.startswith(line)
    status, found, error = command("why", "https://a.example/0001", cwd=folder)
    assert (status, error.count("\n")) == (1, 1)
    assert "/feed.atom" in found
    status, found, error = command("build", cwd=folder)
    assert (status, found, error.count("\n")) == (1, "", 1)
    assert error.startswith(line)
    assert files(folder / "public") == built


def test_check_tells_of_the_records_as_they_are_and_why_they_are_not_published(folder: Path) -> None:
    command("check", cwd=folder)
    for path in (folder / "records").iterdir():
        path.write_text(path.read_text().replace("webUrl", "somewhere"))
    status, output, error = command("check", cwd=folder)
    assert (status, output.count("webUrl: is missing"), error.count(REFUSED)) == (1, 30, 1)
    status, output, error = command("check", "--json", cwd=folder)
    report = json.loads(output)
    examples = [f"https://a.example/000{number}" for number in range(3)]
    assert (status, report["loss"]) == (1, {"lost": 30, "before": 30, "examples": examples})
    assert (report["counts"]["stories"], report["counts"]["refused"], error.count("\n")) == (0, 30, 1)
    assert "Story 29" in command("show", "/feed.atom", cwd=folder)[1]
    assert command("check", "--accept-loss", cwd=folder)[2].endswith("30 problems\n")
    assert "Story 29" not in command("show", "/feed.atom", cwd=folder)[1]


@pytest.mark.survives("the records go")
def test_a_disk_that_is_not_mounted_empties_nothing(folder: Path) -> None:
    with mounted(folder / "records"):
        write_records(folder, stories(range(30, 60)))
        assert command("check", cwd=folder)[0] == 0
        shown = command("show", "/feed.atom", cwd=folder)[1]
    # What lies below the mount is another, smaller site's.
    status, output, error = command("show", "/feed.atom", cwd=folder)
    assert (status, output, error.count(f"30 of 30 {REFUSED}")) == (1, shown, 1)


@pytest.mark.survives("the records go")
def test_a_wrong_branch_changes_nothing_until_the_right_one_is_back(folder: Path) -> None:
    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)

    if not shutil.which("git"):
        pytest.skip("git is not installed")
    (folder / ".gitignore").write_text(".feedsvc\npublic\n")
    git("init")
    git("add", "config.toml", ".gitignore")
    git("commit", "-m", "No records yet")
    git("branch", "wrong")
    git("add", "records")
    git("commit", "-m", "Records")
    assert command("build", cwd=folder)[0] == 0
    built = files(folder / "public")
    git("checkout", "wrong")
    assert command("build", cwd=folder)[0] == 2  # there is no folder at all
    (folder / "records").mkdir()
    assert command("build", cwd=folder)[0] == 1
    assert files(folder / "public") == built
    git("checkout", "main")
    assert command("build", cwd=folder)[0] == 0
    assert files(folder / "public") == built
