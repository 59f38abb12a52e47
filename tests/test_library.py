"""The library: what `import feedsvc` gives, and the examples in its documentation."""

import doctest
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask
import pytest

import feedsvc
from feedsvc.errors import IndexReadOnlyError
from feedsvc.formats import registry
from feedsvc.index import opening
from feedsvc.model import Format
from tests.conftest import ROOT, record

RECORD: dict[str, Any] = {
    "title": "One",
    "webUrl": "https://example.org/1",
    "publishedDateTime": datetime(2020, 6, 13, 1, 29, tzinfo=UTC),
    "provider": {"name": "Example"},
    "topics": ["AI"],
}
PUBLIC = [getattr(feedsvc, name) for name in feedsvc.__all__ if name != "__version__"]
METHODS = [
    member
    for name, member in inspect.getmembers(feedsvc.Site, lambda member: inspect.isfunction(member))
    if not name.startswith("_")
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS], ids=lambda each: each.__qualname__)
def test_each_public_name_has_an_example_that_works(name: Any, folder: Path) -> None:
    with feedsvc.open(records=[RECORD], title="News") as site:
        site.sync()
        names = {"feedsvc": feedsvc, "flask": flask, "record": RECORD, "site": site}
        (examples,) = doctest.DocTestFinder(recurse=False).find(name, name.__qualname__, globs=names)
        assert examples.examples, "no example"
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
        assert runner.run(examples, out=report.append).failed == 0, "".join(report)


def test_a_site_of_mappings_publishes_them_and_leaves_nothing_on_the_disk(folder: Path) -> None:
    mention = {"title": "Two", "webUrl": "https://b.example/", "publishedDateTime": "2020-06-12"}
    broken = {"title": "Three"}
    with feedsvc.open(records=[{**RECORD, "related": [mention]}, broken], title="News") as site:
        result = site.sync()
        assert [str(problem) for problem in result.problems] == [
            "record 2:1: publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z",
            "record 2:1: webUrl: is missing; expected an address",
        ]
        assert [(feed.name, feed.size) for feed in site.feeds()[:1]] == [("News", 2)]
        assert b"<title>One</title>" in site.document("/topics/ai.atom").body
        with pytest.raises(feedsvc.AddressError, match="did you mean /topics/ai/"):
            site.document("/topics/aii.atom")
    assert list(folder.iterdir()) == []


def test_mappings_can_change_between_syncs() -> None:
    records = [dict(RECORD)]
    with feedsvc.open(records=records) as site:
        assert [site.sync().read, site.sync().read] == [1, 0]
        records[0]["title"] = "Changed"
        records.append({**RECORD, "webUrl": "https://example.org/2"})
        assert site.sync().read == 2
        assert b"<title>Changed</title>" in site.document("/feed.atom").body
        records.clear()
        assert site.sync().gone == 2
        assert [feed.size for feed in site.feeds()] == [0]


def test_a_site_in_memory_builds_the_files_that_a_folder_of_the_same_records_does(folder: Path) -> None:
    (folder / "posts").mkdir()
    more = {"provider": "{name: Example}", "topics": "[AI]"}
    (folder / "posts" / "1.md").write_text(record("One", "https://example.org/1", "2020-06-13T01:29:00Z", **more))
    for records, out in (([RECORD], "memory"), ("posts", "files")):
        with feedsvc.open(records=records, title="News") as site:
            site.sync()
            assert site.build(out).conflicts == ()
    files = {
        out: {path.relative_to(out): path.read_bytes() for path in Path(out).rglob("*") if path.is_file()}
        for out in ("memory", "files")
    }
    for each in files.values():
        each.pop(Path(".feedsvc.json"))
    assert files["memory"] == files["files"]


def test_a_program_needs_no_guard_of_its_main_module_and_may_use_all_cores_with_one(folder: Path) -> None:
    (folder / "posts").mkdir()
    work = """
from pathlib import Path
import feedsvc
from feedsvc.errors import IndexReadOnlyError
from feedsvc.formats import registry
from feedsvc.index import opening
from feedsvc.model import Format
{guard}
    for number in range(2):
        for name in range(300):
            text = f"title: {{number}}\\nwebUrl: https://a.example/{{name}}\\npublishedDateTime: 2020-01-01\\ntopics: [{{name}}]\\n"
            Path(f"posts/{{name}}.yaml").write_text(text)
        with feedsvc.open(records="posts", processes={processes}) as site:
            print(site.sync().read, site.build("out").conflicts)
"""
    for guard, processes in (("if True:", False), ('if __name__ == "__main__":', True)):
        (folder / "program.py").write_text(work.format(guard=guard, processes=processes))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        output = subprocess.run(
            [sys.executable, "program.py"], capture_output=True, text=True, env=environment, cwd=folder, check=True
        )
        assert (output.stdout, output.stderr) == ("300 ()\n300 ()\n", "")
        shutil.rmtree(folder / "out")
        shutil.rmtree(folder / ".feedsvc")


def test_a_configuration_is_completed_by_keywords_and_a_folder(folder: Path) -> None:
    (folder / "other.toml").write_text('site.title = "File"\nsite.author = "Me"\n')
    with feedsvc.open("other.toml", records=ROOT / "seeds", title="Keyword") as site:
        assert (site.config.site.title, site.config.site.author) == ("Keyword", "Me")
        assert site.config.records_folder == ROOT / "seeds"
    with pytest.raises(TypeError, match="complete"):
        feedsvc.open(site.config, title="Other")
    with pytest.raises(feedsvc.ConfigError, match=r"site\.titel"):
        feedsvc.open(titel="Other")


def test_records_in_memory_are_not_served_by_other_processes() -> None:
    with feedsvc.open(records=[RECORD]) as site, pytest.raises(feedsvc.ServeError, match="create_app"):
        site.serve()


def test_python_m_feedsvc_is_the_command() -> None:
    command = [sys.executable, "-m", "feedsvc", "--version"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    assert output == f"feedsvc, version {feedsvc.__version__}\n"


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "feedsvc" / "py.typed").exists()


def test_only_the_command_line_needs_click() -> None:
    users = {path.parent for path in (ROOT / "feedsvc").rglob("*.py") if "import click" in path.read_text()}
    assert users == {ROOT / "feedsvc" / "cli"}


def test_what_is_registered_is_known_to_worker_processes_too(folder: Path) -> None:
    (folder / "posts").mkdir()
    (folder / "plain.py").write_text("""
from feedsvc.model import Format

def write(feed):
    return "".join(f"{entry.story.title}\\n" for entry in feed.entries).encode()

FORMAT = Format("list", ".txt", "text/plain", "List", write)
""")
    (folder / "program.py").write_text("""
from pathlib import Path
import feedsvc
import plain
from feedsvc.formats.registry import register

if __name__ == "__main__":
    register(plain.FORMAT)
    config = feedsvc.load_config(records="posts", tables={"feeds": {"formats": ["list"]}})
    for number in range(2):
        for name in range(100):
            text = f"title: {number}\\nwebUrl: https://a.example/{name}\\npublishedDateTime: 2020-01-01\\ntopics: [T{name}]\\n"
            Path(f"posts/{name}.yaml").write_text(text)
        with feedsvc.open(config, processes=True) as site:
            site.sync()
            print(site.build("out").conflicts, Path("out/topics/t7.txt").read_text())
""")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "program.py"]
    output = subprocess.run(program, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert (output.stdout, output.stderr) == ("() 0\n\n() 1\n\n", "")


def test_a_function_that_no_other_process_can_find_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    registry.register(Format("list", ".txt", "text/plain", "List", lambda feed: b""))
    with (
        feedsvc.open(records=ROOT / "seeds", processes=True) as site,
        pytest.raises(feedsvc.FeedsvcError, match="top level"),
    ):
        site.sync()


def test_a_site_in_memory_that_is_closed_is_a_503_of_its_application() -> None:
    with feedsvc.open(records=[RECORD]) as site:
        site.sync()
        client = feedsvc.create_app(site).test_client()
    assert client.get("/feed.atom").status_code == 503


@pytest.mark.parametrize("records", [RECORD, iter([RECORD]), 7, b"x"])
def test_records_that_are_no_list_are_a_type_error(records: Any) -> None:
    with pytest.raises(TypeError, match="expected a list of mappings, or a folder"):
        feedsvc.open(records=records)


def test_an_application_takes_the_path_of_a_configuration(folder: Path) -> None:
    (folder / "other.toml").write_text('site.title = "Other"\n')
    (folder / "records").mkdir()
    with feedsvc.open("other.toml") as site:
        site.sync()
    assert feedsvc.create_app("other.toml").test_client().get("/feed.json").json["title"] == "Other"


def test_saved_filters_are_tables_too() -> None:
    config = feedsvc.load_config(tables={"custom": [{"name": "Saved", "topic": ["AI"]}]})
    assert list(config.custom) == ["saved"]


def test_tables_that_are_given_stay_as_they_are() -> None:
    tables = {"build": {"pages": False}}
    assert feedsvc.load_config(tables=tables, out="site").build.out.endswith("/site")
    assert tables == {"build": {"pages": False}}


def test_an_index_that_cannot_be_written_is_replaced_by_a_temporary_one_until_the_site_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_index = opening.open_index

    def read_only(config: feedsvc.Config) -> Any:
        if "/feedsvc-" not in config.index.url:
            raise IndexReadOnlyError("index.sqlite3: read-only; expected another place")
        return open_index(config)

    monkeypatch.setattr(opening, "open_index", read_only)
    with feedsvc.open(records=ROOT / "seeds", title="News") as site:
        before = site.config.index
        assert site.sync().read == 1
        assert caplog.messages == [
            "feedsvc: index.sqlite3: read-only; expected another place; until then, a temporary one is made each time"
        ]
        temporary = Path(site.config.index.url.removeprefix("sqlite:///"))
        assert temporary.exists()
        assert site.feeds()
    assert site.config.index == before
    assert not temporary.parent.exists()
