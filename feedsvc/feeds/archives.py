"""The archives of a feed (RFC 5005): which there are, which stories each of them holds, and how they are linked.

The stories of each month, oldest first, are cut into parts of the feed's limit. A part is published once it is full, or
once the feed has a story of a later month; and only where the feed has more stories than its limit. So what is in no
archive is among the newest stories, which the current feed shows, and a story that is newer than all others changes no
archive, but for the link to the next one.

The current feed ends anywhere within a part. In formats that are paged, what is left of that part has an address of its
own between the two.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.index.database import Connection
from feedsvc.index.feeds import FeedMonths, MonthRow, MonthSize, has_size
from feedsvc.index.query import StoryQuery
from feedsvc.index.stories import Months
from feedsvc.model import Archive, FeedAddress, Month

#: Stands for a month before all others, and for one after them.
_FIRST, _LAST = "", "~"


class Section(Struct, frozen=True):
    """Which of a feed's stories a document shows, and the addresses of those beside it."""

    #: As in StoryQuery.
    month: str = ""
    offset: int = 0
    limit: int = 0
    previous_archive: FeedAddress | None = None
    next_archive: FeedAddress | None = None
    next_page: FeedAddress | None = None


class Archives:
    """The archives of one feed, as they follow from the numbers of its stories by month."""

    def __init__(self, feed: FeedAddress, limit: int, months: Sequence[MonthSize]) -> None:
        """feed: any address of it. months: newest first; the oldest ones may be missing where nobody asks for them."""
        self._feed = feed.current
        self._limit = limit
        self._months = months
        #: The number of parts of each month that are published: of the newest one, those that are full.
        self._parts = [-(-month.stories // limit) for month in months]
        if months:
            self._parts[0] = months[0].stories // limit
        if sum(month.stories for month in months) <= limit:
            self._parts = [0] * len(months)

    def by_month(self) -> list[tuple[MonthSize, int]]:
        """Return the months that have archives, newest first, each with the number of these."""
        return [(month, parts) for month, parts in zip(self._months, self._parts, strict=True) if parts]

    def section(self, address: FeedAddress) -> Section | None:
        """Return what the document at an address of the feed shows; None if there are no stories for one."""
        if address.archive:
            return self._archive(address.archive)
        if not any(self._parts):
            return Section(limit=self._limit) if address.is_current else None
        return self._older() if address.is_older else self._current()

    def last_change(self, month: str, rows: Mapping[str, MonthRow], has_sizes: bool) -> tuple[int, int]:
        """Return (the revision, the time) at which anything that the archives of a month depend on last changed.

        Their links depend on how many archives the months beside their own have; and of the newest month, an archive
        that isn't full is published with the first story of a later one.
        rows: see `FeedMonths`.
        has_sizes: whether the index has the feed's numbers of stories, so that these are in the stamp of its month.
        """
        if has_sizes:
            return rows[month].revision, rows[month].changed
        index = self._index(month)
        later = index - 1
        if later >= 0 and self._months[later].stories < self._limit:
            later -= 1
        first = self._months[index + 1].name if index + 1 < len(self._months) else _FIRST
        last = self._months[later].name if later >= 0 else _LAST
        found = [row for row in rows.values() if first <= row.month <= last]
        return max(row.revision for row in found), max(row.changed for row in found)

    def _current(self) -> Section:
        index, part, left = self._following()
        is_whole = left == self._size(index, part)
        return Section(
            limit=self._limit,
            previous_archive=self._newest(0, self._parts[0]),
            next_page=self._newest(index, part) if is_whole else replace(self._feed, is_older=True),
        )

    def _older(self) -> Section | None:
        index, part, left = self._following()
        if left == self._size(index, part):
            return None
        previous = self._newest(index, part - 1)
        return Section(offset=self._limit, limit=left, previous_archive=previous, next_page=previous)

    def _archive(self, archive: Archive) -> Section | None:
        index, part = self._index(archive.month), archive.part
        if index < 0 or part > self._parts[index]:
            return None
        size = self._size(index, part)
        previous = self._newest(index, part - 1)
        return Section(
            month=archive.month,
            offset=self._months[index].stories - size - (part - 1) * self._limit,
            limit=size,
            previous_archive=previous,
            next_archive=self._oldest(index, part + 1),
            next_page=previous,
        )

    def _following(self) -> tuple[int, int, int]:
        """Return the archive of the story after those of the current feed, and how many of its stories are left."""
        index, shown = 0, self._limit
        while shown >= self._months[index].stories:
            shown -= self._months[index].stories
            index += 1
        left = self._months[index].stories - shown
        part = -(-left // self._limit)
        return index, part, left - (part - 1) * self._limit

    def _newest(self, index: int, part: int) -> FeedAddress | None:
        """Return the newest archive that isn't newer than a part of a month, which is 0 for those before the month."""
        if not part:
            index += 1
            if index == len(self._months):
                return None
            part = self._parts[index]
        return replace(self._feed, archive=Archive(self._months[index].name, part))

    def _oldest(self, index: int, part: int) -> FeedAddress | None:
        """Return the oldest archive that isn't older than a part of a month."""
        if part > self._parts[index]:
            index, part = index - 1, 1
        if index < 0 or not self._parts[index]:
            return None
        return replace(self._feed, archive=Archive(self._months[index].name, part))

    def _size(self, index: int, part: int) -> int:
        """Return the number of stories in a part of a month."""
        return min(self._limit, self._months[index].stories - (part - 1) * self._limit)

    def _index(self, month: str) -> int:
        """Return the place of a month; -1 if the feed has no story of it."""
        return next((index for index, found in enumerate(self._months) if found.name == month), -1)


def find_archives(address: FeedAddress, limit: int, months: Iterable[MonthSize]) -> Archives:
    """Return the archives of a feed as far as its document at an address depends on them."""
    return Archives(address, limit, list(_needed(months, address.archive, limit)))


def list_archives(
    connection: Connection, feed: FeedAddress, query: StoryQuery, counted: FeedMonths
) -> dict[FeedAddress, int | None]:
    """Return the addresses of all archives of a feed with their revisions, and of its older stories with None.

    query: for the stories of the current feed. counted: of this feed and others.
    """
    archives = Archives(feed, query.limit, list(Months(connection, feed, query, counted)))
    older = replace(feed, is_older=True)
    found: dict[FeedAddress, int | None] = {older: None} if archives.section(older) else {}
    rows, has_sizes = counted.rows(feed), has_size(feed, query)
    for month, parts in reversed(archives.by_month()):
        revision, _ = archives.last_change(month.name, rows, has_sizes)
        for part in range(1, parts + 1):
            found[replace(feed, archive=Archive(month.name, part))] = revision
    return found


def list_months(feed: FeedAddress, limit: int, months: Iterable[MonthSize]) -> tuple[Month, ...]:
    """Return the months that a feed has archives of, newest first. months: all of the feed's, newest first."""
    return tuple(
        Month(replace(feed, archive=Archive(month.name, parts)), month.stories)
        for month, parts in Archives(feed, limit, list(months)).by_month()
    )


def place(address: FeedAddress, limit: int, months: Iterable[MonthSize]) -> tuple[str, float]:
    """Return the month of the midst of what the document at an address shows, and about how much of it is over then.

    limit: of the current feed. months: newest first.
    """
    if address.archive:
        stories = next((month.stories for month in months if month.name == address.archive.month), limit)
        return address.archive.month, (address.archive.part - 0.5) / -(-stories // limit)
    months = list(months)
    newer = min(limit, sum(month.stories for month in months)) / 2
    for month in months:
        if newer <= month.stories:
            return month.name, 1 - newer / month.stories
        newer -= month.stories
    return _FIRST, 0


def _needed(months: Iterable[MonthSize], archive: Archive | None, limit: int) -> Iterable[MonthSize]:
    """Yield the newest months: those of the stories in the current feed and in an archive, and the one before these."""
    stories, before = 0, _LAST
    for month in months:
        yield month
        if stories > limit and before <= (archive.month if archive else _LAST):
            return
        stories, before = stories + month.stories, month.name
