"""An entry with HTML of every kind that people publish, in each format: the golden ones, and as readers show it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from tests.conftest import Site
from tests.feeds.test_feeds import url as absolute
from tests.records.test_rewriting import text_of
from tests.rules import check_content, check_feed

DATA = Path(__file__).parent.parent / "data" / "real-html"
RECORD = (DATA / "records" / "every-kind.html").read_text()
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site({"every-kind.html": RECORD})


def entry(site: Site, format: str) -> str:
    """Return the entry as a feed has it."""
    body = site.body(f"/feed.{format}")
    if format == "json":
        return json.dumps(json.loads(body)["items"][0], ensure_ascii=False, indent=1) + "\n"
    (element,) = etree.fromstring(body).iterfind({"atom": ".//{*}entry", "rss": ".//item"}[format])
    return etree.tostring(element, encoding="unicode", with_tail=False) + "\n"


def content(site: Site, format: str) -> str:
    if format == "json":
        return str(json.loads(site.body("/feed.json"))["items"][0]["content_html"])
    (element,) = etree.fromstring(site.body(f"/feed.{format}")).iter(CONTENT, "{http://www.w3.org/2005/Atom}content")
    return str(element.text)


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_the_entry_is_the_golden_one(site: Site, format: str, request: pytest.FixtureRequest) -> None:
    golden = DATA / f"entry.{format}"
    if request.config.getoption("--regenerate"):
        golden.write_text(entry(site, format))
    assert entry(site, format) == golden.read_text()
    if format != "json":
        check_feed(site.body(f"/feed.{format}"), absolute(site, f"/feed.{format}"))


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_every_format_shows_all_of_it(site: Site, format: str) -> None:
    text = content(site, format)
    check_content(text)
    shown: Any = html.fragment_fromstring(text, create_parent="div")
    words = text_of(text)
    pictures = [image.get("src").removeprefix("https://harbour.example/") for image in shown.iter("img")]
    assert pictures == ["real.png", "noscript.png", "small.png", "photo.webp", "poster.png"]
    links = {link.get("href") for link in shown.iter("a")}
    base = "https://harbour.example/"
    assert {f"{base}2020/06/clip.webm", f"{base}episode.mp3", f"{base}animation.swf", f"{base}plan.pdf"} < links
    assert {"https://video.example/embed/1", "mailto:jane@harbour.example"} < links
    for part in (
        "https://shop.example/?a=1&region=eu&currency=usd&copy=2 …", "A section ends. The next one begins.", "The plan in words.",
        "So 1/2 of it, up; and", "مرحبا (hello) عالم. שלום (hello) עולם.", "Name Mail Yes No", "Old code", "5 < 6 &amp; i<n.",
    ):  # fmt: skip
        assert part in words
    for part in ("cannot play", "no frames", "A draft", "A row", "One", "every kind", "<img", "Chart"):
        assert part not in words
    assert {element.get("dir") for element in shown.iter("p", "div")} == {None, "rtl"}
    assert [element.get("cite") for element in shown.iter("blockquote", "q", "del")] == [
        f"{base}source", None, "https://b.example/c", f"{base}2020/why",
    ]  # fmt: skip
