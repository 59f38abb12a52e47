"""The forms of values that records of other tools have, too: texts for mappings, one for a list, what is absent."""

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.model import Image, Provider, Record, Story
from feedsvc.records.context import Context
from feedsvc.records.names import persons_in, topics_in
from feedsvc.records.parse import parse_record
from feedsvc.records.problems import Problems
from feedsvc.records.syntaxes.json_files import read_json
from feedsvc.records.values import Fields

REQUIRED = {"title": "A", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13T01:29:00Z"}
SITE = Context(site="https://a.example")


def parse(fields: dict[str, Any], context: Context = SITE) -> tuple[Record | None, list[str]]:
    """Return the record of a mapping, and its problems without the file's name."""
    problems = Problems("a")
    value = read_json(json.dumps(fields))
    assert isinstance(value, Fields)
    record = parse_record(value, "", problems, context)
    return record, [str(problem).removeprefix("a:1: ") for problem in problems.found]


def story(context: Context = SITE, **fields: Any) -> Story:
    record, problems = parse({**REQUIRED, **fields}, context)
    assert problems == []
    assert record
    return record.story


@pytest.mark.parametrize(
    "value",
    [
        "AI, Machine Learning", "AI; Machine Learning", "AI ,, Machine  Learning,", ["AI", "Machine Learning"], ["AI", None, "", False, "Machine Learning"],
        [{"term": "AI", "label": None, "scheme": "x"}, {"name": "Machine Learning"}], [{"title": "AI"}, {"label": "Machine Learning", "term": "ml"}],
    ],
)  # fmt: skip
def test_topics_are_one_text_or_a_list_of_texts_or_mappings(value: object) -> None:
    assert [topic.name for topic in story(topics=value).topics] == ["AI", "Machine Learning"]


def test_a_topic_with_a_comma_stays_whole_in_a_list_and_beside_semicolons() -> None:
    assert [topic.name for topic in story(topics=["Law, Order", "AI"]).topics] == ["Law, Order", "AI"]
    assert [topic.name for topic in story(topics="Law, Order; AI").topics] == ["Law, Order", "AI"]
    assert [topic.name for topic in story(topics="AI;Law, Order;AI, Law").topics] == ["AI", "Law, Order", "Law"]
    assert [topic.name for topic in story(topics="AI,Law;AI,Law").topics] == ["AI", "Law"]
    assert [topic.name for topic in story(topics="R&amp;D, AI").topics] == ["R&D", "AI"]
    assert [topic.name for topic in story(topics={"name": "Law, Order"}).topics] == ["Law, Order"]


@pytest.mark.parametrize(
    ("text", "persons"),
    [
        ("Jane Roe", ["Jane Roe"]),
        ("Jonas Weber & Lin Hao", ["Jonas Weber", "Lin Hao"]),
        ("Jonas Weber; Lin Hao", ["Jonas Weber", "Lin Hao"]),
        ("Jonas Weber and Lin Hao", ["Jonas Weber", "Lin Hao"]),
        ("Jonas Weber, Ann Lee, and Lin Hao", ["Jonas Weber", "Ann Lee", "Lin Hao"]),
        ("JONAS WEBER, LIN HAO", ["JONAS WEBER", "LIN HAO"]),
        ("Ludwig van Beethoven, J.K. Rowling, Sinéad O’Connor", ["Ludwig van Beethoven", "J.K. Rowling", "Sinéad O’Connor"]),
        ("Maria Ortiz, AP", ["Maria Ortiz, AP"]),
        ("Maria Ortiz, Associated Press", ["Maria Ortiz, Associated Press"]),
        ("Maria Ortiz, Staff Writer", ["Maria Ortiz, Staff Writer"]),
        ("Maria Ortiz, BBC News and Jonas Weber", ["Maria Ortiz, BBC News and Jonas Weber"]),
        ("Maria Ortiz, Jr.", ["Maria Ortiz, Jr."]),
        ("Ortiz, Maria; Weber, Jonas", ["Ortiz, Maria", "Weber, Jonas"]),
        ("Marks and Spencer", ["Marks and Spencer"]),
        ("Ernst & Young", ["Ernst & Young"]),
        ("The Editors and Jane Roe", ["The Editors and Jane Roe"]),
        ("Sandra Anderson", ["Sandra Anderson"]),
        (" ; ", []),
        ("By Jane Roe", ["Jane Roe"]),
        ("by: Jonas Weber and Lin Hao", ["Jonas Weber", "Lin Hao"]),
        ("Byron Smith", ["Byron Smith"]),
    ],
)  # fmt: skip
def test_persons_are_told_apart_only_where_each_part_looks_like_one(text: str, persons: list[str]) -> None:
    assert persons_in(text) == persons


@given(st.text(), st.sampled_from([persons_in, topics_in]))
def test_no_letter_of_names_is_lost(text: str, split: Any) -> None:
    words = [word for name in split(text) for word in name.replace(",", " ").split()]
    links = ("and", "&", "by", "by:")
    assert [word for word in words if word.lower() not in links] == [
        word for word in text.replace(";", " ").replace(",", " ").split() if word.lower() not in links
    ]


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        ({"authors": "Jane Roe"}, ("Jane Roe",)),
        ({"authors": ["Jonas Weber & Lin Hao", {"name": "Ann"}]}, ("Jonas Weber", "Lin Hao", "Ann")),
        ({"authors": {"@type": "Person", "name": "Jane Roe"}}, ("Jane Roe",)),
        ({"authors": ["Jane Roe"], "provider": {"name": "N", "authors": ["Ann", "Jane Roe"]}}, ("Jane Roe", "Ann")),
        ({"provider": {"name": "N", "authors": "Jane Roe; Ann"}}, ("Jane Roe", "Ann")),
        ({"authors": None, "provider": {"name": "N", "authors": False}}, ()),
    ],
)
def test_authors_are_those_of_the_record_and_then_those_of_its_provider(fields: Any, authors: tuple[str, ...]) -> None:
    assert story(**fields).authors == authors


@pytest.mark.parametrize(
    ("value", "provider"),
    [
        ("Forbes", Provider("forbes", "Forbes")),
        (["Forbes", "Other"], Provider("forbes", "Forbes")),
        ([None, {"name": "Forbes"}], Provider("forbes", "Forbes")),
        ({"id": None, "title": "Forbes"}, Provider("forbes", "Forbes")),
        ("https://www.forbes.com/x", Provider("forbes-com", "forbes.com", "forbes.com")),
        ({"name": "Forbes", "domain": "https://www.forbes.com/"}, Provider("forbes", "Forbes", "forbes.com")),
        (
            {"name": "Forbes", "url": "https://forbes.com", "logo": {"url": "/l.png", "width": "50px", "height": 50.0}},
            Provider("forbes", "Forbes", "forbes.com", Image("https://a.example/l.png", 50, 50)),
        ),
        (
            {"name": "Forbes", "title": "F", "logo": "/logo.png", "images": ["/i.png"]},
            Provider("forbes", "Forbes", None, Image("https://a.example/i.png")),
        ),
        (None, Provider("a-example", "a.example", "a.example")),
        (False, Provider("a-example", "a.example", "a.example")),
        ("", Provider("a-example", "a.example", "a.example")),
        ([], Provider("a-example", "a.example", "a.example")),
        ({"name": None}, Provider("a-example", "a.example", "a.example")),
    ],
)
def test_a_provider_is_a_name_an_address_or_a_mapping(value: object, provider: Provider) -> None:
    assert story(provider=value).provider == provider


@pytest.mark.parametrize(
    "value",
    [
        "https://i.example/1.jpg", ["https://i.example/1.jpg", "https://i.example/2.jpg"], {"url": "https://i.example/1.jpg"},
        [None, "", {"contentUrl": "https://i.example/1.jpg"}], {"href": "https://i.example/1.jpg"}, [{"url": "", "src": "https://i.example/1.jpg"}],
        "//i.example/1.jpg",
    ],
)  # fmt: skip
def test_images_are_addresses_or_mappings(value: object) -> None:
    assert story(images=value).image == Image("https://i.example/1.jpg")


@pytest.mark.parametrize("value", [None, False, "", "  ", [], {}, float("nan"), "false"])
def test_what_is_empty_is_absent_in_any_field(value: object) -> None:
    names = (
        "updatedDateTime", "excerpt", "type", "category", "quality", "heat", "ampWebUrl", "cdnAmpWebUrl", "provider", "topics", "authors", "images",
        "featuredContent", "language", "draft", "status", "deleted", "removed", "related",
    )  # fmt: skip
    assert story(**dict.fromkeys(names, value)) == story()
    record, problems = parse({**REQUIRED, "webUrl": value, "originalUrl": "https://b.example/1"})
    assert (record and record.story.url, problems) == ("https://b.example/1", [])
    for name, expected in (
        ("title", "a title"),
        ("webUrl", "an address"),
        ("publishedDateTime", "a time such as 2020-06-13T01:29:00Z"),
    ):
        if (name, value) != ("title", "false"):  # which a title may be
            assert parse({**REQUIRED, name: value}) == (None, [f"{name}: is missing; expected {expected}"])


@pytest.mark.parametrize("value", ["None", "null", "nan", "undefined"])
def test_a_word_for_no_value_is_absent_where_it_can_be_none(value: str) -> None:
    names = ("updatedDateTime", "quality", "ampWebUrl", "draft", "deleted", "published")
    assert story(**dict.fromkeys(names, value)) == story()
    assert story(title=value).title == value
    for url in ("webUrl", "originalUrl"):
        assert parse({"title": "A", "publishedDateTime": "2020-06-13", url: value}) == (
            None, ["webUrl: is missing; expected an address"],
        )  # fmt: skip
    assert parse({**REQUIRED, "publishedDateTime": value})[1] == [
        "publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z"
    ]


@pytest.mark.parametrize(
    ("fields", "draft"),
    [
        ({"draft": True}, True), ({"draft": "yes"}, True), ({"draft": 1}, True), ({"draft": False}, False), ({"draft": 0}, False),
        ({"status": "draft"}, True), ({"status": "Private"}, True), ({"status": "hidden"}, True), ({"status": "pending"}, True),
        ({"status": "trash"}, True), ({"status": "publish"}, False), ({"status": "ok"}, False), ({"status": 200}, False),
        ({"published": False}, True), ({"published": "no"}, True), ({"published": True, "draft": True}, True), ({"published": None}, False),
        ({"published": "2020-06-13T01:29:00Z"}, False), ({"published": "June 13, 2020"}, False), ({"published": 1592011740}, False),
    ],
)  # fmt: skip
def test_a_draft_is_one_in_each_way_to_say_so_and_a_time_of_publication_is_none(fields: Any, draft: bool) -> None:
    assert story(**fields).draft is draft


def test_a_flag_that_can_not_be_read_publishes_less() -> None:
    record, problems = parse({**REQUIRED, "draft": "perhaps"})
    assert record and record.story.draft
    assert problems == ["draft: 'perhaps' can't be used: expected true or false; left out until it is one of them"]


def test_times_without_an_offset_are_in_the_time_zone() -> None:
    context = Context(timezone=ZoneInfo("Europe/Berlin"))
    parsed = story(context, publishedDateTime="2020-06-13 10:00", updatedDateTime="June 14, 2020")
    assert parsed.published.isoformat() == "2020-06-13T08:00:00+00:00"
    assert parsed.updated.isoformat() == "2020-06-13T22:00:00+00:00"
    assert parsed.published.tzinfo is UTC


def test_a_time_that_can_not_be_read_is_shown_with_the_forms_that_can() -> None:
    _, problems = parse({**REQUIRED, "publishedDateTime": "13/06/2020"})
    assert problems == [
        "publishedDateTime: '13/06/2020' can't be used: expected a time such as 2020-06-13T01:29:00Z, 2020-06-13, 2020-06-13 01:29 +02:00, "
        "13 Jun 2020 01:29:00 GMT, June 13, 2020, or seconds or milliseconds since 1970"
    ]


@pytest.mark.parametrize(
    ("site", "address", "url"),
    [
        ("https://a.example", "/x/y?z=1", "https://a.example/x/y?z=1"),
        ("https://a.example/", "x/y.png", "https://a.example/x/y.png"),
        ("https://a.example", "y.png", "https://a.example/y.png"),
        ("https://a.example", "./y.png", "https://a.example/y.png"),
        ("https://a.example", "?p=12", "https://a.example/?p=12"),
        ("https://a.example/blog", "/x.png", "https://a.example/blog/x.png"),
        ("https://a.example/blog/", "/blog/x.png", "https://a.example/blog/x.png"),
        ("https://a.example/blog", "/blogs/x.png", "https://a.example/blog/blogs/x.png"),
        ("http://a.example", "//i.example/x.png", "http://i.example/x.png"),
        ("https://a.example", " https://b.example/x ", "https://b.example/x"),
    ],
)
def test_a_relative_address_starts_at_the_site(site: str, address: str, url: str) -> None:
    context = Context(site=site)
    parsed = story(
        context,
        webUrl=address,
        ampWebUrl=address,
        images=[address],
        provider={"name": "P", "images": [{"url": address}]},
    )
    assert parsed.image and parsed.provider.image
    assert {parsed.url, parsed.amp_url, parsed.image.url, parsed.provider.image.url} == {url}


@pytest.mark.parametrize(
    "address", ["x", "see below.", "example.org/x", "javascript:alert(1)", "C:/x.png", "mailto:a@a.example"]
)
def test_what_is_no_relative_address_is_not_taken_for_one(address: str) -> None:
    _, problems = parse({**REQUIRED, "webUrl": address})
    assert problems == [f"webUrl: {address!r} can't be used: expected an http or https address"]


def test_without_a_site_a_relative_picture_is_left_out_with_one_problem_per_file_and_a_link_with_its_own() -> None:
    logo = {"name": "P", "images": [{"url": "/assets/p-50x50.jpg", "width": 50}]}
    related = [{**REQUIRED, "webUrl": f"https://a.example/r{number}", "provider": logo} for number in range(3)]
    record, problems = parse(
        {**REQUIRED, "provider": logo, "images": ["a.png", "b.png"], "related": related}, Context()
    )
    assert record and len(record.related) == 3
    assert record.story.image is record.story.provider.image is None
    assert problems == [
        "provider.images[0].url: '/assets/p-50x50.jpg' can't be used: expected an http or https address; for a relative one, set records.site"
    ]
    related = [{**REQUIRED, "webUrl": f"/r{number}"} for number in range(2)]
    record, problems = parse({**REQUIRED, "webUrl": "/x", "related": related}, Context())
    assert record is None
    assert problems == [
        "webUrl: '/x' can't be used: expected an http or https address; for a relative one, set records.site"
    ]
    record, problems = parse({**REQUIRED, "related": related}, Context())
    assert [problem.partition(":")[0] for problem in problems] == ["related[0].webUrl", "related[1].webUrl"]


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("https://b.example/x/", [("https://b.example/x/", "b.example/x", "b.example")]),
        (["https://www.b.example/x?y=1", "/z"], [("https://www.b.example/x?y=1", "b.example/x?y=1", "b.example"), ("https://a.example/z", "a.example/z", "a.example")]),
        ({"title": "B", "webUrl": "https://b.example/"}, [("https://b.example/", "B", "b.example")]),
        ([{"name": "B &amp; C", "url": "https://b.example/", "provider": "Bee"}], [("https://b.example/", "B & C", "Bee")]),
        ([{"@id": "https://b.example/"}, {"href": "https://b.example/"}, None], [("https://b.example/", "b.example", "b.example")]),
        ([{"title": "B", "originalUrl": "https://b.example/", "publishedDateTime": None}], [("https://b.example/", "B", "b.example")]),
        (["https://a.example/1"], []),  # the story itself
    ],
)  # fmt: skip
def test_a_related_story_without_a_time_is_a_link(value: object, links: list[tuple[str, str, str]]) -> None:
    record, problems = parse({**REQUIRED, "related": value})
    assert problems == []
    assert record and all(story.is_link and story.published == record.story.published for story in record.related)
    assert [(story.url, story.title, story.provider.name) for story in record.related] == links


def test_a_related_story_with_a_time_comes_before_a_link_to_it() -> None:
    url = "https://b.example/"
    record, _ = parse({**REQUIRED, "related": [url, "https://c.example/", {**REQUIRED, "webUrl": url}, url]})
    assert record and [(story.url, story.is_link) for story in record.related] == [
        (url, False),
        ("https://c.example/", True),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["see below"], "related[0]: 'see below' can't be used: expected an http or https address"),
        ({"title": "B"}, "related.webUrl: is missing; expected an address"),
        ([{"webUrl": "https://b.example/", "publishedDateTime": "soon"}], "related[0].title: is missing; expected a title"),
        (7, "related: '7' can't be used: expected a list of mappings"),
    ],
)  # fmt: skip
def test_a_related_story_that_can_not_be_used_is_left_out_alone(value: object, message: str) -> None:
    record, problems = parse({**REQUIRED, "related": value})
    assert record and record.related == ()
    assert problems[0] == message
