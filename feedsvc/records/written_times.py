"""Reads times in the forms that people and programs write: ISO 8601, RFC 2822, English month names, seconds since 1970.

There is no guessing: a form either has one reading, or is refused. So `13/06/2020` is, since `06/07/2020` has two; and
so is `10`, which dateutil takes for a day of this month.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

EXPECTED = (
    "expected a time such as 2020-06-13T01:29:00Z, 2020-06-13, 2020-06-13 01:29 +02:00, 13 Jun 2020 01:29:00 GMT, "
    "June 13, 2020, or seconds or milliseconds since 1970"
)
#: Longer texts are no times.
_MAX_LENGTH = 100

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\b[.,]*\s*)?"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = "(?P<year>[0-9]{4})"
_ZONE = (
    r"(?:\s*(?P<zone>z|utc?|gmt|[ecmp][sd]t|(?:utc|gmt)?[+-][0-9]{1,2}(?::?[0-9]{2})?)(?:\s*[(\[][^()\[\]]*[)\]])?)?"
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]*)?)?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_BASIC_CLOCK = "(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?)?"
_DATES = (
    f"{_YEAR}-(?P<month>[0-9]{{1,2}})(?:-(?P<day>[0-9]{{1,2}}))?",
    f"{_YEAR}([/.])(?P<month>[0-9]{{1,2}})\\2(?P<day>[0-9]{{1,2}})",
    f"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})",
    f"{_YEAR}-?w(?P<week>[0-9]{{2}})(?:-?(?P<weekday>[1-7]))?",
    f"{_YEAR}-(?P<ordinal>[0-9]{{3}})",
)
_WRITTEN_DATES = (
    rf"{_WEEKDAY}{_DAY}(?:\s+of\b)?[\s-]*{_MONTH},?[\s-]*(?P<year>[0-9]{{4}}|[0-9]{{2}}(?![0-9:]))",
    rf"{_WEEKDAY}{_MONTH}\s*{_DAY},?\s+{_YEAR}",
    rf"{_MONTH},?\s+{_YEAR}",
)
_FORMS = [
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        *(rf"{date}(?:(?:t|\s+){_CLOCK}{_ZONE})?" for date in _DATES),
        *(rf"{date}t{_BASIC_CLOCK}{_ZONE}" for date in _DATES),
        rf"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9]{{2}})",
        *(rf"{date}(?:,?\s+(?:at\s+)?{_CLOCK}{_ZONE})?" for date in _WRITTEN_DATES),
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_CLOCK}{_ZONE}\s+{_YEAR}",  # of C's ctime
    )
]  # fmt: skip
#: From 1973 to 2286 in seconds, and the same in milliseconds and microseconds (where the earliest years are left out).
_SINCE_1970 = re.compile(r"([0-9]{9,10})(?:\.[0-9]*)?|([0-9]{12,13})(?:\.[0-9]*)?|([0-9]{15,16})")
_EXPONENT = re.compile(r"[0-9](?:\.[0-9]{1,17})?[eE]\+?[0-9]{1,2}")
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}  # RFC 2822, 4.3


def read_time(value: str, zone: tzinfo) -> datetime:
    """Return a time in UTC, to the second. Raise ValueError, which says what is expected.

    zone: of times without an offset. One that it has twice, when clocks go back, is the first; one that it skips is
    as much later as clocks go forward (RFC 5545, 3.3.5).
    """
    text = " ".join(value.split()) if len(value) <= _MAX_LENGTH else ""
    try:
        seconds = _since_1970(text)
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        for form in _FORMS:
            if match := form.fullmatch(text):
                return _time({name: part for name, part in match.groupdict().items() if part}, zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a time that exists ({error})") from error
    raise ValueError(EXPECTED)


def _since_1970(text: str) -> int | None:
    if _EXPONENT.fullmatch(text):
        text = str(int(float(text)))
    match = _SINCE_1970.fullmatch(text)
    if not match:
        return None
    seconds, milliseconds, microseconds = match.groups(default="")
    return int(seconds or milliseconds[:-3] or microseconds[:-6])


def _time(parts: dict[str, str], zone: tzinfo) -> datetime:
    """Return the time that the named groups of a form make. Raise ValueError or OverflowError if there is none."""
    hour, minute, second = (int(parts.get(name, 0)) for name in ("hour", "minute", "second"))
    if "half" in parts:
        if not 1 <= hour <= 12:
            raise ValueError("hour must be in 1..12 before am or pm")
        hour = hour % 12 + (12 if parts["half"] in "pP" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("the time of day must be in 00:00:00..24:00:00")
    clock = timedelta(hours=hour, minutes=minute, seconds=second)
    moment = _date(parts) + clock
    return moment.replace(tzinfo=_zone(parts["zone"].lower()) if "zone" in parts else zone).astimezone(UTC)


def _date(parts: dict[str, str]) -> datetime:
    year = int(parts["year"])
    if "week" in parts:
        return datetime.fromisocalendar(year, int(parts["week"]), int(parts.get("weekday", 1)))
    if "ordinal" in parts:
        date = datetime(year, 1, 1) + timedelta(days=int(parts["ordinal"]) - 1)
        if date.year != year:
            raise ValueError("day of the year is out of range")
        return date
    if len(parts["year"]) == 2:  # RFC 2822, 4.3
        year += 2000 if year < 50 else 1900
    month = parts["month"]
    number = int(month) if month.isdecimal() else _MONTHS.index(month[:3].lower()) + 1
    return datetime(year, number, int(parts.get("day", 1)))


def _zone(text: str) -> tzinfo:
    if text in _ZONES:
        return timezone(timedelta(hours=_ZONES[text]))
    sign, digits = re.sub("[a-z:]", "", text)[:1], re.sub("[^0-9]", "", text)
    if not digits:
        return UTC
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("an offset must be in -23:59..+23:59")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
