"""The errors that end a command; each message says where, what was wrong, and what is expected."""

import re


def one_line(text: str) -> str:
    """A message with line breaks and other control characters spelled out, as a terminal can show it."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], text)


class FeedsvcError(Exception):
    """Something that a user can put right; `str()` of it is the whole message, on one line."""


class ConfigError(FeedsvcError):
    """The configuration can't be used as it stands."""


class FilterError(FeedsvcError):
    """A filter has a value that it can't have."""

    def __init__(self, name: str, shown: str, expects: str) -> None:
        super().__init__(f"{name}: {shown} can't be used; expected {expects}")


class AddressError(FeedsvcError):
    """Nothing is published at an address."""


class RecordsError(FeedsvcError):
    """The records folder as a whole can't be read."""


class IndexUnusableError(FeedsvcError):
    """The index can't be opened or written."""


class IndexLostError(IndexUnusableError):
    """The index's file was damaged or is gone. What failed can be done again from the start, with a new one."""


class IndexReadOnlyError(IndexUnusableError):
    """The index can't be written where it is; another place will do."""


class WorkerError(FeedsvcError):
    """Another process that did a part of the work is gone."""


class OutputError(FeedsvcError):
    """The output folder can't be written."""


class ServeError(FeedsvcError):
    """The service can't start."""
