"""The Markdown pages of the project: where their links lead, and what they name, is there."""

import re
from collections import Counter
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.documents import CODE, PAGES, ROOT, blocks


def inline(page: Path) -> list[Token]:
    """Return the headings, paragraphs and cells of a page."""
    return [token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline"]


def links(page: Path) -> list[str]:
    parts = [part for token in inline(page) for part in token.children or ()]
    return [
        str(part.attrs.get("href") or part.attrs.get("src")) for part in parts if part.type in ("link_open", "image")
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and most others make them."""
    tokens = MarkdownIt().parse(page.read_text())
    texts = [text.content for text, opening in zip(tokens[1:], tokens, strict=False) if opening.type == "heading_open"]
    names = [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts]
    seen: Counter[str] = Counter()
    found = set()
    for name in names:
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_anchor_leads_somewhere(page: Path) -> None:
    for link in links(page):
        target, _, anchor = unquote(link).partition("#")
        if target.startswith(("https://", "mailto:")):
            continue
        leads_to = (page.parent / target).resolve() if target else page
        assert leads_to.is_relative_to(ROOT) and leads_to.exists(), link
        assert not anchor or anchor in anchors(leads_to), link


def test_every_picture_is_small_and_is_shown_with_a_text_in_its_place() -> None:
    images = [part for page in PAGES for token in inline(page) for part in token.children or () if part.type == "image"]
    assert {ROOT / str(image.attrs["src"]) for image in images} == set((ROOT / ".github").glob("*.webp"))
    for image in images:
        assert len(image.content) > 40
        assert 5_000 < (ROOT / str(image.attrs["src"])).stat().st_size < 60_000


def test_every_page_is_reached_from_the_first() -> None:
    first, *others = PAGES
    assert set(others) <= {(ROOT / link.partition("#")[0]).resolve() for link in links(first) if "://" not in link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_file_that_a_page_names_is_there(page: Path) -> None:
    written = {block.note for block in blocks(str(page.relative_to(ROOT)))}
    for name in set(re.findall(r"(?<![\w.])[\w/]+\.py\b", page.read_text())) - written:
        assert "NAME" in name or any(str(path).endswith(f"/{name}") for path in CODE), name


def test_every_module_that_the_page_of_the_code_names_is_there() -> None:
    rooms = "|".join(path.stem for path in (ROOT / "feedsvc").iterdir())
    names = re.findall(rf"`((?:{rooms})\.(?!(?:py|toml|opml)\b)[\w.]+)`", (ROOT / "feedsvc" / "README.md").read_text())
    assert len(names) > 20
    for name in names:
        resolve_name(f"feedsvc.{name}")
