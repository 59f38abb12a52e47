"""JSON files: a record, a list of records, or a mapping whose `value` is such a list."""

from feedsvc.records.json_reader import read_json
from feedsvc.records.values import Fields, Found, Syntax, SyntaxProblem


def read_file(text: str) -> tuple[Found, str]:
    """Return the values that should be records. Raise SyntaxProblem."""
    value = read_json(text)
    if isinstance(value, Fields) and isinstance(value.get("value", (None, 1))[0], list):
        if line := (value.repeated or {}).get("value"):
            raise SyntaxProblem(line, "a second list of records begins here; expected one")
        value = value["value"][0]
    return value if isinstance(value, list) else [(value, 1)], ""


SYNTAX = Syntax(name="JSON", suffixes=(".json",), read=read_file)
