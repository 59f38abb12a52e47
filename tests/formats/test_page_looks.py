"""How pages look, and whether everybody can use them: screenshots of each kind of page, which axe-core finds no fault in.

`--screenshots DIR` keeps them; `--regenerate` writes the one that the README shows anew.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Service, running_service
from tests.formats.conftest import FAULTS, OTHER_HOSTS, opening, write_webp

pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
pytestmark = pytest.mark.skipif(
    not AXE.exists(), reason="axe-core isn't installed: npm install --prefix tests/formats/axe"
)

#: The pages, by the names of their screenshots.
PAGES = {
    "home": "/",
    "topic": "/topics/bridges/",
    "provider": "/providers/the-coastal-post/",
    "custom": "/custom/ferries-and-tides/",
    "filtered": "/topics/harbour/?min_quality=70",
    "month": "/feed/2026-05/",
    "search": "/#search",
    "missing": "/topics/bridge",
}
#: Widths of windows and color schemes: layout depends on the former alone, and contrast on the latter.
LOOKS = [(390, "dark"), (1280, "light")]
#: The one that the README shows.
SHOWN = ("topic", 1280, "light")
#: What stands for the pictures of stories, which are on other hosts.
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200"><rect width="300" height="200" fill="#a9c3d1"/>
<circle cx="215" cy="62" r="26" fill="#f6e7bd"/><path d="M0 118q60-34 130-8t170-14v104H0z" fill="#6d97a6"/>
<path d="M0 146q80-22 150 2t150-6v58H0z" fill="#3d6a7d"/><path d="M0 176q70-14 160 0t140-4v28H0z" fill="#264b5e"/></svg>"""
#: Returns what axe-core finds, as texts.
VIOLATIONS = """async () => (await axe.run()).violations.flatMap(({ id, help, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary}`))"""


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page, and fail the test for an error, or a request to another host but of pictures."""
    faults: list[str] = []

    def answer(route: Route) -> None:
        if route.request.resource_type != "image":
            faults.append(route.request.url)
        route.fulfill(body=PICTURE, content_type="image/svg+xml")

    def prepare(context: BrowserContext, page: Page) -> None:
        context.route(OTHER_HOSTS, answer)
        page.on("console", lambda message: "404 (Not Found)" in message.text or faults.append(message.text))

    with opening(browser, faults, prepare) as open:

        def open_in(url: str, width: int, scheme: str, scale: int = 1) -> Page:
            window = {"width": width, "height": 844}
            return open(url, viewport=window, color_scheme=scheme, device_scale_factor=scale)

        yield open_in


@pytest.fixture
def keep(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Page, str], None]:
    """Return a function that makes a screenshot of a whole page, under a name."""
    folder = Path(request.config.getoption("--screenshots") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def write(page: Page, name: str) -> None:
        page.evaluate("for (const image of document.images) image.loading = 'eager'")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return write


def check(page: Page) -> None:
    """Assert that a page fits its window, and that axe-core finds no fault in it, also when all is unfolded."""
    page.evaluate(AXE.read_text())
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(FAULTS) == []
        assert page.evaluate(VIOLATIONS) == []
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_a_page(
    name: str,
    width: int,
    scheme: str,
    harbour: Service,
    open_page: Callable[..., Page],
    keep: Callable[[Page, str], None],
    request: pytest.FixtureRequest,
) -> None:
    page = open_page(harbour.base_url + PAGES[name], width, scheme)
    if name == "search":
        expect(page.locator("#search")).to_be_focused()
        page.locator("#search").fill("bridge")
        expect(page.locator("#results li")).not_to_have_count(0)
    keep(page, f"{name}-{width}-{scheme}")
    check(page)
    if (name, width, scheme) == SHOWN and request.config.getoption("--regenerate"):
        write_webp(open_page(page.url, width, scheme, scale=2), "topic")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_page_of_an_empty_site_says_what_to_do(
    width: int, scheme: str, tmp_path: Path, open_page: Callable[..., Page], keep: Callable[[Page, str], None]
) -> None:
    (tmp_path / "records").mkdir()
    with running_service(tmp_path) as service:
        page = open_page(f"{service.base_url}/", width, scheme)
        expect(page.locator(".empty")).to_contain_text("put article records into its folder")
        keep(page, f"empty-{width}-{scheme}")
        check(page)
        page.close()
