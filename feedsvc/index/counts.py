"""What the records come to: how many are published, left out or refused, and the files that hold none."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from feedsvc.index.database import Connection
from feedsvc.index.feeds import feed_size
from feedsvc.model import EVERYTHING, Counted
from feedsvc.records.files import LINK

#: The kinds of files that a message lists.
MOST_KINDS = 6

_SUMMED = ("records", "drafts", "deleted", "not_due", "refused")


class Counts(Struct, frozen=True):
    """The numbers of all records and files, as `str` puts them in one line."""

    #: Stories that feeds may hold, mentions among them where those are entries of their own.
    stories: int
    #: Record files, and folders that can't be read.
    files: int
    #: All records, and those that are left out: drafts, deleted ones, those whose time is still to come, and those that
    #: can't be used.
    records: int
    drafts: int
    deleted: int
    not_due: int
    refused: int
    #: Files that are neither record files nor hidden, by suffix in lower case, or as links; by an empty text if there
    #: is none. They are counted whenever the whole folder is listed, which a service does once a minute.
    passed_over: Mapping[str, int]

    def __str__(self) -> str:
        parts = [f"{_number(self.stories, 'story', 'stories')} from {_number(self.records, 'record')}"]
        left_out = {
            "draft" if self.drafts == 1 else "drafts": self.drafts,
            "deleted": self.deleted,
            "not due": self.not_due,
            "refused": self.refused,
        }
        if any(left_out.values()):
            parts.append(", ".join(f"{number:,} {name}" for name, number in left_out.items() if number))
        if self.passed_over:
            parts.append(f"{_number(sum(self.passed_over.values()), 'file')} passed over ({self.kinds()})")
        return "; ".join(parts)

    def kinds(self) -> str:
        """Return the files that are passed over by suffix, the most frequent first: `7 .png, 5 .csv, 2 others`."""
        by_number = sorted(self.passed_over.items(), key=lambda item: (-item[1], item[0]))
        shown = [(suffix, number) for suffix, number in by_number if suffix][:MOST_KINDS]
        others = sum(self.passed_over.values()) - sum(number for _, number in shown)
        kinds = [_number(number, kind, "" if kind == LINK else kind) for kind, number in shown]
        if others:
            kinds.append(_number(others, "other"))
        return ", ".join(kinds)


def read_counts(connection: Connection, counted: Counted = "stories") -> Counts:
    """Return the numbers that syncs noted. counted: which stories: those of clusters are their founders."""
    numbers = connection.execute(
        f"SELECT count(*), {', '.join(f'coalesce(sum({each}), 0)' for each in _SUMMED)} FROM counts"
    ).fetchone()
    (passed_over,) = connection.execute("SELECT passed_over FROM state").fetchone()
    files, records, drafts, deleted, not_due, refused = map(int, numbers)
    others = msgspec.json.decode(passed_over, type=dict[str, int])
    stories = feed_size(connection, EVERYTHING, counted)
    return Counts(stories, files, records, drafts, deleted, not_due, refused, others)


def note_passed_over(connection: Connection, numbers: Mapping[str, int]) -> None:
    """Note the files that are no record files, by suffix."""
    connection.execute("UPDATE state SET passed_over = ?", (msgspec.json.encode(numbers, order="sorted").decode(),))


def _number(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
