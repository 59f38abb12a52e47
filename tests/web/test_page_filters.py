"""Pages of filtered feeds and of archives, and the document that pages search in."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

import feedsvc
from feedsvc.build.site import build
from feedsvc.feeds.addresses import SITE_PATHS
from feedsvc.feeds.canonical import canonical
from feedsvc.formats import ASSETS
from feedsvc.model import FILTERS
from tests.conftest import Site, record

BASE = "https://feeds.example"
FILES: dict[str, str | bytes] = {
    f"{number}.md": record(
        f"Título {number}",
        f"https://a.example/{number}",
        f"2020-0{1 + number % 6}-1{number % 3}",
        topics="[C++, AI]" if number % 2 else "[Law]",
        provider="{name: Ärzte Blatt}" if number % 3 else "{name: B}",
        quality=str(number),
    )
    for number in range(20)
}


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site(FILES, feeds={"limit": 3}, custom=[{"name": "Good", "min_quality": 10}])


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return feedsvc.create_app(site.config).test_client()


def page(client: FlaskClient, target: str) -> html.HtmlElement:
    response = client.get(target)
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8"), target
    return html.fromstring(response.data)


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_the_page_of_a_filtered_feed_shows_its_stories_their_number_its_filters_and_its_addresses(
    client: FlaskClient,
) -> None:
    target = "/topics/ai/?provider=%C3%84rzte+Blatt&min_quality=4&since=2020-02-01"
    found, feed = page(client, target), client.get(f"/topics/ai.json{target.removeprefix('/topics/ai/')}").json
    assert [text(each) for each in found.xpath("//article/h3")] == [item["title"] for item in feed["items"]]
    assert text(found.get_element_by_id("filtered-count")) == "6 stories"
    assert [text(each) for each in found.xpath("//*[@id='filtered-choices']/li")] == [
        "Only the provider: Ärzte Blatt", "Quality of at least: 4", "From the day: 2020-02-01",
    ]  # fmt: skip
    query = "provider=%C3%A4rzte-blatt&min_quality=4&since=2020-02-01"
    for suffix in ("atom", "rss", "json"):
        assert text(found.get_element_by_id(f"address-filtered-{suffix}")) == f"{BASE}/topics/ai.{suffix}?{query}"
    assert found.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert not page(client, "/topics/ai/").xpath("//meta[@name='robots']")


def test_the_form_of_a_page_is_filled_in_with_what_leads_to_the_same_page(client: FlaskClient) -> None:
    target = "/?topic=C%2B%2B&topic=law&without_provider=%C3%A4rzte-blatt&until=2020-05-01&related=links&limit=2"
    found = page(client, target)
    (form,) = found.xpath("//form[@method='get' and not(@action)]")
    sent = [(name, value) for name, value in form.form_values() if value]
    assert ("without_provider", "Ärzte Blatt") in sent
    assert {"C++", "Law"} == {value for name, value in sent if name == "topic"}
    assert client.get(f"/?{urlencode(form.form_values())}").data == client.get(target).data
    assert {*form.xpath(".//@name")} == set(FILTERS)


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("/?topic=AI", "/topics/ai/"),
        ("/?topic=C%2B%2B&min_quality=2", "/topics/c-plus-plus/?min_quality=2"),
        ("/providers/b/?topic=ai", "/topics/ai/?provider=b"),
        ("/topics/ai/?topic=ai&topic=law", "/topics/ai/"),
        ("/topics/ai/?limit=3&related=entries", "/topics/ai/"),
        ("/custom/good/?topic=&min_quality=10", "/custom/good/"),
        ("/feed/2020-01/?topic=law", "/topics/law/2020-01/"),
        ("/topics/AI?min_quality=2", "/topics/ai/?min_quality=2"),
        ("/topics/ai/2020-06", "/topics/ai/2020-06/"),
        ("/feed/2020-06/index.html", "/feed/2020-06/"),
    ],
)
def test_what_another_page_shows_as_well_is_redirected_to_it(client: FlaskClient, written: str, leads_to: str) -> None:
    response = client.get(written)
    assert (response.status_code, response.location) == (301, BASE + leads_to)
    page(client, leads_to)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/?utm_source=x", "/"),
        ("/?topic=&provider=&limit=", "/"),
        ("/topics/ai/?provider=B&x=y", "/topics/ai/?provider=b"),
        ("/topics/ai/?min_quality=02&provider=b", "/topics/ai/?provider=b&min_quality=2"),
    ],
)
def test_other_spellings_of_filters_are_the_same_page(
    client: FlaskClient, site: Site, written: str, shown: str
) -> None:
    ours, theirs = client.get(written), client.get(shown)
    assert (ours.status_code, ours.data, ours.headers["ETag"]) == (200, theirs.data, theirs.headers["ETag"])
    assert site.address(written) == site.address(shown)


@pytest.mark.parametrize("page", ["/", "/topics/ai/", "/feed/2020-06/"])
def test_a_bad_value_is_a_400_that_names_it(client: FlaskClient, page: str) -> None:
    response = client.get(f"{page}?min_quality=much")
    assert (response.status_code, response.text) == (
        400, "min_quality: 'much' can't be used; expected a whole number\n",
    )  # fmt: skip
    assert client.get(f"{page}?since=2021-01-01&until=2020-01-01").status_code == 400


VALUES = {
    "topic": ["ai", "AI", "law", "C++"],
    "provider": ["b", "B", "Ärzte Blatt"],
    "without_topic": ["law"],
    "min_quality": ["2", "10", "+2"],
    "since": ["2020-02-01"],
    "related": ["entries", "links"],
    "limit": ["3", "2"],
    "utm": ["x"],
}
choices = st.lists(st.sampled_from([(name, value) for name, some in VALUES.items() for value in some]), max_size=4)


def test_the_address_of_a_page_is_canonical(site: Site) -> None:
    @given(choices, st.sampled_from(["/", "/topics/ai/", "/providers/b/", "/custom/good/", "/feed/2020-06/"]))
    def check(pairs: list[tuple[str, str]], path: str) -> None:
        single = list({(name if name not in ("topic", "provider") else name + value): (name, value)
                       for name, value in pairs}.values())  # fmt: skip
        address = site.documents.parse(path, urlencode(single))
        assert address
        assert not address.format
        again = site.documents.parse(address.path, address.query)
        assert again == address
        assert not again.is_moved
        if address.feed:
            assert canonical(site.config, address.feed) == address.feed
        shuffled = site.documents.parse(path, urlencode(single[::-1]))
        assert shuffled == address

    check()


def test_older_stories_are_linked_by_month_and_every_archive_is_reached_from_there(
    client: FlaskClient, site: Site
) -> None:
    archives = {path for path in site.addresses() if path.startswith("/feed/") and path.endswith("/")}
    assert len(archives) > 6
    found = page(client, "/")
    found.make_links_absolute(f"{BASE}/")
    months = found.xpath("//section[@class='months']//a/@href")
    reached, newest = set(), months[0].removeprefix(BASE)
    while newest:
        reached.add(newest)
        one = page(client, newest)
        one.make_links_absolute(BASE + newest)
        assert f"{BASE}/" in one.xpath("//nav[@class='months']//a/@href")
        newest = "".join(one.xpath("//nav[@class='months']//a[@rel='prev']/@href")).removeprefix(BASE)
    assert reached == archives
    assert {month.removeprefix(BASE) for month in months} <= archives
    titles = [text(each) for each in page(client, "/feed/2020-02-2/").xpath("//section//li/a")]
    feed = html.fromstring(client.get("/feed/2020-02-2.atom").data)
    assert titles == [text(each) for each in feed.xpath("//entry/title")]
    assert "February 2020, part 2" in text(page(client, "/feed/2020-02-2/").xpath("//h1")[0])


def test_pages_of_what_is_not_published_are_404(client: FlaskClient) -> None:
    for path in ("/feed/2020-07/", "/feed/2020-06-9/", "/feed/older/", "/topics/ai/older/"):
        assert client.get(path).status_code == 404, path
    assert client.get("/feed/").location == f"{BASE}/feed.atom"


def test_a_new_story_leaves_the_pages_of_older_months_as_they_are(site: Site) -> None:
    pages = [path for path in site.addresses() if path.startswith("/feed/2020-0") and path.endswith("/")]
    before = {path: site.body(path) for path in pages}
    site.write("new.md", record("New", "https://a.example/new", "2020-06-20", topics="[AI, New]"))
    site.sync()
    assert pages
    assert {path: site.body(path) for path in pages} == before
    site.write("late.md", record("Late", "https://a.example/late", "2020-03-20"))
    site.sync()
    assert [path for path in pages if site.body(path) != before[path]] != []


def test_the_page_of_an_archive_lists_headlines_by_day_and_nothing_else_of_stories(
    make_site: Callable[..., Site],
) -> None:
    more = {
        "excerpt": "Told", "topics": "[AI]", "images": "['https://a.example/1.png']", "provider": "{name: R&D}",
        "related": "[{title: Other, webUrl: 'https://b.example/1', publishedDateTime: 2019-01-01}]",
    }  # fmt: skip
    site = make_site(
        {
            "1.md": record("A & <b>", "https://a.example/1?a&b", "2020-06-03T23:30:00-01:00", **more),
            "2.md": record("خبر عاجل", "https://a.example/2", "2020-06-04T10:00:00Z", language="ar"),
            "3.md": record("Three", "https://a.example/3", "2020-06-03T10:00:00Z", language="en"),
            "4.md": record("Four", "https://a.example/4", "2020-07-03T10:00:00Z"),
        },
        feeds={"limit": 3},
    )
    found = html.fromstring(site.body("/feed/2020-06/"))
    (stories,) = found.xpath("//section[@class='headlines']")
    assert [(one.tag, text(one)) for one in stories.iter("h2", "h3", "li")] == [
        ("h2", "Stories"),
        ("h3", "4 June"), ("li", "خبر عاجل a.example"), ("li", "A & <b> R&D"),
        ("h3", "3 June"), ("li", "Three a.example"),
    ]  # fmt: skip
    assert stories.xpath(".//time/@datetime") == ["2020-06-04", "2020-06-03"]
    assert [dict(link.attrib) for link in stories.iter("a")] == [
        {"lang": "ar", "dir": "rtl", "href": "https://a.example/2"},
        {"href": "https://a.example/1?a&b"},
        {"href": "https://a.example/3"},
    ]
    assert not found.xpath("//article | //img | //button[@data-pictures]")
    assert found.xpath("//script/@src") == ["../../assets/script.js"]
    assert found.xpath("//a[.='Subscribe']/@href") == ["#subscribe"]
    (link,) = found.xpath("//link[@rel='alternate']")
    assert (link.get("type"), link.get("href")) == ("application/atom+xml", f"{BASE}/feed/2020-06.atom")
    own = html.fromstring(site.body("/providers/a-example/2020-06/?limit=1"))
    assert [text(one) for one in own.xpath("//section[@class='headlines']//li")] == ["Three"]


def test_the_words_of_an_archives_page_are_marked_where_the_site_speaks_another_language(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(
        {f"{n}.md": record("Nouvelle", f"https://a.example/{n}", f"2020-0{n}-03") for n in (6, 7)},
        site={"base_url": BASE, "language": "ar"},
        feeds={"limit": 1},
    )
    (stories,) = html.fromstring(site.body("/feed/2020-06/")).xpath("//section[@class='headlines']")
    assert [(one.get("lang"), one.get("dir")) for one in stories.iter("h2", "h3")] == [("en", "ltr")] * 2
    assert dict(stories.find(".//a").attrib) == {"href": "https://a.example/6"}


def test_archives_stay_as_they_are_when_a_topic_of_theirs_gets_a_feed(make_site: Callable[..., Site]) -> None:
    files = {
        f"{day}.md": record(url=f"https://a.example/{day}", time=f"2020-0{day}-01", topics="[AI]") for day in (1, 2, 3)
    }
    files["1.md"] = record(url="https://a.example/1", time="2020-01-01", topics="[AI, Rare]")
    site = make_site(files, feeds={"limit": 1, "min_stories": 2})
    archives = [
        f"{feed}/2020-01{end}" for feed in ("/feed", "/topics/ai", "/providers/a-example") for end in ("/", ".atom")
    ]
    before = {path: site.body(path) for path in archives}
    site.write("4.md", record(url="https://b.example/4", time="2020-05-01", topics="[Rare]"))
    site.sync()
    assert site.document("/topics/rare/")
    assert {path: site.body(path) for path in archives} == before


def test_search_finds_feeds_and_stories(client: FlaskClient, site: Site) -> None:
    response = client.get("/search.json")
    assert response.content_type == "application/json"
    found = response.json
    assert found["topics"] == [["AI", "topics/ai/", 10], ["C++", "topics/c-plus-plus/", 10], ["Law", "topics/law/", 10]]
    assert found["providers"][-1] == ["Ärzte Blatt", "providers/%C3%A4rzte-blatt/", 13]
    assert found["custom"] == [["Good", "custom/good/", 10]]
    feed = client.get("/feed.json?limit=500").json
    assert found["stories"] == [
        [item["title"], item["url"], item["authors"][-1]["name"], item["date_published"][:10]] for item in feed["items"]
    ]
    not_modified = client.get("/search.json", headers={"If-None-Match": response.headers["ETag"]})
    assert not_modified.status_code == 304
    site.write("new.md", record("New", "https://a.example/new", "2020-07-20"))
    site.sync()
    assert json.loads(site.body("/search.json"))["stories"][0][0] == "New"


def test_builds_hold_the_bytes_of_the_service_and_no_page_with_filters(client: FlaskClient, site: Site) -> None:
    out = site.folder / "public"
    build(site.documents, out)
    for path in ("/search.json", "/feed/2020-02-2/", "/topics/ai/2020-02/", "/custom/good/", "/"):
        name = f"{path}index.html" if path.endswith("/") else path
        assert (out / name.lstrip("/")).read_bytes() == client.get(path).data, path
    queries = [address.query for _, addresses in site.documents.listing() for address in addresses]
    assert not any(queries)
    without = site.config.build
    assert without.pages
    assert {path for path in site.addresses() if path in (*SITE_PATHS, *ASSETS)} == {*SITE_PATHS, *ASSETS}


def test_builds_without_pages_have_neither_their_archives_nor_what_they_search_in(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(FILES, feeds={"limit": 3}, build={"pages": False})
    assert not [path for path in site.addresses() if path.endswith("/") or path == "/search.json"]


@pytest.mark.parametrize("related", ["entries", "links", "none"])
def test_search_holds_the_newest_2000_stories_that_are_published(make_site: Callable[..., Site], related: str) -> None:
    records = [
        {"title": f"Story {n}", "webUrl": f"https://a.example/{n}", "publishedDateTime": 1_500_000_000 + n * 60}
        for n in range(2010)
    ]
    mention = {"title": "Mention", "webUrl": "https://b.example/", "publishedDateTime": "2021-01-01"}
    lines = [json.dumps({**each, "related": [mention]}) for each in records]
    site = make_site({"all.jsonl": "\n".join(lines)}, feeds={"related": related})
    stories = json.loads(site.body("/search.json"))["stories"]
    newest = [f"Story {n}" for n in range(2009, -1, -1)]
    expected = ["Mention", *newest] if related == "entries" else newest
    assert [title for title, *_ in stories] == expected[:2000]
    assert (
        f"const SEARCHED = {len(stories)};" in site.body("/assets/search.js").decode()
    )  # where it says what isn't found
