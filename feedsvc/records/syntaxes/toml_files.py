"""TOML files: each is one record."""

from feedsvc.records.toml_reader import read_toml
from feedsvc.records.values import Found, Syntax


def read_file(text: str) -> tuple[Found, str]:
    """Return the mapping that is the file. Raise SyntaxProblem."""
    return [(read_toml(text), 1)], ""


SYNTAX = Syntax(name="TOML", suffixes=(".toml",), read=read_file)
