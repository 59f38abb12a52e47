"""Text files whose record is front matter, and whose content is the text after it.

Front matter is YAML between lines `---`, TOML between lines `+++`, or a JSON object. A text without any of these may
begin with header lines, or be YAML as a whole.
"""

import re

from feedsvc.records.json_reader import read_json_start
from feedsvc.records.values import MAX_VALUES, TOO_MANY, Fields, Found, Syntax, SyntaxProblem, TooMuch

#: For each fence, the line that opens front matter, and that which closes it.
_FENCES = {
    "---": (re.compile(r"\s*^---[ \t]*\n", re.MULTILINE), re.compile(r"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)")),
    "+++": (re.compile(r"\s*^\+\+\+[ \t]*\n", re.MULTILINE), re.compile(r"\n\+\+\+[ \t]*(?:\n|\Z)")),
}
#: A text may also begin with Liquid's `{%` or a shortcode's `{{`.
_JSON_OBJECT = re.compile(r'\s*\{\s*["}]')
#: A key of a YAML mapping, and comments right before it.
_YAML_KEY = r"(?:#.*\n)*+[\"']?[\w-]++[\"']?:(?:\s|\Z)"
_YAML_MAPPING = re.compile(rf"\s*+{_YAML_KEY}")
#: A key and its value, which goes on in lines that are indented.
_LINE = re.compile(r"(?P<key>[\w-]++):(?P<value>(?:[ \t].*+)?(?:\n[ \t]++\S.*+)*+)")
_UNNAMED_LINE = re.sub(r"\?P<\w+>", "?:", _LINE.pattern)
#: Header lines, an empty line, and text that is not the next key of a YAML mapping.
_HEADER = re.compile(rf"\s*^((?:{_UNNAMED_LINE}\n)++)(?:[ \t]*\n)++(?=\S)(?!{_YAML_KEY})", re.MULTILINE)


def read_front_matter(text: str) -> tuple[Found, str]:
    """Return the value of the front matter, and the text after it. Raise SyntaxProblem."""
    return read_marked_front_matter(text) or _read_unmarked(text)


def read_marked_front_matter(text: str) -> tuple[Found, str] | None:
    """Return what `read_front_matter` does, or None if the text doesn't begin with a fence or a JSON object."""
    if _FENCES["---"][0].match(text):
        from feedsvc.records.yaml_reader import read_yaml  # takes a while to load, and most commands read no record

        front_matter, body = split_front_matter(text)
        return [(read_yaml(front_matter), 1)], body
    if _FENCES["+++"][0].match(text):
        from feedsvc.records.toml_reader import read_toml

        front_matter, body = split_front_matter(text, "+++")
        return [(read_toml(front_matter), 1)], body
    if _JSON_OBJECT.match(text):
        value, body = read_json_start(text)
        return [(value, 1)], body
    return None


def split_front_matter(text: str, fence: str = "---") -> tuple[str, str]:
    """Return (front matter, text after it). Line breaks stand for what is before it: lines keep their numbers."""
    opening_line, closing_line = _FENCES[fence]
    opening = opening_line.match(text)
    if not opening:
        return text, ""
    closing = closing_line.search(text, opening.end() - 1)
    front_matter = text[opening.end() : closing.start() + 1 if closing else None]
    return "\n" * opening[0].count("\n") + front_matter, text[closing.end() :] if closing else ""


def _read_unmarked(text: str) -> tuple[Found, str]:
    """Return the value of a text that is a YAML mapping, or of its header lines. Raise SyntaxProblem.

    What is neither is text without front matter: there is no value. A faulty text whose first line is the key of a YAML
    mapping is one, unless it is made of header lines and a text.
    """
    from feedsvc.records.yaml_reader import read_yaml

    try:
        value = read_yaml(text)
    except TooMuch:
        raise
    except SyntaxProblem:
        if header := _HEADER.match(text):
            return [(_header_fields(text, header), 1)], text[header.end() :]
        if _YAML_MAPPING.match(text):
            raise
        value = None
    return ([(value, 1)], "") if isinstance(value, Fields) else ([(None, 1)], text)


def _header_fields(text: str, header: re.Match[str]) -> Fields:
    """Return the texts of header lines, as Pelican reads them. Raise SyntaxProblem if they are too many."""
    line = text.count("\n", 0, header.start(1)) + 1
    if header[1].count("\n") > MAX_VALUES // 2:
        raise TooMuch(line, TOO_MANY)
    fields = Fields()
    fields.line = line
    for match in _LINE.finditer(header[1]):
        key, value = match["key"], "\n".join(part.strip() for part in match["value"].split("\n")).strip()
        if key in fields:
            fields.repeat(key, line)
        fields[key] = value, line
        line += match[0].count("\n") + 1
    return fields


SYNTAX = Syntax(name="front matter", suffixes=(".md", ".markdown", ".mdx", ".txt"), read=read_front_matter)
