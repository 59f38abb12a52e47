"""Chromium, in which tests open pages, a small site to look at, and the pictures that the README shows."""

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import PATIENCE, ROOT, Service, running_service

#: URLs of other hosts than this one.
OTHER_HOSTS = re.compile(r"^(?!http://127\.0\.0\.1:)")
#: So that it asks no other host on its own.
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --disable-component-update"
CONFIG = """
site.title = "Harbour News"
site.description = "What the papers of the coast write, story by story"
site.pictures = true
feeds.limit = 10
[[custom]]
name = "Ferries and tides"
description = "For whoever crosses the water"
topic = ["Ferries", "Tides"]
"""
#: Puts the address of a site in the place of that of the test's service.
NAMED = """() => {
  for (const code of document.querySelectorAll("code"))
    code.textContent = code.textContent.replace(location.origin, "https://harbour.example");
}"""
#: Returns the faults of layout and contrast of a page, as texts.
FAULTS = """() => {
  const boxes = [], faults = document.documentElement.scrollWidth > innerWidth ? ["scrolls"] : [];
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r, g, b] = color.match(/[0-9.]+/g).map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  for (const one of document.querySelectorAll("main *")) if (one.checkVisibility()) {
    const parts = one.matches("button, input, select, img") ? [one] : [...one.childNodes].flatMap((node) => {
      const range = new Range();
      range.selectNodeContents(node);
      return node.nodeType === Node.TEXT_NODE && node.data.trim() ? [range] : [];
    });
    const rects = parts.flatMap((part) => [...part.getClientRects()]).filter((rect) => rect.width > 1);
    if (!rects.length) continue;
    if (rects.some((rect) => rect.left < 0 || rect.right > innerWidth)) faults.push(`outside: ${one.outerHTML}`);
    let back = one;
    while (getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
    const pair = [getComputedStyle(one).color, getComputedStyle(back).backgroundColor].map(luminance);
    if (Math.max(...pair) / Math.min(...pair) < 4.5) faults.push(`contrast: ${one.outerHTML}`);
    for (const [other, others] of boxes) if (!other.contains(one) && rects.some((a) => others.some((b) => meet(a, b))))
      faults.push(`overlap: ${one.outerHTML} ${other.outerHTML}`);
    boxes.push([one, rects]);
  }
  return faults;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for the tests of a module, which are skipped where it isn't installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("chromium isn't installed")
    sync_api.expect.set_options(timeout=PATIENCE * 1000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS.split(), timeout=PATIENCE * 1000)
        yield browser
        browser.close()


def wait_in(page: Any, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, while the page goes on."""
    for _ in range(10 * PATIENCE):
        if condition():
            return
        page.wait_for_timeout(100)
    pytest.fail("waited in vain")


@contextmanager
def opening(
    browser: Any, faults: list[str], prepare: Callable[[Any, Any], object], **usual: Any
) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page in a new context, and fail the test if there was a fault.

    faults: what `prepare` finds, and the errors of scripts. prepare: called with each context and its page before that
    is loaded. usual: options of the contexts, where the function is given no others.
    """
    contexts = []

    def open(url: str, **options: Any) -> Any:
        context = browser.new_context(**{**usual, **options})
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        prepare(context, page)
        page.goto(url)
        return page

    yield open
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service on a small site with pictures, whose stories list each other."""
    folder = tmp_path_factory.mktemp("harbour")
    (folder / "records").symlink_to(ROOT / "tests/data/harbour")
    with running_service(folder, CONFIG) as service:
        yield service


def write_webp(page: Any, name: str) -> None:
    """Write what the window shows of a page into `.github/`, as if it were at home, in WebP, which Playwright doesn't offer."""
    page.wait_for_load_state("networkidle")
    page.evaluate(NAMED)
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    (ROOT / f".github/{name}.webp").write_bytes(base64.b64decode(answer["data"]))
