"""The HTML pages of feeds, from Jinja templates."""

from collections.abc import Sequence
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.formats.content import language_attributes
from feedsvc.languages import is_right_to_left
from feedsvc.model import FILTERS, Archive, Catalogue, FeedAddress, Month, Page

CONTENT_TYPE = "text/html; charset=utf-8"

#: Problems that the page of everything shows.
_MAX_PROBLEMS = 100
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _date_and_time(moment: datetime) -> str:
    """Return a time in UTC as people read it, in English whatever the locale of the process, which `%B` depends on."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def _archive_name(archive: Archive) -> str:
    """Return what people call an archive: `June 2020`, and further parts of the month by number."""
    part = f", part {archive.part}" if archive.part > 1 else ""
    return f"{_month_name(archive)} {archive.month[:4]}{part}"


def _month_name(archive: Archive) -> str:
    return _MONTHS[int(archive.month[5:]) - 1]


def _english_in(around: str) -> dict[str, str]:
    """Return the attributes of an element with the page's own words, which are English, by the language around it."""
    return {} if around.split("-")[0] == "en" else language_attributes("en", around)


_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(date_and_time=_date_and_time, archive_name=_archive_name, month_name=_month_name)
_templates.globals.update(
    FeedAddress=FeedAddress,
    FILTERS=FILTERS,
    max_problems=_MAX_PROBLEMS,
    language_attributes=language_attributes,
    english_in=_english_in,
    is_right_to_left=is_right_to_left,
)


def write_home(catalogue: Catalogue, months: Sequence[Month] = ()) -> bytes:
    """Return the page of the feed of everything, which lists all feeds. months: of its archives, newest first."""
    values = {"site": catalogue, "months": months, "choices": {}}
    return _templates.get_template("home.html").render(root="", **values).encode()


def write_page(page: Page) -> bytes:
    """Return the page of a feed, other than that of everything without filters, or of an archive."""
    root = _root(page.feed.address.page_path)
    values = {"feed": page.feed, "size": page.size, "months": page.months, "choices": dict(page.choices)}
    return _templates.get_template("feed.html").render(site=page.feed, root=root, **values).encode()


def write_missing(
    title: str, base_url: str, path: str, shown: str, reason: str, links: Sequence[tuple[str, str]]
) -> bytes:
    """Return the page for a browser that asked for a path at which nothing is published.

    title, base_url: of the site. path, shown: that of the site, and what was asked for. reason: why nothing is there,
    where there is one to tell of. links: the URLs and texts of what may have been meant.
    """
    values = {"title": title, "base_url": base_url, "shown": shown, "reason": reason, "links": links}
    return _templates.get_template("missing.html").render(root=_root(path), **values).encode()


def _root(path: str) -> str:
    """Return the relative path from a page to the home page, below any prefix."""
    return "../" * (path.count("/") - 1)
