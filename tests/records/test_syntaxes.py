"""Record syntaxes: what each one reads, how one is added, and what is asked of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.records import registry
from feedsvc.records.files import find_files
from feedsvc.records.reading import parse_file
from feedsvc.records.values import Fields, Items, Number, Syntax, SyntaxProblem, Value
from tests.conftest import Site


def read(name: str, text: str) -> tuple[list[Any], str]:
    """The values that should be the records of a text, with no lines, and the content. A problem is its line and message."""
    syntax = registry.find_syntax(name)
    assert syntax
    items, body = syntax.read(text)
    return [plain(value) for value, _ in items], body


def plain(value: Value | SyntaxProblem) -> Any:
    if isinstance(value, SyntaxProblem):
        return f"{value.line}: {value}"
    if isinstance(value, Fields):
        return {key: plain(item) for key, (item, _) in value.items()}
    return [plain(item) for item, _ in value] if isinstance(value, list) else value


def lines(value: Value | SyntaxProblem) -> Any:
    """The lines of all values in a value: a number, or a list of the numbers of what is in it."""
    items = value.values() if isinstance(value, Fields) else value if isinstance(value, list) else ()
    return [(line, *(lines(item) for item in [item] if isinstance(item, Fields | list))) for item, line in items]


@pytest.mark.parametrize(
    ("name", "text", "values", "body"),
    [
        ("a.md", "---\nt: 1\n---\nText\n", [{"t": "1"}], "Text\n"),
        ("a.mdx", "---\nt: 1\n---\nText\n", [{"t": "1"}], "Text\n"),
        ("a.html", "---\nt: 1\n---\n<p>\n", [{"t": "1"}], "<p>\n"),
        ("a.md", "+++\nt = 1\n+++\nText\n", [{"t": "1"}], "Text\n"),
        ("a.html", "\n\n+++ \nt = 1\n+++", [{"t": "1"}], ""),
        ("a.md", "+++\nt = 1\n", [{"t": "1"}], ""),
        ("a.md", "+++\n+++\nText", [{}], "Text"),
        ("a.md", "+++\nt = 1\n++++\n+++\n---\n", "3: not valid TOML: ", ""),
        ("a.md", '{"t": 1}\nText\n', [{"t": "1"}], "\nText\n"),
        ("a.html", '\n{\n  "t": {"u": "}"}\n}\n\nText\n', [{"t": {"u": "}"}}], "\n\nText\n"),
        ("a.md", "{}{{< x >}}", [{}], "{{< x >}}"),
        ("a.md", '{"t": 1\nText', "2: not valid JSON: Expecting ',' delimiter", ""),
        ("a.md", "{t: 1}", [{"t": "1"}], ""),
        # Header lines.
        ("a.md", "T: a: b\n\nText\n", [{"T": "a: b"}], "Text\n"),
        ("a.txt", "\n\nT: a: b\nU:\n\n \n- b\n", [{"T": "a: b", "U": ""}], "- b\n"),
        ("a.md", "T: 1\nU-v_1: [a, 'b'\n\nText", [{"T": "1", "U-v_1": "[a, 'b'"}], "Text"),
        ("a.md", "T: a\n  b\n\tc\nU:\n    d, e\n\nText", [{"T": "a\nb\nc", "U": "d, e"}], "Text"),
        ("a.md", "T: a: b\n\n# Heading\n\nU: b", [{"T": "a: b"}], "# Heading\n\nU: b"),
        ("a.md", "Ü: a: b\n\n" + "Text\n" * 3, [{"Ü": "a: b"}], "Text\nText\nText\n"),
        # What is a YAML mapping as a whole, and what would be one without its fault.
        ("a.md", "t: a\n", [{"t": "a"}], ""),
        ("a.md", "t: a\n\nu: 'b'\n", [{"t": "a", "u": "b"}], ""),
        ("a.md", "t: a\n\n# Comment\n", [{"t": "a"}], ""),
        ("a.md", "t: a: b\n", "1: not valid YAML: mapping values", ""),
        ("a.md", "t: a: b\n\nu: c\n", "1: not valid YAML: mapping values", ""),
        ("a.md", "# c\nt: a: b\n\n# c\n'u': c\n", "2: not valid YAML: mapping values", ""),
        ("a.md", "t: a: b\nText\n\nText\n", "1: not valid YAML: mapping values", ""),
        # What has no front matter.
        ("a.md", "", [None], ""),
        ("a.md", "Some *text*.\n", [None], "Some *text*.\n"),
        ("a.md", "# Heading\n\nText: text.\nText", [None], "# Heading\n\nText: text.\nText"),
        ("a.md", "[link](x): text", [None], "[link](x): text"),
        ("a.md", "{% x %}\n{{< y >}}", [None], "{% x %}\n{{< y >}}"),
        ("a.md", "http://a.example/: a\n\nText", [None], "http://a.example/: a\n\nText"),
        ("a.html", "<p>t: a</p>", [{}], "<p>t: a</p>"),
        ("a.html", "T: a: b\n\nText\n", [{}], "T: a: b\n\nText\n"),
        ("a.html", "", [{}], ""),
        # Lists of records.
        ("a.json", '[{"t": 1}, 2]', [{"t": "1"}, "2"], ""),
        ("a.yml", "- t: 1\n- 2\n", [{"t": "1"}, "2"], ""),
        ("a.yaml", "---\n[]\n", [], ""),
        ("a.yaml", "t: 1\n", [{"t": "1"}], ""),
        ("a.toml", "t = 1\n", [{"t": "1"}], ""),
        ("a.toml", "", [{}], ""),
        ("a.jsonl", '{"t": 1}\n\n \t\n[2]\n"3"', [{"t": "1"}, ["2"], "3"], ""),
        ("a.ndjson", '{"t": 1\n{"t": 2}\n{"t": 3}}\n', ["1: not valid JSON: Expecting ',' delimiter", {"t": "2"}, "3: not valid JSON: Extra data"], ""),
        ("a.ndjson", "\n" + "[" * 9999 + "\n1", ["2: nested too deeply; expected the few levels of a record", "1"], ""),
        ("a.jsonl", "", [], ""),
        ("a.json", '\n{"t": 1}\n{"t":\n{"t": 3}', [{"t": "1"}, "3: not valid JSON: Expecting value", {"t": "3"}], ""),
        ("a.json", '{"t": 1} {"t": 2}', "1: not valid JSON: Extra data", ""),
        ("a.json", '{"t":\n1}\n{"t": 2}', "3: not valid JSON: Extra data", ""),
        ("a.json", '1\n{"t": 2}', "2: not valid JSON: Extra data", ""),
    ],
)  # fmt: skip
def test_a_file_is_read_into_values_and_content(name: str, text: str, values: list[Any] | str, body: str) -> None:
    if isinstance(values, str):
        with pytest.raises(SyntaxProblem) as raised:
            read(name, text)
        assert f"{raised.value.line}: {raised.value}".startswith(values)
    else:
        assert read(name, text) == (values, body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1_000\nb = 0xff\nc = -1.50\nd = nan\ne = true", {"a": "1000", "b": "255", "c": "-1.50", "d": "nan", "e": True}),
        ("a = 2020-06-13\nb = 07:32:00", {"a": "2020-06-13", "b": "07:32:00"}),
        ("a = 2020-06-13 01:29:00\nb = 2020-06-13T01:29:00.5-07:00", {"a": "2020-06-13T01:29:00", "b": "2020-06-13T01:29:00.500000-07:00"}),
        ("a.b.c = 'd'\n[a.e]\nf = [[1], {g = 2}]", {"a": {"b": {"c": "d"}, "e": {"f": [["1"], {"g": "2"}]}}}),
        (f"a = 0x{'f' * 998}{' ' * 2000}", {"a": str(16**998 - 1)}),
        ("[[a]]\nb = 1\n[[a.c]]\n[[a.c]]\nd = 2\n[[a]]", {"a": [{"b": "1", "c": [{}, {"d": "2"}]}, {}]}),
    ],
)  # fmt: skip
def test_toml_values_are_the_texts_that_yaml_gives(text: str, expected: dict[str, Any]) -> None:
    assert read("a.toml", text) == ([expected], "")


def test_numbers_in_toml_are_numbers_and_texts_are_not() -> None:
    assert all(isinstance(number, Number) for number in read("a.toml", "a = [1, 1.5, inf]")[0][0]["a"])
    assert not isinstance(read("a.toml", "a = '1'")[0][0]["a"], Number)
    assert not isinstance(read("a.md", "A: 1\n\nText")[0][0]["A"], Number)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.toml", "\na = 1\n  b.c = 2 # =\n", [(2,), (3, [(3,)])]),
        ("a.toml", "a = [\n1,\n[2]]\nb = {\"c.d\" = 3}", [(1, [(1,), (1, [(1,)])]), (4, [(4,)])]),
        ("a.toml", 'a = """\nb = 1\n\\"""""\nc = 1\nd = """"""\ne = """x\\\n\n"""\nf=1', [(1,), (4,), (5,), (6,), (9,)]),
        ("a.toml", "a = '''\nb = 1\n''''\nc = '#'\nd = 1", [(1,), (4,), (5,)]),
        ("a.toml", "a = 1\n\n[b]\nc = 1\n[b.\"d\"]\n\ne = 1", [(1,), (3, [(4,), (5, [(7,)])])]),
        ("a.toml", "[[a]]\nb = 1\n\n[[a]]\n[a.c]\nd = 1\n[[a.e]]\n[[a.e]]\nf = 1",
            [(1, [(1, [(2,)]), (4, [(5, [(6,)]), (7, [(7, []), (8, [(9,)])])])])]),
        ("a.md", "\n+++\n\na = 1\n+++\n", [(4,)]),
        ("a.md", '\n{\n\n"a": 1,\n"b": {"c": [2,\n3]}}', [(4,), (5, [(5, [(5,), (6,)])])]),
        ("a.md", "\n\na: b\n c\nd: e\n\nText", [(3,), (5,)]),
    ],
)  # fmt: skip
def test_values_have_the_lines_that_they_begin_on(name: str, text: str, expected: list[Any]) -> None:
    syntax = registry.find_syntax(name)
    assert syntax
    assert lines(syntax.read(text)[0][0][0]) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = b", "1: not valid TOML: Invalid value"),
        ("a: b", "1: not valid TOML: Expected '=' after a key in a key/value pair"),
        ("a = 1\n\na = 'secret'", "3: not valid TOML: a key or table stands here again; expected once"),
        ("[secret]\n[secret]", "2: not valid TOML: a key or table stands here again; expected once"),
        ("a = {secret = 1, secret = 2}", "1: not valid TOML: a key or table stands here again; expected once"),
        ("a = {}\n[a.secret]", "2: not valid TOML: a key or table stands here again; expected once"),
        ('a = """\n\n', "3: not valid TOML: Unterminated string"),
        ("a = 2020-02-30", "1: not valid TOML: Invalid date or datetime"),
        (f"a = 1\nb = {'1' * 1001}", "2: a key or value without quotes has more than 1,000 characters; expected fewer"),
        (f"a = {'[' * 60}{']' * 60}", "1: nested more than 50 levels deep; expected the few of a record"),
        (f"a = {'[' * 9999}", "1: nested more than 50 levels deep; expected the few of a record"),
        (f"\na{'. b' * 60} = 1", "2: nested more than 50 levels deep; expected the few of a record"),
    ],
)
def test_a_toml_text_that_is_not_valid_is_one_problem_on_its_line(text: str, message: str) -> None:
    assert [str(problem) for problem in parse_file("a.toml", text.encode()).problems] == [f"a.toml:{message}"]


values = st.recursive(
    st.integers(-(10**9), 10**9) | st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé .\"'#[=", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def as_toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(st.text("ab-", min_size=1, max_size=3), values, max_size=4))
def test_a_mapping_is_the_same_in_every_syntax(mapping: dict[str, Any]) -> None:
    text = json.dumps(mapping, ensure_ascii=False)
    toml = "".join(f"{key} = {as_toml(value)}\n" for key, value in mapping.items())
    ((expected,), _) = read("a.json", text)
    assert read("a.yaml", text) == ([expected], "")
    assert read("a.yml", f"- {text}\n- {text}") == ([expected, expected], "")
    assert read("a.jsonl", f"{text}\n{text}") == ([expected, expected], "")
    assert read("a.md", f"{json.dumps(mapping, indent=1)}\nText") == ([expected], "\nText")
    assert read("a.toml", toml) == ([expected], "")
    assert read("a.md", f"+++\n{toml}+++\nText") == ([expected], "Text")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("name: DM: Some Channel", "1: not valid YAML: mapping values are not allowed in this context; if the value holds a colon, put the value in quotes"),
        ("a:\n\tb: c", "2: not valid YAML: found character that cannot start any token; indent with spaces, not with a tab"),
        ("a: b\n\tc: d", "2: not valid YAML: found a tab character that violates indentation; indent with spaces"),
        ("a: @b", "1: not valid YAML: found character that cannot start any token; put the value in quotes"),
        ("a: *b* c", "1: not valid YAML: did not find expected alphabetic or numeric character; if this is a text, put the value in quotes"),
        ("a: b\nc: \"d\n\ne: f", "2: not valid YAML: found unexpected end of stream; the quote that opens here is never closed"),
        ("a: b\nc\nd: e", "2: not valid YAML: could not find expected ':'; expected `key: value`; indent the lines that go on with a value"),
        ('a: "b" c', "1: not valid YAML: did not find expected key; check the indentation; if a value begins with a quote or bracket and goes on after its end, put all of it in quotes"),
        ('a: "\\q"', "1: not valid YAML: found unknown escape character; write a backslash between double quotes twice, or use single quotes"),
    ],
)  # fmt: skip
def test_a_usual_fault_in_yaml_says_what_to_write(line: str, advice: str) -> None:
    assert [str(problem) for problem in parse_file("a.yaml", line.encode()).problems] == [f"a.yaml:{advice}"]


FIELDS = '"title": "A", "publishedDateTime": "2020-06-13"'


def test_a_line_of_json_that_is_broken_costs_no_other() -> None:
    good = [f'{{{FIELDS}, "webUrl": "https://a.example/{number}"}}' for number in range(3)]
    text = "\r\n".join([good[0], "", "{broken", good[1], "7", good[2].replace("}", ', "heat": "x"}'), "[" * 9999])
    content = parse_file("a.ndjson", text.encode())
    assert [record.story.url[-1] for record in content.records] == ["0", "1", "2"]
    assert [(str(problem), problem.refuses) for problem in content.problems] == [
        ("a.ndjson:3: not valid JSON: Expecting property name enclosed in double quotes", True),
        ("a.ndjson:5: is not a record; expected a mapping with title, webUrl and so on", True),
        ("a.ndjson:6: heat: 'x' can't be used: expected a whole number", False),
        ("a.ndjson:7: nested too deeply; expected the few levels of a record", True),
    ]


def test_each_syntax_gives_the_same_story() -> None:
    fields = {
        "title": "A: B",
        "publishedDateTime": "2020-06-13T01:29:00Z",
        "webUrl": "https://a.example/1",
        "quality": "7",
    }
    toml = "".join(f'{key} = "{value}"\n' for key, value in fields.items())
    headers = "".join(f"{key}: {value}\n" for key, value in fields.items())
    text = json.dumps(fields)
    texts = {
        "a.md": f"---\n{text}\n---\n<p>Text</p>",
        "a.mdx": f"+++\n{toml}+++\n<p>Text</p>",
        "a.markdown": f"{text}\n<p>Text</p>",
        "a.txt": f"{headers}\n<p>Text</p>",
        "a.html": f"+++\n{toml}+++\n<p>Text</p>",
        "a.toml": f"{toml}featuredContent = '<p>Text</p>'",
        "a.jsonl": text[:-1] + ', "featuredContent": "<p>Text</p>"}',
        "a.yml": "- " + text[:-1] + ', "featuredContent": "<p>Text</p>"}',
    }
    contents = {name: parse_file(name, text.encode()) for name, text in texts.items()}
    assert {name: content.problems for name, content in contents.items() if content.problems} == {}
    stories = [content.records[0].story for content in contents.values()]
    assert len({(story.title, story.published, story.url, story.quality) for story in stories}) == 1
    assert {story.content_html.strip() for story in stories} == {"<p>Text</p>"}


def read_properties(text: str) -> tuple[Items, str]:
    """Return a mapping of lines `key=value`, which an empty line ends, and the text after it."""
    head, _, body = text.partition("\n\n")
    fields = Fields()
    fields.line = 1
    for number, line in enumerate(head.splitlines(), 1):
        key, equals, value = line.partition("=")
        if not equals:
            raise SyntaxProblem(number, "is not a line key=value")
        fields[key] = value, number
    return [(fields, 1)], body


@pytest.fixture
def properties(monkeypatch: pytest.MonkeyPatch) -> None:
    """A syntax that another package has registered."""
    monkeypatch.setattr(registry, "_registered", {})
    registry.register(Syntax(name="properties", suffixes=(".properties",), read=read_properties))


RECORD = "title=By lines\nwebUrl=https://a.example/1\npublishedDateTime=2020-06-13\n\nThe text.\n"


@pytest.mark.usefixtures("properties")
def test_records_of_a_registered_syntax_are_published(make_site: Callable[..., Site]) -> None:
    site = make_site({"a.properties": RECORD, "b/C.PROPERTIES": RECORD.replace("/1", "/2"), "c.other": RECORD})
    feed = site.body("/feed.json").decode()
    assert feed.count('"By lines"') == 2
    assert "https://a.example/2" in feed
    assert "<p>The text.</p>" in feed


@pytest.mark.usefixtures("properties")
def test_a_fault_in_a_file_of_a_registered_syntax_has_its_line() -> None:
    assert [str(problem) for problem in parse_file("a.properties", b"title=A\nx\n").problems] == [
        "a.properties:2: is not a line key=value"
    ]
    assert [str(problem) for problem in parse_file("a.properties", f"heat=x\n{RECORD}".encode()).problems] == [
        "a.properties:1: heat: 'x' can't be used: expected a whole number"
    ]


@pytest.mark.usefixtures("properties")
def test_the_messages_that_list_suffixes_list_those_of_registered_syntaxes() -> None:
    suffixes = ".md, .markdown, .mdx, .txt, .html, .json, .jsonl, .ndjson, .toml, .yaml, .yml, .properties"
    assert [str(problem) for problem in parse_file("a.png", b"").problems] == [
        f"a.png:1: is not a record file; expected a name that ends in {suffixes}"
    ]


@pytest.mark.usefixtures("properties")
def test_a_registered_syntax_takes_the_place_of_a_built_in_one() -> None:
    registry.register(Syntax(name="properties", suffixes=(".txt",), read=read_properties))
    assert [record.story.title for record in parse_file("a.TXT", RECORD.encode()).records] == ["By lines"]
    assert registry.suffixes().count(".txt") == 1


def test_files_of_no_syntax_are_not_found(tmp_path: Path) -> None:
    for name in ("a.properties", "b.md", "c.yml.bak", "md"):
        (tmp_path / name).write_text(RECORD)
    assert [file.name for file in find_files(tmp_path)] == ["b.md"]
