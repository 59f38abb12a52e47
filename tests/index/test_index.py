"""The index: the same whatever its history, and a cache that can be deleted."""

import gc
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.config import parse_config
from feedsvc.errors import IndexUnusableError
from feedsvc.index import occurrences, sync_result
from feedsvc.index import sync as sync_module
from feedsvc.index.database import Index
from feedsvc.index.opening import open_index
from feedsvc.index.schema import OCCURRENCES_PER_FILE
from feedsvc.index.sync import sync
from feedsvc.model import Entry
from feedsvc.records import collection, reading
from feedsvc.workers import Workers
from tests.conftest import PATIENCE, Site, record
from tests.corpus import Corpus
from tests.postgres import Postgres

URLS = [f"https://a.example/{name}" for name in "abcd"]

record_texts = st.builds(
    lambda url, title, day, quality, topics, provider, flag, related: record(
        title, url, f"2020-01-0{day}", quality=quality, topics=f"[{', '.join(topics)}]", provider=provider, flags=flag
    ).replace("flags: ", "")[:-4]
    + "related:\n"
    + "".join(
        f"- {{title: {name}, webUrl: '{target}', publishedDateTime: 2020-02-0{when}, {more}}}\n"
        for target, name, when, more in related
    ),
    st.sampled_from(URLS),
    st.sampled_from(["one", "two"]),
    st.integers(1, 3),
    st.sampled_from(["", "1", "2"]),
    st.lists(st.sampled_from(["AI", "ai", "C#", "Law"]), max_size=2),
    st.sampled_from(["", "{name: Forbes}", "{name: FORBES, domain: forbes.com}", "{name: CNET, images: [{url: 'https://i.example/'}]}"]),
    st.sampled_from(["", "", "", "", "published: false", "deleted: true"]),
    st.lists(
        st.tuples(
            st.sampled_from(URLS), st.sampled_from(["x", "y"]), st.integers(1, 3),
            st.sampled_from(["type: x", "topics: [Own]", "deleted: true", "provider: {name: Forbes}"]),
        ),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
names = st.sampled_from(["1.md", "2.md", "sub/3.md", "4.yaml"])
steps = st.one_of(
    st.tuples(st.just("write"), names, record_texts),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("delete"), names, st.none()),
)


#: Before, among and after the times of records and of their related stories; or the time at which it is.
sync_times = st.one_of(st.none(), st.dates(date(2019, 12, 31), date(2020, 2, 4)))


def at(moment: date | None) -> AbstractContextManager[None]:
    """Return a context in which syncs take place at the beginning of a day; or at their own time."""
    if moment is None:
        return nullcontext()
    seconds = int(datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp())
    return patch.dict(os.environ, SOURCE_DATE_EPOCH=str(seconds))


_OCCURRENCE = f"(SELECT f.path FROM files f WHERE f.id = t.id / {OCCURRENCES_PER_FILE}), t.record, t.position"
CONTENTS = (
    "SELECT path, size, hash FROM files",
    "SELECT path, number, line, field, message FROM problems p JOIN files f ON f.id = p.file",
    f"SELECT {_OCCURRENCE}, url, mentioned_by, listed, published, month, updated, quality, heat, type, category, provider, title, data "
    "FROM occurrences t LEFT JOIN occurrence_stories d ON d.occurrence = t.id",
    f"SELECT {_OCCURRENCE}, slug FROM occurrence_topics d JOIN occurrences t ON t.id = d.occurrence",
    "SELECT * FROM names",
    *(
        f"SELECT {_OCCURRENCE}, {slug}s.url, s.is_primary, s.published, s.month, s.quality, s.heat, s.type, s.category, "
        f"s.provider FROM {table} s JOIN occurrences t ON t.id = s.occurrence"
        for table, slug in (("stories", ""), ("story_topics", "s.slug, "), ("clusters", "s.slug, "))
    ),
    "SELECT kind, slug, month, stories, primary_stories, clusters FROM feeds",
    "SELECT * FROM joined",
    "SELECT * FROM facet_values",
    "SELECT f.path, records, drafts, deleted, not_due, refused, since, due FROM counts c JOIN files f ON f.id = c.file",
)


def contents(index: Index) -> list[list[Any]]:
    """All that an index says, but for when it was said."""
    with index.reading() as connection:
        return [sorted(map(repr, connection.execute(query))) for query in CONTENTS]


def apply(folder: Path, step: tuple[str, str, str | None]) -> set[str]:
    """Do what a step says; the paths where something may have changed."""
    kind, name, argument = step
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    if kind == "write":
        path.write_text(argument or "")
    elif path.exists():
        if kind == "delete":
            path.unlink()
        else:
            (folder / str(argument)).parent.mkdir(exist_ok=True)
            path.rename(folder / str(argument))
    return {str(path), str(folder / str(argument)) if kind == "rename" else str(path)}


histories = st.tuples(
    st.tuples(record_texts, record_texts, record_texts),
    st.lists(st.lists(steps, max_size=2), min_size=3, max_size=6),
    st.booleans(),
    st.lists(sync_times, min_size=7, max_size=7),
)
History: TypeAlias = tuple[tuple[str, str, str], list[list[tuple[str, str, str | None]]], bool, list[date | None]]


@settings(max_examples=80)
@given(histories)
def test_the_index_never_depends_on_history(history: History) -> None:
    check_history(history, "sqlite:///old.db", "sqlite:///new.db")


@settings(max_examples=10)
@given(history=histories)
def test_the_index_in_postgresql_never_depends_on_history(postgres: Postgres, history: History) -> None:
    check_history(history, postgres.url(), postgres.url())


def check_history(case: History, *urls: str) -> None:
    """Go through what happens to a folder, with one index all along and another one in the end: both are the same."""
    first, history, is_watched, times = case
    folder = Path(tempfile.mkdtemp())
    indexes = []
    try:
        config = parse_config({"index": {"url": urls[0]}}, folder)
        config.records_folder.mkdir()
        indexes.append(index := open_index(config))
        batches = [[("write", f"{number}.md", text) for number, text in enumerate(first, 1)], *history]
        for batch, moment in zip(batches, times, strict=False):
            paths = {path for step in batch for path in apply(config.records_folder, step)}
            with at(moment):
                sync(index, config, paths=paths if is_watched else None)
        scratch = parse_config({"index": {"url": urls[1]}}, folder)
        indexes.append(fresh := open_index(scratch))
        with at(moment):
            sync(fresh, scratch)
        assert contents(index) == contents(fresh)
    finally:
        for index in indexes:
            index.close()
        shutil.rmtree(folder)


def fingerprints(site: Site) -> dict[str, str]:
    found = {address: site.document(address) for address in site.addresses()}
    return {address: document.hash for address, document in found.items() if document}


@pytest.mark.sqlite  # test_postgres sees that PostgreSQL's documents are the same
def test_feeds_are_the_same_from_any_order_of_reading_and_from_a_deleted_index(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Corpus(60)
    site = make_site(corpus.files)
    before = fingerprints(site)
    assert len(before) > 100

    def shuffled(*arguments: Any) -> list[Any]:
        return random.Random(2).sample(found := list(find_files(*arguments)), len(found))

    find_files = collection.find_files
    monkeypatch.setattr(collection, "find_files", shuffled)
    other = make_site(corpus.files)
    assert fingerprints(other) == before

    site.documents.index.close()
    shutil.rmtree(site.folder / ".feedsvc")
    site.documents.index = open_index(site.config)
    site.sync()
    assert fingerprints(site) == before


def entries(site: Site, path: str = "/feed") -> list[Entry]:
    from feedsvc.feeds.selection import select_feeds
    from feedsvc.model import parse_feed_path

    address = parse_feed_path(path)
    assert address
    with site.documents.index.reading() as connection:
        (found,) = select_feeds(connection, site.config, [address])
    return list(found.feed.entries) if found else []


def titles(site: Site, path: str = "/feed") -> list[str]:
    return [entry.story.title for entry in entries(site, path)]


def related(*titles: str, more: str = "") -> str:
    items = (
        f"{{title: {title}, webUrl: 'https://b.example/{title}', publishedDateTime: 2019-01-01{more}}}"
        for title in titles
    )
    return f"[{', '.join(items)}]"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ({"updatedDateTime": "2021-01-01"}, {}, "One"),
        ({}, {"updatedDateTime": "2021-01-01"}, "Two"),
        ({"quality": "1"}, {}, "One"),
        ({"quality": "1"}, {"quality": "2"}, "Two"),
        ({"quality": "-5"}, {}, "One"),
        ({}, {}, "One"),
    ],
)
def test_of_two_records_with_one_url_the_newer_then_the_better_then_the_first_by_path_wins(
    make_site: Callable[..., Site], one: dict[str, str], two: dict[str, str], expected: str
) -> None:
    site = make_site({"1.md": record("One", **one), "2.md": record("Two", **two)})
    assert titles(site) == [expected]


def test_topics_and_links_of_two_records_with_one_url_are_united(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record(topics="[AI]", related=related("x", "y")),
            "2.md": record(topics="[Law]", related=related("z", "y"), quality="1"),
        }
    )
    entry = entries(site)[0]
    assert [topic.name for topic in entry.topics] == ["AI", "Law"]
    assert [link.title for link in entry.related] == ["z", "y", "x"]
    assert sorted(titles(site, "/topics/law")) == ["A title", "x", "y", "z"]


def test_links_of_the_record_with_the_newer_update_come_first(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record(related=related("x"), quality="9"),
            "2.md": record(related=related("y"), quality="1", updatedDateTime="2021-01-01"),
        }
    )
    assert [link.title for link in entries(site)[0].related] == ["y", "x"]


def test_a_story_with_a_record_has_the_topics_of_its_records_alone(make_site: Callable[..., Site]) -> None:
    mentioning = record("One", topics="[AI]", related=related("x", "y", more=", topics: [Mentioned]"))
    own = record("Its own", "https://b.example/x", topics="[Law]")
    site = make_site({"1.md": mentioning, "2.md": own, "3.md": own.replace("Law", "Court")})
    assert titles(site, "/topics/ai") == ["One", "y"]
    assert titles(site, "/topics/mentioned") == ["y"]
    assert titles(site, "/topics/law") == titles(site, "/topics/court") == ["Its own"]
    for name in ("2.md", "3.md"):
        (site.config.records_folder / name).unlink()
    site.sync()
    assert titles(site, "/topics/ai") == ["One", "x", "y"]  # now it is a mention, too
    assert titles(site, "/topics/mentioned") == ["x", "y"]
    assert titles(site, "/topics/law") == []
    site.write("2.md", own)
    site.sync()
    assert titles(site, "/topics/ai") == ["One", "y"]


def test_a_mention_has_its_own_topics_and_those_of_the_records_that_mention_it(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record("One", topics="[AI]", related=related("x", more=", topics: [Own]")),
            "2.md": record("Two", URLS[0], topics="[Law]", related=related("x")),
        }
    )
    assert [topic.name for topic in entries(site)[-1].topics] == ["AI", "Law", "Own"]


def test_a_mention_goes_when_the_last_story_that_mentions_it_does(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"1.md": record("One", related=related("x")), "2.md": record("Two", URLS[0], related=related("x"))}
    )
    mention = entries(site)[-1]
    assert [link.title for link in mention.related] == ["One", "Two"]
    site.write("1.md", record("One", related=related("x"), deleted="true"))
    site.sync()
    assert titles(site) == ["Two", "x"]
    (site.config.records_folder / "2.md").unlink()
    site.sync()
    assert titles(site) == []


def test_drafts_and_deleted_records_hide_their_story_even_if_others_mention_it(make_site: Callable[..., Site]) -> None:
    files = {
        "1.md": record("Draft", "https://b.example/x", published="false", topics="[Secret]", related=related("y")),
        "2.md": record("Two", related=related("x")),
        "3.md": record("Gone", URLS[0], deleted="true"),
    }
    site = make_site(files)
    assert titles(site) == ["Two"]
    assert entries(site)[0].related == ()
    assert not site.document("/topics/secret.atom")
    site = make_site(files, records={"include_unpublished": True})
    assert sorted(titles(site)) == ["Draft", "Two", "y"]


def test_a_provider_is_one_by_slug_and_known_from_whichever_record_knows_it(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record("One", URLS[0], provider="{name: Forbes}"),
            "2.md": record("Two", URLS[1], provider="{name: FORBES!, domain: forbes.com}", related=related("x", more=", provider: {name: forbes}")),
        }
    )  # fmt: skip
    assert sorted(titles(site, "/providers/forbes")) == ["One", "Two", "x"]
    assert {(entry.provider.name, entry.provider.url) for entry in entries(site)} == {
        ("FORBES!", "https://forbes.com/")
    }


def test_what_a_losing_record_knows_of_a_provider_is_forgotten_with_it(make_site: Callable[..., Site]) -> None:
    losing = record("Loses", provider="{name: FORBES, domain: forbes.com}")
    site = make_site(
        {
            "1.md": record("Wins", provider="{name: CNET}", quality="1"),
            "2.md": losing,
            "3.md": record("Other", URLS[1], provider="{name: Forbes}"),
        }
    )
    assert [entry.provider.name for entry in entries(site, "/providers/forbes")] == ["FORBES"]
    (site.config.records_folder / "2.md").unlink()
    site.sync()
    assert [(entry.provider.name, entry.provider.domain) for entry in entries(site, "/providers/forbes")] == [
        ("Forbes", None)
    ]


def test_only_the_feeds_that_a_change_reaches_count_as_changed(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record("One", topics="[AI]", related=related("x")),
            "2.md": record("Two", URLS[1], topics="[Law]"),
        }
    )
    with site.documents.index.writing() as connection:
        for table in ("feeds", "state"):
            connection.execute(f"UPDATE {table} SET changed = 1000000")
    site.write("2.md", record("Changed", URLS[1], topics="[Law]"))
    site.sync()

    def changed(address: str) -> int:
        document = site.document(address)
        assert document
        return int(document.changed.timestamp())

    assert changed("/topics/ai.atom") == 1_000_000
    assert changed("/topics/law.atom") > 1_000_000
    assert changed("/feed.rss") > 1_000_000


def test_a_new_title_counts_as_a_change_where_it_is_shown_as_related(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "1.md": record("One", topics="[AI]", related=related("x")),
            "2.md": record("Two", "https://b.example/x", topics="[Law]"),
        }
    )
    before = site.document("/providers/a-example.atom")
    site.write("2.md", record("Changed", "https://b.example/x", topics="[Law]"))
    site.sync()
    after = site.document("/providers/a-example.atom")
    assert before and after
    assert b"Changed" in after.body
    assert after.changed > before.changed  # though both syncs were in one second


def test_another_folder_in_the_same_index_is_a_change_even_if_it_is_empty(make_site: Callable[..., Site]) -> None:
    from dataclasses import replace

    from msgspec.structs import replace as replace_key

    site = make_site({"1.md": record()})
    before = (site.documents.revision(), site.documents.catalogue().changed)
    (site.folder / "other").mkdir()
    sync(site.documents.index, replace(site.config, records=replace_key(site.config.records, path="other")))
    assert site.documents.revision() > before[0]
    assert site.documents.catalogue().changed > before[1]


def test_a_change_of_name_reaches_every_feed(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record("One", topics="[ai]"), "2.md": record("Two", URLS[1], topics="[Law]")})
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE feeds SET changed = 1000000")
    site.write("1.md", record("One", topics="[AI]"))
    site.sync()
    document = site.document("/topics/law.atom")
    assert document
    assert document.changed.timestamp() > 1_000_000


def test_a_sync_reads_only_what_changed(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site({f"{number}.md": record(url=f"https://a.example/{number}") for number in range(5)})
    monkeypatch.setattr(sync_module, "RECENT_NS", 0)
    for path in site.config.records_folder.iterdir():
        os.utime(path, (1, 1))
    assert sync(site.documents.index, site.config).read == 0  # other times, the same contents
    read: list[str] = []
    original = reading.read_file
    monkeypatch.setattr(reading, "read_file", lambda file, *known: (read.append(file.name), original(file, *known))[1])
    revision = site.documents.revision()
    sync(site.documents.index, site.config)
    assert read == []
    assert site.documents.revision() == revision
    site.write("3.md", record("New", "https://a.example/3"))
    result = sync(site.documents.index, site.config)
    assert (read, result.read, result.gone) == (["3.md"], 1, 0)
    assert site.documents.revision() == revision + 1


def test_where_a_watch_tells_of_changes_only_those_are_looked_at(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site({"1.md": record("One"), "2.md": record("Two", URLS[1]), "sub/3.md": record("Three", URLS[2])})
    folder = site.config.records_folder

    def sync_paths(*names: str) -> None:
        sync(site.documents.index, site.config, paths={str(folder / name) for name in names})

    with monkeypatch.context() as patch:
        patch.setattr(collection, "find_files", lambda *arguments: pytest.fail("all files were looked at"))
        site.write("2.md", record("Changed", URLS[1]))
        site.write("4.txt", record("Four", URLS[3]))
        (folder / ".hidden").mkdir()
        site.write(".hidden/5.md", record("Five", "https://a.example/5"))
        (folder / "link.md").symlink_to(folder / "2.md")
        (folder / "1.md").unlink()
        sync_paths("1.md", "2.md", "4.txt", ".hidden/5.md", "link.md", "2.md.tmp", "notes", "sub/none.md")
        assert sorted(titles(site)) == ["Changed", "Four", "Three"]
    (folder / "sub").rename(folder / "moved")
    sync_paths("sub")
    assert sorted(titles(site)) == ["Changed", "Four", "Three"]
    (folder / "moved").rename(site.folder / "away")
    sync_paths("moved")
    assert sorted(titles(site)) == ["Changed", "Four"]
    (site.folder / "away").rename(folder / "back")
    sync_paths("back")
    assert sorted(titles(site)) == ["Changed", "Four", "Three"]


def test_many_files_are_read_by_several_processes(make_site: Callable[..., Site]) -> None:
    number = 2 * sync_module.BATCH
    site = make_site({f"{one}.md": record(url=f"https://a.example/{one}") for one in range(number)} | {"bad.md": "x"})
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE state SET fingerprint = ''")
    with Workers() as workers:
        result = sync(site.documents.index, site.config, mapping=workers.map)
    assert site.documents.catalogue().everything.size == number
    assert [problem.path for problem in result.problems] == ["bad.md"]


def test_processes_that_are_started_load_what_their_tasks_use_before_these_come() -> None:
    program = """if True:
        import sys
        from feedsvc.records.collection import load_reading
        from feedsvc.workers import Workers

        def has_loaded(number):
            return "yaml" in sys.modules

        with Workers() as workers:
            workers.start(load_reading)
            assert list(workers.map(has_loaded, range(9))) == [True] * 9
            assert "yaml" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)


def test_question_marks_and_percent_signs_in_sql_stay_as_they_are(make_site: Callable[..., Site]) -> None:
    with make_site({}).documents.index.writing() as connection:
        literals = """'?', '%', '%s', 'it''s ?', 9 % 4 AS "?%" """
        expected = ("?", "%", "%s", "it's ?", 1)
        assert tuple(connection.execute(f"SELECT {literals}").fetchone()) == expected
        assert tuple(connection.execute(f"SELECT {literals}, ?", ("?%s",)).fetchone()) == (*expected, "?%s")
        connection.executemany("UPDATE state SET failure = '?%s' || ?", [("a",), ("?%",)])
        assert connection.execute("SELECT failure FROM state WHERE failure LIKE '?%'").fetchone() == ("?%s?%",)


def test_a_list_of_texts_or_numbers_is_one_parameter_of_sql(make_site: Callable[..., Site]) -> None:
    site = make_site({f"{name}.md": record(name, f"https://a.example/{name}") for name in ("a", 'b"?', "c")})
    with site.documents.index.reading() as connection:
        by_path = "SELECT path FROM files WHERE path > ? AND path = ANY(?) ORDER BY path"
        assert connection.execute(by_path, ["a.md", ["a.md", 'b"?.md', "c.md"]]).fetchall() == [('b"?.md',), ("c.md",)]
        assert connection.execute(by_path, ["a.md", ["z.md"]]).fetchall() == []
        assert connection.execute(by_path, ["a.md", []]).fetchall() == []
        assert len(connection.execute("SELECT 1 FROM files WHERE id = ANY(?)", [[1, 3, 9]]).fetchall()) == 2


def test_a_sync_of_one_file_reads_no_problems_but_its_own(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = {f"{number}.md": record(url=f"https://a.example/{number}", quality="x", heat="y") for number in range(9)}
    site = make_site(faulty)
    loaded: list[int] = []
    read_problems = occurrences.read_problems

    def counted(*arguments: Any) -> Any:
        loaded.append(len(found := read_problems(*arguments)))
        return found

    monkeypatch.setattr(occurrences, "read_problems", counted)
    monkeypatch.setattr(sync_result, "read_problems", counted)
    site.write("3.md", record(url="https://a.example/3", quality="x", type="[a]"))
    result = sync(site.documents.index, site.config, paths={str(site.config.records_folder / "3.md")})
    assert loaded == [2]
    assert [(problem.path, problem.field) for problem in result.new_problems] == [("3.md", "type")]
    assert result.problem_count == 18
    assert [problem.path for problem in result.problems] == [f"{number}.md" for number in range(9) for _ in "ab"]
    assert loaded == [2, 18]


def test_a_sync_that_changes_problems_alone_is_noted(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(quality="x")})

    def noted() -> int:
        with site.documents.index.reading() as connection:
            return int(connection.execute("SELECT problems FROM state").fetchone()[0])

    before = noted()
    site.sync()
    assert noted() == before
    site.write("1.md", record(quality="x", more="z"))  # no other problem
    site.sync()
    assert noted() == before
    (site.config.records_folder / "1.md").rename(site.config.records_folder / "2.md")
    site.sync()
    assert noted() > before


def test_the_status_takes_the_number_of_stories_from_the_feeds(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(related=related("x")), "2.md": "x"})
    assert (site.documents.status().stories, site.documents.status().refused) == (2, 1)
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE feeds SET stories = 7 WHERE kind = 'feed' AND month = ''")
    assert site.documents.status().stories == 7
    assert make_site({}).documents.status().stories == 0


@pytest.mark.sqlite
def test_the_index_folder_ignores_itself_in_git(make_site: Callable[..., Site]) -> None:
    assert (make_site({}).folder / ".feedsvc" / ".gitignore").read_text() == "*\n"


@pytest.mark.survives("`index.url` names a database of something else, or a text")
def test_a_file_that_is_no_index_stays_as_it_is(tmp_path: Path) -> None:
    for name, text in (("notes.txt", "not a database" * 100), ("short.txt", "x")):
        (tmp_path / name).write_text(text)
        with pytest.raises(IndexUnusableError, match=rf"{name}: .*; expected a file for feedsvc alone"):
            open_index(parse_config({"index": {"url": f"sqlite:///{name}"}}, tmp_path))
        assert (tmp_path / name).read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "short.txt"]


@pytest.mark.survives("the index is deleted, truncated")
def test_each_damaged_index_is_kept(tmp_path: Path) -> None:
    config = parse_config({}, tmp_path)
    (tmp_path / ".feedsvc").mkdir()
    for text in ("first", "second", "third"):
        (tmp_path / ".feedsvc" / "index.sqlite3").write_text(text * 100)
        open_index(config).close()
    found = {path.name: path.read_text()[:5] for path in (tmp_path / ".feedsvc").glob("*.damaged*")}
    assert found == {
        "index.sqlite3.damaged": "first", "index.sqlite3.damaged-2": "secon", "index.sqlite3.damaged-3": "third",
    }  # fmt: skip


def in_fork(function: Callable[[], object]) -> int:
    """Run a function in a process that is forked from this one, and ends as interpreters do; give its exit status."""
    child = os.fork()
    if not child:
        status = 1
        try:
            function()
            gc.collect()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_process_that_is_forked_leaves_its_parents_connections_alone(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record("One")})
    index = site.documents.index
    assert index.is_leader()
    assert titles(site) == ["One"]
    file = str(site.folder / ".feedsvc" / "index.sqlite3")

    def open_files() -> list[str]:
        return [path for entry in Path("/proc/self/fd").iterdir() if (path := os.path.realpath(entry)).startswith(file)]

    def change() -> None:
        assert open_files() == []
        assert titles(site) == ["One"]
        if site.config.index.is_shared:
            assert not index.is_leader()  # its parent is
        site.write("1.md", record("Two"))
        site.sync()
        assert titles(site) == ["Two"]

    assert in_fork(change) == 0
    assert index.is_leader()
    assert titles(site) == ["Two"]
    site.write("1.md", record("Three"))
    site.sync()
    assert titles(site) == ["Three"]


def test_a_process_may_be_forked_while_another_thread_reads(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record("One")})
    begun, done = threading.Event(), threading.Event()

    def read() -> None:
        with site.documents.index.reading():
            begun.set()
            done.wait(PATIENCE)

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(PATIENCE)
    assert in_fork(lambda: titles(site)) == 0
    assert reader.is_alive()  # so that nothing waited for it
    done.set()
    reader.join()
    assert titles(site) == ["One"]
