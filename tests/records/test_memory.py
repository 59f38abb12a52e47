"""Mappings in memory: each is the record that it would be in a JSON file."""

import json
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.records.reading import parse_file, parse_mapping

REQUIRED = {"title": "A", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13T01:29:00Z"}
RECORD = {
    **REQUIRED,
    "title": "A &amp; B\ud800\0",
    "quality": 84,
    "heat": -1,
    "published": True,
    "deleted": None,
    "provider": {"name": "Forbes", "domain": "Forbes.com", "authors": ["Ann", {"name": "Bob"}]},
    "topics": ["AI", "C++", 7, None, ["x"], {"name": 8}],
    "images": [{"url": "https://a.example/i.jpg", "width": 640, "height": 4.5, "title": "T"}],
    "featuredContent": "<b>x</b>\r\n<script>",
    "related": [{**REQUIRED, "webUrl": "https://a.example/2", "quality": 1.5}, {}, 3],
    "secured": {"1": float("nan")},
}


def messages(mapping: object) -> list[str]:
    return [str(problem) for problem in parse_mapping(mapping, "records[0]").problems]


def test_a_mapping_is_read_as_the_same_record_in_a_json_file() -> None:
    content = parse_mapping(RECORD, "a.json")
    assert content == parse_file("a.json", json.dumps(RECORD).encode())
    assert (len(content.records), len(content.problems)) == (1, 7)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(list(REQUIRED.values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(RECORD)), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(list(RECORD)), values), st.booleans())
def test_any_mapping_is_read_as_the_same_record_in_a_json_file(mapping: dict[str, Any], is_complete: bool) -> None:
    mapping = {**mapping, **REQUIRED} if is_complete else mapping
    assert parse_mapping(mapping, "a.json") == parse_file("a.json", json.dumps(mapping).encode())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2020, 6, 13, 1, 29), (2020, 6, 13, 1, 29)),
        (datetime(2020, 6, 13, 1, 29, 0, 999, UTC), (2020, 6, 13, 1, 29)),
        (datetime(2020, 6, 13, 1, 29, tzinfo=timezone(timedelta(hours=-8))), (2020, 6, 13, 9, 29)),
        (date(2020, 6, 13), (2020, 6, 13)),
    ],
)
def test_a_time_may_be_an_object_which_without_an_offset_is_in_utc(value: date, expected: tuple[int, ...]) -> None:
    content = parse_mapping({**REQUIRED, "publishedDateTime": value}, "a")
    assert content.problems == ()
    assert content.records[0].story.published == datetime(*expected, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("excerpt", b"x", "excerpt: a value of type bytes can't be used: expected text"),
        ("topics", {"AI"}, "topics: a value of type set can't be used: expected a list of names"),
        ("topics", True, "topics: true can't be used: expected a list of names"),
        ("topics", ["AI", True], "topics[1]: expected a name, not true"),
        ("provider", True, "provider: true can't be used: expected a name, or a mapping with a name"),
        ("topics", ["AI", object()], "topics[1]: expected a name, not a value of type object"),
        ("quality", 1j, "quality: a value of type complex can't be used: expected text"),
        ("provider", object(), "provider: a value of type object can't be used: expected a name, or a mapping with a name"),
        ("images", [{"url": "https://a.example/", "width": b"3"}], "images[0].width: a value of type bytes can't be used: expected text"),
        ("published", {True}, "published: a value of type set can't be used: expected true or false; left out until it is one of them"),
        ("related", [b"x"], "related[0]: expected a mapping, not a value of type bytes"),
        ("featuredContent", b"x", "featuredContent: a value of type bytes can't be used: expected text"),
    ],
)  # fmt: skip
def test_a_value_that_no_file_could_hold_is_a_problem_of_its_field(field: str, value: object, message: str) -> None:
    content = parse_mapping({**REQUIRED, field: value, "secured": value, 3: value}, "records[0]")
    assert [str(problem) for problem in content.problems] == [f"records[0]:1: {message}"]
    assert content.records[0].story.title == "A"


def test_a_number_too_long_to_be_written_is_a_problem_of_its_field() -> None:
    assert messages({**REQUIRED, "heat": 10**5000}) == [
        "records[0]:1: heat: a value of type int can't be used: expected text"
    ]


def test_what_is_no_mapping_or_has_no_end_is_refused_whole() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert messages([REQUIRED]) == ["records[0]:1: is not a record; expected a mapping with title, webUrl and so on"]
    assert messages({**REQUIRED, "topics": endless}) == [
        "records[0]:1: nested too deeply; expected the few levels of a record"
    ]
    assert parse_mapping({}, "records[0]").problems[0].refuses


def test_mappings_lists_and_texts_may_be_of_other_types() -> None:
    class Kind(str):
        def __str__(self) -> str:
            return "another text"

    class Quality(IntEnum):
        HIGH = 84

    record = MappingProxyType(OrderedDict(REQUIRED, type=Kind("video"), quality=Quality.HIGH, topics=("AI", "B")))
    content = parse_mapping(record, "a")
    assert content.problems == ()
    story = content.records[0].story
    assert (story.type, story.quality, [topic.name for topic in story.topics]) == ("video", 84, ["AI", "B"])
