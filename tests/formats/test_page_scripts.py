"""The filter form and the search of pages in a real browser: on a service below a path, without script, and in files."""

import http.server
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import feedsvc
from tests.conftest import Service, record, running_service
from tests.formats.conftest import opening

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
from playwright.sync_api import Browser, Page, expect  # noqa: E402

STORIES = 60
PROVIDERS = 12
REFUSED = "the server responded with a status of 40"


def write_records(folder: Path) -> None:
    folder.mkdir()
    for number in range(STORIES):
        (folder / f"{number}.md").write_text(
            record(
                f"Café number {number}",
                f"https://a.example/{number}",
                f"2020-{1 + number % 12:02}-13",
                topics="[AI, Big Data]" if number % 2 else "[Law]",
                provider=f"{{name: Provider {number % PROVIDERS}}}",
                quality=str(number),
            )
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    write_records(folder / "records")
    with running_service(folder, "feeds.limit = 10", base_path="/my news") as service:
        yield service


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a build, below a folder."""
    folder = tmp_path_factory.mktemp("files")
    write_records(folder / "records")
    (folder / "config.toml").write_text("feeds.limit = 10\n")
    with feedsvc.open(folder / "config.toml") as site:
        site.sync()
        site.build(folder / "www" / "below")
    return folder / "www"


@pytest.fixture(scope="module")
def static(files: Path) -> Iterator[str]:
    """The URL of a static server that has the files of a build, below a folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=files)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/below"
        server.shutdown()
        thread.join()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page, and fail the test if a script failed. options: of the context."""
    faults: list[str] = []

    def note(message: sync_api.ConsoleMessage) -> None:
        if REFUSED not in message.text and not message.location["url"].startswith("file:"):
            faults.append(message.text)

    with opening(browser, faults, lambda context, page: page.on("console", note)) as open:
        yield open


def open_form(page: Page) -> None:
    if not page.locator("form.filters").is_visible():
        page.locator("summary", has_text="Filter these").click()


def titles(page: Page, within: str = "main") -> list[str]:
    return page.locator(f"{within} article h3").all_inner_texts()


def test_the_form_works_without_script_and_leads_to_a_page(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{service.base_url}/", java_script_enabled=False)
    open_form(page)
    page.get_by_label("Only the topic").fill("Big Data")
    page.get_by_label("Quality of at least").fill("40")
    page.locator("form.filters button[type=submit]").click()
    expect(page.locator("#filtered-count")).to_have_text("10 stories")
    assert page.url.startswith(f"{service.base_url}/topics/big-data/?")
    assert len(titles(page)) == 10
    open_form(page)
    expect(page.get_by_label("Quality of at least")).to_have_value("40")
    page.get_by_label("Only the provider").fill("Provider 1")
    page.locator("form.filters button[type=submit]").click()
    expect(page.locator("#filtered-count")).to_have_text("1 story")
    expect(page.locator("#address-filtered-atom")).to_have_text(
        f"{service.base_url}/topics/big-data.atom?provider=provider-1&min_quality=40"
    )


def test_while_a_form_is_filled_in_the_page_shows_what_the_feed_would_hold(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{service.base_url}/")
    open_form(page)
    page.get_by_label("Quality of at least").fill("57")
    expect(page.locator("#filtered-count")).to_have_text("3 stories")
    assert titles(page, "#preview") == [f"Café number {number}" for number in (59, 58, 57)]
    expect(page.locator("#address-filtered-json")).to_have_text(f"{service.base_url}/feed.json?min_quality=57")
    expect(page.locator("#filtered-choices li")).to_have_text(["Quality of at least: 57"])
    page.get_by_label("Only the provider").fill("provider 11")
    expect(page.locator("#filtered-count")).to_have_text("1 story")
    expect(page.locator("#address-filtered-json")).to_have_text(
        f"{service.base_url}/providers/provider-11.json?min_quality=57"
    )
    for link in page.locator("#preview a").evaluate_all("all => all.map((one) => one.href)"):
        assert link.startswith(("https://a.example/", f"{service.base_url}/topics/"))
    page.get_by_label("Only the provider").fill("")
    page.get_by_label("Quality of at least").fill("")
    expect(page.locator("#filtered")).to_be_hidden()
    page.get_by_label("Only the topic").fill("Law")  # which has a page without filters
    expect(page.locator("#filtered-count")).to_have_text("30 stories")
    page.get_by_role("button", name="Show these stories").click()
    page.wait_for_url(f"{service.base_url}/topics/law/")


def test_names_to_choose_from_load_when_the_form_is_used(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{service.base_url}/topics/ai/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    open_form(page)
    page.get_by_label("Only the provider").focus()
    expect(page.locator("#names-provider option")).to_have_count(PROVIDERS)
    assert page.locator("#names-topic option").evaluate_all("all => all.map((one) => one.value)") == [
        "AI", "Big Data", "Law",
    ]  # fmt: skip
    assert [url for url in requests if not url.endswith("icon.svg")] == [f"{service.base_url}/search.json"]


def test_what_a_filter_cannot_have_is_said_in_words(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{service.base_url}/topics/ai/")
    open_form(page)
    error = page.locator("#filter-error")
    page.get_by_label("Only the provider").fill("Provder 3")
    expect(error).to_contain_text("provider: no story has 'provder-3'")
    expect(page.locator("#filtered")).to_be_hidden()
    expect(error.locator("a")).to_have_attribute("href", f"{service.base_url}/topics/ai/?provider=provider-3")
    page.get_by_label("Only the provider").fill("")
    page.get_by_label("From the day").fill("2020-05-01")
    page.get_by_label("Up to the day").fill("2020-04-01")
    expect(error).to_contain_text("since: '2020-05-01' can't be used; expected a day up to until, which is 2020-04-01")
    page.get_by_label("Up to the day").fill("2020-05-31")
    expect(error).to_be_empty()
    expect(page.locator("#filtered-count")).to_have_text("0 stories")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_copy_in_files_says_that_it_can_not_be_filtered(
    scheme: str, static: str, files: Path, open_page: Callable[..., Page]
) -> None:
    start = f"{static}/topics/ai/" if scheme == "http" else (files / "below/topics/ai/index.html").as_uri()
    page = open_page(start)
    open_form(page)
    expect(page.locator("#filter-error")).to_be_empty()
    page.get_by_label("Quality of at least").fill("57")
    expect(page.locator("#filter-error")).to_contain_text("filters need the service")
    expect(page.locator("#filtered")).to_be_hidden()
    page.get_by_role("button", name="Show these stories").click()
    page.wait_for_url(f"{start}?min_quality=57")
    expect(page.locator("#filter-error")).to_contain_text("filters need the service")
    expect(page.locator("#filter-error")).to_be_visible()


@pytest.mark.parametrize("kind", ["service", "static"])
def test_search_finds_feeds_and_stories_in_a_document_that_loads_on_first_use(
    kind: str, service: Service, static: str, open_page: Callable[..., Page]
) -> None:
    base = service.base_url if kind == "service" else static
    page = open_page(f"{base}/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    found, results = page.locator("#found"), page.locator("#results a")
    page.locator("#search").press_sequentially("data BIG")
    expect(found).to_have_text("1 feed and 0 stories found")
    expect(results).to_have_text(["Big Data"])
    assert [url for url in requests if not url.endswith("icon.svg")] == [f"{base}/search.json"]
    page.locator("#search").fill("cafe 59")
    expect(found).to_have_text("0 feeds and 1 story found")
    expect(results).to_have_text(["Café number 59"])
    expect(results).to_have_attribute("href", "https://a.example/59")
    expect(page.locator("#results li")).to_contain_text("Provider 11, 2020-12-13")
    page.locator("#search").fill("CAFÉ")
    expect(found).to_have_text("0 feeds and 60 stories found; the first 50 are shown")
    expect(results).to_have_count(50)
    page.locator("#search").fill("zebra")
    expect(found).to_have_text("Nothing found for “zebra”. Try fewer words, or parts of them.")
    expect(results).to_have_count(0)
    page.locator("#search").fill("provider 11")
    expect(results).to_have_text(["Provider 11"])
    page.keyboard.press("Enter")  # which sends nothing
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/providers/provider-11/")


def test_search_in_files_that_no_server_delivers_says_what_it_needs(
    files: Path, open_page: Callable[..., Page]
) -> None:
    page = open_page((files / "below/index.html").as_uri())
    page.locator("#search").fill("law")
    expect(page.locator("#found")).to_contain_text("it needs the service, or a web server for the files")


def test_without_script_there_is_no_search_and_older_stories_are_links(
    static: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{static}/", java_script_enabled=False)
    expect(page.locator("#search")).to_be_hidden()
    page.locator(".months a", has_text="March").click()
    page.wait_for_url(f"{static}/feed/2020-03/")
    expect(page.locator(".headlines li a")).to_have_count(5)
    page.get_by_role("link", name="Older: February 2020").click()
    page.wait_for_url(f"{static}/feed/2020-02/")
    page.get_by_role("link", name="Newest stories").click()
    page.wait_for_url(f"{static}/")
