"""Sources: folders of records, each with its own preset, globs and fields, and what is said of those that are faulty."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feedsvc.config import parse_config
from feedsvc.errors import ConfigError
from feedsvc.records.collection import RecordFolders
from feedsvc.records.sources import Source, find_sources
from feedsvc.records.warnings import source_warnings
from tests.cli.commands import result
from tests.conftest import record

POST = "---\ntitle: {title}\nlink: https://a.example/{title}\ndate: 2020-06-13\n---\n"


def folders(folder: Path, records: dict[str, Any]) -> RecordFolders:
    return RecordFolders(find_sources(parse_config({"records": records}, folder)))


def names(records: RecordFolders) -> list[str]:
    return sorted(file.name for file in records.files())


def write(folder: Path, *names: str, text: str = POST) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{title}", path.stem))


@pytest.mark.parametrize(
    ("globs", "claimed"),
    [
        ({}, "README.md _drafts/x.md a.md b/c/d.md b/x.mdx"),
        ({"include": ["*.mdx"]}, "b/x.mdx"),
        ({"include": ["b"]}, "b/c/d.md b/x.mdx"),
        ({"include": ["b/*.md"]}, "b/c/d.md"),
        ({"exclude": ["README.*", "_drafts"]}, "a.md b/c/d.md b/x.mdx"),
        ({"exclude": ["_drafts/"]}, "README.md a.md b/c/d.md b/x.mdx"),
        ({"exclude": ["b/*"]}, "README.md _drafts/x.md a.md"),
        ({"include": ["*.md"], "exclude": ["./b/c/*"]}, "README.md _drafts/x.md a.md"),
        ({"include": ["[ab].md"]}, "a.md"),
        ({"exclude": ["./*.md"]}, "b/x.mdx"),
        ({"exclude": ["./x.mdx", "./c"]}, "README.md _drafts/x.md a.md b/c/d.md b/x.mdx"),
        ({"include": ["**/*.md"]}, "README.md _drafts/x.md a.md b/c/d.md"),
        ({"include": ["b/**/*.mdx"]}, "b/x.mdx"),
        ({"include": ["b/**/*.md"]}, "b/c/d.md"),
        ({"include": ["b/**"]}, "b/c/d.md b/x.mdx"),
        ({"exclude": ["**/c", "**/_drafts/**"]}, "README.md a.md b/x.mdx"),
        ({"include": ["b/**/c/**/*.md", "**/b/**/x.*"]}, "b/c/d.md b/x.mdx"),
        ({"include": ["R**/*.md", "b**/x.*"]}, "b/x.mdx"),
    ],
)
def test_globs_choose_files_by_the_names_in_their_path(globs: dict[str, Any], claimed: str) -> None:
    source = Source(**{name: tuple(value) for name, value in globs.items()})
    paths = "README.md _drafts/x.md a.md b/c/d.md b/x.mdx".split()
    assert " ".join(path for path in paths if source.claims(path)) == claimed


def test_each_source_has_the_keys_of_records_but_for_its_own(tmp_path: Path) -> None:
    first, second = find_sources(
        parse_config(
            {
                "records": {
                    "site": "https://A.example/blog/", "timezone": "Europe/Berlin", "exclude": ["x"],
                    "fields": {"type": "=post", "provider": {"domain": "host", "name": ["by", "=Me"]}},
                    "source": [
                        {"path": "posts", "preset": "hugo"},
                        {"path": "press", "site": "https://b.example", "exclude": ["y"], "fields": {"type": "kind"}},
                    ],
                }
            },
            tmp_path,
        )
    )  # fmt: skip
    assert (first.folder, first.preset, first.site, first.timezone) == (
        tmp_path / "posts", "hugo", "https://a.example/blog", "Europe/Berlin",
    )  # fmt: skip
    assert first.exclude[0] == "x" and "_index.*" in first.exclude  # the preset's count, too
    assert first.fields == {"type": ("=post",), "provider.domain": ("host",), "provider.name": ("by", "=Me")}
    assert (second.folder, second.preset, second.site, second.exclude) == (
        tmp_path / "press", "auto", "https://b.example", ("y",),
    )  # fmt: skip
    assert second.fields["type"] == ("kind",)


def test_files_of_several_sources_are_named_by_the_paths_of_their_sources(tmp_path: Path) -> None:
    write(tmp_path, "posts/a.md", "press/old/a.md", "press/b.md")
    records = folders(tmp_path, {"source": [{"path": "posts"}, {"path": "./press", "exclude": ["old"]}]})
    assert names(records) == ["posts/a.md", "press/b.md"]
    for name in names(records):
        file = records.file(name)
        assert file and (tmp_path / name).samefile(file.path)
        assert records.find(file.path) == (name, file)
        read = records.read(file)
        assert read and read[1] and [record.story.title for record in read[1].records] == [Path(name).stem]
    assert records.file("press/old/a.md") is None
    assert records.find(str(tmp_path / "press" / "old" / "a.md")) == ("press/old/a.md", None)
    assert records.find(str(tmp_path / "elsewhere" / "a.md")) is None


def test_the_first_of_two_sources_that_claim_a_file_has_it_and_a_warning_says_so(tmp_path: Path) -> None:
    write(tmp_path, "posts/a.md", "posts/special/b.md", "posts/special/c.md")
    records = folders(
        tmp_path, {"source": [{"path": "posts/special", "fields": {"type": "=special"}}, {"path": "posts"}]}
    )
    assert names(records) == ["posts/a.md", "posts/special/b.md", "posts/special/c.md"]
    kinds = {}
    for file in records.files():
        read = records.read(file)
        assert read and read[1]
        kinds[file.name] = read[1].records[0].story.type
    assert kinds == {"posts/a.md": "", "posts/special/b.md": "special", "posts/special/c.md": "special"}
    assert source_warnings(records) == [
        "records.source 2: special/b.md and 1 more files are of records.source 1, too, which has them as the first of the two"
    ]
    assert source_warnings(folders(tmp_path, {"path": "posts"})) == []


def test_stories_of_all_sources_are_published_and_another_configuration_is_another_collection(tmp_path: Path) -> None:
    write(tmp_path, "posts/a.md", "press/b.md")
    config = "[[records.source]]\npath = 'posts'\n[[records.source]]\npath = 'press'\nfields.type = '=press'\n"
    (tmp_path / "config.toml").write_text(config)
    status, out, _ = result("feeds", cwd=tmp_path)
    assert (status, out.split()[0]) == (0, "2")
    assert result("why", "press/b.md", cwd=tmp_path)[1].startswith("https://a.example/b\n")
    (tmp_path / "config.toml").write_text(config.replace("'press'\n", "'press'\nexclude = ['b.*']\n", 1))
    assert result("feeds", cwd=tmp_path)[1].split()[0] == "1"
    assert result("feeds", "--config", tmp_path / "config.toml", cwd=tmp_path)[1].split()[0] == "1"


def test_a_folder_of_records_on_the_command_line_has_the_keys_of_its_source(tmp_path: Path) -> None:
    write(tmp_path, "posts/a.md", "press/b.md")
    (tmp_path / "config.toml").write_text(
        "[[records.source]]\npath = 'posts'\n[[records.source]]\npath = 'press'\nfields.provider = '=Press'\n"
    )
    assert result("build", "press", cwd=tmp_path)[0] == 0
    assert {path.name for path in (tmp_path / "public" / "providers").glob("*.atom")} == {"press.atom"}


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ("preset = 'jekill'", "records.preset: 'jekill' can't be used; did you mean jekyll?"),
        ("preset = 3", "records.preset: 3 can't be used; expected the name of a preset such as auto"),
        ("presets = 'x'", "records.presets is not a key that feedsvc knows; did you mean preset?"),
        ("site = 'a.example'", "records.site: 'a.example' can't be used; expected an http or https address"),
        ("site = 'https://u:secret@a.example'", "records.site: 'https://…@a.example' can't be used; expected an address without user name and password"),
        ("site = 'https://a.example/?x'", "records.site: 'https://a.example/?x' can't be used; expected an address without a query or fragment"),
        ("timezone = 'Berlin'", "records.timezone: 'Berlin' can't be used; expected a time zone such as Europe/Berlin"),
        ("timezone = '../x'", "records.timezone: '../x' can't be used; expected a time zone such as Europe/Berlin"),
        ("include = '*.md'", "records.include: '*.md' can't be used; expected a list of globs such as [\"_index.*\", \"drafts/*\"]"),
        ("exclude = [3]", "records.exclude: [3] can't be used; expected a list of globs such as [\"_index.*\", \"drafts/*\"]"),
        ("items = 'a..b'", "records.items: 'a..b' can't be used; expected a key or a path of keys such as source.name"),
        ("fields = 'x'", "records.fields: 'x' can't be used; expected a key, a template or a constant for each field, or a list of them"),
        ("fields.title = 3", "records.fields: {'title': 3} can't be used; expected a key, a template or a constant for each field, or a list of them"),
        ("fields.webURL = 'x'", "records.fields.webURL is not a field that feedsvc knows; did you mean webUrl?"),
        ("fields.provider.nam = 'x'", "records.fields.provider.nam is not a field that feedsvc knows; did you mean provider.name?"),
        ("fields.title = '{a'", "records.fields.title: '{a' can't be used; expected each { of a template to have its }, as in {site}/{slug}/"),
        ("fields.title = ['a', '{}']", "records.fields.title: '{}' can't be used; expected a name in each { } of a template, as in {site}/{slug}/"),
        ("fields.webUrl = '{site}/{file.nmae}'", "records.fields.webUrl: '{site}/{file.nmae}' can't be used; expected {file.date}, {file.name}, {file.parent} or {file.slug}, not {file.nmae}"),
        ("fields.webUrl = '{title|upper}'", "records.fields.webUrl: '{title|upper}' can't be used; expected one of |date, |lower, |rest, |slug, not |upper"),
        ("fields.topics = 'tags|upper'", "records.fields.topics: 'tags|upper' can't be used; expected |words after a path, not |upper"),
        ("source = 'x'", "records.source: 'x' can't be used; expected tables, [[records.source]]"),
        ("source = [{pth = 'x'}]", "records.source 1.pth is not a key that feedsvc knows; did you mean path?"),
        ("source = [{}, {preset = 'x'}]", "records.source 2.preset: 'x' can't be used; expected one of auto, eleventy, feedparser, hugo, jekyll, json-feed, news-please, newsapi, newspaper, pelican, schema.org, trafilatura, zola"),
        ("source = [{fields = {date = 'x'}}]", "records.source 1.fields.date is not a field that feedsvc knows; did you mean publishedDateTime?"),
        ("fields.content = 'x'", "records.fields.content is not a field that feedsvc knows; did you mean featuredContent?"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["build", "check"])
def test_a_faulty_source_is_one_line_before_anything_is_written(
    tmp_path: Path, command: str, records: str, message: str
) -> None:
    write(tmp_path, "records/a.md")
    (tmp_path / "config.toml").write_text(f"[records]\n{records}\n")
    status, out, error = result(command, cwd=tmp_path)
    assert (status, out) == (2, "")
    assert error.startswith(f"feedsvc: config.toml: {message}")
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "records"]


def test_keys_without_quotes_and_names_with_dots_mean_the_same(tmp_path: Path) -> None:
    plain = parse_config({"records": {"fields": {"provider": {"domain": "a.b"}}}}, tmp_path)
    assert plain.records == parse_config({"records": {"fields": {"provider.domain": "a.b"}}}, tmp_path).records


@pytest.mark.parametrize(
    ("records", "warnings"),
    [
        ({"fields": {"webUrl": ["external", "link"]}}, ["records.fields.webUrl: external leads to nothing in any record"]),
        ({"fields": {"type": "lnik"}}, ["records.fields.type: lnik leads to nothing in any record; did you mean link?"]),
        ({"fields": {"type": "{yaer}-{link}"}}, ["records.fields.type: yaer leads to nothing in any record; did you mean year?"]),
        ({"fields": {"type": "link.x"}}, ["records.fields.type: link.x leads to nothing in any record; did you mean link?"]),
        ({"fields": {"type": ["=x", "{title}", "{site}{year}", "Title"]}}, []),
        ({"items": "data.x"}, ["records.items: data.x leads to nothing in any file"]),
        ({"include": ["*.md", "*.mdx"]}, ["records.include: no record file in {folder}/records matches '*.mdx'"]),
        ({"preset": "jekyll"}, []),
        ({"preset": "hugo", "include": ["*.markdown"]}, ["records.include: no record file in {folder}/records matches '*.markdown'"]),
        ({}, []),
    ],
)  # fmt: skip
def test_what_finds_nothing_is_a_warning(tmp_path: Path, records: dict[str, Any], warnings: list[str]) -> None:
    write(tmp_path, "records/a.md", "records/b.md")
    assert source_warnings(folders(tmp_path, records)) == [text.format(folder=tmp_path) for text in warnings]


@pytest.mark.parametrize(
    ("records", "files", "reason"),
    [
        ({"exclude": ["**"]}, ["a.json", "b.json", "c.png"], "all 2 record files are left out by records.exclude"),
        ({"include": ["x/*"]}, ["a.json"], "the only record file is left out by records.include"),
        ({"preset": "jekyll"}, ["a.md", "b.md"], "all 2 record files are left out by the preset jekyll"),
        (
            {"preset": "jekyll", "include": ["*.md"], "exclude": ["*.md"]}, ["a.md", "b.md"],
            "all 2 record files are left out by records.include and records.exclude and the preset jekyll",
        ),
    ],
)  # fmt: skip
def test_globs_that_leave_no_record_file_are_a_problem_that_says_so(
    tmp_path: Path, records: dict[str, Any], files: list[str], reason: str
) -> None:
    write(tmp_path, *(f"records/{file}" for file in files))
    lines = [f"records.{key} = {json.dumps(value)}\n" for key, value in records.items()]
    (tmp_path / "config.toml").write_text("".join(lines))
    status, _, error = result("check", cwd=tmp_path)
    assert status == 1
    assert f"{tmp_path}/records: {reason}\n" in error
    assert "expected names" not in error


def test_check_shows_the_warnings(tmp_path: Path) -> None:
    write(tmp_path, "records/a.md")
    (tmp_path / "config.toml").write_text("records.fields.type = 'kind'\n")
    status, _, error = result("check", cwd=tmp_path)
    assert status == 0
    assert "warning: records.fields.type: kind leads to nothing in any record\n" in error


def test_a_source_without_a_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, "posts/a.md")
    (tmp_path / "config.toml").write_text("[records]\nsource = [{path = 'posts'}, {path = 'gone'}]\n")
    status, _, error = result("build", cwd=tmp_path)
    assert (status, error) == (
        2, f"feedsvc: {tmp_path}/gone: No such file or directory; expected a folder of records\n",
    )  # fmt: skip
    assert not (tmp_path / ".feedsvc").exists()


def test_a_record_in_memory_is_read_by_the_configuration_s_source() -> None:
    import feedsvc

    config = feedsvc.load_config(tables={"records": {"fields": {"title": "caption"}}})
    record = {"caption": "T", "url": "https://a.example/", "date": "2020-06-13"}
    with feedsvc.open(config, records=[record]) as site:
        assert site.sync().problem_count == 0
        assert b"<title>T</title>" in site.document("/feed.atom").body


def test_a_bad_preset_of_another_package_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedsvc.records import presets

    class EntryPoint:
        def __init__(self, name: str, value: object) -> None:
            self.name, self.value = name, value

        def load(self) -> object:
            return self.value

    points = [
        EntryPoint("press", {"fields": {"title": "caption", "provider": {"name": "by"}}, "site": "https://A.example/"}),
        EntryPoint("text", '[fields]\ntitle = "caption"'),
        EntryPoint("broken", {"fields": {"tilte": "x"}}),
        EntryPoint("number", 3),
        EntryPoint("nowhere", {"timezone": "Nowhere"}),
        EntryPoint("torn", "fields = "),
        EntryPoint("loop", {"preset": "loop"}),
    ]
    monkeypatch.setattr(presets, "entry_points", lambda: tuple(points))

    def source(preset: str) -> Source:
        return folders(tmp_path, {"preset": preset}).sources[0]

    for name in ("press", "text"):
        assert source(name).preset_fields["title"][:2] == ("caption", "title")
    assert source("press").site == "https://a.example"
    assert source("press").preset_fields["provider.name"][0] == "by"
    assert source("loop").preset_fields == source("auto").preset_fields
    for name, message in [
        ("broken", "options: preset broken.fields.tilte is not a field that feedsvc knows; did you mean title?"),
        (
            "number",
            "options: preset number: a value of type int can't be used; expected a mapping of the keys of [records]",
        ),
        (
            "nowhere",
            "options: preset nowhere.timezone: 'Nowhere' can't be used; expected a time zone such as Europe/Berlin",
        ),
        (
            "torn",
            "options: preset torn: can't be loaded (TOMLDecodeError: Invalid value (at end of document)); "
            "expected a mapping of the keys of [records]",
        ),
        ("prss", "options: records.preset: 'prss' can't be used; did you mean press?"),
    ]:
        with pytest.raises(ConfigError) as caught:
            source(name)
        assert str(caught.value) == message


def test_time_zones_are_known_where_the_system_has_none(tmp_path: Path) -> None:
    code = (
        "import feedsvc; from feedsvc.records.sources import find_sources; "
        "config = feedsvc.load_config(tables={'records': {'path': '.', 'timezone': 'Europe/Berlin'}}); "
        "print(find_sources(config)[0].context.timezone)"
    )
    environment = {**os.environ, "PYTHONTZPATH": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("Europe/Berlin\n", "")


def test_the_root_folder_is_as_good_as_others(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(record())
    records = RecordFolders(find_sources(parse_config({"records": {"path": "/"}}, tmp_path)))
    found = records.find(f"{tmp_path}/a.md")
    assert found and found[1] and found[0] == f"{tmp_path}/a.md".lstrip("/")
