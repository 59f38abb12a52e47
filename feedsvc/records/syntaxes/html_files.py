"""HTML files: front matter and the content after it, or the content alone."""

from feedsvc.records.syntaxes.front_matter import read_marked_front_matter
from feedsvc.records.values import Fields, Found, Syntax


def read_file(text: str) -> tuple[Found, str]:
    """Return the value of the front matter, or a mapping without fields, and the HTML. Raise SyntaxProblem."""
    if marked := read_marked_front_matter(text):
        return marked
    fields = Fields()
    fields.line = 1
    return [(fields, 1)], text


SYNTAX = Syntax(name="HTML", suffixes=(".html",), read=read_file)
