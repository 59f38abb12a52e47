"""The conditions of requests (RFC 9110, section 13), of which a client has the one for the document that it knows."""

import re
from calendar import timegm
from datetime import datetime
from email.utils import parsedate
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

OK, NOT_MODIFIED, FAILED = "200 OK", "304 Not Modified", "412 Precondition Failed"

#: Characters of a date, and of white space around it.
MAX_DATE = 40

_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = "[0-9]{2}:[0-9]{2}:(?:[0-5][0-9]|60)"
#: The forms of a date in HTTP (RFC 9110, section 5.6.7): the one that is sent, and two of old.
_DATE = re.compile(
    f"{_DAY}, [0-9]{{2}} {_MONTH} [1-9][0-9]{{3}} {_CLOCK} GMT"
    f"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [0-9]{{2}}-{_MONTH}-[0-9]{{2}} {_CLOCK} GMT"
    f"|{_DAY} {_MONTH} [ 0-9][0-9] {_CLOCK} [1-9][0-9]{{3}}"
)
#: What proxies that compress add to an ETag, within its quotes or after them.
_SUFFIX = re.compile(r"(?:--?|;)(?:gzip|x-gzip|br|zstd|deflate)\Z")


def evaluate(environ: "WSGIEnvironment", etag: str, changed: int, now: int) -> str:
    """Return the status that a GET or HEAD request for a document gets by its conditions: OK, NOT_MODIFIED or FAILED.

    etag: of the document, in quotes, weak. changed: see `revisions`. now: in seconds since 1970, too.
    """
    wanted, known = environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH")
    since, unchanged_since = environ.get("HTTP_IF_MODIFIED_SINCE"), environ.get("HTTP_IF_UNMODIFIED_SINCE")
    if wanted:
        # The comparison is strong, so it fails for every weak ETag, and we have no others.
        if wanted.strip() != "*":
            return FAILED
    elif unchanged_since:
        date = read_date(unchanged_since)
        if date is not None and changed > date:
            return FAILED
    if known:
        return NOT_MODIFIED if known == etag or is_among(etag, known) else OK
    if since:
        date = read_date(since)
        # We have sent no date that is still to come, so there is no telling what the client has.
        if date is not None and changed <= date <= now:
            return NOT_MODIFIED
    return OK


def is_among(etag: str, known: str) -> bool:
    """Return whether an ETag is in the list of an If-None-Match, as it was sent or as proxies change it; or is any."""
    if known.strip() == "*":
        return True
    opaque = _opaque(etag)
    return any(opaque in each and _opaque(each) == opaque for each in known.split(","))


def _opaque(etag: str) -> str:
    """Return what an ETag is, without its quotes, its mark as a weak one, and what proxies added."""
    text = etag.strip().removeprefix("W/").removeprefix("w/")
    return _SUFFIX.sub("", _SUFFIX.sub("", text).strip('"'))


def read_date(text: str) -> int | None:
    """Return a date in HTTP in seconds since 1970; None for any other text: its condition is ignored."""
    return _date(text) if len(text) <= MAX_DATE else None


@lru_cache(maxsize=1024)
def _date(text: str) -> int | None:
    parsed = parsedate(text) if _DATE.fullmatch(text.strip()) else None  # which takes other forms, too
    if not parsed:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    if "-" in text:  # of two digits: the last one that isn't more than 50 years ahead
        this_year = datetime.now().year
        year = this_year + 50 - (this_year + 50 - year) % 100
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59))  # of a leap second, the one before
    except ValueError:  # as on the 31st of February
        return None
    return timegm(moment.timetuple())
