"""`feedsvc init` proposes what reads the records that are there: the configuration loads, and publishes them."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, record
from tests.faults import mounted
from tests.index.test_disks import fill
from tests.test_cli import result

POST = "---\ntitle: T\ntags: [a]\n---\nText\n"
DATED = "---\ntitle: T\ndate: 2020-06-13\ntags: [a]\n---\nText\n"
ARTICLE = {"title": "T", "url": "https://a.example/1", "publishedAt": "2020-06-13", "source": {"id": None, "name": "S"}}

#: Of each site: its files, the keys of [records] that are proposed, the comment on them, and a story's URL.
SITES: dict[str, tuple[dict[str, str], dict[str, object], str, str]] = {
    "Jekyll": (
        {
            "_config.yml": "title: X\nurl: https://jekyll.example\nbaseurl: /blog\n",
            "_posts/2020-06-13-one.md": POST,
            "_posts/2020-06-14-two.md": POST.replace("tags", "published: false\ntags"),
            "_posts/2020-06-15-three.md": POST.replace("tags", "draft: true\ntags"),
            "_posts/2020-06-16-four.md": POST.replace("title: T\n", ""),
            "about.md": POST,
            "README.md": "# Read me\n",
            "_site/feed.json": json.dumps([ARTICLE]),
        },
        {"path": "_posts", "preset": "jekyll", "site": "https://jekyll.example/blog"},
        "1 of 4 files read by preset jekyll; 2 drafts; 1 without a title",
        "https://jekyll.example/blog/2020/06/13/one.html",
    ),
    "Hugo": (
        {
            "hugo.toml": 'baseURL = "https://hugo.example/"\n',
            "content/posts/one.md": "+++\ntitle = 'T'\ndate = 2020-06-13\n+++\nText\n",
            "content/posts/two/index.md": DATED,
            "content/about.md": POST,
            "content/_index.md": POST,
            "themes/x/exampleSite/content/posts/x.md": DATED,
        },
        {"path": "content", "preset": "hugo", "site": "https://hugo.example"},
        "2 of 4 files read by preset hugo; 1 left out by the preset; 1 without a date",
        "https://hugo.example/posts/two/",
    ),
    "Hugo, in YAML in a folder": (
        {"config/_default/config.yaml": "baseurl: https://hugo.example/\n", "content/posts/one.md": DATED},
        {"path": "content", "preset": "hugo", "site": "https://hugo.example"},
        "1 of 1 file read by preset hugo",
        "https://hugo.example/posts/one/",
    ),
    "Hugo in two languages": (
        {
            "hugo.yaml": (
                "baseURL: https://hugo.example/\ndefaultContentLanguage: ja\n"
                "languages:\n  ja:\n    contentDir: content/ja/\n  en:\n    contentDir: content/english\n"
            ),
            "content/ja/posts/one.md": DATED.replace("title: T", "title: 橋"),
            "content/english/posts/one.md": DATED,
            "content/english/two.md": POST,
        },
        {
            "path": "content", "preset": "hugo", "site": "https://hugo.example",
            "source": [
                {"path": "content/ja", "fields": {
                    "webUrl": ["url", "{site}/{file.parent|rest|lower}/{slug}/"], "language": "=ja",
                }},
                {"path": "content/english", "fields": {
                    "webUrl": ["url", "{site}/en/{file.parent|rest|lower}/{slug}/"], "language": "=en",
                }},
            ],
        },
        "2 of 3 files read by preset hugo; 1 without a date",
        "https://hugo.example/en/posts/one/",
    ),
    "Zola": (
        {
            "config.toml": 'base_url = "https://zola.example"\ntitle = "X"\n',
            "content/blog/one.md": "+++\ntitle = 'T'\ndate = 2020-06-13\n[taxonomies]\ntags = ['a']\n+++\nText\n",
        },
        {"path": "content", "preset": "zola", "site": "https://zola.example"},
        "1 of 1 file read by preset zola",
        "https://zola.example/blog/one/",
    ),
    "Pelican": (
        {
            "pelicanconf.py": "SITEURL = ''\n",
            "publishconf.py": "import os\nSITEURL = 'https://pelican.example'\n",
            "content/one.md": "Title: One two\nDate: 2020-06-13\nCategory: a\n\nText\n",
        },
        {"path": "content", "preset": "pelican", "site": "https://pelican.example"},
        "1 of 1 file read by preset pelican",
        "https://pelican.example/one-two.html",
    ),
    "Astro": (
        {
            "astro.config.mjs": "export default defineConfig({\n  // site: 'https://old.example',\n  site: 'https://astro.example',\n})\n",
            "package.json": '{"name": "x", "version": "1"}',
            "node_modules/x/README.md": DATED,
            "src/content/blog/one.md": "---\ntitle: T\npubDate: Jun 13 2020\nheroImage: /i.png\n---\nText\n",
        },
        {"path": "src/content", "preset": "eleventy", "site": "https://astro.example"},
        "1 of 1 file read by preset eleventy",
        "https://astro.example/blog/one/",
    ),
    "Eleventy": (
        {
            "eleventy.config.js": "// input: 'old'\nmodule.exports = {url: 'https://11ty.example', dir: {input: 'src'}}\n",
            "src/blog/one.md": DATED,
        },
        {
            "path": "src/blog", "preset": "eleventy", "site": "https://11ty.example",
            "fields": {"webUrl": ["permalink", "{site}/blog/{file.parent}/{slug}/"]},
        },
        "1 of 1 file read by preset eleventy",
        "https://11ty.example/blog/one/",
    ),
    "a site in the folder of its program": (
        {
            "docs/_config.yml": "url: https://jekyll.example\n", "docs/_posts/2020-06-13-one.md": POST,
            "docs/index.md": POST, "lib/a.json": json.dumps([ARTICLE]), "CHANGES.md": DATED,
        },
        {"path": "docs/_posts", "preset": "jekyll", "site": "https://jekyll.example"},
        "1 of 1 file read by preset jekyll",
        "https://jekyll.example/2020/06/13/one.html",
    ),
    "records of our own": (
        {"records/a.md": record(), "records/b.md": record(url="https://a.example/2"), "records/x.md": "x"},
        {"path": "records", "preset": "auto"},
        "2 of 3 files read by preset auto; 1 without records",
        "https://a.example/1",
    ),
    "lists of articles": (
        {
            "a.json": json.dumps({"articles": [ARTICLE, {**ARTICLE, "url": "https://a.example/2"}]}),
            "b.json": json.dumps({**ARTICLE, "url": None}),
            "c.json": "{",
            "public/feed.json": json.dumps([ARTICLE]),
        },
        {"path": ".", "preset": "auto", "exclude": ["feedsvc.toml", "public"]},
        "1 of 3 files read by preset auto (2 records); 1 without an address; 1 not readable",
        "https://a.example/1",
    ),
    "articles in the data of a site": (
        {"_config.yml": "url: https://jekyll.example\n", "_data/news.json": json.dumps([ARTICLE])},
        {"path": "_data", "preset": "auto"},
        "1 of 1 file read by preset auto",
        "https://a.example/1",
    ),
}  # fmt: skip


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def proposed(path: Path) -> dict[str, object]:
    """Return the keys of [records] that are not as in the template without records."""
    table = tomllib.loads(path.read_text())["records"]
    usual = {"include_unpublished": False, "timezone": "UTC", "include": [], "exclude": []}
    return {key: value for key, value in table.items() if key in ("path", "preset") or value != usual.get(key, value)}


@pytest.mark.parametrize("kind", SITES)
def test_the_proposed_configuration_publishes_the_records_that_are_there(tmp_path: Path, kind: str) -> None:
    files, keys, comment, url = SITES[kind]
    write(tmp_path, files)
    option = ("--config", "feedsvc.toml")
    status, output, error = result("init", *option, cwd=tmp_path)
    lines = (
        f"feedsvc.toml: written for {os.path.normpath(tmp_path / str(keys['path']))}: {comment}\n"
        "next: feedsvc check --config feedsvc.toml, then feedsvc serve --config feedsvc.toml\n"
    )
    assert (status, output, error) == (0, lines, "")
    file = tmp_path / "feedsvc.toml"
    text = file.read_text()
    table = tomllib.loads(text)["records"]
    assert {key: table[key] for key in keys} == keys
    assert ("site" in table) == ("site" in keys)
    assert table["exclude"] == keys.get("exclude", [])
    assert f"\n# {comment}\npreset = " in text
    assert f'"url":"{url}"' in result("show", "/feed.json", *option, cwd=tmp_path)[1]


HUGO_POST = {"content/posts/2020-06-13-one.md": DATED}
JEKYLL_POST = {"_posts/2020-06-13-one.md": "---\ntitle: T\ndate: 2020-06-13 00:30\ncategories: [A]\n---\nText\n"}
PELICAN_POST = {"content/one.md": "Title: One\nDate: 2020-06-13\nCategory: a\n\nText\n"}
JEKYLL = "url: https://a.example\n"
PELICAN = "SITEURL = 'https://a.example'\n"
#: Files of a site; the keys of [records] that its settings give; the lines on those that are not followed; the URL.
SETTINGS: dict[str, tuple[dict[str, str], dict[str, object], list[str], str]] = {
    "pretty": (
        {"_config.yml": f"{JEKYLL}permalink: pretty\ntimezone: Europe/Berlin\n", **JEKYLL_POST},
        {"timezone": "Europe/Berlin", "fields": {"webUrl": ["permalink", "{site}/{categories}/{year}/{month}/{day}/{slug}/"]}},
        [], "https://a.example/a/2020/06/13/one/",
    ),
    "none": (
        {"_config.yml": f"{JEKYLL}permalink: none\n", **JEKYLL_POST},
        {"fields": {"webUrl": ["permalink", "{site}/{categories}/{slug}.html"]}}, [], "https://a.example/a/one.html",
    ),
    "date": ({"_config.yml": f"{JEKYLL}permalink: date\ntimezone: UTC\n", **JEKYLL_POST}, {}, [], "https://a.example/a/2020/06/13/one.html"),
    "a template": (
        {"_config.yml": f"{JEKYLL}permalink: /blog/:year-:month/:title:output_ext\n", **JEKYLL_POST},
        {"fields": {"webUrl": ["permalink", "{site}/blog/{year}-{month}/{slug}.html"]}}, [], "https://a.example/blog/2020-06/one.html",
    ),
    "a collection's": (
        {"_config.yml": f"{JEKYLL}permalink: /:title/\ncollections: {{posts: {{permalink: '/p/:slug/'}}}}\n", **JEKYLL_POST},
        {"fields": {"webUrl": ["permalink", "{site}/p/{slug|slug}/"]}}, [], "https://a.example/p/one/",
    ),
    "ordinal": (
        {"_config.yml": f"{JEKYLL}permalink: ordinal\ntimezone: Nowhere\n", **JEKYLL_POST}, {},
        ['timezone "Nowhere" is not followed: set records.timezone', 'permalink "ordinal" is not followed: set records.fields.webUrl'],
        "https://a.example/a/2020/06/13/one.html",
    ),
    "other parts": (
        {"_config.yml": f"{JEKYLL}permalink: /:titles/:i_day\\x7F/:title\n", **JEKYLL_POST}, {},
        ['permalink "/:titles/:i_day\\\\x7F/:title" is not followed: set records.fields.webUrl'], "https://a.example/a/2020/06/13/one.html",
    ),
    "Hugo": (
        {"hugo.toml": "baseURL = 'https://a.example'\ntimeZone = 'Europe/Berlin'\n[permalinks]\nposts = '/:year/:slug/'\n", **HUGO_POST},
        {"timezone": "Europe/Berlin"}, ["permalinks is not followed: set records.fields.webUrl"], "https://a.example/posts/2020-06-13-one/",
    ),
    "Hugo's ugly addresses": (
        {"config.yaml": "baseURL: https://a.example\nuglyURLs: true\n", **HUGO_POST}, {},
        ["uglyURLs is not followed: set records.fields.webUrl"], "https://a.example/posts/2020-06-13-one/",
    ),
    "Pelican": (
        {"pelicanconf.py": f"{PELICAN}TIMEZONE = 'Europe/Paris'\nARTICLE_URL = 'posts/{{date:%Y}}/{{date:%m}}/{{slug}}/'\n", **PELICAN_POST},
        {"timezone": "Europe/Paris", "fields": {"webUrl": ["url", "{site}/posts/{year}/{month}/{slug}/"]}}, [],
        "https://a.example/posts/2020/06/one/",
    ),
    "others of Pelican": (
        {"pelicanconf.py": f"{PELICAN}ARTICLE_URL = '{{category}}/{{slug}}/'\n", **PELICAN_POST}, {},
        ['ARTICLE_URL "{category}/{slug}/" is not followed: set records.fields.webUrl'], "https://a.example/one.html",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_what_the_generator_s_configuration_says_of_addresses_and_times_is_followed_or_named(
    tmp_path: Path, name: str
) -> None:
    files, keys, unfollowed, url = SETTINGS[name]
    write(tmp_path, files)
    option = ("--config", "feedsvc.toml")
    status, output, _ = result("init", *option, cwd=tmp_path)
    assert (status, output.splitlines()[1:-1]) == (0, unfollowed)
    text = (tmp_path / "feedsvc.toml").read_text()
    table = tomllib.loads(text)["records"]
    assert {key: table[key] for key in ("timezone", "fields") if key in table} == {"timezone": "UTC", **keys}
    for line in unfollowed:
        assert f"\n# {line}\n" in text
    assert f'"url":"{url}"' in result("show", "/feed.json", *option, cwd=tmp_path)[1]
    assert "warning" not in result("check", *option, cwd=tmp_path)[2]


def test_a_site_whose_address_is_not_known_needs_it_next(tmp_path: Path) -> None:
    write(tmp_path, {"_posts/2020-06-13-one.md": POST, "_config.yml": "url: http://localhost:4000\n"})
    assert result("init", cwd=tmp_path)[1].splitlines() == [
        f"config.toml: written for {tmp_path}/_posts: 1 of 1 file read by preset jekyll",
        "next: set records.site in config.toml to the address of your site, then feedsvc check",
    ]
    text = (tmp_path / "config.toml").read_text()
    assert "site" not in tomllib.loads(text)["records"]
    (tmp_path / "config.toml").write_text(text.replace("# site = ", "site = "))
    assert "https://blog.example/2020/06/13/one.html" in result("show", "/feed.json", cwd=tmp_path)[1]


@pytest.mark.parametrize(
    ("files", "preset"),
    [
        ({"posts/2020-06-13-one.md": DATED, "posts/2020-06-14-two.md": DATED}, "jekyll"),
        ({"posts/one.md": DATED.replace("tags", "lastmod: 2020-07-01\ntags"), "posts/two.md": DATED}, "hugo"),
        ({"posts/one.md": "+++\ntitle = 'T'\ndate = 2020-06-13\n[extra]\nx = 1\n[taxonomies]\ntags = ['a']\n+++\n"}, "zola"),
        ({"posts/one.md": "---\ntitle: T\npubDate: 2020-06-13\nheroImage: /i.png\n---\n"}, "eleventy"),
        ({"posts/one.md": "Title: T\nDate: 2020-06-13\nModified: 2020-07-01\nCategory: x\n\nText\n"}, "pelican"),
        ({"posts/one.md": "---\ntitle: T\ndate: 2020-06-13\nlink: https://a.example/1\n---\n"}, "auto"),
    ],
)  # fmt: skip
def test_without_the_generators_configuration_the_keys_decide(
    tmp_path: Path, files: dict[str, str], preset: str
) -> None:
    write(tmp_path, files)
    result("init", cwd=tmp_path)
    keys = proposed(tmp_path / "config.toml")
    assert (keys["path"], keys["preset"]) == ("posts", preset)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [(("news",), "news"), (("./news/",), "news"), (("{folder}/news",), "news"), (("sub/../news", "--config", "sub/c.toml"), "{folder}/news")],
)  # fmt: skip
def test_a_folder_may_be_named(tmp_path: Path, arguments: tuple[str, ...], path: str) -> None:
    write(tmp_path, {"news/a.json": json.dumps(ARTICLE), "records/b.md": record(), "sub/c.md": record()})
    arguments = tuple(argument.format(folder=tmp_path) for argument in arguments)
    assert result("init", *arguments, cwd=tmp_path)[0] == 0
    file = tmp_path / ("sub/c.toml" if "--config" in arguments else "config.toml")
    assert proposed(file) == {"path": path.format(folder=tmp_path), "preset": "auto"}
    config = ("--config", str(file))
    assert '"https://a.example/1"' in result("show", "/feed.json", *config, cwd=tmp_path)[1]


def test_a_folder_that_is_none_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    message = f"feedsvc: {tmp_path}/nowhere: No such file or directory; expected a folder of records\n"
    assert result("init", "nowhere", cwd=tmp_path) == (2, "", message)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_name_no_configuration_can_have_is_one_line(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    status, output, error = result("init", os.fsdecode(b"\xff"), cwd=tmp_path)
    assert (status, output) == (2, "")
    assert error.endswith("is not UTF-8, as TOML has to be; expected another name of the folder\n")
    assert not (tmp_path / "config.toml").exists()


def test_files_of_other_kinds_and_records_that_can_not_be_used_are_no_proposal(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# Read me\n", "package.json": "{}", "a.png": "", "pyproject.toml": "[x]\n"})
    lines = "config.toml: written\nnext: put your records into records, then feedsvc check\n"
    assert result("init", cwd=tmp_path) == (0, lines, "")
    assert proposed(tmp_path / "config.toml") == {"path": "records", "preset": "auto"}


def test_a_named_folder_without_record_files_is_configured_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    status, output, _ = result("init", "news", cwd=tmp_path)
    assert status == 0
    assert output.splitlines() == [
        f"config.toml: written for {tmp_path}/news: no record files",
        "next: put your records there, then feedsvc check",
    ]
    assert proposed(tmp_path / "config.toml") == {"path": "news", "preset": "auto"}


def test_where_no_record_can_be_read_the_next_step_is_to_name_the_keys(tmp_path: Path) -> None:
    write(tmp_path, {"news/a.yaml": "Überschrift: A\nwo: /1\n", "news/b.yaml": "Überschrift: B\nwo: /2\n"})
    lines = result("init", "news", cwd=tmp_path)[1].splitlines()
    assert lines[0].endswith("0 of 2 files read by preset auto; 2 without a title")
    assert lines[1:] == [
        "next: say in records.fields of config.toml which keys your records have them under: "
        "feedsvc why FILE shows what is found in one"
    ]


def test_where_no_file_has_a_record_the_next_step_is_to_look_what_they_lack(tmp_path: Path) -> None:
    write(tmp_path, {"notes/a.md": "# One\n\nText\n", "notes/b.md": "# Two\n\nText\n"})
    assert result("init", "notes", cwd=tmp_path)[1].splitlines() == [
        f"config.toml: written for {tmp_path}/notes: 0 of 2 files read by preset auto; 2 without records",
        "next: feedsvc check, which shows what these files lack",
    ]


@pytest.mark.parametrize("posts", ["_posts", "src/_posts"])
def test_the_configuration_of_jekyll_is_found_above_the_folder_of_its_posts(tmp_path: Path, posts: str) -> None:
    write(
        tmp_path,
        {f"{posts}/2020-06-13-one.md": POST, "_config.yml": "url: https://jekyll.example\ntimezone: Europe/Berlin\n"},
    )
    result("init", posts, cwd=tmp_path)
    table = tomllib.loads((tmp_path / "config.toml").read_text())["records"]
    assert [table[key] for key in ("path", "preset", "timezone")] == [posts, "jekyll", "Europe/Berlin"]
    assert table["site"] == "https://jekyll.example"


def test_of_many_files_a_sample_is_read(tmp_path: Path) -> None:
    write(tmp_path, {f"records/{n}.md": record(url=f"https://a.example/{n}") for n in range(600)})
    assert "500 of a sample of 500 files read by preset auto\n" in result("init", cwd=tmp_path)[1]


@pytest.mark.parametrize("text", ['baseURL = "https://hugo.example/"\n', 'base_url = "https://zola.example"\n'])
def test_the_configuration_of_another_program_stays(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"config.toml": text})
    message = (
        "feedsvc: config.toml: exists already, and stays as it is; expected a new file, such as --config feedsvc.toml\n"
    )
    assert result("init", cwd=tmp_path) == (2, "", message)
    assert (tmp_path / "config.toml").read_text() == text


def test_no_value_of_a_record_is_shown_or_written(tmp_path: Path) -> None:
    article = {**ARTICLE, "secured": "canary1", "layout": {"canary2": "canary3"}}
    write(tmp_path, {"a.json": json.dumps([article, {"name": "canary4", "secured": "canary5"}]), "b.md": "canary6"})
    _, output, error = result("init", cwd=tmp_path)
    assert "canary" not in output + error + (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize(("arguments", "name"), [((), "sample"), (("demo",), "demo"), (("a/b",), "a/b")])
def test_the_sample_is_made_and_published(tmp_path: Path, arguments: tuple[str, ...], name: str) -> None:
    lines = f"{name}: made, with the sample record\nconfig.toml: written for {name}\nnext: feedsvc serve\n"
    assert result("init", "--sample", *arguments, cwd=tmp_path) == (0, lines, "")
    assert "\n# 1 of 1 file read by preset auto\n" in (tmp_path / "config.toml").read_text()
    (made,) = (tmp_path / name).iterdir()
    assert made.read_bytes() == (SAMPLE / made.name).read_bytes()
    assert result("check", cwd=tmp_path) == (0, "", "18 stories from 1 record\n0 problems\n")


@pytest.mark.survives("the output disk is full")
def test_a_sample_without_room_leaves_nothing_and_can_be_made_once_there_is(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", options="size=64k") as disk:
        filling = fill(disk, 4096)
        status, output, error = result("init", "--sample", cwd=disk)
        assert (status, output) == (2, "")
        assert error == "feedsvc: sample: No space left on device; expected a place for the sample record\n"
        assert list(disk.iterdir()) == [filling]
        filling.unlink()
        assert result("init", "--sample", cwd=disk)[0] == 0


def test_a_second_configuration_has_an_index_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    assert result("check", cwd=tmp_path)[0] == 0
    assert result("init", "--config", "preview.toml", cwd=tmp_path)[0] == 0
    assert result("check", "--config", "preview.toml", cwd=tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("name", "text", "title", "language"),
    [
        ("_config.yml", "title: A & B\nurl: https://a.example\nlocale: en_US", "A & B", "en-US"),
        ("hugo.toml", "baseURL = 'https://a.example'\ntitle = '橋'\nlanguageCode = 'ja'", "橋", "ja"),
        (
            "hugo.yaml",
            "baseURL: https://a.example\ntitle: B\ndefaultContentLanguage: de\n"
            "languages: {de: {title: A, contentDir: content/de}, en: {title: C, contentDir: content/en}}",
            "A",
            "de",
        ),
        ("zola.toml", "base_url = 'https://a.example'\ndefault_language = 'xx-nowhere'", "feedsvc", "en"),
    ],
)
def test_the_title_and_the_language_of_a_site_are_taken_over(
    tmp_path: Path, name: str, text: str, title: str, language: str
) -> None:
    write(tmp_path, {name: text, "_posts/2020-06-13-one.md": POST} if name == "_config.yml" else {name: text})
    write(tmp_path, {f"content/{folder}/one.md": DATED for folder in ("de", "en") if name != "_config.yml"})
    assert result("init", cwd=tmp_path)[0] == 0
    site = tomllib.loads((tmp_path / "config.toml").read_text())["site"]
    assert (site["title"], site["language"]) == (title, language)


def test_two_configurations_in_one_folder_have_an_index_each(tmp_path: Path) -> None:
    option = ("--config", "my own.toml")
    assert result("init", "--sample", cwd=tmp_path)[0] == 0
    lines = result("init", "--sample", "other", *option, cwd=tmp_path)[1].splitlines()
    assert lines[-1] == "next: feedsvc serve --config 'my own.toml'"
    for arguments in ((), option, ()):
        assert result("check", *arguments, cwd=tmp_path) == (0, "", "18 stories from 1 record\n0 problems\n")


def test_the_sample_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    expected = "exists already, and stays as it is; expected a new folder: feedsvc init --sample FOLDER"
    assert result("init", "--sample", cwd=tmp_path) == (2, "", f"feedsvc: sample: {expected}\n")
    assert list(tmp_path.iterdir()) == [tmp_path / "sample"]
    assert list((tmp_path / "sample").iterdir()) == []
    (tmp_path / "config.toml").touch()
    expected = "exists already, and stays as it is; expected a new file: delete this one, or name another with --config"
    assert result("init", "--sample", "demo", cwd=tmp_path) == (2, "", f"feedsvc: config.toml: {expected}\n")
    assert not (tmp_path / "demo").exists()
    status, output, _ = result("init", "--sample", "demo", "--config", "demo.toml", cwd=tmp_path)
    assert (status, output.splitlines()[-1]) == (0, "next: feedsvc serve --config demo.toml")
    status, _, error = result("init", "--sample", "other", "--config", "none/c.toml", cwd=tmp_path)
    assert (status, error) == (
        2,
        "feedsvc: none/c.toml: No such file or directory; expected a place for the configuration\n",
    )
    assert not (tmp_path / "other").exists()
