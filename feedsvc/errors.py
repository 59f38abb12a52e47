"""The errors that end a command; each message says where, what was wrong, and what is expected."""

import re
from collections.abc import Sequence

#: The characters of a value that a message shows, at most.
_MAX_SHOWN = 80


def one_line(text: str) -> str:
    """Return a message with line breaks and other control characters spelled out, as a terminal can show it.

    Among them are those that reverse what follows, which may be the end of an address.
    """
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], text
    )


def shown_value(value: object) -> str:
    """Return a value as a message shows it: its beginning, and without the password of an address."""
    text = str(value) if isinstance(value, str) else repr(value)
    before, _, host = text.rpartition("@")
    scheme, slashes, _user = before.partition("//")
    if slashes:
        text = f"{scheme}//…@{host}"
    text = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
    return repr(text) if isinstance(value, str) else text


class FeedsvcError(Exception):
    """Something that a user can put right; `str()` of it is the whole message, on one line.

    >>> try:
    ...     site.document("/topics/aii.atom")
    ... except feedsvc.FeedsvcError as error:
    ...     print(error)
    /topics/aii.atom: nothing is published at this address; did you mean /topics/ai/?
    """


class ConfigError(FeedsvcError):
    """The configuration can't be used as it stands.

    >>> feedsvc.open(titel="News")
    Traceback (most recent call last):
        ...
    feedsvc.errors.ConfigError: options: site.titel is not a key that feedsvc knows; did you mean title?
    """

    def __str__(self) -> str:
        return "; also ".join(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong with the configuration, each on one line."""
        return self.args


class FilterError(FeedsvcError):
    """A filter has a value that it can't have.

    >>> site.document("/feed.atom?limit=0")
    Traceback (most recent call last):
        ...
    feedsvc.errors.FilterError: limit: 0 can't be used; expected a number from 1 to 500
    """

    def __init__(self, name: str, shown: str, expects: str) -> None:
        super().__init__(f"{name}: {shown} can't be used; expected {expects}")


class AddressError(FeedsvcError):
    """Nothing is published at an address.

    >>> site.document("/nowhere")
    Traceback (most recent call last):
        ...
    feedsvc.errors.AddressError: /nowhere: nothing is published at this address; expected one that ...
    """


class RecordsError(FeedsvcError):
    """The records folder as a whole can't be read.

    >>> feedsvc.open(records="nowhere").sync()
    Traceback (most recent call last):
        ...
    feedsvc.errors.RecordsError: .../nowhere: No such file or directory; expected a folder of records
    """


class LossError(FeedsvcError):
    """So much of what is published would go that nothing was changed; see `records.max_loss`.

    >>> many = [{**record, "webUrl": f"https://example.org/{number}"} for number in range(30)]
    >>> with feedsvc.open(records=many) as news:
    ...     _ = news.sync()
    ...     many.clear()
    ...     try:
    ...         news.sync()
    ...     except feedsvc.LossError as error:
    ...         print(error.lost, error.before)
    30 30
    """

    def __init__(
        self, where: str, lost: int, before: int, examples: Sequence[str], max_loss: int, accepting: str
    ) -> None:
        """where: what lacks them. lost: how many stories would go, of those `before`. examples: some of their URLs.

        max_loss: how many may, in percent. accepting: the command that lets them.
        """
        super().__init__(
            f"{where}: {lost:,} of {before:,} published stories would go, such as {', '.join(examples)}; nothing was "
            f"changed; expected at most {max_loss} % (records.max_loss); if they are meant to go, use {accepting}"
        )
        self.lost, self.before, self.examples = lost, before, tuple(examples)


class IndexUnusableError(FeedsvcError):
    """The index can't be opened or written.

    >>> feedsvc.open(records=[record]).feeds()
    Traceback (most recent call last):
        ...
    feedsvc.errors.IndexLostError: the index in memory: empty; expected a sync to fill it
    """


class IndexLostError(IndexUnusableError):
    """The index file was damaged or deleted; the operation can be retried with a new index."""


class IndexReadOnlyError(IndexUnusableError):
    """The index can't be written where it is; another place will do."""


class BusyError(FeedsvcError):
    """The service has so much to do that this can't be done just now."""


class WorkerError(FeedsvcError):
    """Another process that did a part of the work is gone."""


class FormatError(FeedsvcError):
    """A format could not write a feed."""


class OutputError(FeedsvcError):
    """The output can't be written.

    >>> site.build("ftp://host/folder")
    Traceback (most recent call last):
        ...
    feedsvc.errors.OutputError: ftp://host/folder: ftp:// is not a scheme that feedsvc knows; expected ...
    """


class ServeError(FeedsvcError):
    """The service can't start.

    >>> site.serve()
    Traceback (most recent call last):
        ...
    feedsvc.errors.ServeError: records in memory can't be served by other processes; expected a folder, or create_app
    """
