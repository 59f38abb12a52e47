"""Record syntaxes: how one is added, and what is asked of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.records import registry
from feedsvc.records.files import find_files
from feedsvc.records.reading import parse_file
from feedsvc.records.values import Fields, Items, Syntax, SyntaxProblem
from tests.conftest import Site


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
    suffixes = ".md, .markdown, .txt, .json, .yaml, .yml, .properties"
    assert [str(problem) for problem in parse_file("a.html", b"").problems] == [
        f"a.html:1: is not a record file; expected a name that ends in {suffixes}"
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
