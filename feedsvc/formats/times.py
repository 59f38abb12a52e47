"""Times as Atom and RSS have them, and how feedgen is made to write them."""

from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import lru_cache

import feedgen.entry
import feedgen.feed

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc2822(time: str) -> str:
    """Return a time as RSS has it. time: in UTC, as Atom has it."""
    # format_datetime takes thirty times as long.
    return f"{_day(time[:10])} {time[11:19]} +0000"


@lru_cache(1000)
def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{_DAYS[day.weekday()]}, {day.day:02} {_MONTHS[day.month - 1]} {day.year:04}"


class RenderedTime(datetime):
    """A time that feedgen renders as a given text."""

    text: str

    @classmethod
    def of(cls, text: str) -> "RenderedTime":
        moment = cls(2000, 1, 1, tzinfo=UTC)
        moment.text = text
        return moment

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        return self.text


def _format_rfc2822(moment: datetime) -> str:
    return moment.text if isinstance(moment, RenderedTime) else format_datetime(moment)


# feedgen's own function sets the locale of the whole process for each date.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = _format_rfc2822
