"""How feedgen is made to write times: as they are given, and without the locale."""

from datetime import UTC, datetime
from email.utils import format_datetime

import feedgen.entry
import feedgen.feed


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
