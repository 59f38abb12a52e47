"""YAML files: one document, which is one record."""

from feedsvc.records.syntaxes.front_matter import split_front_matter
from feedsvc.records.values import Items, Syntax, SyntaxProblem


def read_file(text: str) -> tuple[Items, str]:
    """Return the value of the document. Raise SyntaxProblem, also for a second document."""
    from feedsvc.records.yaml_reader import read_yaml  # takes a while to load, and most commands read no record

    document, rest = split_front_matter(text)
    if rest.strip():
        line = text.count("\n") - rest.count("\n")
        raise SyntaxProblem(line, "a second YAML document begins here; expected one")
    return [(read_yaml(document), 1)], ""


SYNTAX = Syntax(name="YAML", suffixes=(".yaml", ".yml"), read=read_file)
