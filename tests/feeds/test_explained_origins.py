"""`feedsvc why FILE` shows what gives each field its value, and why a file or a record of it isn't read."""

import json
from pathlib import Path
from typing import Any

import pytest

import feedsvc as library
from tests.cli.commands import result
from tests.conftest import record

SECRET = "canary"
#: What `auto` reads a story from, and keys that no field is read from.
ARTICLE: dict[str, Any] = {
    "headline": {"main": "R & D"}, "url": "https://a.example/1", "publishedAt": "2020-06-13T01:29:00Z",
    "source": {"name": "Times"}, "tags": ["AI", "Law"], "content": "<p onclick='canary'>Some <b>text</b></p>",
    "secured": SECRET, "layout": {"name": SECRET},
}  # fmt: skip


def why(folder: Path, files: dict[str, Any], subject: str, config: str = "") -> tuple[int, list[str]]:
    """Return (exit status, lines but for those on feeds) for a file or URL."""
    (folder / "config.toml").write_text(config)
    for name, content in files.items():
        path = folder / "records" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    status, output, error = result("why", subject, cwd=folder)
    assert error == ""
    assert SECRET not in output
    return status, [line for line in output.splitlines() if not line.startswith(("  in ", "  not in "))]


def test_each_field_of_a_mapped_record_is_shown_with_the_key_it_came_from(tmp_path: Path) -> None:
    config = '[records.fields]\ntype = "=news"\nexcerpt = "{headline.main}, {tags.0}"\nlanguage = "$.lang"\n'
    status, lines = why(tmp_path, {"a.json": {"lang": "en", "articles": [ARTICLE]}}, "a.json", config)
    assert status == 0
    assert lines[:3] == [
        "https://a.example/1",
        "  a.json: own record; counts",
        '    "R & D"; 2020-06-13T01:29:00Z; provider: Times; topics: AI, Law; quality: unknown',
    ]
    shown = [line for line in lines[3:] if not line.startswith("    language: ")]
    assert shown == [
        '    title: "R & D"; from headline.main',
        "    webUrl: https://a.example/1; from url",
        "    publishedDateTime: 2020-06-13T01:29:00Z; from publishedAt",
        '    provider.name: "Times"; from source.name',
        "    topics: AI, Law; from tags",
        '    featuredContent: 23 characters, "Some text"; from content',
        '    excerpt: "R & D, AI"; from the template {headline.main}, {tags.0}',
        "    type: news; from the constant =news",
        '    not found: authors, images; no field is read from "secured", "layout"',
    ]


def test_a_value_may_come_from_the_files_name_and_the_text_after_the_front_matter(tmp_path: Path) -> None:
    post = "---\ntitle: T\ntags: [AI]\nimage: https://a.example/i.png\ndescription: D\nauthor: Ann\n---\nText\n"
    config = '[records]\nsite = "https://a.example"\nfields.webUrl = "{site}/{year}/{slug}/"\n'
    _, lines = why(tmp_path, {"2020-06-13-t.md": post}, "2020-06-13-t.md", config)
    shown = [line.strip() for line in lines]
    assert "publishedDateTime: 2020-06-13T00:00:00Z; from the file's name, {file.date}" in shown
    assert "webUrl: https://a.example/2020/t/; from the template {site}/{year}/{slug}/" in shown
    assert any(line.startswith("featuredContent: ") and line.endswith("after the front matter") for line in shown)
    assert 'provider.name: "a.example"; from the host of webUrl' in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (record(topics="[AI]", excerpt="E", secured=SECRET), []),
        (
            record(url="", originalUrl="https://a.example/1", secured=SECRET),
            ["    webUrl: https://a.example/1; from originalUrl"],
        ),
    ],
)
def test_a_record_of_our_own_shape_only_shows_what_is_not_from_the_key_named_so(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    status, lines = why(tmp_path, {"a.md": text}, "a.md")
    assert (status, lines[3:]) == (0, expected)


def test_a_url_is_explained_without_the_keys_of_its_records(tmp_path: Path) -> None:
    assert len(why(tmp_path, {"a.json": [ARTICLE]}, "https://a.example/1")[1]) == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"url": None, "linkToIt": "https://a.example/1"},
            [
                '    webUrl: not found; this record has "linkToIt": set records.fields.webUrl = ["url", "linkToIt"]',
                '    title: "R & D"; from headline.main',
            ],
        ),
        ({"publishedAt": None}, ['    publishedDateTime: not found; "publishedAt" is empty: write it there']),
        ({"publishedAt": "soon"}, ["    publishedDateTime: can't be used; from publishedAt"]),
        (
            {"headline": None, "source": None, "url": None},
            [
                '    title: not found; "headline" is empty: write it there',
                '    webUrl: not found; "url" is empty: write it there, or, for a site of your own, set records.site '
                "and records.preset",
            ],
        ),
    ],
)
def test_a_record_that_can_not_be_used_shows_what_it_lacks_and_what_it_has(
    tmp_path: Path, change: dict[str, Any], expected: list[str]
) -> None:
    status, lines = why(tmp_path, {"a.json": [ARTICLE, {**ARTICLE, **change}]}, "a.json")
    start = lines.index("a.json (record 2, line 1): can't be used")
    assert status == 0
    shown = lines[start + 1 : start + 1 + len(expected)]
    assert shown == expected
    assert any(line.startswith("problem: a.json:1: ") for line in lines)


def test_a_file_of_which_no_record_can_be_used_is_explained_too(tmp_path: Path) -> None:
    status, lines = why(tmp_path, {"a.md": "---\ntitle: T\nurl: https://a.example/1\n---\n"}, "a.md")
    assert status == 1
    assert lines[:3] == [
        "a.md: no story in this file can be used",
        "a.md (line 1): can't be used",
        "    publishedDateTime: not found",
    ]


def test_only_some_of_many_records_that_can_not_be_used_are_explained(tmp_path: Path) -> None:
    _, lines = why(tmp_path, {"a.json": [{"title": "T", "url": f"https://a.example/{n}"} for n in range(50)]}, "a.json")
    assert sum("can't be used" in line and line.startswith("a.json (") for line in lines) == 20
    assert "a.json: 30 more records can't be used" in lines


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("old/a.md", 'exclude = ["x", "old"]', 'excluded by records.exclude = "old"'),
        ("a.md", 'include = ["*.json"]', 'not included by records.include = ["*.json"]'),
        ("a.png", "", "passed over: its name ends in none of .md, "),
        (".hidden/a.md", "", "passed over: its name, or that of a folder that it is in, begins with a dot"),
        ("a.md", '[[records.source]]\npath = "records"\nexclude = ["a.*"]\n[[records.source]]\npath = "."\nexclude = ["records"]',
         'excluded by records.source 1.exclude = "a.*"; excluded by records.source 2.exclude = "records"'),
    ],
)  # fmt: skip
def test_a_file_that_is_not_read_says_why(tmp_path: Path, name: str, config: str, expected: str) -> None:
    config = config if config.startswith("[[") else f"[records]\n{config}"
    for subject in (name, f"records/{name}"):
        status, [line] = why(tmp_path, {name: record()}, subject, config)
        assert status == 1
        assert line.startswith(f"{subject}: {expected}")


def test_a_symbolic_link_says_that_it_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "b.md").symlink_to("../a.md")
    assert why(tmp_path, {"../a.md": record()}, "b.md") == (1, ["b.md: passed over: it is a symbolic link"])


def test_each_source_has_its_own_keys(tmp_path: Path) -> None:
    config = (
        '[[records.source]]\npath = "records/x"\nfields.title = "name"\n'
        '[[records.source]]\npath = "records/y"\nfields.title = "label"\n'
    )
    item = {"name": "N", "label": "L", "date": "2020-06-13"}
    files = {f"{name}/a.json": [{**item, "url": f"https://{name}.example/"}] for name in "xy"}
    for name, expected in (("x", '    title: "N"; from name'), ("y", '    title: "L"; from label')):
        _, lines = why(tmp_path, files, f"records/{name}/a.json", config)
        assert lines[3] == expected


def test_a_record_in_memory_is_explained_by_its_name() -> None:
    with library.open(records=[ARTICLE]) as site:
        site.sync()
        assert '    title: "R & D"; from headline.main' in site.explain("record 1").lines
