"""The files of feedsvc/deploy/, and the code blocks of its README."""

import re
from collections.abc import Mapping

from tests import documents
from tests.conftest import ROOT

DEPLOY = ROOT / "feedsvc" / "deploy"


def file(name: str) -> str:
    """Return the text of a file there."""
    return (DEPLOY / name).read_text()


def adapted(name: str, changes: Mapping[str, object]) -> str:
    """Return the text of a file there as its user changes it: what stands in one place, and what to put there."""
    text = file(name)
    for old, new in changes.items():
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        text = text.replace(old, str(new))
    return text


def uncommented(text: str, *beginnings: str) -> str:
    """Return a text in which the lines that begin thus in a comment are no longer one."""
    for beginning in beginnings:
        text, number = re.subn(rf"^( *)# ({re.escape(beginning)})", r"\1\2", text, flags=re.MULTILINE)
        assert number == 1, f"{beginning!r} is commented {number} times"
    return text


def block(heading: str, language: str = "sh") -> str:
    """Return the only block of a language below a heading of the README."""
    return documents.block("feedsvc/deploy/README.md", heading, language)
