"""JSON files: a record, a list of records, a mapping that holds such a list, or a mapping on each line."""

from feedsvc.records.json_reader import read_json, read_json_lines
from feedsvc.records.values import Fields, Found, Syntax, SyntaxProblem


def read_file(text: str) -> tuple[Found, str]:
    """Return the values that should be records. Raise SyntaxProblem."""
    try:
        value = read_json(text)
    except SyntaxProblem as problem:
        if _are_lines(text, problem.line):
            return read_json_lines(text), ""
        raise
    return value if isinstance(value, list) else [(value, 1)], ""


def _are_lines(text: str, line: int) -> bool:
    """Return whether a text is JSON Lines: its first line is a mapping, and its first fault is on a line after it."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        return bool(rest) and line > text.count("\n") - rest.count("\n") and isinstance(read_json(first), Fields)
    except SyntaxProblem:
        return False


SYNTAX = Syntax(name="JSON", suffixes=(".json",), read=read_file)
