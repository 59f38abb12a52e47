"""The HTML pages of feeds, from Jinja templates."""

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.formats.content import language_attributes
from feedsvc.languages import is_right_to_left
from feedsvc.model import FILTERS, Catalogue, Feed, FeedAddress

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
_templates.filters["date_and_time"] = _date_and_time
_templates.globals.update(
    FeedAddress=FeedAddress,
    FILTERS=FILTERS,
    max_problems=_MAX_PROBLEMS,
    language_attributes=language_attributes,
    english_in=_english_in,
    is_right_to_left=is_right_to_left,
)


def write_home(catalogue: Catalogue) -> bytes:
    """Return the page of the feed of everything, which lists all feeds."""
    return _templates.get_template("home.html").render(site=catalogue, root="").encode()


def write_page(feed: Feed) -> bytes:
    """Return the page of a topic, provider or saved filter."""
    return _templates.get_template("feed.html").render(feed=feed, site=feed, root="../../").encode()
