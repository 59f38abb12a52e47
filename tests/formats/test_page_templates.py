"""The text of pages, as templates write it."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from lxml import html

from feedsvc.formats import pages
from tests.conftest import Site, record


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2020-06-03T01:05:09Z", "3 June 2020, 01:05 UTC"),
        ("2020-12-31T23:59:59+00:00", "31 December 2020, 23:59 UTC"),
        ("2020-01-01T00:30:00+01:00", "31 December 2019, 23:30 UTC"),
    ],
)
def test_pages_show_times_in_english_and_utc(make_site: Callable[..., Site], time: str, shown: str) -> None:
    site = make_site({"1.md": record(time=time, topics="[AI]")})
    for address in ("/", "/topics/ai/"):
        of_story, of_page = html.document_fromstring(site.body(address)).iter("time")
        assert of_story.text == of_page.text == shown
        assert of_story.get("datetime") == (element := of_page).get("datetime")
        assert datetime.fromisoformat(element.get("datetime")) == datetime.fromisoformat(time)


def test_the_page_of_everything_counts_in_words(make_site: Callable[..., Site]) -> None:
    files = {"1.md": record(topics="[AI]")}
    assert "1 story in 1 topic by 1 provider<" in make_site(files).body("/").decode()
    files["2.md"] = record(url="https://a.example/2", provider="{name: C}")
    assert "2 stories in 1 topic by 2 providers<" in make_site(files).body("/").decode()
    assert ">1 story by 1 provider<" in make_site({"1.md": record(topics="[]")}).body("/").decode()
    assert ">0 stories<" in make_site({}).body("/").decode()


def test_the_page_of_an_empty_site_names_and_links_only_what_there_is(make_site: Callable[..., Site]) -> None:
    page = html.document_fromstring(make_site({}).body("/"))
    named = [code.text.split()[1:] for code in page.xpath("//code") if code.text.startswith("feedsvc ")]
    assert named == [["check"]]
    assert not page.xpath("//*[@id = 'search']") and not page.xpath("//a[@data-search]")


def test_a_provider_whose_stories_have_no_pictures_has_a_button_for_its_own(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]", provider="{name: C, images: ['https://c.example/c.png']}")})
    page = html.document_fromstring(site.body("/providers/c/"))
    assert page.xpath("//details[@class = 'icon']/img/@src") == ["https://c.example/c.png"]
    assert page.xpath("//button[@data-pictures]")
    assert not html.document_fromstring(site.body("/topics/ai/")).xpath("//button[@data-pictures]")


def story(number: int, topics: int) -> dict[str, object]:
    """A story of usual length, of two of so many topics."""
    text = f"What the harbour board found out about the bridge, the ferry and story {number}"
    url = f"https://www.example-{number % 90}.com/sections/news/2020/06/13/what-the-board-found-out-about-{number}"
    found = {
        "title": text,
        "webUrl": url,
        "publishedDateTime": f"2020-06-{1 + number % 28:02}",
        "excerpt": f"{text}. " * 4,
    }
    names = [f"A topic of {each % topics}" for each in (number, number + 1)]
    return {
        **found,
        "topics": names,
        "provider": {"name": f"Newspaper of Town {number % 90}"},
        "authors": ["Ada Lovelace"],
    }


def test_the_page_of_everything_is_small_with_50_topics(make_site: Callable[..., Site]) -> None:
    stories = [{**story(n, 50), "related": [story(1000 + 20 * n + m, 50) for m in range(20)]} for n in range(60)]
    site = make_site({"stories.json": json.dumps(stories)})
    page = site.body("/")
    assert len(site.documents.catalogue().topics) == 50
    assert len(html.document_fromstring(page).xpath("//article")) == 12
    assert len(page) < 50_000


def test_topics_come_by_size_and_many_providers_are_folded_by_letter(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {
            "stories.json": json.dumps(
                [story(n, 3) for n in range(50)]
                + [{**story(n, 1), "provider": name} for n, name in enumerate(("Élan", "9to5", "日経"), 50)]
            )
        }
    )
    page = html.document_fromstring(site.body("/"))
    sizes = [int(size) for size in page.xpath("//section[h3/@id = 'topics']//li/span/text()")]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 1
    groups = page.xpath("//section[h3/@id = 'providers']//details[not(@open)]")
    assert [group.find("summary").text.strip() for group in groups] == ["E", "N", "漢字", "#"]
    assert [len(group.xpath(".//li")) for group in groups] == [1, 50, 1, 1]


def test_a_mention_says_in_a_line_what_it_is_related_to(make_site: Callable[..., Site]) -> None:
    mention = {key: story(9, 1)[key] for key in ("title", "webUrl", "publishedDateTime", "provider")}
    records = [{**story(number, 1), "related": [mention]} for number in range(5)]
    page = html.document_fromstring(
        make_site({"stories.json": json.dumps(records)}).body("/providers/newspaper-of-town-9/")
    )
    (line,) = page.xpath("//article/p[@class='related']")
    assert " ".join(line.text_content().split()).startswith("Related to What the harbour")
    assert len(line.findall("a")) == 3
    assert line.text_content().strip().endswith("and 2 more")
    assert not page.xpath("//*[@class='coverage']")


def test_pictures_load_unasked_only_where_the_site_lets_them(make_site: Callable[..., Site]) -> None:
    files = {"1.md": record(topics="[AI]", images="[https://p.example/1.png]")}
    for pictures in (False, True):
        site = make_site(files, site={"base_url": "https://feeds.example", "pictures": pictures})
        for address in ("/", "/topics/ai/"):
            page = html.document_fromstring(site.body(address))
            assert bool(page.xpath("//details[not(@open)]//img")) is not pictures
            assert bool(page.xpath("//button[@data-pictures]")) is not pictures
            (picture,) = page.xpath("//img")
            assert (picture.get("loading"), picture.get("referrerpolicy")) == ("lazy", "no-referrer")


def test_the_page_of_a_topic_stays_as_it_is_when_other_stories_come(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    before = site.body("/topics/ai/")
    site.write("2.md", record(url="https://a.example/2", time="2020-07-01", topics="[Law]", provider="B"))
    site.sync()
    assert site.body("/topics/ai/") == before


def test_a_page_is_the_same_whatever_pages_were_written_before(make_site: Callable[..., Site]) -> None:
    names = ("100 %s", "%(name)s & %%", "{{ name }}", "<b>")
    stories = [
        {**story(n, 3), "publishedDateTime": f"2020-0{1 + n % 4}-01", "provider": names[n % 4]} for n in range(40)
    ]
    stories[0] |= {"images": ["https://p.example/1.png"], "type": "a 'b' & c"}
    site = make_site({"stories.json": json.dumps(stories)}, feeds={"limit": 4}, site={"title": "News, 5 % off"})
    paths = [path for path in site.addresses() if path.endswith("/") and path != "/"]
    paths += ["/topics/a-topic-of-1/?min_quality=9", "/?type=a+'b'+%26+c", "/?min_quality=9"]
    written = [site.body(path) for path in paths]
    assert len(written) > 40
    for path, body in zip(paths, written, strict=True):
        pages._page_template.cache_clear()
        assert site.body(path) == body
        (heading,) = html.document_fromstring(body).xpath("//h1/text()")
        assert heading in (*names, "Everything") or heading.startswith("A topic of ")


@pytest.mark.parametrize("mode", ["entries", "links", "clusters"])
def test_the_page_of_everything_begins_with_clusters_however_related_stories_come(
    make_site: Callable[..., Site], mode: str
) -> None:
    first, second, other = (story(number, 5) for number in (1, 2, 20))
    records = [first, {**second, "related": [first]}, other]
    site = make_site({"stories.json": json.dumps(records)}, feeds={"related": mode})
    page = html.document_fromstring(site.body("/"))
    assert page.xpath("//article/h3/a/@href") == [other["webUrl"], first["webUrl"]]
    assert page.xpath("//article//*[@class='coverage']//a/@href") == [second["webUrl"]]
