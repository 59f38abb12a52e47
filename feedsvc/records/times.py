"""Times of records."""

import re
from datetime import UTC, datetime, tzinfo

#: The most common form of times.
_ISO_TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-5][0-9])")


def instant(value: str, timezone: tzinfo = UTC) -> datetime:
    """Return a time as one in UTC, to the second. timezone: of times without an offset. Forms: see `written_times`."""
    if _ISO_TIME.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # it is read again below, for its message
    from feedsvc.records.written_times import read_time  # most times are in the form above

    return read_time(value, timezone)
