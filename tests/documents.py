"""The Markdown pages of the project, and the blocks of code in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
CODE = [
    path for folder in ("feedsvc", "tests") for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts
]
PAGES = [
    ROOT / "README.md",
    *(path for path in CODE if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests" / "data")),
]


@dataclass(frozen=True)
class Block:
    """A block of code, fenced or indented.

    section: the heading above it. before: the paragraph, cell or heading right above it. language: the first word behind
    the fence, empty if there is none. note: what follows that.
    """

    page: Path
    section: str
    line: int
    before: str
    language: str
    note: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page, by its path from the root."""
    path, section, before = ROOT / page, "", ""
    tokens = MarkdownIt().enable("table").parse(path.read_text())
    for token, previous in zip(tokens, [None, *tokens], strict=False):
        if token.type == "inline":
            before = token.content
            if previous and previous.type == "heading_open":
                section = before
        elif token.type in ("fence", "code_block") or "<pre" in token.content:
            assert token.map
            language, _, note = token.info.strip().partition(" ")
            yield Block(path, section, token.map[0] + 1, before, language, note.strip(), token.content)


def block(page: str, section: str, language: str) -> str:
    """Return the text of the only block of a language below a heading of a page."""
    (found,) = [one for one in blocks(page) if (one.section, one.language) == (section, language)]
    return found.text
