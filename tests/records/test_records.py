"""Record files to stories and problems."""

import json
from pathlib import Path

import pytest

from feedsvc.errors import RecordsError
from feedsvc.model import Story
from feedsvc.records.files import find_files
from feedsvc.records.reading import parse_file, read_file
from tests.conftest import record

FIELDS = 'title: "A"\nwebUrl: "https://a.example/1"\npublishedDateTime: 2020-06-13T01:29:00Z\n'
JSON = {"title": "A", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13T01:29:00Z"}


def story(text: str, name: str = "a.md") -> Story:
    content = parse_file(name, text.encode())
    assert not content.problems
    return content.records[0].story


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", f"---\n{FIELDS}---\n".encode()),
        ("a.markdown", f"---\n{FIELDS}---\n\nText.\n".encode()),
        ("a.txt", FIELDS.encode()),
        ("a.txt", f"\n---\n{FIELDS}".encode()),
        ("a.txt", f"---\n{FIELDS}...\nText.\n".encode()),
        ("a.yaml", f"---\n{FIELDS}---\n".encode()),
        ("A.YML", FIELDS.encode()),
        ("a.md", f"---\n{FIELDS}---\n".replace("\n", "\r\n").encode("utf-8-sig")),
        ("a.md", f"---\n{FIELDS}category: a\x08b\n---\n".encode()),
        ("a.yaml", b"x: &it\n  title: A\n" + b"<<: *it\n" + FIELDS.partition("\n")[2].encode()),
        ("a.json", json.dumps(JSON).encode("utf-8-sig")),
        ("a.json", json.dumps([JSON]).encode()),
        ("a.json", json.dumps({"value": [JSON], "next": 1}, indent=2).encode()),
    ],
)
def test_a_record_is_read_from_every_format(name: str, data: bytes) -> None:
    content = parse_file(name, data)
    assert content.problems == ()
    assert [(one.story.title, one.story.url) for one in content.records] == [("A", "https://a.example/1")]


def test_a_json_file_may_hold_several_records_and_a_bad_one_costs_no_other() -> None:
    value = [JSON, 3, {"title": "x"}, {**JSON, "title": "B"}]
    content = parse_file("a.json", json.dumps(value, indent=1).encode())
    assert [one.story.title for one in content.records] == ["A", "B"]
    assert [(problem.line, problem.field) for problem in content.problems] == [
        (7, ""), (8, "publishedDateTime"), (8, "webUrl"),
    ]  # fmt: skip


def test_every_field_is_read() -> None:
    parsed = story(
        record(
            title="A &amp; B",
            updatedDateTime="2020-06-14",
            excerpt='"An  excerpt"',
            ampWebUrl="https://a.example/amp",
            cdnAmpWebUrl="https://cdn.example/amp",
            type="video",
            category="'R&amp;D  news'",
            quality="84",
            heat="-1",
            topics="[AI, C++, ai]",
            provider="{name: Forbes, domain: Forbes.com, authors: [Ann, {name: Bob}], publishers: [P]}",
            images="[{url: 'https://a.example/i.jpg', width: 3, height: 0, title: T}, {url: 'https://a.example/j'}]",
            featuredContent="<b>x</b>",
            secured="canary",
        )
        + "Body"
    )
    assert parsed.title == "A & B"
    assert parsed.updated.isoformat() == "2020-06-14T00:00:00+00:00"
    assert parsed.excerpt == "An excerpt"
    assert (parsed.amp_url, parsed.cdn_amp_url) == ("https://a.example/amp", "https://cdn.example/amp")
    assert (parsed.type, parsed.category, parsed.quality, parsed.heat) == ("video", "R&D news", 84, -1)
    assert [(topic.slug, topic.name) for topic in parsed.topics] == [("ai", "AI"), ("c-plus-plus", "C++")]
    assert (parsed.provider.slug, parsed.provider.domain) == ("forbes", "forbes.com")
    assert (parsed.authors, parsed.publishers) == (("Ann", "Bob"), ("P",))
    assert parsed.image
    assert (parsed.image.url, parsed.image.width, parsed.image.height, parsed.image.title) == (
        "https://a.example/i.jpg", 3, None, "T",
    )  # fmt: skip
    assert parsed.content_html == "<b>x</b>"
    assert "canary" not in repr(parsed)


def test_what_is_absent_has_a_default() -> None:
    parsed = story(record(url="https://www.a.example/1") + "Text")
    assert parsed.updated == parsed.published
    assert (parsed.provider.name, parsed.provider.slug, parsed.provider.domain) == (
        "a.example",
        "a-example",
        "a.example",
    )
    assert parsed.content_html == "<p>Text</p>"
    assert (parsed.quality, parsed.heat, parsed.image, parsed.topics, parsed.draft, parsed.deleted) == (
        None,
        None,
        None,
        (),
        False,
        False,
    )


def test_a_title_that_looks_like_a_number_or_word_of_yaml_stays_as_written() -> None:
    for title in ("1984", "1.10", "No", "false", "NaN", "null island", "2020-06-13", "0x1F"):
        assert story(FIELDS.replace('"A"', title)).title == title


@pytest.mark.parametrize(
    ("field", "draft", "deleted"),
    [("published: false", True, False), ("published: no", True, False), ("deleted: true", False, True), ("removed: on", False, True)],
)  # fmt: skip
def test_flags_are_read(field: str, draft: bool, deleted: bool) -> None:
    parsed = story(FIELDS + field)
    assert (parsed.draft, parsed.deleted) == (draft, deleted)


def test_related_stories_keep_their_order_and_a_faulty_one_is_left_out_alone() -> None:
    related = "\n".join(
        f'  - title: "{title}"\n    webUrl: "https://b.example/{title}"\n    publishedDateTime: {time}'
        for title, time in (
            ("one", "2020-01-01"),
            ("two", "2020-13-01"),
            ("three", "2020-01-01"),
            ("one", "2020-01-01"),
        )
    )
    content = parse_file("a.md", f"{FIELDS}related:\n{related}\n".encode())
    assert [story.title for story in content.records[0].related] == ["one", "three"]
    assert [str(problem) for problem in content.problems] == [
        "a.md:10: related[1].publishedDateTime: '2020-13-01' can't be used: "
        "expected a time that exists (month must be in 1..12)"
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("topics: {a: b}", "4: topics: expected a name, not a mapping"),
        ("topics:\n- AI\n- 7", "6: topics[1]: expected a name, not '7'"),
        ("topics: [[a]]", "4: topics[0]: expected a name, not a list"),
        ("quality: high", "4: quality: 'high' can't be used: expected a whole number"),
        ("language: Deutsch", "4: language: 'Deutsch' can't be used: expected a language tag such as en or pt-BR; did you mean de?"),
        ("language: jp", "4: language: 'jp' can't be used: expected a language tag such as en or pt-BR; did you mean ja?"),
        ("heat: 99999999999", "4: heat: '99999999999' can't be used: expected a whole number up to 2147483647"),
        ("images: x", "4: images: 'x' can't be used: expected an http or https address"),
        ("images: 3", "4: images: '3' can't be used: expected a list of mappings"),
        ("images:\n- url: ftp://x", "5: images[0].url: 'ftp://x' can't be used: expected an http or https address"),
        ("images: [{url: 'https://a.example/', width: -1}]", "4: images[0].width: '-1' can't be used: expected a number of pixels"),
        ("provider: [[a]]", "4: provider: a list can't be used: expected a name, or a mapping with a name"),
        ("provider: {name: F, domain: a b}", "4: provider.domain: 'a b' can't be used: expected a host name such as example.com"),
        ("excerpt: [a]", "4: excerpt: a list can't be used: expected text"),
        ("ampWebUrl: x", "4: ampWebUrl: 'x' can't be used: expected an http or https address"),
        ("published: maybe", "4: published: 'maybe' can't be used: expected true or false; left out until it is one of them"),
        ("related: 3", "4: related: '3' can't be used: expected a list of mappings"),
    ],
)  # fmt: skip
def test_a_faulty_part_is_reported_and_the_rest_is_kept(fields: str, message: str) -> None:
    content = parse_file("a.md", f"{FIELDS}{fields}\n".encode())
    assert [str(problem) for problem in content.problems] == [f"a.md:{message}"]
    assert content.records[0].story.title == "A"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.md", b"", "1: is not a record; expected a mapping with title, webUrl and so on"),
        ("a.md", b"hello", "1: is not a record; expected front matter, between lines ---, with title, webUrl and so on"),
        ("a.md", b"- a\n- b", "1: is not a record; expected front matter, between lines ---, with title, webUrl and so on"),
        ("a.md", b"a: 'x\n", "1: not valid YAML: found unexpected end of stream; the quote that opens here is never closed"),
        ("a.md", b"a: b\nc: d: e", "2: not valid YAML: mapping values are not allowed in this context; if the value holds a colon, put the value in quotes"),
        ("a.md", b"a: *x", "1: not valid YAML: an alias here has no anchor before it"),
        ("a.md", b"a: !!python/object:os.system x", "1: a YAML tag here is not allowed in a record; expected none, or one such as !!str"),
        ("a.yaml", b"a: b\n---\nc: d\n", "2: a second YAML document begins here; expected one"),
        ("a.yaml", b"---\na: b\n---\nc: d\n", "3: a second YAML document begins here; expected one"),
        ("a.md", b"[" * 100_000, "1: nested more than 50 levels deep; expected the few of a record"),
        ("a.md", b"- " * 100_000, "1: nested more than 50 levels deep; expected the few of a record"),
        ("a.md", b"a:\n  &x [*x]", "2: not valid YAML: an alias here has no anchor before it"),
        ("a.json", b"[" * 9999, "1: nested too deeply; expected the few levels of a record"),
        ("a.json", b'{"a":\n}', "2: not valid JSON: Expecting value"),
        ("a.md", b"a: b\n\xff\xfe", "2: is not UTF-8 text (byte 0xff)"),
        ("a.md", b"\xef\xbb\xbfa: b\n\xff\xfe", "2: is not UTF-8 text (byte 0xff)"),
        ("a.md", b"a: \x01b\nc: d: e", "2: not valid YAML: mapping values are not allowed in this context; if the value holds a colon, put the value in quotes"),
        ("a.md", b"a: !!int &a {b: c}", "1: a YAML tag here is not allowed in a record; expected none, or one such as !!str"),
        ("a.md", b"a: b\n\0", "2: is not a text file (it holds NUL)"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_record_is_one_problem(name: str, data: bytes, message: str) -> None:
    content = parse_file(name, data)
    assert content.records == ()
    assert [str(problem) for problem in content.problems] == [f"{name}:{message}"]


def test_each_required_field_that_is_missing_or_unusable_is_a_problem_of_its_own() -> None:
    content = parse_file("a.md", b"title: ' '\nwebUrl: mailto:x\nquality: x\n")
    assert content.records == ()
    assert [str(problem) for problem in content.problems] == [
        "a.md:1: title: is missing; expected a title",
        "a.md:1: publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z",
        "a.md:2: webUrl: 'mailto:x' can't be used: expected an http or https address",
        "a.md:3: quality: 'x' can't be used: expected a whole number",
    ]


def test_the_original_url_stands_in_for_a_missing_web_url() -> None:
    assert (
        story(record(url="", originalUrl="https://b.example/1").replace('webUrl: ""\n', "")).url
        == "https://b.example/1"
    )


def test_merged_fields_never_replace_a_mapping_s_own() -> None:
    parsed = story(
        "x: &x {title: B, type: b}\ny: &y {type: c, excerpt: c}\n"
        f'{FIELDS}<<: [*x, *y]\n"<<": 3\n? [a, b]\n: 4\n~: 5\n? {{a: b}}\n: 6\n'
    )
    assert (parsed.title, parsed.type, parsed.excerpt) == ("A", "b", "c")


def test_a_fault_in_an_alias_is_where_the_alias_stands_and_the_last_of_two_anchors_counts() -> None:
    content = parse_file("a.md", f"{FIELDS}x: &x [1]\ny: &x 2\n\ntopics: *x\n".encode())
    assert [str(problem) for problem in content.problems] == [
        "a.md:7: topics: '2' can't be used: expected a list of names"
    ]


def test_problems_come_in_the_order_of_the_fields_meaning() -> None:
    faulty = "heat: x\nupdatedDateTime: x\noriginalUrl: x\nprovider: {domain: a b, name: [x]}\ntype: [x]\nimages: [{width: x}]\n"
    content = parse_file("a.md", f"{faulty}webUrl: x\ntopics: 3\ntitle: ' '\n".encode())
    assert [problem.field for problem in content.problems] == [
        "title", "publishedDateTime", "webUrl", "originalUrl", "updatedDateTime", "provider.name", "provider.domain", "topics",
        "images[0].url", "images[0].width", "type", "heat",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [[], {}, False])
def test_an_address_that_is_no_text_is_not_missing(value: object) -> None:
    fields = {"title": "A", "publishedDateTime": "2020-06-13", "webUrl": value}
    assert [problem.field for problem in parse_file("a.json", json.dumps(fields).encode()).problems] == ["webUrl"]


@pytest.mark.parametrize("text", ["7", "+1", "-1_0", ".5", "5.", "1e5", "1.5E-3", "1٣"])
def test_a_plain_number_is_no_name(text: str) -> None:
    assert [problem.field for problem in parse_file("a.md", f"{FIELDS}topics: [{text}]\n".encode()).problems] == [
        "topics[0]"
    ]


@pytest.mark.parametrize("text", ["+", "1__a", "1e", "1.2.3", "_1", "1²", "0x1", "nul", "'7'", "!!str 7", "2020-01-01"])
def test_what_is_almost_a_number_is_a_name(text: str) -> None:
    assert len(story(f"{FIELDS}topics: [{text}]\n").topics) == 1


def test_a_file_that_has_grown_since_the_listing_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (file,) = find_files(tmp_path)
    (tmp_path / "a.md").write_text(FIELDS)
    read = read_file(file)
    assert read and read[1]
    assert read[1].records[0].story.title == "A"


def test_nesting_is_counted_from_the_outermost_collection() -> None:
    assert not parse_file("a.md", f"{FIELDS}x: {'[' * 49}{']' * 49}".encode()).problems
    assert [
        str(problem) for problem in parse_file("a.md", f"{FIELDS}x: {'[' * 49}\n1{']' * 49}".encode()).problems
    ] == ["a.md:5: nested more than 50 levels deep; expected the few of a record"]


def test_an_alias_of_one_related_story_is_the_same_story() -> None:
    many = ", ".join(["*x"] * 2000)
    bad = ", ".join(["1"] * 50)
    content = parse_file(
        "a.md", f"{FIELDS}x: &x {{title: x, publishedDateTime: x, topics: [{bad}]}}\nrelated: [{many}]\n".encode()
    )
    assert len(content.problems) == 52


@pytest.mark.parametrize("url", ["https://1.2.3.4.5/x", "https://xn--a/", "https://256.1/"])
def test_content_is_kept_where_its_links_can_not_be_resolved(url: str) -> None:
    assert (
        story(record(url=url) + "<p><a href='/x'>Text</a></p>").content_html
        == '<p><a rel="noopener noreferrer">Text</a></p>'
    )


def test_content_that_would_take_long_to_clean_is_a_problem() -> None:
    content = parse_file("a.json", json.dumps({**JSON, "featuredContent": "<div><b>" * 300_000}).encode())
    assert [problem.message.partition("can't be used: ")[2] for problem in content.problems] == [
        "expected HTML of at most 10,000 tags"
    ]
    [problem] = parse_file("a.md", f"---\n{FIELDS}---\n{'<b>' * 10_001}".encode()).problems
    assert str(problem).endswith(": (text): can't be used: expected HTML of at most 10,000 tags")
    assert (
        parse_file("a.json", json.dumps({**JSON, "featuredContent": "a\ud800b"}).encode()).records[0].story.content_html
    )


def test_files_are_found_recursively_and_hidden_ones_skipped(tmp_path: Path) -> None:
    for name in ("a.md", "b/c.json", "b/d.TXT", "x.png", ".hidden.md", ".git/a.md", "b/é.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert sorted(file.name for file in find_files(tmp_path)) == ["a.md", "b/c.json", "b/d.TXT", "b/é.yml"]


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="nowhere: No such file or directory; expected a folder of records"):
        list(find_files(tmp_path / "nowhere"))
