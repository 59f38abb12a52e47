"""Text to raw values: front matter and YAML, with the line that each value stands on."""

import re

from feedsvc.records.block import read_block
from feedsvc.records.values import Value

SUFFIXES = (".md", ".markdown", ".txt", ".yaml", ".yml", ".json")

_OPENING = re.compile(r"\s*^---[ \t]*\n", re.MULTILINE)
_CLOSING = re.compile(r"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
#: To libyaml these end a line, but neither to editors nor to YAML 1.2; in the texts of a record they are white space.
_YAML_1_1_BREAKS = "\x85\u2028\u2029"


def split_front_matter(text: str) -> tuple[str, str]:
    """(YAML, text after the front matter) of a file with or without fences; line numbers are kept."""
    opening = _OPENING.match(text)
    if not opening:
        return text, ""
    closing = _CLOSING.search(text, opening.end() - 1)
    head = text[opening.end() : closing.start() + 1 if closing else None]
    return "\n" * opening[0].count("\n") + head, text[closing.end() :] if closing else ""


def read_yaml(text: str) -> Value:
    """The value of a YAML text of one document. Raises SyntaxProblem."""
    for end in _YAML_1_1_BREAKS:
        if end in text:
            text = text.replace(end, " ")
    block = read_block(text)
    if block is not None:
        return block
    from feedsvc.records.libyaml import read_any  # which takes a while to load, and most folders don't need

    return read_any(text)
