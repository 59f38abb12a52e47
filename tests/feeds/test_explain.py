"""`feedsvc why` explains where a story is and why it isn't elsewhere; `show` prints a document."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.feeds.explanation import explain
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import find_sources
from tests.cli.commands import feedsvc, result
from tests.conftest import Site, record

BASE = "http://127.0.0.1:8000"
URL = "https://a.example/1"
MENTIONED = "https://b.example/2"
RELATED = f"[{{title: B, webUrl: '{MENTIONED}', publishedDateTime: 2020-05-01}}]"
TOLD = '    "A title"; 2020-06-13T01:29:00Z; provider: a.example; topics: AI; quality: unknown\n'
TOLD_B = '    "B"; 2020-05-01T00:00:00Z; provider: b.example; topics: none; quality: unknown\n'
FEEDS = ("feed", "topics/ai", "providers/a-example")


def write(folder: Path, name: str, text: str) -> None:
    (folder / "records").mkdir(exist_ok=True)
    (folder / "records" / name).write_text(text)


def inside(*feeds: str) -> str:
    return "".join(f"  in {BASE}/{feed}.atom\n" for feed in feeds)


def outside(reason: str, *feeds: str) -> str:
    return "".join(f"  not in {BASE}/{feed}.atom: {reason}\n" for feed in feeds)


@pytest.mark.parametrize(
    "subject",
    [
        URL,
        "HTTPS://A.Example:443/%31#:~:text=top",
        "a.md",
        "records/a.md",
        "./records/../records/a.md",
        "{folder}/records/a.md",
    ],
)
def test_why_finds_a_story_by_its_url_or_its_records_path(folder: Path, subject: str) -> None:
    expected = f"{URL}\n  a.md: own record; counts\n{TOLD}{inside(*FEEDS)}"
    assert result("why", subject.format(folder=folder), cwd=folder) == (0, expected, "")


def test_why_finds_a_record_from_inside_the_records_folder(folder: Path) -> None:
    (folder / "config.toml").write_text("")
    assert result("why", "a.md", "--config", "../config.toml", cwd=folder / "records")[0] == 0


def test_a_mention_is_in_the_feeds_of_the_story_that_mentions_it(folder: Path) -> None:
    write(folder, "a.md", record(topics="[AI]", related=RELATED))
    expected = f"{MENTIONED}\n  a.md: mention by {URL}; counts\n{TOLD_B}"
    expected += inside("feed", "topics/ai", "providers/b-example")
    assert result("why", MENTIONED, cwd=folder) == (0, expected, "")


@pytest.mark.parametrize("related", ["links", "none"])
def test_a_mention_is_in_no_feed_where_related_stories_are_no_entries(folder: Path, related: str) -> None:
    write(folder, "a.md", record(topics="[AI]", related=RELATED))
    (folder / "config.toml").write_text(
        f'feeds.related = "{related}"\n[[custom]]\nname = "All"\nrelated = "entries"\n[[custom]]\nname = "Some"\n'
    )
    expected = f"{MENTIONED}\n  a.md: mention by {URL}; counts\n{TOLD_B}" + inside("custom/all")
    reason = f'it is a mention, and related is "{related}"'
    expected += outside(reason, "feed", "topics/ai", "providers/b-example", "custom/some")
    assert result("why", MENTIONED, cwd=folder) == (0, expected, "")
    (folder / "config.toml").write_text(f'feeds.related = "{related}"\n')
    assert result("why", MENTIONED, cwd=folder)[0] == 1


def test_a_duplicate_names_the_record_that_counts(folder: Path) -> None:
    write(folder, "b.md", record("Newer", topics="[Law]", updatedDateTime="2020-07-01"))
    write(folder, "c.md", record("C", "https://c.example/3", related=f"[{{title: M, webUrl: '{URL}', publishedDateTime: 2020-05-01}}]"))  # fmt: skip
    assert result("why", "a.md", cwd=folder) == (
        0,
        f"{URL}\n  b.md: own record; counts\n{TOLD.replace('A title', 'Newer').replace('AI', 'Law')}"
        f"  a.md: own record; duplicate of b.md, which counts\n{TOLD}"
        "  c.md: mention by https://c.example/3; duplicate of b.md, which counts\n"
        '    "M"; 2020-05-01T00:00:00Z; provider: a.example; topics: none; quality: unknown\n'
        f"{inside('feed', 'topics/ai', 'topics/law', 'providers/a-example')}",
        "",
    )


@pytest.mark.parametrize(
    ("field", "state", "hint"),
    [
        ({"published": "false"}, "a draft", "; records.include_unpublished publishes drafts"),
        ({"deleted": "true"}, "deleted", ""),
        ({"removed": "true"}, "deleted", ""),
    ],
)
def test_a_draft_or_deleted_record_hides_its_story_and_its_duplicates(
    folder: Path, field: dict[str, str], state: str, hint: str
) -> None:
    write(folder, "b.md", record(topics="[AI]", updatedDateTime="2020-07-01", **field))
    assert result("why", URL, cwd=folder) == (
        1,
        f"{URL}\n  b.md: own record, {state}; counts\n{TOLD}"
        f"  a.md: own record; duplicate of b.md, which counts\n{TOLD}"
        f"  not in any feed: b.md, which counts, is {state}{hint}\n",
        "",
    )


@pytest.mark.parametrize("name", [b"a.md", b"sub/a\\b.md", b"\xff\\xff/\xc3.md"])
def test_the_file_of_an_unlisted_record_is_read_without_a_look_at_others(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    site = make_site({os.fsdecode(name): record("Draft", published="false"), "b.md": record(url="https://a.example/2")})
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("a folder was listed"))
    with site.documents.index.reading() as connection:
        explanation = explain(connection, site.config, URL, RecordFolders(find_sources(site.config)))
    assert "own record, a draft" in explanation.lines[1]
    assert '"Draft"' in explanation.lines[2]


def test_a_mention_is_in_no_feed_when_no_shown_story_mentions_it(folder: Path) -> None:
    write(folder, "a.md", record(topics="[AI]", related=RELATED))
    write(folder, "b.md", record(updatedDateTime="2020-07-01", published="false"))
    assert result("why", MENTIONED, cwd=folder) == (
        1,
        f"{MENTIONED}\n  a.md: mention by {URL}; does not count, since that story is not shown: see feedsvc why {URL}\n"
        f"{TOLD_B}  not in any feed: no story that is shown mentions it\n",
        "",
    )


@pytest.mark.parametrize(("archives", "suffix"), [("true", "atom"), ('["json", "atom"]', "json"), ("false", "")])
def test_a_story_beyond_the_limit_is_in_the_archive(folder: Path, archives: str, suffix: str) -> None:
    write(folder, "b.md", record(url="https://a.example/2", time="2020-07-01", topics="[AI]"))
    (folder / "config.toml").write_text(f"[feeds]\nlimit = 1\narchives = {archives}\n")
    expected = f"{URL}\n  a.md: own record; counts\n{TOLD}"
    for feed in FEEDS:
        archive = f"; it is in {BASE}/{feed}/2020-06.{suffix}" if suffix else ""
        expected += outside(f"older than its newest 1, which is its limit{archive}", feed)
    assert result("why", URL, cwd=folder) == (0 if suffix else 1, expected, "")
    if suffix:
        assert URL in result("show", f"{BASE}/feed/2020-06.{suffix}", cwd=folder)[1]


def test_a_story_beyond_the_limit_is_in_its_part_of_the_month(folder: Path) -> None:
    for number in range(2, 7):
        write(folder, f"{number}.md", record(url=f"https://a.example/{number}", time="2020-06-01", quality="1"))
    write(folder, "left-out.md", record(url="https://a.example/45", time="2020-06-01"))
    (folder / "config.toml").write_text("[feeds]\nlimit = 2\nmin_quality = 0\n")
    # Stories of one time are in the order of their URLs in a feed, and so in the opposite one in archives.
    for number, part in ((6, ""), (5, ""), (4, "-2")):
        url, archive = f"https://a.example/{number}", f"{BASE}/feed/2020-06{part}.atom"
        reason = f"older than its newest 2, which is its limit; it is in {archive}"
        assert outside(reason, "feed") in result("why", url, cwd=folder)[1]
        assert f"<id>{url}</id>" in result("show", archive, cwd=folder)[1]


def test_quality_leaves_a_story_out(folder: Path) -> None:
    write(folder, "a.md", record(topics="[AI]", quality="40"))
    (folder / "config.toml").write_text('feeds.min_quality = 60\n[[custom]]\nname = "All"\nmin_quality = 0\n')
    expected = f"{URL}\n  a.md: own record; counts\n{TOLD.replace('unknown', '40')}{inside('custom/all')}"
    expected += outside("left out by min_quality=60 (its quality: 40)", *FEEDS)
    assert result("why", URL, cwd=folder) == (0, expected, "")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ('topic = ["Law", "Art"]', "left out by topic=art, topic=law (its topic: ai)"),
        ('without_topic = ["AI"]', "left out by without_topic=ai (its topic: ai)"),
        ('provider = ["B"]', "left out by provider=b (its provider: a-example)"),
        ('without_provider = ["A example"]', "left out by without_provider=a-example (its provider: a-example)"),
        ('type = ["video"]', "left out by type=video (its type: unknown)"),
        ('category = ["News"]', "left out by category=news (its category: unknown)"),
        ("min_heat = 3", "left out by min_heat=3 (its heat: unknown)"),
        ("since = 2020-06-14", "left out by since=2020-06-14 (its published: 2020-06-13T01:29:00Z)"),
        ('until = "2020-06-12"', "left out by until=2020-06-12 (its published: 2020-06-13T01:29:00Z)"),
        ('topic = ["AI"]\nsince = 2020-06-14', "left out by since=2020-06-14 (its published: 2020-06-13T01:29:00Z)"),
        ('min_heat = 3\ntype = ["video"]', "left out by type=video (its type: unknown); left out by min_heat=3 (its heat: unknown)"),
    ],
)  # fmt: skip
def test_each_filter_of_a_saved_feed_leaves_a_story_out(folder: Path, key: str, reason: str) -> None:
    (folder / "config.toml").write_text(f'[[custom]]\nname = "Mine"\n{key}\n')
    expected = f"{URL}\n  a.md: own record; counts\n{TOLD}{inside(*FEEDS)}{outside(reason, 'custom/mine')}"
    assert result("why", URL, cwd=folder) == (0, expected, "")


def test_a_record_that_can_not_be_used_shows_its_problems(folder: Path) -> None:
    write(folder, "b.md", "x")
    assert result("why", "b.md", cwd=folder) == (
        1,
        "b.md: no story in this file can be used\n"
        "problem: b.md:1: is not a record; expected front matter, between lines ---, with title, webUrl and so on\n",
        "",
    )


def test_problems_of_a_storys_record_are_shown_and_of_others_not(folder: Path) -> None:
    write(folder, "a.md", record(topics="[AI]", quality="x"))
    write(folder, "b.md", "x")
    expected = f"{URL}\n  a.md: own record; counts\n{TOLD}{inside(*FEEDS)}"
    expected += "problem: a.md:6: quality: 'x' can't be used: expected a whole number\n"
    assert result("why", URL, cwd=folder) == (0, expected, "")


def test_every_story_of_a_file_is_explained(folder: Path) -> None:
    story = '{"title": "T", "webUrl": "https://c.example/%d", "publishedDateTime": "2020-06-13"%s}'
    write(folder, "c.json", f"[{story}, {story}]" % (1, "", 2, ', "deleted": true'))
    status, output, _ = result("why", "c.json", cwd=folder)
    assert status == 1
    lines = [line for line in output.splitlines() if not line.startswith("    ")]
    assert lines == [
        "https://c.example/1",
        "  c.json: own record; counts",
        *inside("feed", "providers/c-example").splitlines(),
        "https://c.example/2",
        "  c.json (story 2): own record, deleted; counts",
        "  not in any feed: c.json (story 2), which counts, is deleted",
    ]


def test_an_unknown_story_or_file_is_one_line_and_exit_status_2(folder: Path) -> None:
    (folder / "x.md").write_text(record())
    expected = f"a story's URL, or the file of a record in {folder}/records"
    for subject, message in (
        ("https://A.example/x", "https://a.example/x: no story has this URL; expected a record's, or a related story's"
         " where neither it nor its record is a draft, deleted or not due yet"),
        ("https://a b/", "'https://a b/' can't be used; expected a host name such as example.com"),
        ("none.md", f"none.md: no such file; expected {expected}"),
        ("x.md", f"x.md: not below a folder of records; expected {expected}"),
    ):  # fmt: skip
        assert result("why", subject, cwd=folder) == (2, "", f"feedsvc: {message}\n")


@pytest.mark.parametrize("address", ["/topics/ai.atom?min_quality=60&x=y", f"{BASE}/topics/%61i.atom?min_quality=60"])
def test_show_prints_the_document_at_an_address(folder: Path, address: str) -> None:
    status, output, error = result("show", address, cwd=folder)
    assert (status, error) == (0, "")
    assert output.startswith("<?xml")
    assert f'href="{BASE}/topics/ai.atom?min_quality=60" rel="self"' in output


def test_show_prints_what_build_writes(folder: Path) -> None:
    feedsvc("build", cwd=folder)
    for address, file in (("/", "index.html"), (BASE, "index.html"), ("/feeds.opml", "feeds.opml"), ("/feed.rss", "feed.rss")):  # fmt: skip
        assert result("show", address, cwd=folder)[1] == (folder / "public" / file).read_text()


def test_show_reports_problems_beside_the_document(folder: Path) -> None:
    write(folder, "b.md", "x")
    status, output, error = result("show", "/feeds.opml", cwd=folder)
    assert (status, output[:5]) == (1, "<?xml")
    assert error == "b.md:1: is not a record; expected front matter, between lines ---, with title, webUrl and so on\n"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("topics/AI.atom", "topics/AI.atom: nothing is published at this address; did you mean /topics/ai.atom?"),
        ("/providers/a-exampel.rss", "/providers/a-exampel.rss: nothing is published at this address; did you mean /providers/a-example/?"),
        ("/x", "/x: nothing is published at this address; expected one that `feedsvc feeds` lists"),
        (f"{BASE}0/feed.atom", f"{BASE}0/feed.atom: nothing is published at this address; expected one that `feedsvc feeds` lists"),
        ("/feed.atom%3Flimit=1", "/feed.atom%3Flimit=1: nothing is published at this address; expected one that `feedsvc feeds` lists"),
        ("/feed.atom?limit=0", "limit: 0 can't be used; expected a number from 1 to 500"),
    ],
)  # fmt: skip
def test_show_of_an_unknown_address_is_one_line_and_exit_status_2(folder: Path, address: str, message: str) -> None:
    assert result("show", address, cwd=folder) == (2, "", f"feedsvc: {message}\n")
