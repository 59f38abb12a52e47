"""JSON Lines files (NDJSON): each line is a record. One that can't be read costs no other."""

from feedsvc.records.json_reader import read_json_lines
from feedsvc.records.values import Found, Syntax


def read_file(text: str) -> tuple[Found, str]:
    """Return the values that should be records, with a problem for each line that is not JSON. Raise SyntaxProblem."""
    return read_json_lines(text), ""


SYNTAX = Syntax(name="JSON Lines", suffixes=(".jsonl", ".ndjson"), read=read_file)
