"""Stories whose time is still to come: left out until a sync after it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from feedsvc.feeds.explanation import explain
from feedsvc.index import sync as sync_module
from feedsvc.index.due import NEVER, sync_time
from feedsvc.index.sync import sync
from feedsvc.index.sync_result import SyncResult
from feedsvc.records import reading
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from tests.conftest import Site, record
from tests.index.test_index import entries, related, titles

NOON = int(datetime(2020, 6, 13, 12, tzinfo=UTC).timestamp())
SOON = "2020-06-13T12:00:05Z"
URL = "https://a.example/soon"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the time of syncs, in seconds after noon, which it is at first."""

    def set_time(seconds: int) -> None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOON + seconds))

    set_time(0)
    return set_time


def synced(site: Site, *paths: str) -> SyncResult:
    names = {str(site.config.records_folder / path) for path in paths}
    return sync(site.documents.index, site.config, paths=names or None)


def test_a_story_is_left_out_until_its_time_and_only_its_file_is_read_then(
    make_site: Callable[..., Site], at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    site = make_site(
        {
            "now.md": record("Now", time="2020-06-13T12:00:00Z", topics="[AI]"),
            "soon.md": record("Soon", URL, SOON, topics="[Soon]", provider="{name: Soon}", related=related("x")),
            "later.md": record("Later", "https://a.example/later", "2062-01-01"),
        }
    )
    result = synced(site)
    assert (titles(site), len(site.documents.catalogue().feeds)) == (["Now"], 3)
    assert str(result.counts) == "1 story from 3 records; 2 not due"
    assert result.next_due == NOON + 5
    read: list[str] = []
    original = reading.read_file
    monkeypatch.setattr(reading, "read_file", lambda file, *known: (read.append(file.name), original(file, *known))[1])
    at(4)
    assert (synced(site).read, read) == (0, [])
    at(5)
    result = synced(site, "nothing.md")
    assert (result.read, read) == (1, ["soon.md"])
    assert titles(site) == ["Soon", "Now", "x"]
    assert titles(site, "/topics/soon") == [*titles(site, "/providers/soon"), "x"] == ["Soon", "x"]
    assert str(result.counts) == "3 stories from 3 records; 1 not due"
    assert synced(site).read == 0
    at(0)  # the clock is set back
    assert (synced(site).read, titles(site)) == (1, ["Now"])


def test_a_mention_that_is_not_due_is_left_out_and_comes_with_its_time(
    make_site: Callable[..., Site], at: Callable[[int], None]
) -> None:
    mention = f"[{{title: Soon, webUrl: '{URL}', publishedDateTime: {SOON}}}]"
    site = make_site({"1.md": record("One", related=mention)})
    assert (titles(site), entries(site)[0].related) == (["One"], ())
    result = synced(site)
    assert (result.counts.not_due, result.next_due) == (0, NOON + 5)  # it is no record
    at(5)
    assert (synced(site).next_due, titles(site)) == (NEVER, ["Soon", "One"])
    assert [link.title for link in entries(site)[1].related] == ["Soon"]


def test_a_record_that_is_not_due_hides_mentions_of_its_story_but_no_other_record(
    make_site: Callable[..., Site], at: Callable[[int], None]
) -> None:
    site = make_site(
        {
            "mentions.md": record("One", related=related("x")),
            "x.md": record("X itself", "https://b.example/x", SOON),
            "old.md": record("Old", URL, "2020-01-01"),
            "new.md": record("New", URL, SOON, related=related("y")),
        }
    )
    assert titles(site) == ["One", "Old"]
    at(5)
    site.sync()
    assert titles(site) == ["New", "X itself", "One", "y"]


def test_the_configuration_can_publish_stories_before_their_time(make_site: Callable[..., Site]) -> None:
    files = {"1.md": record("Later", time="2062-01-01")}
    site = make_site(files, records={"future": True})
    assert (titles(site), synced(site).counts.not_due) == (["Later"], 0)
    assert titles(make_site(files)) == []


def test_drafts_and_deleted_records_count_as_such_whenever_their_time_is(make_site: Callable[..., Site]) -> None:
    fields: list[dict[str, Any]] = [{"published": "false"}, {"deleted": "true"}, {}]
    site = make_site({f"{n}.md": record(url=f"{URL}{n}", time=SOON, **more) for n, more in enumerate(fields)})
    assert str(synced(site).counts) == "0 stories from 3 records; 1 draft, 1 deleted, 1 not due"


def test_a_story_that_is_not_due_is_explained(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record("One"), "soon.md": record("Soon", URL, SOON)})
    with site.documents.index.reading() as connection:
        explanation = explain(connection, site.config, URL, RecordFolders(find_sources(site.config)))
    assert not explanation.published
    assert explanation.lines == (
        URL,
        "  soon.md: own record, not due until 2020-06-13T12:00:05Z; counts",
        '    "Soon"; 2020-06-13T12:00:05Z; provider: a.example; topics: none; quality: unknown',
        "  not in any feed: soon.md, which counts, is not due until 2020-06-13T12:00:05Z; "
        "records.future publishes it before",
    )


@pytest.mark.sqlite
def test_the_time_of_a_sync_is_that_of_the_clock_where_the_environment_sets_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sync_time() == NOON
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    begun = int(datetime.now(UTC).timestamp())
    assert begun <= sync_time() <= datetime.now(UTC).timestamp()


def updated(site: Site) -> dict[str, str]:
    return {entry.story.title: entry.story.updated.strftime("%H:%M:%S") for entry in entries(site)}


def test_an_update_that_is_still_to_come_counts_as_absent_until_its_time(
    make_site: Callable[..., Site], at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    mention = f"\n  - {{title: Mention, webUrl: '{URL}', publishedDateTime: 2020-06-12, updatedDateTime: '{SOON}'}}"
    files: dict[str, str | bytes] = {
        "1.md": record("One", updatedDateTime=SOON),
        "2.md": record("Two", "https://a.example/2", related=mention),
        "3.md": record("Other", "https://a.example/3", updatedDateTime="2020-06-13T10:00:00Z"),
    }
    before = {"One": "01:29:00", "Mention": "00:00:00", "Two": "01:29:00", "Other": "10:00:00"}
    after = before | {"One": "12:00:05", "Mention": "12:00:05"}
    site = make_site(files)
    result = synced(site)
    expected = "expected a time that has come; left out until then"
    assert [str(problem) for problem in result.problems] == [
        f"1.md:5: updatedDateTime: '{SOON}' can't be used: {expected}",
        f"2.md:6: related[0].updatedDateTime: '{SOON}' can't be used: {expected}",
    ]
    assert (updated(site), result.next_due) == (before, NOON + 5)
    body = site.body("/feed.atom")
    for seconds, shown, read in ((4, before, 0), (5, after, 2), (9, after, 0), (0, before, 2)):
        at(seconds)
        result = synced(site)
        assert (updated(site), result.read) == (shown, read), seconds
        assert bool(result.problem_count) is (shown is before)
    assert site.body("/feed.atom") == body
    assert updated(make_site(files, records={"future": True})) == before  # which is about stories, not updates


def test_an_update_before_its_story_was_published_counts_as_absent(make_site: Callable[..., Site]) -> None:
    times = {
        "1": ("2020-05-01T10:00:00Z", "2020-04-01T10:00:00Z"),
        "2": ("2020-05-01T10:00:00Z", "2020-05-01"),  # that day, perhaps later
        "3": ("2020-05-01T10:00:00Z", "2020-05-01T00:00:00Z"),
        "4": ("2020-05-01T10:00:00Z", "2020-04-29"),
    }
    site = make_site(
        {
            f"{name}.md": record(name, f"{URL}/{name}", published, updatedDateTime=f"'{since}'")
            for name, (published, since) in times.items()
        }
    )
    assert updated(site) == dict.fromkeys(times, "10:00:00")
    expected = "expected a time not before it was published, 2020-05-01T10:00:00Z"
    assert [str(problem) for problem in synced(site).problems] == [
        f"1.md:5: updatedDateTime: '2020-04-01T10:00:00Z' can't be used: {expected}",
        f"4.md:5: updatedDateTime: '2020-04-29' can't be used: {expected}",
    ]


def test_a_problem_of_an_update_names_the_field_as_the_file_has_it(make_site: Callable[..., Site]) -> None:
    text = "---\ntitle: One\nurl: https://a.example/1\ndate: 2020-05-01\nlastmod: 2062-01-01\n---\n"
    problem = synced(make_site({"1.md": text})).problems[0]
    assert (problem.line, problem.field) == (5, "lastmod")
