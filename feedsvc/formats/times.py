"""Times as Atom and RSS have them, and how feedgen is made to write them."""

from datetime import UTC, datetime
from email.utils import format_datetime

import feedgen.entry
import feedgen.feed

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc2822(moment: datetime) -> str:
    """Return a time in UTC as RSS has it."""
    # format_datetime takes ten times as long.
    day = f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04}"
    return f"{day} {moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000"


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
