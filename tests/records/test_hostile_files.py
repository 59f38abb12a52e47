"""Record files that somebody made to do harm: each is a problem that names it, in bounded memory and time."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.config import parse_config
from feedsvc.index.sync import sync
from feedsvc.records.files import find_files
from feedsvc.records.reading import MAX_BYTES, parse_file, read_file
from feedsvc.records.sources import find_sources
from feedsvc.text import MAX_TEXT
from tests.cli.commands import result
from tests.conftest import FEEDSVC, PATIENCE, Site, record

FIELDS = 'title: "A"\nwebUrl: "https://a.example/1"\npublishedDateTime: 2020-06-13T01:29:00Z\n'
JSON_FIELDS = '"title": "A", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13T01:29:00Z"'
MB = 2**20
#: What `feedsvc check` may take for all files of some 1 MB, and for each one as large as is read: seconds of processor
#: time, and bytes at the most. Python and the libraries take 45 MB of them.
SHORT = MB, 120, 250 * MB
FULL = MAX_BYTES - 1000, 60, 700 * MB


def many(part: str, size: int) -> str:
    """As many of a part as come to a size; `#` in it is a running number, of 7 digits."""
    number = size // (len(part) + 6 * part.count("#"))
    return "".join(part.replace("#", f"{each:07}") for each in range(number)) if "#" in part else part * number


#: How the name of a file ends, its text for a size, and what `feedsvc check` says of it.
BOMBS: dict[str, tuple[str, Callable[[int], str], str]] = {
    "aliases of aliases": (
        ".md",
        lambda _: FIELDS + "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 99)),
        "11: aliases stand for more than 4,000,000 characters and values",
    ),
    "aliases of one text": (
        ".md",
        lambda size: f"{FIELDS}x: &x {many('ab ', size // 2)}\ntopics: [{many('*x ,', size // 2)}]",
        "5: aliases stand for more than 4,000,000 characters and values",
    ),
    "merged fields": (
        ".md",
        lambda size: f"{FIELDS}x: &x {{{many('k#: 1,', MB // 4)}}}\ny: [{many('{<<: *x},', MB // 4)}]",
        "5: aliases stand for more than 4,000,000 characters and values",
    ),
    "brackets": (".md", lambda size: many("[", size), "1: nested more than 50 levels deep"),
    "10,000 levels": (".md", lambda _: f"{FIELDS}x: {'[' * 10_000}1{']' * 10_000}", "4: nested more than 50 levels"),
    "10,000 levels, indented": (".yaml", lambda _: "- " * 10_000, "1: nested more than 50 levels deep"),
    "10,000 levels of JSON": (".json", lambda _: '{"a":[' * 5_000, "1: nested too deeply"),
    "lists": (".md", lambda size: f"{FIELDS}x: [{many('[],', 2 * MB)}]", "4: more than 1,000,000 keys and values"),
    "keys": (".yml", lambda size: FIELDS + many("a#: 1\n", 16 * MB), "[0-9]+: more than 1,000,000 keys and values"),
    "numbers": (
        ".json",
        lambda size: f'{{{JSON_FIELDS}, "x": [{many("1,", max(size, 2 * MB))}1]}}',
        "1: more than 1,000,000 keys and values",
    ),
    "lines of JSON": (".json", lambda size: f"[{many(chr(10), size)}1]", "[0-9]+: is not a record"),
    "problems": (".md", lambda size: f"{FIELDS}topics: [{many('7,', MB // 2)}]", "4: more than 100 problems"),
    "attributes": (
        ".json",
        lambda size: f'{{{JSON_FIELDS}, "featuredContent": "<p {many("a# ", size)}>"}}',
        "1: featuredContent: .* expected HTML or text of at most 300,000 characters",
    ),
    "paragraphs": (".md", lambda size: f"---\n{FIELDS}---\n{many('a' + chr(10) * 2, size)}", "2: \\(text\\): can.t be used: expected"),
    "one field again and again": (".md", lambda size: FIELDS + many("title: A\n", MB), "[0-9]+: title: stands"),
    "documents": (".yaml", lambda size: many("--- a\n", size), "2: a second YAML document begins here"),
    "a tag": (".md", lambda size: f"{FIELDS}x: !{many('a', size)} 1", "4: a YAML tag here is not allowed"),
    "an alias": (".md", lambda size: f"{FIELDS}x: *{many('a', size)}", "4: not valid YAML: an alias here has no"),
    "a host name": (".md", lambda size: record(url=f"https://{many('℀', size // 3)}/"), "3: webUrl: 'https://℀+…'"),
    "a domain": (".md", lambda size: f"{FIELDS}provider: {{domain: {many('é', size // 2)}}}", "4: provider.domain: 'é+…'"),
    "tables of TOML": (".toml", lambda size: many("[a.#]\n", 2 * size), "62501: more than 250,000 lines, keys and values"),
    "dotted keys of TOML": (".toml", lambda size: many(f"#{'.a' * 48}=1\n", MB // 4), "1: title: is missing"),
    "a dotted key of TOML": (".toml", lambda size: many("a.", size), "1: nested more than 50 levels deep"),
    "10,000 levels of TOML": (".toml", lambda _: f"\na = {'[' * 10_000}1{']' * 10_000}", "2: nested more than 50 levels"),
    "a number of TOML": (".toml", lambda size: f"a = {many('1', size)}", "1: a key or value without quotes has more than 1,000"),
    "quotes of TOML": (".toml", lambda size: many('"""', size) + "\\", "1: not valid TOML: "),
    "quotes in TOML": (".toml", lambda size: 'a = """' + many('\\"""', size - 9), "[0-9]+: not valid TOML: Unterminated string"),
    "apostrophes of TOML": (".toml", lambda size: many("{q} ".format(q="'" * 3), size), "1: not valid TOML: "),
    "lines of TOML": (".md", lambda size: f"+++\n{many('+' + chr(10), size)}", "250001: more than 250,000 lines"),
    "a table of TOML, again and again": (".toml", lambda size: many("[a]\n", MB // 4), "2: not valid TOML: a key or table stands"),
    "broken JSON Lines": (".jsonl", lambda size: many("x\n", size), "1: not valid JSON|1000001: more than 1,000,000"),
    "deep JSON Lines": (".ndjson", lambda size: many("[" * 999 + "\n", size), "1: nested too deeply|[0-9]+: more than 1,000,000"),
    "JSON Lines of no fields": (".jsonl", lambda size: many("{}\n", min(size, MB) // 4), "1: title: is missing"),
    "empty JSON Lines": (".jsonl", lambda size: many("\n", size - 2) + "x", "[0-9]+: not valid JSON"),
    "JSON front matter": (".md", lambda size: many("\n", size - 9) + '{""', "[0-9]+: not valid JSON"),
    "header lines": (".md", lambda size: f"a: b: c\n{many('a#: 1' + chr(10), size - 20)}\n\ntext", "1: title: |1: more than 1,000,000 keys"),
    "a header line": (".md", lambda size: f"a: b: c\n{many(' 1' + chr(10), size - 20)}\n\ntext", "1: title: |1: more than 1,000,000 keys"),
    "a key of a header line": (".md", lambda size: f"{many('a', size - 20)}: b: c\n\ntext", "1: title: is missing"),
    "almost header lines": (".md", lambda size: f"a: b: c\n{many('a: ' + chr(10), size - 20)}\n \na:", "1: not valid YAML"),
    "space before header lines": (".md", lambda size: f"{many(' ' + chr(10), size - 20)}a: b: c\n", "[0-9]+: not valid YAML"),
    "comments after header lines": (".md", lambda size: f"a: b: c\n\n{many('#' + chr(10), size - 20)}", "1: title: is missing"),
    "a YAML list of aliases": (".yaml", lambda size: f"- &a {{title: x}}\n{many('- *a' + chr(10), min(size, MB) // 4)}", "1: publishedDateTime: is"),
    "HTML": (".html", lambda size: many("<p>\n", size), "1: title: is missing"),
    "a path": (".md", lambda size: record(url=f"https://a.example/{many('%', size)}"), "3: webUrl: 'https://a.exam"),
}  # fmt: skip


#: Runs a command under limits, its output on stderr; prints its exit status, seconds of processor time and most bytes.
#: It is a process of its own, since a process begins with the most memory of the one that starts it.
LIMITED = """
import os, resource, subprocess, sys
seconds, memory, *command = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
resource.setrlimit(resource.RLIMIT_AS, (4 * int(memory), 4 * int(memory)))
process = subprocess.Popen(command, stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
"""


def check(folder: Path, seconds: int, memory: int) -> tuple[int, str]:
    """(exit status, output) of `feedsvc check` on records/ in a folder, asserted to take no more than this."""
    command = [sys.executable, "-c", LIMITED, str(seconds), str(memory), FEEDSVC, "check", "records"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE + 30 * seconds)
    status, time, most = done.stdout.split()
    assert status in "01", done.stderr
    assert "Traceback" not in done.stderr
    assert float(time) < seconds
    assert int(most) < memory
    return int(status), done.stderr


@pytest.mark.survives("alias bombs")
def test_a_file_that_means_harm_is_a_problem_in_bounded_memory_and_time(tmp_path: Path, full: bool) -> None:
    size, seconds, memory = FULL if full else SHORT
    for bombs in [[name] for name in BOMBS] if full else [[name for name in BOMBS if name != "keys"]]:
        records = tmp_path / bombs[0] / "records"
        records.mkdir(parents=True)
        for name in bombs:
            suffix, make, _ = BOMBS[name]
            (records / f"{name}{suffix}").write_bytes(make(size).encode()[:MAX_BYTES])
        status, text = check(records.parent, seconds, memory)
        assert status == 1
        assert max(map(len, text.splitlines())) < 300
        for name in bombs:
            suffix, _, message = BOMBS[name]
            assert re.search(f"^{name}{suffix}:{message}", text, re.MULTILINE), name


@pytest.mark.survives("a title of 1 MB")
def test_a_title_as_long_as_a_text_may_be_is_a_title(tmp_path: Path) -> None:
    _, seconds, memory = SHORT
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record(many("日 ", MAX_TEXT - 1) + "."))
    assert check(tmp_path, seconds, memory) == (0, "1 story from 1 record\n0 problems\n")


@pytest.mark.survives("a file of 200 MB")
def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    with (tmp_path / "records" / "a.md").open("wb") as stream:
        stream.truncate(200 * MB)
    status, text = check(tmp_path, 5, 100 * MB)
    assert (status, text.splitlines()[0]) == (1, "a.md:1: is larger than 32 MB; expected one article's record")


@pytest.mark.survives("tags (`!!python/object`), several documents, repeated keys")
@pytest.mark.survives("NUL, UTF-16, UTF-32, bytes that are not UTF-8")
@pytest.mark.survives("names with line breaks")
def test_files_that_are_no_text_and_names_of_any_bytes_are_problems_that_name_them(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    files = {
        b"utf-16.md": FIELDS.encode("utf-16"),
        b"utf-16be.md": FIELDS.encode("utf-16-be"),
        b"utf-32.json": f"{{{JSON_FIELDS}}}".encode("utf-32"),
        b"nul.md": f"{FIELDS}x: \0".encode(),
        b"two\nlines.md": b"",
        b"\x1b[2Jclear.md": b"",
        b"\xff.md": b"",
        b"\\xff.md": b"",
        b"\xe2\x80\xae.md": b"",
    }
    for name, data in files.items():
        (tmp_path / os.fsdecode(b"records/" + name)).write_bytes(data)
    no_record = "1: is not a record; expected a mapping with title, webUrl and so on"
    assert check(tmp_path, 5, 100 * MB)[1].splitlines() == [
        f"\\x1b[2Jclear.md:{no_record}",
        f"\\\\xff.md:{no_record}",
        f"\\xff.md:{no_record}",
        "nul.md:4: is not a text file (it holds NUL)",
        f"two\\nlines.md:{no_record}",
        "utf-16.md:1: is not UTF-8 text (byte 0xff)",
        "utf-16be.md:1: is not a text file (it holds NUL)",
        "utf-32.json:1: is not UTF-8 text (byte 0xff)",
        f"\\u202e.md:{no_record}",
        "0 stories from 9 records; 9 refused",
        "9 problems",
    ]


@pytest.mark.survives("names with line breaks")
def test_the_story_of_a_file_of_any_name_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    names = {b"two\nlines.md": r"two\nlines.md", b"\xff.md": r"\xff.md", rb"\xff.md": r"\\xff.md"}
    for number, (name, shown) in enumerate(names.items()):
        path = os.fsdecode(os.fsencode(tmp_path / "records") + b"/" + name)
        Path(path).write_text(record(f"Number {number}", f"https://a.example/{number}"))
        status, out, err = result("why", path, cwd=tmp_path)
        assert (status, err) == (0, "")
        assert f"https://a.example/{number}\n  {shown}: own record" in out


@pytest.mark.survives("links in a loop")
def test_no_link_is_followed_whatever_it_leads_to(tmp_path: Path, make_site: Callable[..., Site]) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text(record("Secret", "https://a.example/secret"))
    site = make_site({"a.md": record(), "b/c.md": record("B", "https://a.example/2")})
    folder = site.config.records_folder
    (folder / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (folder / "folder").symlink_to(tmp_path / "outside")
    (folder / "b" / "loop").symlink_to(folder)
    (folder / "itself.md").symlink_to(folder / "itself.md")
    (folder / "nowhere.md").symlink_to(folder / "none")
    os.mkfifo(folder / "pipe.md")
    for paths in (None, [str(path) for path in folder.rglob("*")], [str(folder / "folder" / "secret.md")]):
        sync(site.documents.index, site.config, paths=paths)
        assert site.documents.catalogue().everything.size == 2
    assert b"Secret" not in site.body("/feed.atom")


@pytest.mark.parametrize("kind", ["link", "pipe"])
@pytest.mark.survives("links in a loop")
def test_what_takes_a_files_place_after_the_listing_is_not_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret").write_text(record())
    (tmp_path / "records").mkdir()
    path = tmp_path / "records" / "a.md"
    path.write_text("x")
    (file,) = find_files(tmp_path / "records")
    path.unlink()
    path.symlink_to(tmp_path / "secret") if kind == "link" else os.mkfifo(path)
    read = read_file(file)
    assert read and read[1]
    assert read[1].records == ()
    assert str(read[1].problems[0]).startswith("a.md:1: ")


@pytest.mark.survives("folders 300 deep, and deeper than a path can be")
def test_folders_of_any_depth_are_searched_as_deep_as_a_path_can_be(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    here = os.open(tmp_path / "records", os.O_DIRECTORY)
    for depth in range(300):
        name = "d" * 200 if depth > 275 else "d"
        with open(f"{depth}.md", "x", opener=lambda path, flags, at=here: os.open(path, flags, dir_fd=at)):
            os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    status, text = check(tmp_path, 10, 150 * MB)
    assert status == 1
    assert "d/d/d/3.md:1: is not a record" in text
    *found, deepest, _, _ = text.splitlines()
    assert len(found) > 280
    assert re.fullmatch(
        "[d/]+:1: can't be read: File name too long; expected a folder that can; its records stay as they were", deepest
    )


@pytest.mark.parametrize(
    ("name", "text", "problems", "title"),
    [
        ("a.md", f"{FIELDS}title: B\n", ["4: title"], "B"),
        ("a.md", f"{FIELDS}title: B\n'title': C\n", ["5: title"], "C"),
        ("a.md", f"{FIELDS}x: 1\nx: 2\nsecured: 1\nsecured: {{title: 1, title: 2}}\n", [], "A"),
        ("a.md", f"{FIELDS}provider: {{name: P, x: 1, x: 2,\n name: Q}}\n", ["5: provider.name"], "A"),
        ("a.md", f"{FIELDS}images:\n- url: https://a.example/i\n  url: https://a.example/j\n", ["6: images[0].url"], "A"),
        ("a.md", f"{FIELDS}topics:\n- name: T\n  name: U\n", ["6: topics[0].name"], "A"),
        ("a.md", f"{FIELDS}topics: [&t {{name: T, name: U}}, *t, *t]\n", ["4: topics[0].name"], "A"),
        ("a.md", f"{FIELDS}related: [{{{FIELDS.replace(chr(10), ', ')}\n title: M}}]\n", ["5: related[0].title"], "A"),
        ("a.md", f"x: &x {{title: M}}\n<<: *x\n<<: *x\n{FIELDS}", [], "A"),
        ("a.json", f'{{{JSON_FIELDS},\n"title": "B", "x": 1, "x": 2}}', ["2: title"], "B"),
        ("a.json", f'{{{JSON_FIELDS}, "provider": {{"name": "P",\n"name": "Q"}}}}', ["2: provider.name"], "A"),
    ],
)  # fmt: skip
@pytest.mark.survives("tags (`!!python/object`), several documents, repeated keys")
def test_a_field_that_stands_twice_is_a_problem_and_its_last_value_counts(
    name: str, text: str, problems: list[str], title: str
) -> None:
    content = parse_file(name, text.encode())
    again = ": stands here again, and replaces what stood before; expected once"
    assert [str(problem) for problem in content.problems] == [f"{name}:{problem}{again}" for problem in problems]
    assert content.records[0].story.title == title


@pytest.mark.parametrize("items", ["", "articles"])
def test_of_two_lists_of_records_the_first_is_a_problem_and_the_last_is_read(tmp_path: Path, items: str) -> None:
    config = parse_config({"records": {"items": items} if items else {}}, tmp_path)
    data = f'{{"articles": [{{"title": "Lost"}}],\n"articles": [{{{JSON_FIELDS}}}]}}'.encode()
    content = parse_file("a.json", data, find_sources(config)[0])
    assert [str(problem) for problem in content.problems] == [
        "a.json:2: a second list of records begins here; expected one"
    ]
    assert [record.story.title for record in content.records] == ["A"]


@pytest.mark.survives("tags (`!!python/object`), several documents, repeated keys")
def test_a_tag_makes_no_object(tmp_path: Path) -> None:
    text = f'{FIELDS}x: !!python/object/apply:os.system ["touch {tmp_path}/made"]\n'
    assert parse_file("a.md", text.encode()).records == ()
    assert not (tmp_path / "made").exists()
