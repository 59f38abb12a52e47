"""Expressions: paths, templates and constants that give the fields of a record of any shape their values."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedsvc.config import parse_config
from feedsvc.model import Story
from feedsvc.records.mapping import map_record
from feedsvc.records.memory import value_in_memory
from feedsvc.records.reading import Content, parse_file
from feedsvc.records.sources import Source, default_source, find_sources
from feedsvc.records.values import Fields

RECORD: dict[str, Any] = {
    "headline": {"main": "A & B"},
    "url": "https://a.example/1",
    "date": "2020-06-13T10:00:00+02:00",
    "tags": [{"term": "AI"}, {"term": "Law"}],
    "people": [{"name": "Ann", "mail": ["x", "y"]}, {"name": "Bob", "mail": ["z"]}],
    "Source Name": "The Times",
    "kind.of": "flat",
    "headline.print": "beside a mapping",
    "logo": "https://a.example/i.png",
    "published": True,
    "nothing": None,
    "empty": "",
    "no": False,
}


def source(folder: Path = Path("/x/records"), **records: Any) -> Source:
    return find_sources(parse_config({"records": {"path": str(folder), **records}}, Path("/x")))[0]


def plain(value: Any) -> Any:
    if isinstance(value, Fields):
        return {key: plain(item) for key, (item, _) in value.items()}
    return [plain(item) for item, _ in value] if isinstance(value, list) else value


def parse(record: Any, name: str = "a.json", **keys: Any) -> Content:
    return parse_file(name, json.dumps(record, indent=1).encode(), source(**keys))


def story(record: dict[str, Any], **keys: Any) -> Story:
    content = parse({"title": "T", "url": "https://a.example/1", "date": "2020-06-13", **record}, **keys)
    assert content.problems == ()
    return content.records[0].story


@pytest.mark.parametrize(
    ("field", "expressions", "value", "origin"),
    [
        ("title", "headline.main", "A & B", "headline.main"),
        ("title", "tags.0.term", "AI", "tags.0.term"),
        ("type", "tags.7.term", None, ""),
        ("type", "tags.99999999999999999999", None, ""),
        ("title", "people.name", "Ann", "people.name"),  # the first of several
        ("authors", "people.name", ["Ann", "Bob"], "people.name"),
        ("authors", "people.mail", ["x", "y", "z"], "people.mail"),
        ("authors", "people.mail.0", ["x", "z"], "people.mail.0"),
        ("topics", "tags.term", ["AI", "Law"], "tags.term"),
        ("type", "kind.of", "flat", "kind.of"),
        ("type", "headline.print", "beside a mapping", "headline.print"),
        ("type", ["headline.missing", "url.missing", "tags.missing", "=none"], "none", "=none"),
        ("type", "source_name", "The Times", "Source Name"),
        ("type", "SOURCE-NAME", "The Times", "Source Name"),
        ("type", ["nothing", "empty", "no", "missing", "headline", "=constant"], "constant", "=constant"),
        ("type", "=", None, ""),
        ("type", "{headline.main}: {tags.1.term}", "A & B: Law", "{headline.main}: {tags.1.term}"),
        ("type", ["{headline.main}{nothing}", "{people.name}"], "Ann", "{people.name}"),
        ("type", "{headline.main|slug}", "a-b", "{headline.main|slug}"),
        ("type", "{ headline.main | lower }", "a & b", "{ headline.main | lower }"),
        ("type", "$.headline.main", None, ""),  # the record is the top of its file
        ("provider", "=Me", "Me", "=Me"),
        ("provider.name", ["missing", "source_name"], "The Times", "Source Name"),
        ("publishedDateTime", ["published", "date"], "2020-06-13T10:00:00+02:00", "date"),  # `true` is no time
        ("webUrl", ["headline.main", "url"], "https://a.example/1", "url"),
        ("quality", ["url", "=7"], "7", "=7"),
        ("language", ["url", "=de_AT"], "de-AT", "=de_AT"),
        ("images", ["headline.main", "logo"], "https://a.example/i.png", "logo"),
        ("images", ["headline.main", "url"], None, ""),
    ],
)  # fmt: skip
def test_the_first_expression_whose_value_can_be_used_gives_a_field_its_value(
    field: str, expressions: Any, value: Any, origin: str
) -> None:
    name = "provider.name" if field == "provider" else field
    record = {key: item for key, item in RECORD.items() if key != "type"}
    fields = value_in_memory(record)
    assert isinstance(fields, Fields)
    found = map_record(fields, "", "a.json", source(fields={field: expressions}))
    outer, _, inner = name.partition(".")
    given = plain(found.fields.value_of(outer))
    assert ((given or {}).get(inner) if inner else given, (found.fields.origin or {}).get(name, "")) == (value, origin)


@pytest.mark.parametrize(
    ("file", "template", "url"),
    [
        ("2020-01-02-my-post.md", "{site}/{year}/{month}/{day}/{slug}/", "https://b.example/x/2020/06/13/my-post/"),
        ("a/b/2020-01-02 My  Post.md", "{site}/{file.parent}/{slug}.html", "https://b.example/x/a/b/My-Post.html"),
        ("a/2020-01-02-c/index.md", "{site}/{file.parent}/{slug}", "https://b.example/x/a/c"),
        ("index.md", "{site}/{file.parent}/{slug}", "https://b.example/x/index"),
        ("a/x.md", "{site}/{file.name}-{file.date}", None),
        ("2020/01/02/x.md", "{site}/{file.name}-{file.date}", "https://b.example/x/x-2020-01-02"),
        ("2020/1/x.md", "{site}/{file.name}-{file.date}", "https://b.example/x/x-2020-01-01"),
        ("2020-01-02.md", "{site}/{slug}", "https://b.example/x/2020-01-02"),
        ("x.md", "{site}/{categories}/{slug}", "https://b.example/x/x"),
        ("x.md", "{site}/{title}", "https://b.example/x/What%3F%20A%23B%20100%25"),
        ("x.md", "{site}/{missing}/", None),
    ],
)
def test_a_template_makes_an_address_of_the_time_and_the_files_name(file: str, template: str, url: str | None) -> None:
    record = {"title": "What? A#B 100%", "date": "2020-06-12T23:30:00Z"}
    text = "---\n" + "".join(f"{key}: '{value}'\n" for key, value in record.items()) + "---\nText"
    keys = {"site": "https://b.example/x", "timezone": "Europe/Berlin", "fields": {"webUrl": template}}
    content = parse_file(file, text.encode(), source(**keys))
    assert [record.story.url for record in content.records] == ([url] if url else [])


@pytest.mark.parametrize(
    ("folder", "file", "parent"),
    [
        ("/x/content/posts", "a/b.md", "posts/a"),
        ("/x/content", "posts/b.md", "posts"),
        ("/content/x/content/en", "b.md", "en"),
        ("/x/posts", "b.md", ""),
        ("/x/posts", "a/index.md", ""),
    ],
)
def test_a_files_folder_begins_below_content(folder: str, file: str, parent: str) -> None:
    text = b"---\ntitle: T\ndate: 2020-06-13\n---\n"
    fields = {"webUrl": "https://a.example/{slug}", "type": "={x}"}
    content = parse_file(file, text, source(Path(folder), fields={**fields, "type": "-{file.parent}-"}))
    assert content.records[0].story.type == f"-{parent}-"


def test_a_slug_is_the_records_own_or_made_by_an_expression() -> None:
    keys = {"site": "https://b.example", "fields": {"webUrl": "{site}/{slug}/"}}
    record = {"title": "Don't Stop", "date": "2020-06-13", "slug": "/own/"}
    assert parse(record, **keys).records[0].story.url == "https://b.example/own/"
    del record["slug"]
    assert parse(record, "x y.json", **keys).records[0].story.url == "https://b.example/x-y/"
    keys["fields"] = {"webUrl": "{site}/{slug}/", "slug": "{title|slug}"}
    assert parse(record, **keys).records[0].story.url == "https://b.example/dont-stop/"
    keys["fields"] = {"webUrl": "{site}/{slug}/", "slug": "{slug}", "publishedDateTime": "{year}-01-01"}
    assert parse(record, **keys).records[0].story.url == "https://b.example/a/"  # a template never needs itself


def test_a_path_with_a_dollar_starts_at_the_top_of_the_file() -> None:
    file = {
        "name": "Weekly", "meta": {"lang": "de", "writers": [{"name": "Ann"}]},
        "list": [{"title": "T", "url": "https://a.example/1", "date": "2020-06-13"}],
    }  # fmt: skip
    fields = {"provider": "$.name", "authors": "$.meta.writers.name", "type": "$.missing"}
    content = parse(file, items="list", fields=fields)
    assert content.problems == ()
    found = content.records[0].story
    assert (found.provider.name, found.authors, found.type) == ("Weekly", ("Ann",), "")


@pytest.mark.parametrize(
    ("file", "items", "titles"),
    [
        ({"data": {"articles": [{"n": 1}, {"n": 2}]}}, "data.articles", "1 2"),
        ({"data": [{"article": {"n": 1}}, {"article": {"n": 2}}]}, "data.article", "1 2"),
        ({"data": {"article": {"n": 1}}}, "data.article", "1"),
        ([{"list": [{"n": 1}]}, {"list": [{"n": 2}]}], "list", "1 2"),
        ({"data": {"articles": []}}, "data.articles", ""),
        ({"data": {}}, "data.articles", ""),
        ({"data": {"articles": [{"n": 1}]}}, "data.0", ""),
    ],
)
def test_items_is_the_path_of_the_records_in_a_file(file: Any, items: str, titles: str) -> None:
    fields = {"title": "n", "webUrl": "https://a.example/{n}", "publishedDateTime": "=2020-06-13"}
    content = parse(file, items=items, fields=fields)
    assert content.problems == ()
    assert " ".join(record.story.title for record in content.records) == titles


def items_of(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"title": f"T{n}", "link": f"https://a.example/{n}", "date": "2020-06-13", **more} for n in numbers]


@pytest.mark.parametrize(
    ("file", "titles"),
    [
        (items_of(1, 2), "T1 T2"),
        ({"version": "1", "title": "Feed", "items": items_of(1, 2)}, "T1 T2"),
        ({"status": "ok", "articles": items_of(1)}, "T1"),
        ({"value": items_of(1)}, "T1"),
        ({"response": {"docs": items_of(1), "meta": {"hits": 1}}}, "T1"),
        ({"response": {"status": "ok", "results": items_of(1)}}, "T1"),
        ({"hits": {"hits": [{"_id": "x", "_source": item} for item in items_of(1, 2)]}}, "T1 T2"),
        ({"data": {"posts": {"edges": [{"node": item} for item in items_of(1, 2)]}}}, "T1 T2"),
        ({"data": [{"id": 1, "attributes": item} for item in items_of(1)]}, "T1"),
        ({"db": [{"meta": {}, "data": {}}], "whatever": items_of(3)}, "T3"),
        ({"authors": [{"name": "Ann"}, {"name": "Bob"}], "things": items_of(1)}, "T1"),
        ([{"articles": items_of(1)}, {"articles": items_of(2)}], "T1 T2"),
        (items_of(1, entries=[{"note": 1}], links=[{"href": "x"}])[0], "T1"),  # a record with lists of its own
        (items_of(1, comments=items_of(7))[0], "T1"),
        ({"articles": []}, ""),
    ],
)
def test_the_list_of_records_in_a_file_is_found(file: Any, titles: str) -> None:
    content = parse(file)
    assert content.problems == ()
    assert " ".join(record.story.title for record in content.records) == titles


def test_the_path_of_the_records_counts_where_a_key_is_named_value() -> None:
    for file, items in (
        ({"value": items_of(1)}, "value"),
        ({"value": [3], "data": {"articles": items_of(1)}}, "data.articles"),
    ):
        content = parse(file, items=items)
        assert ([record.story.title for record in content.records], content.problems) == (["T1"], ())


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ({"stand": 1, "items": [{"kopf": "T1", "adresse": "/1", "tag": "2020-06-13"}]}, {}),
        ({"stand": 1, "liste": [{"Kopf": "T1", "link": "/1", "tag": "2020-06-13"}]}, {}),
        ({"liste": [{"_id": 1, "_source": {"kopf": "T1", "adresse": "/1", "tag": "2020-06-13"}}]}, {}),
        ({"liste": [{"kopf": "T1", "tag": "2020-06-13"}]}, {"webUrl": "{site}/1"}),
        ({"liste": [{"meta": {"kopf": "T1"}, "url": "/1", "tag": "2020-06-13"}]}, {"title": "meta.kopf"}),
        ({"kopf": "T1", "adresse": "/1", "tag": "2020-06-13", "liste": items_of(2)}, {}),
    ],
)
def test_records_are_found_by_the_keys_that_the_configuration_names(file: Any, fields: dict[str, str]) -> None:
    keys = {"title": "kopf", "webUrl": ["adresse", "link", "url"], "publishedDateTime": "tag", **fields}
    content = parse(file, site="https://a.example", fields=keys)
    assert content.problems == ()
    assert [(record.story.title, record.story.url) for record in content.records] == [("T1", "https://a.example/1")]


def test_a_post_without_an_address_of_its_own_is_no_list_of_what_its_key_value_holds(tmp_path: Path) -> None:
    [source] = find_sources(parse_config({"records": {"preset": "jekyll", "site": "https://a.example"}}, tmp_path))
    content = parse_file("_posts/2020-06-13-x.md", b"---\ntitle: T\nvalue: [a, b]\n---\n", source)
    assert [record.story.title for record in content.records] == ["T"]


def test_of_json_ld_only_articles_are_records() -> None:
    graph = [
        {"@type": "WebSite", "name": "Site", "url": "https://a.example/"},
        {"@type": ["Thing", "https://schema.org/BlogPosting"], "headline": "T", "url": "https://a.example/1", "datePublished": "2020-06-13"},
        {"@type": "WebPage", "name": "T", "url": "https://a.example/1", "datePublished": "2020-06-13"},
        {"@type": "Person", "name": "Ann", "url": "https://a.example/ann"},
    ]  # fmt: skip
    content = parse({"@context": "https://schema.org", "@graph": graph})
    assert ([record.story.title for record in content.records], content.problems) == (["T"], ())


@pytest.mark.parametrize(
    ("record", "category"),
    [
        ({"category": "news"}, "news"),
        ({"category": ["top", "world"]}, "top"),
        ({"category": {"name": "World"}}, ""),
        ({"category": [{"name": "World"}]}, ""),
        ({"categories": ["World"]}, ""),  # they are topics
        ({"articleSection": "Sports"}, "Sports"),
        ({"section": ["World"]}, ""),
    ],
)
def test_what_other_shapes_call_a_category_is_read_where_it_is_a_text_and_never_a_problem(
    record: dict[str, Any], category: str
) -> None:
    content = parse({"title": "T", "url": "https://a.example/1", "date": "2020-06-13", **record})
    assert (content.records[0].story.category, content.problems) == (category, ())
    assert content.records[0].story.topics  # they have always been that


def test_a_category_that_the_configuration_names_is_a_problem_where_it_is_no_text() -> None:
    record = {"title": "T", "url": "https://a.example/1", "date": "2020-06-13", "kind": {"name": "World"}}
    (problem,) = parse(record, fields={"category": "kind"}).problems
    assert str(problem).endswith("kind: a mapping can't be used: expected text")


def test_a_record_of_our_own_shape_is_read_by_its_own_names_alone() -> None:
    record = {
        "title": "T",
        "webUrl": "https://a.example/1",
        "publishedDateTime": "2020-06-13",
        "tags": ["AI"],
        "x": "X",
    }
    keys = {"fields": {"title": "x", "provider": "=Me"}}
    found = parse(record, **keys).records[0].story
    assert (found.title, found.topics, found.provider.name) == ("T", (), "a.example")
    del record["publishedDateTime"]
    found = parse({**record, "date": "2020-06-13"}, **keys).records[0].story
    assert (found.title, found.topics[0].name, found.provider.name) == ("X", "AI", "Me")


def test_a_problem_names_the_key_as_the_file_has_it() -> None:
    record = {
        "headline": ["T"], "url": "https://a.example/1", "date": "2020-06-13", "updated_at": "soon",
        "source": {"name": "Times"}, "hostname": "a b", "keywords": ["AI", 7], "provider": {"logo": "ftp://x/y"},
        "related": [{"headline": "M", "url": "ftp://x/y"}],
    }  # fmt: skip
    fields = {"quality": "date", "images": "headline", "provider.domain": "hostname"}
    assert [(problem.field, problem.line) for problem in parse(record, fields=fields).problems] == [
        ("updated_at", 7),
        ("hostname", 11),
        ("provider.logo", 17),
        ("keywords[1]", 14),
        ("headline[0]", 3),
        ("date", 6),
        ("related[0].url", 22),
    ]


def test_a_key_that_stands_twice_is_a_problem_of_its_own_name() -> None:
    text = '{"title": "T", "url": "https://a.example/1", "date": "2020-06-13",\n"headline": "x", "url": "https://a.example/2"}'
    content = parse_file("a.json", text.encode())
    assert [record.story.url for record in content.records] == ["https://a.example/2"]
    assert [str(problem) for problem in content.problems] == [
        "a.json:2: url: stands here again, and replaces what stood before; expected once"
    ]


@pytest.mark.parametrize(
    ("record", "hint"),
    [
        ({"title": "T", "date": "2020-06-13", "origin_address": "https://a.example/1"}, 'webUrl: is missing; expected an address; this record has "origin_address": set records.fields.webUrl = "origin_address"'),
        ({"title": "T", "date": "2020-06-13", "meta": {"where": "https://a.example/1"}, "pic": "https://a.example/i.png"}, 'webUrl: is missing; expected an address; this record has "pic" and "meta.where": set records.fields.webUrl'),
        ({"title": "T", "date": "2020-06-13", "img_url": "https://a.example/i.png"}, "webUrl: is missing; expected an address; for a site of your own, set records.site and records.preset"),
        ({"title": "T", "url": "https://a.example/1", "appeared": "2020-06-13"}, 'publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z; this record has "appeared": set records.fields.publishedDateTime = "appeared"'),
        ({"title": "T", "url": "https://a.example/1", "date": None, "appeared": "2020-06-13"}, 'publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z; this record has "appeared": set records.fields.publishedDateTime = ["date", "appeared"]'),
        ({"title": "T", "url": "https://a.example/1", "Date": "", "appeared": "2020-06-13", "seen": "2020-06-14"}, 'publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z; this record has "appeared" and "seen": set records.fields.publishedDateTime = ["Date", ...]'),
        ({"title": "T", "url": "https://a.example/1", "date": None}, 'publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z; "date" is empty: write it there'),
        ({"title": "T", "date": "2020-06-13", "source": None, "id": None}, 'webUrl: is missing; expected an address; "source" is empty: write it there, or, for a site of your own, set records.site and records.preset'),
        ({"title": "T", "url": "https://a.example/1", "year": 2020}, "publishedDateTime: is missing; expected a time such as 2020-06-13T01:29:00Z"),
        ({"page_header": "T", "url": "https://a.example/1", "date": "2020-06-13"}, 'title: is missing; expected a title; this record has "page_header": set records.fields.title = "page_header"'),
        ({"title": "", "page_header": "T", "url": "https://a.example/1", "date": "2020-06-13"}, 'title: is missing; expected a title; this record has "page_header": set records.fields.title = ["title", "page_header"]'),
        ({"title": "", "url": "https://a.example/1", "date": "2020-06-13"}, "title: is missing; expected a title"),
        ({"url": "https://a.example/1", "date": "2020-06-13"}, "title: is missing; expected a title"),
    ],
)  # fmt: skip
def test_a_missing_field_s_problem_names_the_keys_that_look_like_it(record: dict[str, Any], hint: str) -> None:
    assert [str(problem).partition(": ")[2] for problem in parse(record).problems] == [hint]


@pytest.mark.parametrize(
    ("tags", "topics"),
    [
        (["AI, Law, R & D"], ["AI", "Law", "R & D"]),
        (["AI, Law", "AI", "Order, please"], ["AI", "Law", "Order, please"]),
        (["AI,Law", "AI,Law"], ["AI", "Law"]),
        (["Washington, D.C."], ["Washington, D.C."]),
        (["Washington, D.C.", "AI"], ["Washington, D.C.", "AI"]),
        (["AI", {"name": "Arts, Music, Film"}], ["AI", "Arts, Music, Film"]),
    ],
)
def test_the_keywords_of_a_page_are_topics_also_where_a_list_holds_them_in_one_text(
    tags: list[Any], topics: list[str]
) -> None:
    assert [topic.name for topic in story({"tags": tags}).topics] == topics


def test_a_relative_address_needs_a_site() -> None:
    record = {"title": "T", "date": "2020-06-13", "permalink": "/a/b/", "image": "/i.png"}
    content = parse(record)
    assert [problem.field for problem in content.problems] == ["permalink", "image"]
    assert "set records.site" in str(content.problems[0])
    found = parse(record, site="https://b.example/blog").records[0].story
    assert found.url == "https://b.example/blog/a/b/"
    assert found.image and found.image.url == "https://b.example/blog/i.png"


@pytest.mark.parametrize(
    "record",
    [
        {"status": "draft"}, {"draft": True}, {"published": False}, {"status": "private"}, {"draft": "yes"},
    ],
)  # fmt: skip
def test_a_draft_of_any_shape_is_one(record: dict[str, Any]) -> None:
    assert story(record).draft


@pytest.mark.parametrize(
    "record", [{"published": "2020-06-13"}, {"published": True}, {"draft": False}, {"status": "publish"}]
)
def test_what_is_published_is_no_draft(record: dict[str, Any]) -> None:
    assert not story(record).draft


def test_related_stories_of_another_shape_are_mapped_by_the_same_names() -> None:
    related = [{"headline": "M", "link": "https://b.example/1", "date": "2020-06-12"}]
    content = parse(
        {"title": "T", "url": "https://a.example/1", "date": "2020-06-13", "related": related},
        site="https://a.example",
        fields={"webUrl": ["url", "{site}/{slug}"], "provider": "=Me"},
    )
    assert content.problems == ()
    (mention,) = content.records[0].related
    assert (mention.title, mention.url, mention.provider.name) == ("M", "https://b.example/1", "b.example")


def test_a_record_of_a_strange_shape_costs_no_other() -> None:
    deep: Any = "x"
    for _ in range(30):
        deep = {"title": [[deep]], "url": {}, "tags": [[]]}
    content = parse([*items_of(1), deep, 7, [], {}, {"title": {}, "url": []}, *items_of(2)])
    assert [record.story.title for record in content.records] == ["T1", "T2"]
    assert content.refused == 5


def test_aliases_that_multiply_cost_no_time() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'{{l: *l{n - 1}}}'] * 8)}]\n" for n in range(1, 6))
    text = f"title: T\nurl: https://a.example/1\ndate: 2020-06-13\nl0: &l0 [x]\n{levels}"
    content = parse_file("a.yaml", text.encode(), source(fields={"topics": "l5.l.l.l.l.l"}))
    assert len(content.records) == 1


@pytest.mark.parametrize(
    ("record", "fields", "message"),
    [
        ({"title": "x" * (2**20 + 1)}, {}, "expected text of at most 1,048,576 characters"),
        ({"description": "x" * (2**20 + 1)}, {}, "expected text of at most 1,048,576 characters"),
        ({"tags": ["AI", "x" * (2**20 + 1)]}, {}, "expected a name, not"),
        ({"long": "x" * 200_000}, {"excerpt": "{long}" * 2000}, "expected text of at most 1,048,576 characters"),
        ({"long": "x" * 200_000}, {"featuredContent": "{long}" * 2000}, "of at most 300,000 characters"),
    ],
)
def test_no_text_is_longer_than_a_feed_can_hold(record: dict[str, Any], fields: dict[str, str], message: str) -> None:
    content = parse({"title": "T", "url": "https://a.example/1", "date": "2020-06-13", **record}, fields=fields)
    (problem,) = content.problems[:1]
    assert message in problem.message
    assert len(problem.message) < 200
    assert len(content.records) == ("title" not in record)


def test_what_a_file_named_content_says_is_how_it_is_written() -> None:
    assert "&lt;b&gt;" in story({"content_text": "<b>x</b>"}).content_html
    assert "<b>" in story({"content_html": "<b>x</b>"}).content_html
    assert "<em>" in story({"body_markdown": "*x*"}).content_html


def test_the_text_after_the_front_matter_is_content_before_a_presets_keys() -> None:
    text = "---\ntitle: T\nurl: https://a.example/1\ndate: 2020-06-13\nbody: short\nmain: own\n---\nWhole text"
    assert "Whole text" in parse_file("a.md", text.encode()).records[0].story.content_html
    own = parse_file("a.md", text.encode(), source(fields={"featuredContent": "main"}))
    assert "own" in own.records[0].story.content_html


def test_without_a_configuration_records_are_read_by_auto() -> None:
    assert default_source().preset == "auto"
    assert [r.story.title for r in parse_file("a.json", json.dumps(items_of(1)).encode()).records] == ["T1"]


@pytest.mark.parametrize(
    ("value", "language", "problem"),
    [
        ("en_US", "en-US", None),
        ("eng", "", "expected a language tag such as en or pt-BR; did you mean en?"),
        ("English", "", "expected a language tag such as en or pt-BR; did you mean en?"),
        ("python", "", None),  # in what the code is that a post is about
    ],
)
def test_a_language_of_another_shape_that_is_none_is_a_problem_where_one_is_meant(
    value: str, language: str, problem: str | None
) -> None:
    content = parse({"title": "A", "link": "https://a.example/1", "date": "2020-01-01", "lang": value})
    assert content.records[0].story.language == language
    assert [problem.message for problem in content.problems] == (
        [f"{value!r} can't be used: {problem}"] if problem else []
    )
