"""Atom and RSS from templates have the bytes that feedgen renders for the values, but for references in RSS."""

import locale
import re
from datetime import UTC, datetime, timedelta, timezone

import feedgen.entry
import feedgen.feed
import feedgen.util
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feedsvc.formats import feedgen_templates
from feedsvc.formats.content import Context, entry_html
from feedsvc.formats.feedgen_entries import entry_values, render_entry, topic_values
from feedsvc.formats.feedgen_heads import head_values, render_head
from feedsvc.formats.feedgen_templates import write_entry
from feedsvc.formats.registry import find_format
from feedsvc.model import (
    Archive,
    Cluster,
    Entry,
    Feed,
    FeedAddress,
    Filters,
    Image,
    Link,
    Provider,
    Story,
    Topic,
    make_labels,
)
from feedsvc.text import plain_text, xml_text

BASE = "https://feeds.example/sub folder"
CONTEXT = Context(BASE, "en", make_labels("en", {}))
texts = (
    st.text("ab<>&\"'%{}é日\U0001f680\ue000\ue001\x7f\x85 012", min_size=1, max_size=12).map(plain_text).filter(bool)
)
htmls = st.text("ab<>&\"'\n\r\t\ue000\ue001]", max_size=20).map(xml_text)
urls = st.text("ab/?&=%;'()", max_size=12).map("https://a.example/".__add__)
times = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
images = st.builds(Image, urls, st.none() | st.integers(1, 9999), st.none() | st.integers(1, 9999), texts)
providers = st.builds(Provider, texts, texts, st.sampled_from([None, "a.example"]))
links = st.builds(Link, urls, texts, texts) | st.builds(Link, urls, texts, texts, times, st.just("") | texts)
related = st.lists(links, max_size=3).map(tuple)
clusters = st.builds(Cluster, st.integers(1, 9), st.lists(texts, max_size=2).map(tuple), times)
entries = st.builds(
    Entry,
    st.builds(
        Story,
        url=urls,
        title=texts,
        published=times,
        updated=times,
        provider=providers,
        excerpt=st.just("") | texts,
        content_html=htmls,
        image=st.none() | images,
        authors=st.lists(texts, max_size=2).map(tuple),
        publishers=st.lists(texts, max_size=2).map(tuple),
        language=st.sampled_from(["", "en", "pt-BR", "ar"]),
    ),
    provider=providers,
    topics=st.lists(st.builds(Topic, texts, texts), max_size=3).map(tuple),
    related=related,
    related_total=st.integers(3, 9),
    is_mention=st.booleans(),
    cluster=st.none() | clusters,
)


def as_rss_writes(rendered: str, *elements: str) -> str:
    """Return what feedgen renders in RSS, with hexadecimal character references in plain text, titles of links too."""
    for pattern in (f"(<(?:{'|'.join(elements)})(?: [^>]*)?>)([^<]*)", '(<atom:link [^>]* title=")([^"]*)'):
        rendered = re.sub(
            pattern, lambda text: text[1] + text[2].replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;"), rendered
        )
    return rendered


def rendered_by_feedgen(name: str, entry: Entry) -> str:
    """Return the element of an entry that feedgen renders, with the character references that RSS has."""
    topics = [topic_values(topic, BASE) for topic in entry.topics]
    values, html = entry_values(entry, CONTEXT), entry_html(entry, CONTEXT)
    rendered = "".join(render_entry(name, values, html, topics))
    return as_rss_writes(rendered, "title", "category", "dc:creator", "dc:publisher") if name == "rss" else rendered


@given(entries)
def test_an_entry_from_a_template_has_the_bytes_that_feedgen_renders(entry: Entry) -> None:
    for name in ("atom", "rss"):
        assert write_entry(name, entry, CONTEXT).decode() == rendered_by_feedgen(name, entry)


@given(times, times)
def test_times_are_written_as_feedgen_writes_them(published: datetime, updated: datetime) -> None:
    provider = Provider("a", "A")
    values = entry_values(Entry(Story("https://a.example/", "A", published, updated, provider), provider), CONTEXT)
    assert (values.published, values.updated) == (published.isoformat(), updated.isoformat())
    assert values.published_rss == feedgen.util.formatRFC2822(published)  # its own, which the writers replace


@given(times, st.integers(-12, 12))
def test_other_users_of_feedgen_in_the_process_get_its_times(time: datetime, hours: int) -> None:
    moment = time.replace(tzinfo=timezone(timedelta(hours=hours)))
    for module in (feedgen.feed, feedgen.entry):
        assert module.formatRFC2822(moment) == feedgen.util.formatRFC2822(moment)


def test_feedgen_renders_each_shape_once_and_never_sets_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, time = Provider("a", "A"), datetime(2020, 6, 13, tzinfo=UTC)
    plain = [Story(f"https://a.example/{number}", f"Title {number}", time, time, provider) for number in range(3)]
    for name in ("atom", "rss"):
        write_entry(name, Entry(plain[0], provider, (Topic("t", "T"),)), CONTEXT)
    rendered = []
    monkeypatch.setattr(
        feedgen_templates, "render_entry", lambda name, *values: rendered.append(name) or render_entry(name, *values)
    )
    monkeypatch.setattr(locale, "setlocale", None)  # so that a call of it fails
    feedgen_templates._entry_template.cache_clear()
    feedgen_templates._rendered_entry.cache_clear()
    for story in (*plain, *(replace(story, excerpt="An excerpt") for story in plain)):
        for number in range(3):  # of authors and topics, which make no other shape
            entry = Entry(
                replace(story, authors=("B", "C")[:number]), provider, (Topic("t", "T"), Topic("u", "U"))[:number]
            )
            for name in ("atom", "rss"):
                write_entry(name, entry, CONTEXT)
    assert rendered == ["atom", "rss"] * 2


@pytest.mark.parametrize("name", ["atom", "rss"])
@pytest.mark.parametrize("number", range(27))
def test_feedgen_renders_any_number_of_members_as_one_after_the_other(name: str, number: int) -> None:
    provider, time = Provider("a", "A", "a.example"), datetime(2020, 6, 13, tzinfo=UTC)
    names = tuple(f"{each} & <b>" for each in range(number))
    story = Story("https://a.example/1", "Title", time, time, provider, authors=names, publishers=names)
    links = tuple(Link(f"https://b.example/{each}?a&b", f'"{each}" & <b>', "B") for each in range(number))
    topics = tuple(Topic(f"topic-{each}", each) for each in names)
    entry = Entry(story, provider, topics, related=links, is_mention=True)
    rendered = rendered_by_feedgen(name, entry)
    assert write_entry(name, entry, CONTEXT).decode() == rendered
    elements = ("author", "category", "link", "thr:in-reply-to")
    if name == "rss":
        elements = ("dc:creator", "category", "atom:link", "dc:publisher")
    assert [rendered.count(f"<{each}") for each in elements] == [
        number + 1,
        number,
        number + (name == "atom"),
        number,
    ]


def test_an_entry_has_any_number_of_authors() -> None:
    provider, time = Provider("a", "A"), datetime(2020, 6, 13, tzinfo=UTC)
    names = tuple(f"Author {number}" for number in range(20_000))
    entry = Entry(Story("https://a.example/1", "A", time, time, provider, authors=names), provider)
    for name, tag in (("atom", b"<author>"), ("rss", b"<dc:creator>")):
        assert write_entry(name, entry, CONTEXT).count(tag) == 20_001


slugs = st.text("ab-é日", min_size=1, max_size=8)
addresses = st.builds(
    FeedAddress,
    st.sampled_from(["topics", "providers", "custom"]),
    slugs,
    st.sampled_from([None, Archive("2020-06"), Archive("2020-06", 12)]),
    st.booleans(),
    texts.map(lambda text: Filters((("type", (text,)),))),
)
feeds = st.builds(
    Feed,
    address=addresses | st.just(FeedAddress("feed")),
    title=texts,
    description=texts,
    base_url=st.just(BASE) | st.just("http://[::1]:8000"),
    language=st.sampled_from(["en", "pt-BR"]),
    description_language=st.sampled_from(["en", "pt-BR"]),
    labels=st.sampled_from(["en", "fr", "ar"]).map(lambda tag: make_labels(tag, {})),
    author=texts,
    image=st.none() | st.builds(Image, urls.map("{}.png".format) | urls, st.integers(1, 200), st.none(), texts),
    formats=st.sampled_from([("atom", "rss", "json"), ("rss",), ("json", "atom")]).map(
        lambda names: tuple(map(find_format, names))
    ),
    archive_formats=st.sampled_from([("atom",), ("rss", "json"), ("json",), ()]).map(
        lambda names: tuple(map(find_format, names))
    ),
    ttl=st.integers(0, 99),
    hub=st.just("") | urls,
    entries=st.just(()) | entries.map(lambda entry: (entry,)),
    previous_archive=st.none() | addresses,
    next_archive=st.none() | addresses,
    next_page=st.none() | addresses,
    revision=st.just(1),
    changed=times,
)


@given(feeds)
def test_a_feed_from_templates_has_the_head_that_feedgen_renders_and_its_entries(feed: Feed) -> None:
    for name, end in (("atom", "</feed>"), ("rss", "</channel></rss>")):
        format = find_format(name)
        head = render_head(name, head_values(format, feed), feed.ttl)
        if name == "rss":
            head = as_rss_writes(head, "title", "description")
        entries = "".join(write_entry(name, entry, Context.of(feed)).decode() for entry in feed.entries)
        assert format.write(feed).decode() == head.removesuffix(end) + entries + end
