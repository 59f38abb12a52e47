"""YAML files: one document, which is a record or a list of records."""

from feedsvc.records.syntaxes.front_matter import split_front_matter
from feedsvc.records.values import Found, Syntax, SyntaxProblem


def read_file(text: str) -> tuple[Found, str]:
    """Return the values that should be records. Raise SyntaxProblem, also for a second document."""
    from feedsvc.records.yaml_reader import read_yaml  # takes a while to load, and most commands read no record

    document, rest = split_front_matter(text)
    if rest.strip():
        line = text.count("\n") - rest.count("\n")
        raise SyntaxProblem(line, "a second YAML document begins here; expected one")
    value = read_yaml(document)
    return value if isinstance(value, list) else [(value, 1)], ""


SYNTAX = Syntax(name="YAML", suffixes=(".yaml", ".yml"), read=read_file)
