"""The HTML pages of feeds, from Jinja templates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.formats.content import language_attributes
from feedsvc.formats.initials import by_initial
from feedsvc.languages import is_right_to_left
from feedsvc.model import FILTERS, Archive, Catalogue, Entry, FeedAddress, FeedSummary, Month, Page

CONTENT_TYPE = "text/html; charset=utf-8"

#: Problems that the page of everything shows.
_MAX_PROBLEMS = 100
#: Links to related stories that a story on the page of everything has, and that others show unfolded.
_SHOWN_LINKS = 3
#: Providers that are listed without being folded.
_MAX_UNFOLDED = 40
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _date(moment: datetime) -> str:
    """Return a date in UTC as people read it, in English whatever the locale of the process, which `%B` depends on."""
    return f"{_day_and_month(moment)} {moment.year}"


def _day_and_month(day: date) -> str:
    """Return a day within a year as people read it, in English."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _date_and_time(moment: datetime) -> str:
    """Return a time in UTC as people read it, in English."""
    return f"{_date(moment)}, {moment:%H:%M} UTC"


def _archive_name(archive: Archive) -> str:
    """Return what people call an archive: `June 2020`, and further parts of the month by number."""
    part = f", part {archive.part}" if archive.part > 1 else ""
    return f"{_month_name(archive)} {archive.month[:4]}{part}"


def _month_name(archive: Archive) -> str:
    return _MONTHS[int(archive.month[5:]) - 1]


def _english_in(around: str) -> dict[str, str]:
    """Return the attributes of an element with the page's own words, which are English, by the language around it."""
    return {} if around.split("-")[0] == "en" else language_attributes("en", around)


def _by_day(entries: Iterable[Entry]) -> Iterator[tuple[date, Iterator[Entry]]]:
    """Return entries by the days on which they were published, in UTC, in the order given."""
    return groupby(entries, lambda entry: entry.story.published.date())


def _largest_first(feeds: Iterable[FeedSummary]) -> list[FeedSummary]:
    """Return feeds by their number of stories, those of one number in the order given."""
    return sorted(feeds, key=lambda feed: -feed.size)


_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    date=_date,
    date_and_time=_date_and_time,
    day_and_month=_day_and_month,
    by_day=_by_day,
    archive_name=_archive_name,
    month_name=_month_name,
    largest_first=_largest_first,
    by_initial=by_initial,
)
_templates.globals.update(
    FeedAddress=FeedAddress,
    FILTERS=FILTERS,
    max_problems=_MAX_PROBLEMS,
    shown_links=_SHOWN_LINKS,
    max_unfolded=_MAX_UNFOLDED,
    language_attributes=language_attributes,
    english_in=_english_in,
    is_right_to_left=is_right_to_left,
)


def write_home(catalogue: Catalogue, recent: Sequence[Entry], months: Sequence[Month] = ()) -> bytes:
    """Return the page of the feed of everything, which lists all feeds.

    recent: the stories that it begins with. months: of its archives, newest first.
    """
    values = {"site": catalogue, "site_title": catalogue.title, "recent": recent, "months": months, "choices": {}}
    return _render("home.html", "/", catalogue.language, values)


def write_page(page: Page) -> bytes:
    """Return the page of a feed, other than that of everything without filters; of an archive, its headlines."""
    feed = page.feed
    values = {"feed": feed, "site": feed, "site_title": feed.site_title, "size": page.size, "months": page.months}
    template = "archive.html" if feed.address.archive else "feed.html"
    return _render(template, feed.address.page_path, feed.language, {**values, "choices": dict(page.choices)})


def write_missing(
    title: str, language: str, base_url: str, path: str, shown: str, reason: str, links: Sequence[tuple[str, str]]
) -> bytes:
    """Return the page for a browser that asked for a path at which nothing is published.

    title, language, base_url: of the site. path, shown: that of the site, and what was asked for. reason: why nothing
    is there, where there is one to tell of. links: the URLs and texts of what may have been meant.
    """
    values = {"site_title": title, "base_url": base_url, "shown": shown, "reason": reason, "links": links}
    return _render("missing.html", path, language, values)


def _render(template: str, path: str, language: str, values: Mapping[str, object]) -> bytes:
    """Return a page. path: of it, in the site; language: the tag of the page's."""
    root = "../" * (path.count("/") - 1)  # the relative path to the page of everything, below any prefix
    return _templates.get_template(template).render(root=root, language=language, **values).encode()
