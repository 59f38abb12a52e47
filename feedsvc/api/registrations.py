"""What a program registered, for the processes that it starts."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from feedsvc.errors import FeedsvcError

if TYPE_CHECKING:
    from feedsvc.model import Format
    from feedsvc.records.values import Syntax


def registrations() -> Callable[[], None] | None:
    """Return what registers the formats and syntaxes of this process in another one; None if there are none.

    Raise FeedsvcError if they can't be sent there.
    """
    from feedsvc.formats import registry as formats
    from feedsvc.records import registry as syntaxes

    values = (formats.registered(), syntaxes.registered())
    if not any(values):
        return None
    import pickle

    try:
        pickle.dumps(values)
    except Exception as error:  # pickle raises errors of several kinds
        expected = "functions at the top level of a module"
        raise FeedsvcError(
            f"registered formats and syntaxes can't be sent to processes: {error}; expected {expected}"
        ) from error
    return partial(_register, *values)


def _register(formats: "tuple[Format, ...]", syntaxes: "tuple[Syntax, ...]") -> None:
    from feedsvc.formats.registry import register as register_format
    from feedsvc.records.registry import register as register_syntax

    for format in formats:
        register_format(format)
    for syntax in syntaxes:
        register_syntax(syntax)
