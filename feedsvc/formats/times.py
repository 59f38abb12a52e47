"""Times as Atom and RSS have them, and how feedgen is made to write them."""

from datetime import UTC, datetime
from email.utils import format_datetime

import feedgen.entry
import feedgen.feed


def rfc2822(moment: datetime) -> str:
    """Return a time in UTC as RSS has it."""
    # With an offset, format_datetime calls strftime, which reads the time zone of the machine each time.
    return format_datetime(moment.replace(tzinfo=None)).removesuffix("-0000") + "+0000"


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
