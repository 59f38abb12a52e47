"""Filters, saved filters and archives: which stories they take."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedsvc.config import load_config, parse_config
from feedsvc.errors import ConfigError
from feedsvc.feeds.settings import story_query
from feedsvc.index.query import NEWEST_FIRST, select_stories
from feedsvc.index.stories import Months, count_stories
from feedsvc.model import parse_filters
from tests.conftest import Site, record
from tests.corpus import Corpus
from tests.rules import check_feed, texts

FILES = {
    "1.md": record("One", "https://a.example/1", "2020-03-01", topics="[AI]", quality="10", heat="5", type="Video", category="News", provider="{name: A}"),
    "2.md": record("Two", "https://a.example/2", "2020-02-01", topics="[AI, Law]", quality="20", heat="1", type="article", category="Samples", provider="{name: B}"),
    "3.md": record(
        "Three", "https://a.example/3", "2020-01-01", topics="[Law]", provider="{name: A}",
        related="[{title: m, webUrl: 'https://b.example/m', publishedDateTime: 2019-12-31, quality: 15, type: article, provider: {name: C}}]",
    ),
}  # fmt: skip


def titles(site: Site, address: str) -> list[str]:
    path, _, query = address.partition("?")
    canonical = site.documents.parse(path, quote(query, safe="=&"))
    assert canonical
    document = site.documents.get(canonical)
    assert document
    return [entry.title for entry in check_feed(document.body, f"https://feeds.example{canonical.target}").entries]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "One Two Three m"),
        ("topic=ai", "One Two"),
        ("topic=ai&topic=law", "One Two Three m"),
        ("topic=ai&type=article&without_topic=law", ""),
        ("provider=a", "One Three"),
        ("provider=A&provider=c", "One Three m"),
        ("type=VIDEO", "One"),
        ("type=\0 vid\uffffeo\x0b", "One"),
        ("type=video&type=article", "One Two m"),
        ("category=NEWS", "One"),
        ("category=samples&category=news", "One Two"),
        ("category=news&type=article", ""),
        ("without_topic=law", "One"),
        ("without_provider=a", "Two m"),
        ("min_quality=15", "Two m"),
        ("min_heat=2", "One"),
        ("since=2020-02-01", "One Two"),
        ("until=2020-02-01", "Two Three m"),
        ("since=2020-01-01&until=2020-02-29", "Two Three"),
        ("since=2019-12-31&until=2019-12-31", "m"),
        ("since=9999-12-31", ""),
        ("until=0001-01-01", ""),
        ("topic=ai&since=2020-02-02", "One"),
        ("topic=law&until=2020-01-31&type=article", "m"),
        ("provider=a&until=2020-02-01", "Three"),
        ("limit=2", "One Two"),
        ("related=links", "One Two Three"),
        ("topic=law&without_provider=b&min_quality=1", "m"),
    ],
)
def test_each_filter_takes_its_stories(make_site: Callable[..., Site], query: str, expected: str) -> None:
    site = make_site(FILES)
    for format in ("atom", "rss"):
        assert titles(site, f"/feed.{format}?{query}") == expected.split()


def test_since_and_until_are_whole_days_in_utc(make_site: Callable[..., Site]) -> None:
    times = {
        "before": "2020-06-13T01:59:59+02:00", "first": "2020-06-13T02:00:00+02:00",
        "last": "2020-06-13T23:59:59Z", "after": "2020-06-14T00:00:00Z",
    }  # fmt: skip
    site = make_site({f"{name}.md": record(name, f"https://a.example/{name}", time) for name, time in times.items()})
    assert titles(site, "/feed.atom?since=2020-06-13&until=2020-06-13") == ["last", "first"]
    assert titles(site, "/feed.atom?since=2020-06-13") == ["after", "last", "first"]
    assert titles(site, "/feed.atom?until=2020-06-13") == ["last", "first", "before"]


@pytest.mark.parametrize("feed", ["/feed", "/topics/ai", "/providers/a-example", "/custom/all"])
def test_the_archives_between_two_days_hold_each_story_once(make_site: Callable[..., Site], feed: str) -> None:
    files = {
        f"{month}-{day}.md": record(f"{month}-{day}", f"https://a.example/{month}-{day}", f"2020-0{month}-1{day}", topics="[AI]")
        for month in (1, 2, 3, 4)
        for day in (1, 2, 3)
    }  # fmt: skip
    site = make_site(files, feeds={"limit": 2}, custom=[{"name": "All"}])
    days = "since=2020-02-12&until=2020-04-12"
    assert titles(site, f"{feed}.atom?{days}") == ["4-2", "4-1"]
    assert titles(site, f"{feed}/2020-04.atom?{days}") == ["4-2", "4-1"]
    assert titles(site, f"{feed}/2020-03-2.atom?{days}") == ["3-3"]
    assert titles(site, f"{feed}/2020-03.atom?{days}") == ["3-2", "3-1"]
    assert titles(site, f"{feed}/2020-02.atom?{days}") == ["2-3", "2-2"]
    assert site.document(f"{feed}/2020-01.atom?{days}") is None
    assert site.document(f"{feed}/2020-02-2.atom?{days}") is None


@pytest.mark.sqlite  # which alone tells its plan in these words
@pytest.mark.parametrize("feed", ["/feed", "/topics/ai", "/providers/a-example"])
def test_days_are_found_in_the_order_of_the_index(make_site: Callable[..., Site], feed: str) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    address = site.address(f"{feed}.atom?since=2020-01-01&until=2020-01-31")
    assert address and address.feed
    with site.documents.index.reading() as connection:
        query = story_query(site.config, address.feed)
        chosen, values = select_stories(connection, address.feed, query, "o.url")
        rows = connection.execute(f"EXPLAIN QUERY PLAN {chosen} ORDER BY {NEWEST_FIRST}", values)
        plan = " ".join(map(str, rows))
    assert "COVERING INDEX" in plan or "SEARCH o USING PRIMARY KEY" in plan  # which is the table itself
    assert "month>? AND month<?" in plan
    assert "TEMP B-TREE" not in plan


def test_filters_work_on_every_feed_and_archive(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"limit": 1}, custom=[{"name": "Saved", "topic": ["AI"], "limit": 5}])
    assert titles(site, "/topics/law.atom?without_topic=ai&limit=9") == ["Three", "m"]
    assert titles(site, "/providers/a.rss?topic=law") == ["Three"]
    assert titles(site, "/custom/saved.atom?provider=b") == ["Two"]
    assert titles(site, "/feed/2020-02.atom?topic=law") == ["Two"]
    assert site.document("/feed/2020-02.atom?provider=a") is None


def test_links_of_entries_go_where_related_says(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"related": "none"})
    assert titles(site, "/feed.atom") == ["One", "Two", "Three"]
    assert titles(site, "/feed.atom?related=entries") == ["One", "Two", "Three", "m"]
    assert b'rel="related"' in site.body("/feed.atom?related=links")
    assert b'rel="related"' not in site.body("/feed.atom")


def test_a_filtered_feed_says_so_in_its_title_self_link_and_id(make_site: Callable[..., Site]) -> None:
    feed = check_feed(
        make_site(FILES).body("/topics/ai.atom?min_quality=15"), "https://feeds.example/topics/ai.atom?min_quality=15"
    ).feed
    assert feed.title == "AI - feedsvc (min_quality=15)"
    assert feed.id == "https://feeds.example/topics/ai?min_quality=15"


def test_a_saved_filter_is_a_feed_a_page_and_a_file(make_site: Callable[..., Site]) -> None:
    saved = {"name": "Good AI", "description": "The best.", "topic": ["AI"], "min_quality": 10, "limit": 1}
    site = make_site(FILES, custom=[saved])
    assert titles(site, "/custom/good-ai.atom") == ["One"]
    assert titles(site, "/custom/good-ai/2020-02.atom") == ["Two"]
    feed = check_feed(site.body("/custom/good-ai.rss"), "https://feeds.example/custom/good-ai.rss").feed
    assert (feed.title, feed.subtitle) == ("Good AI - feedsvc", "The best.")
    addresses = site.addresses()
    for address in ("/custom/good-ai.json", "/custom/good-ai/", "/custom/good-ai/2020-02.atom"):
        assert address in addresses
        assert site.document(address)
    assert site.document("/custom/other.atom") is None
    assert b"/custom/good-ai.atom" in site.body("/feeds.opml")


def test_what_a_saved_filter_sets_is_its_default(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"min_quality": 20}, custom=[{"name": "S", "min_quality": 10, "limit": 7}])
    assert titles(site, "/feed.atom") == ["Two"]
    assert titles(site, "/feed.atom?min_quality=15") == ["Two", "m"]
    assert titles(site, "/custom/s.atom") == ["One", "Two", "m"]
    assert titles(site, "/custom/s.atom?min_quality=5") == ["One", "Two", "m"]
    for target in ("/custom/s.atom?limit=7&min_quality=10", "/feed.atom?min_quality=20"):
        address = site.address(target)
        assert address
        assert address.target == target.partition("?")[0]


def test_days_of_a_saved_filter_and_of_an_address_both_count(make_site: Callable[..., Site]) -> None:
    saved = {"name": "S", "since": date(2020, 1, 1), "until": "2020-02-15", "min_heat": 0}
    site = make_site(FILES, custom=[saved])
    assert titles(site, "/custom/s.atom") == ["Two"]
    assert titles(site, "/custom/s.atom?until=2020-02-01") == ["Two"]
    assert titles(site, "/custom/s.atom?until=2019-12-31") == titles(site, "/custom/s.atom?since=2020-03-01") == []
    for idle in ("since=2019-01-01", "until=2020-02-15&since=2020-01-01", "until=2021-01-01", "min_heat=-1"):
        address = site.address(f"/custom/s.atom?{idle}")
        assert address and address.target == "/custom/s.atom"


def test_a_day_in_toml_is_a_value(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[custom]]\nname = "June"\nsince = 2020-06-01\nuntil = "2020-06-30"\n')
    saved = load_config(tmp_path / "config.toml").custom["june"].filters
    assert saved.labels == ["since=2020-06-01", "until=2020-06-30"]
    assert parse_filters([("until", "2020-06-30"), ("since", "2020-06-01")]) == saved


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ({}, "custom: {} can't be used; expected tables, [[custom]]"),
        ([{"topic": ["AI"]}], "custom 1: name: '' can't be used; expected a name"),
        ([{"name": "A"}, {"name": "a!"}], "custom 2: 'a!' has the address of 'A'; expected another name"),
        ([{"name": "A", "topics": ["AI"]}], "custom 1: topics is not a key that feedsvc knows; did you mean topic?"),
        ([{"name": "A", "topic": [1]}], "custom 1: topic: 1 can't be used; expected names of topics, any of which a story has"),
        ([{"name": "A", "limit": True}], "custom 1: limit: True can't be used; expected a number from 1 to 500"),
        ([{"name": "A", "since": "June"}], "custom 1: since: 'June' can't be used; expected a day such as 2020-06-13, in UTC"),
        ([{"name": "A", "until": datetime(2020, 6, 13, 9)}], "custom 1: until: '2020-06-13 09:00:00' can't be used; expected a day such as 2020-06-13, in UTC"),
        ([{"name": "A", "since": date(2020, 6, 13), "until": "2020-06-12"}], "custom 1: since: '2020-06-13' can't be used; expected a day up to until, which is 2020-06-12"),
        ([{"name": "A", "min_quality": "1.5"}], "custom 1: min_quality: '1.5' can't be used; expected a whole number"),
    ],
)  # fmt: skip
def test_a_faulty_saved_filter_is_an_error_that_names_it(tmp_path: Path, custom: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        parse_config({"custom": custom}, tmp_path)


@pytest.fixture(scope="module")
def large() -> Corpus:
    return Corpus(1200, seed=3)


@pytest.mark.sqlite  # test_postgres sees that PostgreSQL's documents are the same
def test_walking_the_archives_of_every_feed_gives_each_of_its_stories_once(
    make_site: Callable[..., Site], large: Corpus
) -> None:
    from feedsvc.model import FeedAddress

    site = make_site(large.files, feeds={"limit": 20})
    stories = {**large.mentions, **large.stories}
    catalogue = site.documents.catalogue()
    assert catalogue.everything.size == len(stories)
    for feed in catalogue.feeds:
        seen: list[str] = []
        address: FeedAddress | None = feed.address
        current = etree.fromstring(site.body(feed.address.path(".atom")))
        newest = texts(current, "a:entry/a:id")
        assert len(newest) == min(feed.size, 20)
        following = None
        document = current
        while previous := texts(document, "a:link[@rel='prev-archive']/@href"):
            path = previous[0].removeprefix("https://feeds.example")
            document = etree.fromstring(site.body(unquote(path)))
            assert texts(document, "a:link[@rel='next-archive']/@href") == ([following] if following else [])
            following = previous[0]
            seen += texts(document, "a:entry/a:id")
        seen = [story for story in newest if story not in seen] + seen
        assert len(seen) == len(set(seen)) == feed.size, address
        assert newest == seen[: len(newest)]
        assert set(seen) <= set(stories)


def test_an_archive_stays_as_it_is_unless_its_records_change(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"limit": 1})
    january = site.body("/feed/2020-01.atom")
    site.write("4.md", record("Four", "https://a.example/4", "2020-03-05", topics="[AI]"))
    site.write("1.md", record("Changed", "https://a.example/1", "2020-03-01"))
    site.sync()
    assert site.body("/feed/2020-01.atom") == january
    site.write("3.md", record("Changed", "https://a.example/3", "2020-01-01"))
    site.sync()
    assert site.body("/feed/2020-01.atom") != january


def test_there_are_no_archives_where_none_are_wanted(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES, feeds={"archives": False, "limit": 1})
    assert site.document("/feed/2020-01.atom") is site.document("/feed/older.json") is None
    assert not [address for address in site.addresses() if "2020" in address or "older" in address]
    assert b"prev-archive" not in site.body("/feed.rss")
    assert b"next_url" not in site.body("/feed.json")


def test_archives_of_the_first_thousand_years_have_addresses_that_lead_to_them(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {f"{year}.md": record(url=f"https://a.example/{year}", time=f"{year:04}-05-01") for year in (33, 987)},
        feeds={"limit": 1},
    )
    current = etree.fromstring(site.body("/feed.atom"))
    (href,) = current.xpath("//*[local-name()='link'][@rel='prev-archive']/@href")
    assert href == "https://feeds.example/feed/0987-05.atom"
    archive = etree.fromstring(site.body("/feed/0987-05.atom"))
    assert archive.xpath("//*[local-name()='link'][@rel='prev-archive']/@href") == [
        "https://feeds.example/feed/0033-05.atom"
    ]


#: Many stories with one topic and one provider, and a few with others; some in the cluster of the one before.
NUMBERS = range(150)


def facts(number: int) -> dict[str, Any]:
    return {
        "topic": {"all"} | {f"t{each}" for each in (2, 3, 5, 41, 53, 61) if number % each == 0},
        "provider": {"p3" if number % 50 == 3 else "p2" if number % 7 == 2 else "p1"},
        "type": {"video" if number % 4 == 1 else "article"},
        "category": {("news", "arts", "")[number % 3]} - {""},
        "min_quality": number % 11 if number % 5 else None,
        "min_heat": number % 13,
        "day": date(2020, 1, 1) + timedelta(days=number // 2),
    }


def joins(number: int) -> bool:
    """Whether a story is in the cluster of the one before."""
    return number % 10 == 9


def crowd() -> dict[str, str]:
    found = {}
    for number in NUMBERS:
        story = facts(number)
        found[f"{number}.md"] = record(
            f"{number}", f"https://a.example/{number:03}", f"{story['day']}T{number % 2:02}:00:00Z",
            topics=f"[{', '.join(sorted(story['topic']))}]", provider=min(story["provider"]), type=min(story["type"]),
            category=min(story["category"], default=""), heat=str(story["min_heat"]),
            quality="" if story["min_quality"] is None else str(story["min_quality"]),
            related=f"['https://a.example/{number - 1:03}']" if joins(number) else "",
        )  # fmt: skip
    return found


def takes(records: list[dict[str, Any]], asked: dict[str, Any]) -> bool:
    """Whether filters take an entry, which the first of some records has founded."""
    left_out = {name: set(values) for name, values in asked.items() if name.startswith("without_")}
    since, until = asked.get("since", date.min), asked.get("until", date.max)
    topics: set[str] = set().union(*(story["topic"] for story in records))
    return (
        since <= records[0]["day"] <= until
        and not topics & left_out.get("without_topic", set())
        and not any(story["provider"] & left_out.get("without_provider", set()) for story in records)
        and all(topics & set(asked[name]) for name in ("topic", "feed") if name in asked)
        and any(
            all(story[name] & set(asked[name]) for name in ("provider", "type", "category") if name in asked)
            and all(
                story[name] is not None and story[name] >= asked[name]
                for name in ("min_quality", "min_heat")
                if name in asked
            )
            for story in records
        )
    )


topics = st.lists(st.sampled_from(["all", "t2", "t3", "t5", "t41", "t53", "t61"]), min_size=1, max_size=3)
#: Two are so rare, even together, that a query begins with them.
some_topics = topics | st.just(["t53", "t61"])
some_days = st.dates(date(2020, 1, 1), date(2020, 3, 5))
asked_filters = st.fixed_dictionaries(
    {"related": st.sampled_from(["entries", "clusters", "links"])},
    optional={
        "feed": st.sampled_from(["all", "t2", "t41"]).map(lambda slug: [slug]),
        "topic": some_topics,
        "without_topic": some_topics,
        "provider": st.lists(st.sampled_from(["p1", "p2", "p3"]), min_size=1, max_size=2),
        "without_provider": st.lists(st.sampled_from(["p1", "p2", "p3"]), min_size=1, max_size=2),
        "type": st.lists(st.sampled_from(["article", "video"]), min_size=1, max_size=2),
        "category": st.lists(st.sampled_from(["news", "arts"]), min_size=1, max_size=2),
        "min_quality": st.integers(0, 11),
        "min_heat": st.integers(0, 13),
        "since": some_days,
        "until": some_days,
    },
)


@pytest.mark.survives("any choice of filters")
def test_any_choice_of_filters_takes_the_stories_that_meet_all_of_it(make_site: Callable[..., Site]) -> None:
    site = make_site(crowd(), feeds={"limit": 500})

    @settings(max_examples=150)
    @given(asked_filters)
    def check(asked: dict[str, Any]) -> None:
        if asked.get("since", date.min) > asked.get("until", date.max):
            asked["since"], asked["until"] = asked["until"], asked["since"]
        is_grouped = asked["related"] == "clusters" and "provider" not in asked
        entries = {
            number: [facts(number), *([facts(number + 1)] if is_grouped and joins(number + 1) else [])]
            for number in NUMBERS
            if not (is_grouped and joins(number))
        }
        expected = [number for number in entries if takes(entries[number], asked)]
        pairs = [(name, value) for name, values in asked.items() if name != "feed"
                 for value in (values if isinstance(values, list) else [values])]  # fmt: skip
        path = f"/topics/{asked['feed'][0]}" if "feed" in asked else "/feed"
        address = site.address(f"{path}.json?{urlencode(pairs)}")
        assert address and address.feed
        shown = site.documents.stories([address.feed])[address.feed]
        assert sorted(shown) == [f"https://a.example/{number:03}" for number in expected]
        assert shown == sorted(shown, reverse=True)
        with site.documents.index.reading() as connection:
            query = story_query(site.config, address.feed)
            months = {month.name: month.stories for month in Months(connection, address.feed, query)}
            assert count_stories(connection, address.feed, query) == len(expected)
        assert months == Counter(f"{entries[number][0]['day']:%Y-%m}" for number in expected)

    check()
