"""How much commands print: --quiet leaves what is wrong, --verbose says what is done. And --json with what is wrong."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import result
from tests.conftest import record, write_records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"a.md": record(topics='[AI, ".NET"]'), "b.md": record(url="https://a.example/2", topics="[Net]")}
    write_records(tmp_path, files)
    return tmp_path


def test_a_quiet_command_prints_results_alone_where_all_is_well(folder: Path) -> None:
    assert result("build", "-q", cwd=folder) == (0, "", "")
    assert (folder / "public" / "feed.atom").exists()
    assert result("check", "--quiet", cwd=folder) == (0, "", "")
    assert result("feeds", "-q", cwd=folder)[1].startswith("2\tfeedsvc\t")
    assert result("show", "-q", "/feed.atom", cwd=folder)[1].startswith("<?xml")
    assert result("why", "-q", "a.md", cwd=folder)[1].startswith("https://a.example/1")


def test_a_quiet_command_prints_what_is_wrong(folder: Path) -> None:
    (folder / "records" / "c.md").write_text("x")
    (folder / "public").mkdir()
    (folder / "public" / "index.html").write_text("mine")
    problem = "c.md:1: is not a record; expected front matter, between lines ---, with title, webUrl and so on\n"
    conflict = (
        f"{folder}/public/index.html: not as feedsvc wrote it, so it stays; move it to let feedsvc write its own\n"
    )
    assert result("build", "-q", cwd=folder) == (1, "", problem + conflict)
    assert result("check", "-q", cwd=folder) == (1, problem, "")
    assert result("feeds", "-q", "--config", "none", cwd=folder)[::2] == (
        2,
        "feedsvc: none: No such file or directory; expected a configuration file\n",
    )
    (folder / "empty").mkdir()
    status, output, error = result("check", "-q", "empty", cwd=folder)
    assert (status, output, error.count("\n")) == (1, "", 1)
    assert error.startswith(f"{folder}/empty: no record files")


def test_a_verbose_command_says_what_it_uses_and_does(folder: Path) -> None:
    (folder / "config.toml").write_text('site.base_url = "https://feeds.example"\nbuild.pages = false\n')
    used = f"configuration: {folder}/config.toml\nrecords: {folder}/records\nindex: {folder}/.feedsvc/index.sqlite3\n"
    status, output, error = result("build", "-v", cwd=folder)
    files = [
        path.relative_to(folder / "public").as_posix() for path in (folder / "public").rglob("*") if path.is_file()
    ]
    names = sorted(name for name in files if not name.startswith(".feedsvc"))
    assert (status, output) == (0, f"{folder}/public: {len(names)} files written, 0 unchanged, 0 removed\n")
    assert re.sub(r"\d+\.\d\d s", "T", error) == (
        f"{used}reading records: T\nfiles read: 2, gone: 0\nbuilding: T\n"
        f"2 stories from 2 records\n{''.join(f'write {name}{chr(10)}' for name in names)}"
    )
    (folder / "records" / "b.md").unlink()
    error = result("build", "-v", cwd=folder)[2]
    assert "files read: 0, gone: 1\n" in error
    assert "write feed.atom\n" in error
    assert "write topics/ai.atom\n" not in error
    status, output, error = result("feeds", "-v", "--json", cwd=folder)
    assert (json.loads(output)["counts"]["stories"], error.startswith(used)) == (1, True)


def test_without_a_configuration_a_verbose_command_says_so_and_a_password_is_never_shown(folder: Path) -> None:
    assert result("check", "-v", cwd=folder)[2].startswith("configuration: none, but defaults\n")
    (folder / "config.toml").write_text('index.url = "postgresql://u:secret@127.0.0.1:1/d"\n')
    status, _, error = result("check", "-v", cwd=folder)
    assert status == 2
    assert "index: postgresql://u@127.0.0.1:1/d\n" in error
    assert "secret" not in error


@pytest.mark.parametrize("command", ["build", "check", "feeds", "why a.md"])
def test_json_is_one_object_where_records_have_problems(folder: Path, command: str) -> None:
    (folder / "records" / "a.md").write_text(record(quality="x"))
    (folder / "records" / "c.md").write_text("x")
    status, output, error = result(*command.split(), "--json", cwd=folder)
    assert (status, error) == (0 if command.startswith("why") else 1, "")
    found = json.loads(output)
    if command.startswith("why"):
        assert found["published"]
        assert any("quality" in line for line in found["lines"])
    else:
        assert [problem["path"] for problem in found["problems"]] == ["a.md", "c.md"]
        assert (found["counts"]["stories"], found["counts"]["refused"]) == (2, 1)


@pytest.mark.parametrize("command", ["build", "check", "feeds", "why a.md"])
def test_a_command_that_could_not_run_prints_no_json_but_one_line_on_stderr(folder: Path, command: str) -> None:
    (folder / "config.toml").write_text("feeds.limit = 0")
    status, output, error = result(*command.split(), "--json", cwd=folder)
    assert (status, output) == (2, "")
    assert error == "feedsvc: config.toml: feeds.limit: 0 can't be used; expected a number from 1 to 500\n"


def test_what_is_refused_for_its_losses_is_in_the_json_of_what_still_has_a_result(folder: Path) -> None:
    for number in range(30):
        (folder / "records" / f"{number}.md").write_text(record(url=f"https://b.example/{number}"))
    assert result("build", cwd=folder)[0] == 0
    for number in range(30):
        (folder / "records" / f"{number}.md").unlink()
    status, output, error = result("build", "--json", cwd=folder)
    assert (status, output, error.count("\n")) == (1, "", 1)
    for command in ("check", "feeds"):
        status, output, error = result(command, "--json", cwd=folder)
        assert (status, json.loads(output)["loss"]["lost"], error.count("\n")) == (1, 30, 1)
    plan = json.loads(result("build", "--dry-run", "--json", cwd=folder)[1])
    assert "30 of 32 published stories would go" in plan["refused"]
