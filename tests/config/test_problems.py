"""A faulty configuration: all that is wrong with it is told at once, before anything else is read or tried."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedsvc
from feedsvc.config import TABLES, parse_config
from tests.cli.commands import result
from tests.conftest import record

FAULTY = """
[site]
base_url = "x"
language = "e n"
[serve]
prot = 1
port = 0
[feeds]
limit = 501
hub = "y"
formats = ["atom", "nope"]
[labels]
more = "and more"
related = " "
[records]
timezone = "Nowhere"
[[records.source]]
path = "a"
preset = 1
[[custom]]
name = ""
zzz = 1
[[custom]]
name = "A"
limit = 0
"""
PROBLEMS = [
    "serve.prot is not a key that feedsvc knows; did you mean port?",
    "serve.port: 0 can't be used; expected a port from 1 to 65535",
    "site.base_url: 'x' can't be used; expected an http or https address",
    "site.language: 'e n' can't be used; expected a language tag such as en or pt-BR",
    "labels.more: 'and more' can't be used; expected some text with {number} in it, once",
    "labels.related: ' ' can't be used; expected some text without a placeholder in braces",
    "records.timezone: 'Nowhere' can't be used; expected a time zone such as Europe/Berlin",
    "records.source 1.preset: 1 can't be used; expected the name of a preset such as auto",
    "feeds.limit: 501 can't be used; expected a number from 1 to 500",
    "custom 1: zzz is not a key that feedsvc knows; expected one of",
    "custom 1: name: '' can't be used; expected a name",
    "custom 2: limit: 0 can't be used; expected a number from 1 to 500",
]


@pytest.mark.parametrize("command", ["build", "serve", "check", "feeds", "show /feed.atom", "why a.md"])
def test_all_problems_are_told_each_on_a_line_and_nothing_else_is_tried(tmp_path: Path, command: str) -> None:
    (tmp_path / "config.toml").write_text(FAULTY)
    status, output, error = result(*command.split(), cwd=tmp_path)
    assert (status, output) == (2, "")
    lines = error.splitlines()
    assert len(lines) == len(PROBLEMS)
    for problem in PROBLEMS:
        assert any(line.startswith(f"feedsvc: config.toml: {problem}") for line in lines), problem
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_an_error_in_a_program_has_the_problems_and_tells_them_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(feedsvc.ConfigError) as caught:
        feedsvc.load_config(tables={"feeds": {"limit": 0}, "serve": {"port": 0}})
    first, second = sorted(caught.value.problems)
    assert first == "options: feeds.limit: 0 can't be used; expected a number from 1 to 500"
    assert str(caught.value) == f"{first}; also {second}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 80", "port is not a key that feedsvc knows; did you mean serve.port?"),
        ("titel = 'x'", "titel is not a key that feedsvc knows; did you mean site.title?"),
        ("zzz = 'x'", "zzz is not a key that feedsvc knows; expected one of site, labels, records, index, feeds, build, serve, custom"),
        ("[site]\nlimit = 20", "site.limit is not a key that feedsvc knows; did you mean feeds.limit?"),
        ("[feeds]\nsite.base_url = 'x'", "feeds.site is not a key that feedsvc knows; write base_url below [site]"),
        ("[[custom]]\nname = 'x'\nserve.port = 1", "custom 1: serve is not a key that feedsvc knows; write port below [serve]"),
        ("[feeds]\nlimits = 20", "feeds.limits is not a key that feedsvc knows; did you mean limit?"),
        ("[server]\nport = 80", "[server] is not a table that feedsvc knows; did you mean serve?"),
    ],
)  # fmt: skip
def test_an_unknown_key_names_the_nearest_also_of_another_table(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    assert result("check", cwd=tmp_path) == (2, "", f"feedsvc: config.toml: {message}\n")


def test_a_faulty_path_is_told_where_another_folder_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('records.source = [{ path = "\\u0000" }]\nrecords.path = "\\u0000"\n')
    (tmp_path / "r2").mkdir()
    assert result("check", "", cwd=tmp_path)[0] == 2
    assert result("check", cwd=tmp_path)[2].startswith("feedsvc: config.toml: records.path: '\\x00' can't be used")
    assert "\n0 stories from 0 records\n" in result("check", "r2", cwd=tmp_path)[2]


@given(
    st.dictionaries(
        st.sampled_from([*TABLES, "custom", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["path", "limit", "source", "name", "title", "x"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_any_tables_are_a_configuration_or_problems_of_one_line_each(tables: dict[str, object]) -> None:
    try:
        parse_config(tables, Path("/"))
    except feedsvc.ConfigError as error:
        assert error.problems
        assert all(isinstance(problem, str) and problem for problem in error.problems)


@pytest.mark.parametrize("command", ["build", "check", "feeds", "show /feed.atom", "why a.md"])
def test_where_there_is_nothing_to_begin_with_a_command_says_what_to_do(tmp_path: Path, command: str) -> None:
    status, output, error = result(*command.split(), cwd=tmp_path)
    name, *argument = command.split()
    usage = {"show": "show ADDRESS FOLDER", "why": "why URL-OR-PATH FOLDER"}.get(name, f"{name} FOLDER")
    assert (status, output) == (2, "")
    assert error == (
        "feedsvc: there is no config.toml here, and no folder records; run `feedsvc init FOLDER` for your own records, "
        f"`feedsvc {usage}` to read them as they are, or `feedsvc init --sample` for one to look at\n"
    )
    assert not list(tmp_path.iterdir())
    (tmp_path / "r2").mkdir()
    (tmp_path / "r2" / "a.md").write_text(record())
    assert result(name, *argument, "r2", cwd=tmp_path)[0] == 0
