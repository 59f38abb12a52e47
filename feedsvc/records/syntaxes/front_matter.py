"""Text files whose record is YAML front matter, with or without the fences `---`, and whose content follows it."""

import re

from feedsvc.records.values import Items, Syntax

_OPENING = re.compile(r"\s*^---[ \t]*\n", re.MULTILINE)
_CLOSING = re.compile(r"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")


def read_front_matter(text: str) -> tuple[Items, str]:
    """Return the value of the front matter, and the text after it. Raise SyntaxProblem."""
    from feedsvc.records.yaml_reader import read_yaml  # takes a while to load, and most commands read no record

    front_matter, body = split_front_matter(text)
    return [(read_yaml(front_matter), 1)], body


def split_front_matter(text: str) -> tuple[str, str]:
    """Return (front matter, text after it). Line breaks stand for what is before it: lines keep their numbers."""
    opening = _OPENING.match(text)
    if not opening:
        return text, ""
    closing = _CLOSING.search(text, opening.end() - 1)
    front_matter = text[opening.end() : closing.start() + 1 if closing else None]
    return "\n" * opening[0].count("\n") + front_matter, text[closing.end() :] if closing else ""


SYNTAX = Syntax(name="front matter", suffixes=(".md", ".markdown", ".txt"), read=read_front_matter)
