"""Pages in a real browser. Every test also asserts that there are no errors, and no requests to other hosts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import feedparser
import pytest

from tests.conftest import Service, record, running_service
from tests.formats.conftest import FAULTS, OTHER_HOSTS, opening, wait_in

pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

CLIPBOARD = ["clipboard-read", "clipboard-write"]
#: Stores the controls that the keyboard must reach, in order, in `window.wanted`; returns their number.
CONTROLS = """() => (window.wanted = [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((one) => one.checkVisibility())).length"""
#: Whether the control before a place still has the focus: a date's parts are stops of their own.
IN_DATE = "place => place && wanted[place - 1].type === 'date' && document.activeElement === wanted[place - 1]"
#: Lets an element note the texts that it gets, each of which may be there for a moment only.
NOTE_TEXTS = """one => {
  one.texts = [];
  new MutationObserver(() => one.texts.push(one.textContent)).observe(one, {childList: true});
}"""
OPEN_ALL = "for (const details of document.querySelectorAll('details')) details.open = true"
THEMES = {"light": "rgb(250, 249, 247)", "dark": "rgb(21, 23, 26)"}


@pytest.fixture
def pictures() -> list[str]:
    """The URLs of pictures that pages requested from other hosts."""
    return []


@pytest.fixture
def open_page(browser: Browser, pictures: list[str]) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a new context, and fail the test if there was a fault. options: of the context."""
    faults: list[str] = []

    def answer(route: Route) -> None:
        (pictures if route.request.resource_type == "image" else faults).append(route.request.url)
        route.fulfill(body='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")

    def prepare(context: BrowserContext, page: Page) -> None:
        context.route(OTHER_HOSTS, answer)
        page.on("console", lambda message: faults.append(f"{message.type}: {message.text} at {page.url}"))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))

    with opening(browser, faults, prepare, viewport={"width": 1280, "height": 800}) as open:
        yield open


def pages(service: Service, page: Page) -> list[str]:
    """Return the URLs of the home page and of all pages that it lists."""
    return [f"{service.base_url}/", *page.locator(".group a").evaluate_all("links => links.map((a) => a.href)")]


def shown(page: Page) -> list[str]:
    return page.locator(".group a:visible").all_inner_texts()


def titles(url: str) -> set[str]:
    with urlopen(url) as response:
        return {entry.title for entry in feedparser.parse(response.read()).entries}


def focus(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def test_copy_buttons_copy_the_addresses_and_confirm_it_for_a_moment(sample_service, open_page) -> None:
    page = open_page(f"{sample_service.base_url}/topics/ai/", permissions=CLIPBOARD)
    page.locator(".subscribe summary", has_text="Other formats").click()
    for suffix in ("atom", "rss", "json"):
        button = page.locator(f"[data-copy=address-{suffix}]")
        button.evaluate(NOTE_TEXTS)
        button.dblclick()
        wait_in(page, lambda button=button: "Copied" in button.evaluate("one => one.texts"))
        assert page.evaluate("navigator.clipboard.readText()") == f"{sample_service.base_url}/topics/ai.{suffix}"
    expect(button).to_have_text("Copy")
    expect(button).to_have_attribute("aria-label", "Copy the JSON Feed address")


def test_every_page_links_to_its_feeds_in_every_format(sample_service, open_page, pictures) -> None:
    page = open_page(f"{sample_service.base_url}/")
    urls = pages(sample_service, page)
    assert len(urls) == 21
    for url in urls:
        page.goto(url)
        links = page.locator("link[rel=alternate]").evaluate_all(
            "all => all.map((a) => [a.type, a.attributes.href.value])"
        )
        assert [media_type for media_type, _ in links] == [
            "application/atom+xml",
            "application/rss+xml",
            "application/feed+json",
        ]
        for media_type, href in links:
            assert href.startswith(f"{sample_service.base_url}/")
            with urlopen(href) as response:
                assert response.headers.get_content_type() == media_type
    assert pictures == []


def test_pictures_load_only_when_they_are_opened(sample_service, open_page, pictures) -> None:
    page = open_page(f"{sample_service.base_url}/topics/ai/")
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(300)
    assert pictures == []
    expect(page.locator("details.picture").first).to_be_hidden()  # not a group without a name to a screen reader
    page.get_by_role("button", name="Show pictures").click()
    expect(page.locator(".picture img").first).to_be_visible()
    wait_in(page, lambda: bool(pictures))
    page.get_by_role("button", name="Hide pictures").click()
    expect(page.locator(".picture img").first).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/providers/forbes/"])
def test_tab_reaches_every_control_in_order(path: str, sample_service, open_page) -> None:
    page = open_page(sample_service.base_url + path)
    page.evaluate(OPEN_ALL)
    count = page.evaluate(CONTROLS)
    assert count > 20
    for place in range(count):
        page.keyboard.press("Tab")
        while page.evaluate(IN_DATE, place):
            page.keyboard.press("Tab")
        assert page.evaluate("place => document.activeElement === wanted[place]", place), place
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_keyboard_alone_skips_copies_searches_filters_and_shows_pictures(sample_service, open_page) -> None:
    page = open_page(f"{sample_service.base_url}/topics/ai/", permissions=CLIPBOARD)
    focus(page, "[data-pictures]")
    page.keyboard.press("Space")
    expect(page.locator(".picture img").first).to_be_visible()
    page.goto(f"{sample_service.base_url}/")
    focus(page, ".skip")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    for key in ("Enter", "Space"):
        focus(page, "[data-copy]")
        page.keyboard.press(key)
        expect(page.locator("[data-copy]:focus")).to_have_text("Copied")
    focus(page, "#search")
    page.keyboard.type("forbes")
    expect(page.locator("#results a")).to_have_text(["Forbes"])
    page.goto(f"{sample_service.base_url}/")
    focus(page, "summary")
    page.keyboard.press("Space")
    focus(page, "[name=min_quality]")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{sample_service.base_url}/?min_quality=60")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_their_window_and_can_be_read(width: int, scheme: str, sample_service, open_page) -> None:
    page = open_page(f"{sample_service.base_url}/", viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/", "/topics/ai/", "/providers/forbes/"):
        page.goto(sample_service.base_url + path)
        expect(page.locator("body")).to_have_css("background-color", THEMES[scheme])
        page.evaluate(OPEN_ALL)
        assert page.evaluate(FAULTS) == []


def test_pages_that_are_written_from_right_to_left_fit_their_window(tmp_path: Path, open_page) -> None:
    related = "[{title: Another story, webUrl: 'https://b.example/1', publishedDateTime: 2020-01-01, language: en}]"
    text = record(title="خبر عاجل (hello) عالم", excerpt="مرحبا بالعالم", topics="[الذكاء الاصطناعي]", related=related)
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "1.md").write_text(text)
    with running_service(tmp_path, 'site.language = "ar"') as service:
        page = open_page(f"{service.base_url}/")
        for url in pages(service, page):
            page.goto(url)
            for width in (360, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                page.evaluate(OPEN_ALL)
                assert page.evaluate(FAULTS) == []
                assert page.locator("h1").evaluate("one => getComputedStyle(one).direction") == "rtl"
                assert page.locator("#subscribe").evaluate("one => getComputedStyle(one).direction") == "ltr"


def test_pages_work_without_javascript(sample_service, open_page) -> None:
    page = open_page(f"{sample_service.base_url}/", java_script_enabled=False)
    assert len(shown(page)) == 20
    expect(page.locator("[data-copy]:visible, #search:visible")).to_have_count(0)
    page.goto(f"{sample_service.base_url}/topics/ai/")
    expect(page.locator("article h3")).to_have_count(18)
    page.locator(".picture summary").first.click()
    expect(page.locator(".picture img").first).to_be_visible()
    page.locator("summary", has_text="Filter these").click()
    page.get_by_label("Quality of at least").fill("90")
    page.get_by_role("button", name="Show these stories").click()
    page.wait_for_url("**/topics/ai/?**min_quality=90**")
    shown_titles = set(page.locator("article h3").all_inner_texts())
    assert shown_titles == titles(f"{sample_service.base_url}/topics/ai.atom?min_quality=90") != set()


@pytest.mark.parametrize("address", ["/topics/ai.atom", "/topics/ai.rss", "/topics/ai.json", "/feeds.opml"])
def test_a_feed_that_is_opened_in_a_browser_is_shown_as_it_is(address: str, sample_service, open_page) -> None:
    page = open_page(f"{sample_service.base_url}/")
    downloads = []
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    response = page.goto(sample_service.base_url + address)
    with urlopen(page.url) as direct:
        assert response.body() == direct.read()
    assert " ".join(page.locator("body").inner_text().split())[:5] in ("<?xml", '{"ver')
    assert downloads == []


HOSTILE = (
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "' onclick=alert(1) \\\"",
    "W" * 300,
)


def test_hostile_records_are_shown_as_text_and_run_no_script(tmp_path: Path, open_page) -> None:
    (tmp_path / "records").mkdir()
    bad = '"javascript:alert(1)"'
    for number, text in enumerate(HOSTILE):
        name, url = f'"{text} {number}"', f"https://a.example/{number}?<script>'\\\""
        fields = {"excerpt": name, "topics": f'[{name}, "All"]', "provider": f"{{name: {name}, domain: {bad}}}"}
        images = f'[{{url: {bad}}}, {{url: "https://p.example/\'>.png", title: {name}}}]'
        related = f"[{{title: {name}, webUrl: {bad}, publishedDateTime: 2020-06-13}}]"
        (tmp_path / f"records/{number}.md").write_text(record(text, url, images=images, related=related, **fields))
        (tmp_path / f"records/bad{number}.md").write_text(record("Bad", "javascript:alert(1)"))
    with running_service(tmp_path) as service:
        page = open_page(f"{service.base_url}/", viewport={"width": 360, "height": 800})
        urls = pages(service, page)
        assert len(urls) == 12
        for url in [urls[0], *urls[1::3]]:
            page.goto(url)
            page.evaluate(OPEN_ALL)
            assert page.evaluate(FAULTS) == []
            expect(page.locator("script:not([src]), main img[onerror], [onclick]")).to_have_count(0)
            assert page.locator("a").evaluate_all("all => all.every((a) => /^(https?|feed):$/.test(a.protocol))")
        page.goto(f"{service.base_url}/topics/all/")
        titles_shown = page.locator("article h3").all_inner_texts()
        assert sorted(titles_shown) == sorted(text.replace('\\"', '"') for text in HOSTILE)
        page.close()  # before the service ends, since the browser may still request the icon
