"""Times: the forms that are read, and those that are refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.records.times import instant

BERLIN = ZoneInfo("Europe/Berlin")
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-06-13T01:29:00Z", "2020-06-13T01:29:00"),
        ("2020-06-13T01:29:00.123Z", "2020-06-13T01:29:00"),
        ("2020-06-13t01:29:00,999999999z", "2020-06-13T01:29:00"),
        ("2020-06-13T01:29", "2020-06-13T01:29:00"),
        ("2020-06-13T10", "2020-06-13T10:00:00"),
        ("2020-06-13 01:29:00 +05:30", "2020-06-12T19:59:00"),
        ("2020-06-13T01:29:00-0800", "2020-06-13T09:29:00"),
        ("2020-06-13 10:00:00 -0700", "2020-06-13T17:00:00"),
        ("2020-06-13 10:00:00 UTC", "2020-06-13T10:00:00"),
        ("2020-6-3 1:29:00 -5", "2020-06-03T06:29:00"),
        ("2020-06-13T10:00:00+02:00[Europe/Berlin]", "2020-06-13T08:00:00"),
        ("2020-06-13T24:00:00Z", "2020-06-14T00:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        ("2020-06-13", "2020-06-13T00:00:00"),
        ("2020-06", "2020-06-01T00:00:00"),
        ("2020/06/13 01:29", "2020-06-13T01:29:00"),
        ("2020.06.13", "2020-06-13T00:00:00"),
        ("20200613", "2020-06-13T00:00:00"),
        ("20200613T012900Z", "2020-06-13T01:29:00"),
        ("20200613T0129+02", "2020-06-12T23:29:00"),
        ("20200613012900", "2020-06-13T01:29:00"),
        ("2020-W24-6", "2020-06-13T00:00:00"),
        ("2020W246T10:00", "2020-06-13T10:00:00"),
        ("2020-W24", "2020-06-08T00:00:00"),
        ("2020-165", "2020-06-13T00:00:00"),
        ("2020-366", "2020-12-31T00:00:00"),
        ("Sat, 13 Jun 2020 01:29:00 GMT", "2020-06-13T01:29:00"),
        ("Sat, 13 Jun 2020 01:29:00 +0200 (CEST)", "2020-06-12T23:29:00"),
        ("13 Jun 98 01:29 EST", "1998-06-13T06:29:00"),
        ("13 Jun 2020 10:00", "2020-06-13T10:00:00"),
        ("13-Jun-2020", "2020-06-13T00:00:00"),
        ("13th of June, 2020", "2020-06-13T00:00:00"),
        ("June 13, 2020", "2020-06-13T00:00:00"),
        ("JUNE 13 2020", "2020-06-13T00:00:00"),
        ("Jun. 13th, 2020", "2020-06-13T00:00:00"),
        ("Sept. 3, 2020", "2020-09-03T00:00:00"),
        ("June 2020", "2020-06-01T00:00:00"),
        ("Saturday, June 13, 2020 at 1:29 PM EST", "2020-06-13T18:29:00"),
        ("June 13, 2020, 12:05\u202fa.m.", "2020-06-13T00:05:00"),
        ("Sat Jun 13 01:29:00 2020", "2020-06-13T01:29:00"),
        ("Sat Jun 13 01:29:00 +0000 2020", "2020-06-13T01:29:00"),
        ("Sat Jun 13 2020 01:29:00 GMT+0200 (Central European Summer Time)", "2020-06-12T23:29:00"),
        ("1592011740", "2020-06-13T01:29:00"),
        ("1592011740.75", "2020-06-13T01:29:00"),
        ("1.59201174e+09", "2020-06-13T01:29:00"),
        ("1592011740123", "2020-06-13T01:29:00"),
        ("1592011740123456", "2020-06-13T01:29:00"),
        ("946684800000", "2000-01-01T00:00:00"),
        ("  2020-06-13\t01:29\n", "2020-06-13T01:29:00"),
    ],
)
def test_a_time_is_read_as_utc(value: str, expected: str) -> None:
    assert instant(value) == datetime.fromisoformat(f"{expected}Z")


@pytest.mark.parametrize(
    "value",
    [
        "yesterday", "", "10", "2020", "0", "-1592011740", "15920117401", "13/06/2020", "06.07.2020", "13 Jun", "May be", "13 Foo 2020", "June",
        "2020-06-13T", "2020-06-13 Berlin", "2020-06-13 +02:00", "2020-06-13T10:00 CEST", "20", "1:29", "2020-06-13 to 2020-06-14", "٢٠٢٠-٠٦-١٣",
        "2020/06-13", "20200613 " * 20, "1e3", "nan", "inf",
    ],
)  # fmt: skip
def test_what_has_no_one_reading_is_refused(value: str) -> None:
    with pytest.raises(
        ValueError, match=r"expected a time such as 2020-06-13T01:29:00Z, .* or seconds or milliseconds since 1970"
    ):
        instant(value)


@pytest.mark.parametrize(
    "value",
    [
        "2020-13-01", "2020-02-30", "2020-06-13T25:00", "2020-06-13T24:01", "2020-06-13T10:60", "2020-06-13T10:00:61Z", "0000-00-00 00:00:00",
        "0001-01-01T00:00:00+01:00", "9999-12-31T24:00", "9999-12-31T23:59:59-01:00", "2020-W54-1", "2021-366", "2020-000", "31 Jun 2020",
        "June 13, 2020 13:00 PM", "2020-06-13T10:00:00+99:00", "2020-06-13T10:00:00+02:75",
    ],
)  # fmt: skip
def test_a_time_that_does_not_exist_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="expected a time that exists"):
        instant(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-06-13", "2020-06-12T22:00:00"),
        ("2020-01-13 10:00", "2020-01-13T09:00:00"),
        ("2020-06-13T10:00:00", "2020-06-13T08:00:00"),
        ("June 13, 2020", "2020-06-12T22:00:00"),
        ("2020-06-13T10:00:00Z", "2020-06-13T10:00:00"),
        ("2020-06-13T10:00:00+05:00", "2020-06-13T05:00:00"),
        ("1592011740", "2020-06-13T01:29:00"),
        # The clock goes from 02:00 to 03:00: 02:30 is taken for 03:30.
        ("2020-03-29T02:30:00", "2020-03-29T01:30:00"),
        # It goes from 03:00 to 02:00: 02:30 is the first of the two.
        ("2020-10-25T02:30:00", "2020-10-25T00:30:00"),
    ],
)
def test_a_time_without_an_offset_is_in_the_time_zone(value: str, expected: str) -> None:
    assert instant(value, BERLIN) == datetime.fromisoformat(f"{expected}Z")


moments = st.datetimes(
    datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
).map(lambda moment: moment.replace(microsecond=0))  # fmt: skip
FORMS = {
    "RFC 3339": lambda moment: moment.isoformat(),
    "with a space": lambda moment: moment.isoformat(" "),
    "lower case": lambda moment: moment.isoformat().lower(),
    "with microseconds": lambda moment: moment.replace(microsecond=1).isoformat(),
    "basic": lambda moment: moment.isoformat().replace("-", "", 2).replace(":", ""),
    "week": lambda moment: "{}-W{:02}-{}".format(*moment.isocalendar()) + moment.isoformat()[10:],
    "ordinal": lambda moment: f"{moment.year}-{moment.timetuple().tm_yday:03}{moment.isoformat()[10:]}",
    "slashes": lambda moment: f"{moment.year}/{moment.month}/{moment.day} {moment.isoformat()[11:]}",
    "RFC 2822": format_datetime,
    "Ruby": lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S %z"),
    "month first": lambda moment: (
        f"{MONTHS[moment.month - 1]} {moment.day}, {moment.year} at {moment.isoformat()[11:]}"
    ),
    "twelve hours": lambda moment: (
        f"{WEEKDAYS[moment.weekday()]}, {moment.day} {MONTHS[moment.month - 1][:3]}. {moment.year} "
        f"{moment.hour % 12 or 12}:{moment.minute:02}:{moment.second:02} {'ap'[moment.hour // 12]}m {moment.isoformat()[19:]}"
    ),
    "ctime": lambda moment: (
        f"{WEEKDAYS[moment.weekday()][:3]} {MONTHS[moment.month - 1][:3]} {moment.day:2} {moment.isoformat()[11:]} {moment.year}"
    ),
}


@given(moments, st.sampled_from(sorted(FORMS)))
def test_every_form_of_a_time_is_read_as_that_time(moment: datetime, form: str) -> None:
    assert instant(FORMS[form](moment)) == moment


@given(
    st.datetimes(datetime(2002, 1, 1), datetime(2286, 1, 1), timezones=st.just(UTC)), st.sampled_from([1, 10**3, 10**6])
)
def test_a_number_since_1970_is_read_as_that_time(moment: datetime, unit: int) -> None:
    assert instant(str(int(moment.timestamp()) * unit)) == moment.replace(microsecond=0)


@given(st.dates(date(1000, 1, 1)))
def test_every_date_alone_is_its_beginning(day: date) -> None:
    for text in (day.isoformat(), f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{MONTHS[day.month - 1]} {day.day}, {day.year}"):
        assert instant(text) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(st.text(st.sampled_from("0123456789-:.,/ +tTzZwWaApmM") | st.characters(), max_size=30))
def test_any_text_is_a_time_in_utc_or_refused(text: str) -> None:
    try:
        moment = instant(text)
    except ValueError as error:
        assert str(error).startswith("expected a time ")
    else:
        assert (moment.tzinfo, moment.microsecond) == (UTC, 0)
