"""Commands: what they print, their exit status, and an error's one line."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from feedsvc.formats import ASSETS
from feedsvc.records.registry import suffixes
from tests.cli.commands import feedsvc, result, shown_on_terminal
from tests.conftest import FEEDSVC, PATIENCE, SAMPLE, free_port, record, running_service, wait_until

#: Files that a build of `folder` writes: three feeds in three formats, pages, assets, OPML twice, and what pages search in.
FILES = 3 * 3 + 3 + len(ASSETS) + 3
#: What a build says where the configuration has no base_url.
NO_BASE_URL = (
    "warning: site.base_url is not set: addresses begin with http://127.0.0.1:8000/; expected what subscribers see\n"
)


def test_build_writes_files_and_then_only_changes(folder: Path) -> None:
    error = f"1 story from 1 record\n{NO_BASE_URL}"
    for counts in (f"{FILES} files written, 0 unchanged", f"0 files written, {FILES} unchanged"):
        assert result("build", cwd=folder) == (0, f"{folder}/public: {counts}, 0 removed\n", error)
    assert result("build", "records", "--out", "x/y", cwd=folder)[1].startswith(f"{folder}/x/y: {FILES} files written")


def test_build_counts_one_file_as_one(folder: Path) -> None:
    feedsvc("build", cwd=folder)
    (folder / "public" / "feed.rss").unlink()
    counts = f"{FILES - 1} unchanged, 0"
    assert result("build", "--dry-run", cwd=folder)[1].endswith(
        f"{folder}/public: 1 file to write, {counts} to remove\n"
    )
    assert result("build", cwd=folder)[1] == f"{folder}/public: 1 file written, {counts} removed\n"


def test_build_publishes_what_it_can_and_exits_with_1_if_there_are_problems(folder: Path) -> None:
    (folder / "records" / "b.md").write_text("x")
    (folder / "public").mkdir()
    (folder / "public" / "index.html").write_text("mine")
    assert result("build", cwd=folder) == (
        1,
        f"{folder}/public: {FILES - 1} files written, 0 unchanged, 0 removed\n",
        "b.md:1: is not a record; expected front matter, between lines ---, with title, webUrl and so on\n"
        f"1 story from 2 records; 1 refused\n{NO_BASE_URL}"
        f"{folder}/public/index.html: not as feedsvc wrote it, so it stays; move it to let feedsvc write its own\n",
    )


def test_check_shows_every_problem(folder: Path) -> None:
    assert result("check", cwd=folder) == (0, "", "1 story from 1 record\n0 problems\n")
    (folder / "records" / "b.md").write_text("title: B\nquality: x")
    assert result("check", cwd=folder) == (
        1,
        "b.md:1: publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z\n"
        "b.md:1: webUrl: is missing; expected an address\n"
        "b.md:2: quality: 'x' can't be used: expected a whole number\n",
        "1 story from 2 records; 1 refused\n3 problems\n",
    )
    assert result("check", cwd=folder)[0] == 1  # from the index, too
    assert result("check", "records", cwd=folder)[0] == 1


def test_a_saved_filter_that_names_an_unknown_topic_is_a_warning(folder: Path) -> None:
    (folder / "config.toml").write_text('[[custom]]\nname = "S"\ntopic = ["AI", "Nope"]\nwithout_provider = ["x"]\n')
    assert result("check", cwd=folder) == (
        0,
        "",
        "warning: custom 'S': topic: no story has 'nope'\n"
        "warning: custom 'S': without_provider: no story has 'x'\n"
        "1 story from 1 record\n0 problems\n",
    )


def test_feeds_lists_sizes_and_addresses(folder: Path) -> None:
    (folder / "config.toml").write_text('site.base_url = "https://feeds.example/x/"\nfeeds.formats = ["atom"]\n')
    assert result("feeds", cwd=folder) == (
        0,
        "1\tfeedsvc\thttps://feeds.example/x/feed.atom\n"
        "1\tAI\thttps://feeds.example/x/topics/ai.atom\n"
        "1\ta.example\thttps://feeds.example/x/providers/a-example.atom\n",
        "",
    )


def test_the_demo_configuration_names_every_key_and_publishes_the_sample(tmp_path: Path) -> None:
    config = SAMPLE.parent / "config.toml"
    done = feedsvc("build", "--config", config, "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, f"18 stories from 1 record\n{NO_BASE_URL}")
    assert len(list((tmp_path / "out" / "providers").glob("*.rss"))) == 17


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[serv]", "config.toml: [serv] is not a table that feedsvc knows; did you mean serve?"),
        ("[serve]\nprot = 1", "config.toml: serve.prot is not a key that feedsvc knows; did you mean port?"),
        ("[index]\nzzz = 1", "config.toml: index.zzz is not a key that feedsvc knows; expected one of url"),
        ("[serve]\nport = '80'", "config.toml: serve.port: '80' can't be used; expected a port from 1 to 65535"),
        ("[serve]\nport = 0", "config.toml: serve.port: 0 can't be used; expected a port from 1 to 65535"),
        ("serve = 3", "config.toml: serve: 3 can't be used; expected a table, [serve]"),
        ("[feeds]\nlimit = 501", "config.toml: feeds.limit: 501 can't be used; expected a number from 1 to 500"),
        (
            "[feeds]\nformats = ['rss', 'atom', 'rss']",
            "config.toml: feeds.formats: 'rss' can't be used; expected one format for .rss, once",
        ),
        ("[feeds]\nformats = []", "config.toml: feeds.formats: [] can't be used; expected a list of formats such as atom, rss and json"),
        ("[feeds]\narchives = []", "config.toml: feeds.archives: [] can't be used; expected true, false, or a list of formats that are in feeds.formats"),
        ("[feeds]\narchives = 'atom'", "config.toml: feeds.archives: 'atom' can't be used; expected true, false, or a list of formats that are in feeds.formats"),
        ("[feeds]\nformats = ['rss', 'json']\narchives = ['json', 'atom']", "config.toml: feeds.archives: 'atom' can't be used; expected one of rss, json, which are in feeds.formats, once"),
        ("[feeds]\narchives = ['rss', 'rss']", "config.toml: feeds.archives: 'rss' can't be used; expected one of atom, rss, json, which are in feeds.formats, once"),
        ("[feeds]\nrelated = 'all'", "config.toml: feeds.related: 'all' can't be used; expected \"entries\", \"clusters\", \"links\" or \"none\""),
        ("[feeds]\nmin_quality = 1.5", "config.toml: feeds.min_quality: 1.5 can't be used; expected a whole number up to 2**31"),
        ("[records]\ninclude_unpublished = 1", "config.toml: records.include_unpublished: 1 can't be used; expected true or false"),
        ("[site]\nbase_url = 'x'", "config.toml: site.base_url: 'x' can't be used; expected an http or https address"),
        ("[site]\nbase_url = 'https://u:secret@a.example'", "config.toml: site.base_url: 'https://…@a.example' can't be used; expected an address without user name and password"),
        ("[feeds]\nhub = ['https://u:secret@a.example/hub']", "config.toml: feeds.hub: ['https://…@a.example/hub'] can't be used; expected an http or https address"),
        (f"[site]\nlanguage = '{'x' * 999}'", f"config.toml: site.language: '{'x' * 80}…' can't be used; expected a language tag such as en or pt-BR"),
        ("[site]\nlanguage = 'e n'", "config.toml: site.language: 'e n' can't be used; expected a language tag such as en or pt-BR"),
        ("[index]\nurl = 'x'", "index.url: 'x' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("[index]\nurl = 'sqlite://'", "index.url: 'sqlite://' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("[index]\nurl = 'sqlite:///:memory:'", "index.url: 'sqlite:///:memory:' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("[index]\nurl = 'sqlite:///x?mode=ro'", "index.url: 'sqlite:///x?mode=ro' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("[index]\nurl = 'sqlite://h:x/x'", "index.url: 'sqlite://h:x/x' can't be used; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("[records]\npath = ''", "config.toml: records.path: '' can't be used; expected a folder"),
        ('[build]\nout = "a\\u0000"', "config.toml: build.out: 'a\\x00' can't be used; expected a folder, or an address such as s3://BUCKET/PREFIX"),
        ("[serve]\nhost = 'x x'", "config.toml: serve.host: 'x x' can't be used; expected a host name or IP address"),
        ("[site]\nbase_url = 'http://a.example/#x'", "config.toml: site.base_url: 'http://a.example/#x' can't be used; expected an address without a query or fragment"),
        ('[site]\nlanguage = "en\\n"', "config.toml: site.language: 'en\\n' can't be used; expected a language tag such as en or pt-BR; did you mean en?"),
        ("[site]\nlanguage = 'cn'", "config.toml: site.language: 'cn' can't be used; expected a language tag such as en or pt-BR; did you mean zh?"),
        ("[site]\nlanguage = 'en_US'", "config.toml: site.language: 'en_US' can't be used; expected a language tag such as en or pt-BR; did you mean en-US?"),
        ("[labels]\nmore = 'and more'", "config.toml: labels.more: 'and more' can't be used; expected some text with {number} in it, once"),
        ("[labels]\nmore = '{number} of {number}'", "config.toml: labels.more: '{number} of {number}' can't be used; expected some text with {number} in it, once"),
        ("[labels]\nstories_by = 'By {provider}'", "config.toml: labels.stories_by: 'By {provider}' can't be used; expected some text with {name} in it, once"),
        ("[labels]\nrelated = '{number} related'", "config.toml: labels.related: '{number} related' can't be used; expected some text without a placeholder in braces"),
        ("[labels]\nrelated = ' '", "config.toml: labels.related: ' ' can't be used; expected some text without a placeholder in braces"),
        ("[labels]\nrelated = 1", "config.toml: labels.related: 1 can't be used; expected some text"),
        ("[labels]\nmentioned_by = 'x'", "config.toml: labels.mentioned_by is not a key that feedsvc knows; expected one of related, coverage, more, stories_about, stories_by, everything, topics, providers, custom"),
        ("[records]\npath = 'none'", "{folder}/none: No such file or directory; expected a folder of records"),
        ("[records]\npath = 'config.toml'", "{folder}/config.toml: Not a directory; expected a folder of records"),
        ("[a", "config.toml: not valid TOML: Expected ']' at the end of a table declaration (at end of document)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["build", "serve"])
def test_a_faulty_configuration_is_one_line_and_exit_status_2(
    folder: Path, command: str, config: str, message: str
) -> None:
    if "serve" not in config:  # a service that is running has the usual port
        config = f"serve.port = {free_port()}\n{config}"
    (folder / "config.toml").write_text(config)
    assert result(command, cwd=folder) == (2, "", f"feedsvc: {message.replace('{folder}', str(folder))}\n")
    assert sorted(path.name for path in folder.iterdir()) == ["config.toml", "records"]


def test_what_can_not_be_run_is_one_line_and_exit_status_2(folder: Path) -> None:
    for arguments, message in (
        (["build", "--config", "none.toml"], "none.toml: No such file or directory; expected a configuration file"),
        (
            ["build", "--out", ""],
            "--out: '' can't be used; expected a folder, or an address such as s3://BUCKET/PREFIX",
        ),
        (["check", "no\nwhere"], f"{folder}/no\\nwhere: No such file or directory; expected a folder of records"),
        (["check", "nowhere"], f"{folder}/nowhere: No such file or directory; expected a folder of records"),
        (
            ["build", "--out", "ftp://x/y"],
            "ftp://x/y: ftp:// is not a scheme that feedsvc knows; expected a folder, or an address that begins with one of az://, gs://, memory://, s3://",
        ),
        (["build", "--out", "/proc/x"], "/proc/x: No such file or directory; expected a folder that can be written"),
    ):
        assert result(*arguments, cwd=folder) == (2, "", f"feedsvc: {message}\n")


@pytest.mark.survives("a configuration that is a pipe, a device or a folder")
def test_a_configuration_that_is_no_file_is_an_error_that_nothing_waits_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    for name in ("pipe", "link", "records", "/dev/zero"):
        message = f"feedsvc: {name}: not a file; expected a configuration file\n"
        assert result("check", "--config", name, cwd=folder) == (2, "", message)
    (folder / "pipe").rename(folder / "config.toml")
    message = "feedsvc: config.toml: not a file; expected a configuration file\n"
    assert result("build", cwd=folder) == (2, "", message)


def test_a_configuration_whose_link_leads_nowhere_is_not_taken_for_none(folder: Path) -> None:
    for target, reason in (("gone", "No such file or directory"), ("config.toml", "Too many levels of symbolic links")):
        (folder / "config.toml").symlink_to(target)
        message = f"feedsvc: config.toml: {reason}; expected a configuration file\n"
        assert result("build", cwd=folder) == (2, "", message)
        (folder / "config.toml").unlink()


def test_a_configuration_that_would_take_long_to_read_is_refused_unread(folder: Path) -> None:
    (folder / "config.toml").write_text("# x\n" * 300_000)
    message = "feedsvc: config.toml: 1,200,000 bytes; expected a configuration file of 1,048,576 at most\n"
    assert result("check", cwd=folder) == (2, "", message)


@pytest.mark.parametrize("command", ["check", "init"])
def test_a_current_folder_that_was_removed_is_one_line(folder: Path, command: str) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1"'
    done = subprocess.run(
        ["sh", "-c", script, FEEDSVC, command], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    message = "feedsvc: the current folder was removed; expected one that is there\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


#: A name that isn't UTF-8, and begins as an option does.
ODD = os.fsdecode(b"-\xff\n")


def test_folders_and_files_of_any_name_are_as_good_as_others(folder: Path) -> None:
    (folder / ODD).mkdir()
    (folder / ODD / "a.md").write_text(record("One"))
    (folder / f"{ODD}.toml").write_text('records.path = "records"\nsite.base_url = "https://feeds.example"\n')
    here = folder / ODD / "here"
    shutil.copytree(folder / "records", here / "records")
    for cwd, arguments in ((folder, ("--", ODD)), (folder, ("--config", f"{ODD}.toml")), (here, ())):
        for command in ("check", "feeds", "why https://a.example/1", "show /feed.atom", f"build --out o{ODD}", "build"):
            name, *own = command.split(" ")
            own = [f"o{ODD}" if word.startswith("o-") else word for word in own]
            words = [*own, *arguments]
            assert result(name, *words, cwd=cwd)[0] == 0, (cwd, words)


@pytest.mark.survives("closed standard streams")
@pytest.mark.parametrize("command", ["--version", "--help", "feeds", "show /feed.atom", "nothing"])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_standard_stream_whose_disk_is_full_is_one_line(folder: Path, command: str, name: str) -> None:
    with open("/dev/full", "w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, name: full}
        done = subprocess.run([FEEDSVC, *command.split()], cwd=folder, text=True, timeout=PATIENCE, **streams)
    if name == "stdout" and command != "nothing":
        assert (done.returncode, done.stderr) == (2, "feedsvc: output: No space left on device\n")
    else:
        assert done.returncode == (2 if command == "nothing" else 0)
        assert "Traceback" not in (done.stderr or "")


def test_what_the_encoding_of_a_terminal_lacks_is_spelled_out(folder: Path) -> None:
    (folder / "records" / "a.md").write_text(record(topics="[中文]"))
    done = subprocess.run(
        [FEEDSVC, "feeds"],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1\t\\u4e2d\\u6587\thttp" in done.stdout


def test_a_name_turns_no_address_beside_it_round(folder: Path) -> None:
    (folder / "records" / "a.md").write_text(record(topics=r'["a\u202eb", "\u2066c", "\u05e9\u05dc"]'))
    for command in ("feeds", "why https://a.example/1"):
        output = result(*command.split(), cwd=folder)[1]
        assert "a\\u202eb" in output and "\\u2066c" in output and "\u05e9\u05dc" in output


#: Runs a command without standard streams but, if it is named first, that of errors.
WITHOUT_STREAMS = """
import os, sys
kept, *command = sys.argv[1:]
for number in range(3):
    if kept != "stderr" or number < 2:
        os.close(number)
os.execv(command[0], command)
"""


@pytest.mark.parametrize(
    "command", ["check", "feeds", "build", "show /feed.atom", "why https://a.example/1", "init", "--help"]
)
@pytest.mark.survives("closed standard streams")
def test_closed_standard_streams_change_nothing_else(folder: Path, command: str) -> None:
    for kept in ("none", "stderr"):
        line = [sys.executable, "-c", WITHOUT_STREAMS, kept, FEEDSVC, *command.split()]
        done = subprocess.run(line, cwd=folder, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
        (folder / "config.toml").unlink(missing_ok=True)


@pytest.mark.survives("closed standard streams")
def test_a_service_without_standard_streams_serves(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record("One"))
    with running_service(tmp_path, under=[sys.executable, "-c", WITHOUT_STREAMS, "none"]) as service:
        (tmp_path / "records" / "b.md").write_text(record("Two", "https://a.example/2"))
        wait_until(lambda: b"Two" in urlopen(f"{service.base_url}/feed.atom").read())


@pytest.mark.parametrize("value", ["", "now", "1.5", "-1", "9" * 13])
def test_a_bad_time_in_the_environment_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    message = f"SOURCE_DATE_EPOCH: {value!r} can't be used; expected seconds since 1970, a whole number"
    assert result("build", cwd=folder) == (2, "", f"feedsvc: {message}\n")
    assert [path.name for path in folder.iterdir()] == ["records"]


def test_a_build_leaves_out_what_is_not_due_and_a_later_one_publishes_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = folder / "public" / "feed.atom"
    (folder / "records" / "b.md").write_text(record("Later", "https://b.example", "2062-01-01"))
    assert result("build", cwd=folder)[2].startswith("1 story from 2 records; 1 not due\n")
    assert "Later" not in feed.read_text()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2062, 1, 1, tzinfo=UTC).timestamp())))
    assert result("build", cwd=folder)[2].startswith("2 stories from 2 records\n")
    assert "Later" in feed.read_text()


def test_a_port_in_use_and_a_strange_host_are_one_line_each(folder: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (folder / "config.toml").write_text(f"[serve]\nport = {port}\n")
        message = f"feedsvc: can't listen on 127.0.0.1, port {port}: Address already in use; choose another with --port or serve.port\n"
        assert result("serve", cwd=folder) == (2, "", message)
    (folder / "config.toml").write_text(f"[serve]\nhost = 'no.such.host.invalid'\nport = {free_port()}\n")
    status, _, error = result("serve", cwd=folder)
    assert status == 2
    assert error.startswith("feedsvc: can't listen on no.such.host.invalid, port")


def test_an_empty_folder_is_published_as_a_valid_empty_feed(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    assert result("build", cwd=tmp_path)[0] == 1
    assert b"1970-01-02T00:00:00+00:00" in (tmp_path / "public" / "feed.atom").read_bytes()


def test_a_folder_without_record_files_is_a_problem_that_says_what_is_there(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    expected = f"expected names that end in {', '.join(suffixes())}"
    error = f"{records}: no record files; there is nothing else; {expected}\n0 stories from 0 records\n"
    assert result("check", cwd=tmp_path) == (1, "", f"{error}0 problems\n")
    assert result("build", cwd=tmp_path)[::2] == (1, error + NO_BASE_URL)
    (records / "a.PNG").touch()
    assert f"no record files; there is 1 .png; {expected}\n" in result("check", cwd=tmp_path)[2]
    for name in ("b.png", "c.csv", "Makefile", "d.e f", ".hidden.png", ".git/config", "sub/e.png"):
        (records / name).parent.mkdir(exist_ok=True)
        (records / name).touch()
    for name in ("link.png", "link.md", "link"):
        (records / name).symlink_to(tmp_path)
    os.mkfifo(records / "pipe.png")
    kinds = "3 .png, 3 symbolic links, 1 .csv, 2 others"
    expected = expected.replace("names that", "files, not links, whose names")
    error = (
        f"{records}: no record files; there are {kinds}; {expected}\n"
        f"0 stories from 0 records; 9 files passed over ({kinds})\n0 problems\n"
    )
    assert result("check", cwd=tmp_path) == (1, "", error)


def test_what_is_left_out_is_counted(folder: Path) -> None:
    for number in range(3):
        (folder / "records" / f"draft{number}.md").write_text(record(url=f"https://b.example/{number}", published="no"))
    (folder / "records" / "gone.md").write_text(record(url="https://b.example/gone", deleted="true", published="no"))
    (folder / "records" / "bad.json").write_text(json.dumps([{"title": "x"}] * 1234))
    (folder / "records" / "latin.md").write_bytes(b"\xe4")
    (folder / "records" / "data.csv").touch()
    counts = "1 story from 1,240 records; 3 drafts, 1 deleted, 1,235 refused; 1 file passed over (1 .csv)"
    for _ in range(2):
        assert result("check", cwd=folder)[2].splitlines()[-2:] == [counts, "102 problems"]
    (folder / "config.toml").write_text("records.include_unpublished = true")
    assert "4 stories from 1,240 records; 1 deleted, 1,235 refused;" in result("check", cwd=folder)[2]


def test_check_as_json_is_one_object_with_everything(folder: Path) -> None:
    (folder / "config.toml").write_text('[[custom]]\nname = "S"\ntopic = "Nope"\n')
    (folder / "records" / "b.md").write_text("title: B\nwebUrl: https://b.example\nquality: x")
    (folder / "records" / "c.csv").touch()
    status, output, error = result("check", "--json", cwd=folder)
    assert (status, error) == (1, "")
    missing = "is missing; expected a time such as 2020-06-13T01:29:00Z"
    assert json.loads(output) == {
        "counts": {
            "stories": 1, "files": 2, "records": 2, "drafts": 0, "deleted": 0, "not_due": 0, "refused": 1
        },
        "passed_over": {".csv": 1},
        "problems": [
            {"path": "b.md", "line": 1, "field": "publishedDateTime", "message": missing, "refuses": True},
            {"path": "b.md", "line": 3, "field": "quality", "message": "'x' can't be used: expected a whole number", "refuses": False},
        ],
        "warnings": ["custom 'S': topic: no story has 'nope'"],
        "notes": [],
        "loss": None,
    }  # fmt: skip
    (folder / "none").mkdir()
    status, output, error = result("check", "none", "--json", cwd=folder)
    assert (status, json.loads(output)["counts"]["files"], error) == (1, 0, "")
    assert json.loads(output)["warnings"][0].startswith(f"{folder}/none: no record files")


def test_build_feeds_and_why_give_what_they_print_as_json_too(folder: Path) -> None:
    (folder / "public").mkdir()
    (folder / "public" / "index.html").write_text("mine")
    records = json.loads(result("check", "--json", cwd=folder)[1])
    status, output, error = result("build", "--json", cwd=folder)
    assert (status, error) == (1, "")
    assert json.loads(output) == {
        **records,
        "out": f"{folder}/public", "written": FILES - 1, "unchanged": 0, "removed": 0,
        "conflicts": [f"{folder}/public/index.html"], "hub_failure": "",
        "warnings": [NO_BASE_URL.removeprefix("warning: ").strip()],
        "notes": [],
        "loss": None,
    }  # fmt: skip
    status, output, error = result("feeds", "--json", cwd=folder)
    assert (status, error, json.loads(output).keys()) == (0, "", {"feeds", *records})
    start = "http://127.0.0.1:8000/topics/ai"
    assert json.loads(output)["feeds"][1] == {
        "name": "AI", "size": 1, "urls": [f"{start}.atom", f"{start}.rss", f"{start}.json"]
    }  # fmt: skip
    lines = result("why", "a.md", cwd=folder)[1].splitlines()
    status, output, error = result("why", "a.md", "--json", cwd=folder)
    assert (status, error, json.loads(output)) == (0, "", {"lines": lines, "published": True})


def test_mentions_count_as_stories_where_they_are_entries(folder: Path) -> None:
    mention = "[{title: B, webUrl: 'https://b.example', publishedDateTime: 2020-01-01}]"
    (folder / "records" / "a.md").write_text(record(related=mention))
    for mode, stories in (("entries", "2 stories"), ("clusters", "1 story"), ("links", "1 story")):
        (folder / "config.toml").write_text(f'feeds.related = "{mode}"')
        assert result("check", cwd=folder)[2] == f"{stories} from 1 record\n0 problems\n"


def test_a_terminal_gets_a_progress_bar(folder: Path) -> None:
    shown = shown_on_terminal("build", cwd=folder, stream="stderr")
    assert re.search(r"Reading records.*100%", shown, re.DOTALL)
    assert re.search(r"Building.*100%", shown, re.DOTALL)


def test_another_folder_than_the_configured_one_leaves_its_index_alone(folder: Path) -> None:
    feedsvc("feeds", cwd=folder)
    shutil.copytree(folder / "records", folder / "other")
    before = {path: path.stat().st_mtime_ns for path in (folder / ".feedsvc").iterdir()}
    assert result("check", "other", cwd=folder)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert result("build", "records", "--out", "o", cwd=folder)[1].startswith(f"{folder}/o: {FILES} files written")


def test_check_notes_names_that_have_one_feed_without_a_problem(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "1.md").write_text(record(topics='[".NET"]'))
    (tmp_path / "records" / "2.md").write_text(record(url="https://a.example/2", topics="[Net]"))
    status, _, errors = result("check", cwd=tmp_path)
    assert (status, errors.splitlines()[0]) == (0, 'note: the topics ".NET" and "Net" are one feed, /topics/net/')
    assert json.loads(result("check", "--json", cwd=tmp_path)[1])["notes"] == [errors.splitlines()[0][6:]]


def test_show_says_what_is_wrong_with_an_address_and_what_to_ask_for(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "1.md").write_text(record(topics="[AI, Law]"))
    for asked, hint in (
        ("/feed.atom?topic=lwa", "topic: no story has 'lwa'; did you mean /topics/law.atom?"),
        ("/topics/AI.atom?limit=3", "nothing is published at this address; did you mean /topics/ai.atom?limit=3?"),
        ("/topics/aii.atom", "nothing is published at this address; did you mean /topics/ai/?"),
        ("/topics/ai/?topic=ai&limit=3", "nothing is published at this address; did you mean /topics/ai/?limit=3?"),
    ):
        assert result("show", asked, cwd=tmp_path) == (2, "", f"feedsvc: {asked}: {hint}\n")
