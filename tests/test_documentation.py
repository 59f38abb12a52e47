"""The Markdown pages of the project: where their links lead, and what they name, is there."""

import re
from collections import Counter
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT

CODE = [
    path for folder in ("feedsvc", "tests") for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts
]
PAGES = [
    ROOT / "README.md",
    *(path for path in CODE if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests" / "data")),
]


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


def test_every_page_is_reached_from_the_first() -> None:
    first, *others = PAGES
    assert set(others) <= {(ROOT / link.partition("#")[0]).resolve() for link in links(first) if "://" not in link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_file_that_a_page_names_is_there(page: Path) -> None:
    for name in re.findall(r"(?<![\w.])[\w/]+\.py\b", page.read_text()):
        assert "NAME" in name or any(str(path).endswith(f"/{name}") for path in CODE), name


def test_every_module_that_the_page_of_the_code_names_is_there() -> None:
    rooms = "|".join(path.stem for path in (ROOT / "feedsvc").iterdir())
    names = re.findall(rf"`((?:{rooms})\.(?!(?:py|toml|opml)\b)[\w.]+)`", (ROOT / "feedsvc" / "README.md").read_text())
    assert len(names) > 20
    for name in names:
        resolve_name(f"feedsvc.{name}")
