"""A command line that can't be used: one line says what is wrong, and what to write instead."""

from pathlib import Path

import click
import pytest

from feedsvc.cli.mistakes import meant_option
from tests.cli.commands import result
from tests.conftest import record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("records", "r2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(record(topics="[AI]"))
    (tmp_path / "out").mkdir()
    (tmp_path / "other.toml").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("buld", "buld is not a command; did you mean feedsvc build?"),
        ("help", "help is not a command; did you mean feedsvc --help?"),
        ("help build", "help is not a command; did you mean feedsvc build --help?"),
        ("start", "start is not a command; did you mean feedsvc serve?"),
        ("list", "list is not a command; did you mean feedsvc feeds?"),
        ("xyz", "xyz is not a command; expected one of serve, build, check, feeds, show, why, init"),
        ("records", "records is not a command; did you mean feedsvc serve records?"),
        ("other.toml", "other.toml is not a command; did you mean feedsvc serve --config other.toml?"),
        (":8321", ":8321 is not a command; did you mean feedsvc serve --port 8321?"),
        ("/feed.atom", "/feed.atom is not a command; did you mean feedsvc show /feed.atom?"),
        ("https://a.example/1", "https://a.example/1 is not a command; did you mean feedsvc why https://a.example/1?"),
        ("--config x build r2", "--config belongs after the command: feedsvc build --config x r2"),
        ("--out=x build", "--out belongs after the command: feedsvc build --out=x"),
        ("-q build", "-q belongs after the command: feedsvc build -q"),
        ("--out x feeds", "--out is not an option of feedsvc feeds, but of feedsvc build"),
        ("-v", "-v belongs after the command, as in feedsvc serve -v"),
        ("-V", "-V is not an option before a command; did you mean --version?"),
        ("--verison", "--verison is not an option before a command; did you mean --version?"),
        ("build --ouput x", "--ouput is not an option of feedsvc build; did you mean --out?"),
        ("build --ouput=x", "--ouput is not an option of feedsvc build; did you mean --out?"),
        ("build -o x", "-o is not an option of feedsvc build; did you mean --out?"),
        ("feeds --out x", "--out is not an option of feedsvc feeds, but of feedsvc build"),
        ("serve --base-url x", "--base-url is not an option of feedsvc serve; set site.base_url in the configuration"),
        ("serve --no-watch", "--no-watch is not an option of feedsvc serve; set serve.watch in the configuration"),
        ("build --site-title x", "--site-title is not an option of feedsvc build; set site.title in the configuration"),
        ("show --zzz", "--zzz is not an option of feedsvc show; expected one of --config, --quiet, --verbose"),
        ("why", "why: URL-OR-PATH is missing; expected feedsvc why URL-OR-PATH [RECORDS]"),
        ("build r2 out", "build: out is more than it takes; did you mean --out out?"),
        ("feeds r2 out", "feeds: out is more than it takes; expected feedsvc feeds [RECORDS]"),
        ("build --out", "build: --out has no value; expected --out DIR"),
        ("check --json=x", "check: --json takes no value; expected --json alone"),
        ("build -n", "-n is not an option of feedsvc build; did you mean --dry-run?"),
        ("serve --bind x", "--bind is not an option of feedsvc serve; did you mean --host?"),
        ("serve --port x", "--port: 'x' can't be used; expected a port from 1 to 65535"),
        ("serve --port 0", "--port: 0 can't be used; expected a port from 1 to 65535"),
        ("serve --workers 1.5", "--workers: '1.5' can't be used; expected a number from 1 to 256"),
        ("check other.toml", "other.toml: a file; expected a folder of records; did you mean --config other.toml?"),
        (
            "check r2/a.md",
            "r2/a.md: a file; expected a folder of records; did you mean r2, or feedsvc why r2/a.md?",
        ),
        (
            "build new",
            "{folder}/new: No such file or directory; expected a folder of records; did you mean --out new?",
        ),
        ("feeds new", "{folder}/new: No such file or directory; expected a folder of records"),
        (
            "show r2 /nope.atom",
            "/nope.atom: No such file or directory; expected a folder of records; did you mean feedsvc show /nope.atom r2?",
        ),
        ("init nope", "{folder}/nope: No such file or directory; expected a folder of records"),
        ("show ai", "ai: nothing is published at this address; did you mean /topics/ai/?"),
        ("show ai.atom", "ai.atom: nothing is published at this address; did you mean /topics/ai/?"),
        ("why nope.md", "nope.md: no such file; expected a story's URL, or the file of a record in {folder}/records"),
        ("why r2", "r2: a folder; expected a story's URL, or the file of a record in {folder}/records"),
        ("why /feed.atom", "/feed.atom: no such file; expected a story's URL, or the file of a record in {folder}/records"),
        ("why a.example/1", "a.example/1: no such file; did you mean https://a.example/1?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_what_to_write(folder: Path, line: str, message: str) -> None:
    assert result(*line.split(), cwd=folder) == (2, "", f"feedsvc: {message.replace('{folder}', str(folder))}\n")
    assert not (folder / "public").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--json",)])
def test_a_folder_without_records_is_not_built_where_it_may_be_the_output(folder: Path, more: tuple[str, ...]) -> None:
    assert result("build", cwd=folder)[0] == 0
    before = {path: path.read_bytes() for path in (folder / "public").iterdir() if path.is_file()}
    status, output, error = result("build", "out/", *more, cwd=folder)
    assert (status, output) == (2, "")
    assert error.startswith(f"feedsvc: {folder}/out: no record files; there is nothing else; expected names")
    assert error.endswith("; nothing was written; to write to it, use --out out/\n")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("command", ["build", "serve", "check", "feeds"])
def test_what_a_build_wrote_is_not_taken_for_records(folder: Path, command: str) -> None:
    assert result("build", "--out", "out", cwd=folder)[0] == 0
    hint = "; did you mean --out out?" if command == "build" else ""
    message = f"feedsvc: out: what feedsvc build wrote; expected a folder of records{hint}\n"
    assert result(command, "out", cwd=folder) == (2, "", message)


def test_a_number_or_a_host_may_be_meant_for_an_option(folder: Path) -> None:
    options = [click.Option([name]) for name in ("--port", "--host")]
    for value, meant in (
        ("8000", "--port 8000"), (":8000", "--port 8000"), ("0.0.0.0", "--host 0.0.0.0"), ("localhost", "--host localhost"),
        ("localhost:80", "--host localhost --port 80"),
        ("posts", ""), ("2020-06", ""),
    ):  # fmt: skip
        assert meant_option(click.Command("serve", params=[*options]), value) == (meant and f"did you mean {meant}?")


def test_the_file_of_a_record_elsewhere_in_the_folder_is_suggested(folder: Path) -> None:
    (folder / "records" / "2020").mkdir()
    (folder / "records" / "2020" / "b.md").write_text(record(url="https://a.example/2"))
    assert result("why", "b.md", cwd=folder) == (2, "", "feedsvc: b.md: no such file; did you mean 2020/b.md?\n")
