"""The HTML pages of feeds, from Jinja templates."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from feedsvc.formats.content import language_attributes
from feedsvc.formats.initials import by_initial
from feedsvc.formats.stories import MONTHS, date_and_time, english_in, headlines, picture, story
from feedsvc.formats.subscribing import addresses, alternates, subscribe
from feedsvc.languages import is_right_to_left
from feedsvc.model import FILTERS, Archive, Catalogue, Entry, FeedAddress, FeedSummary, Filter, Month, Page

#: The values that are chosen, by the name of their filter.
Choices: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

CONTENT_TYPE = "text/html; charset=utf-8"

#: Problems that the page of everything shows.
_MAX_PROBLEMS = 100
#: Links to related stories that a story on the page of everything has, and that others show unfolded.
_SHOWN_LINKS = 3
#: Providers that are listed without being folded.
_MAX_UNFOLDED = 40


def _archive_name(archive: Archive) -> str:
    """Return what people call an archive: `June 2020`, and further parts of the month by number."""
    part = f", part {archive.part}" if archive.part > 1 else ""
    return f"{_month_name(archive)} {archive.month[:4]}{part}"


def _month_name(archive: Archive) -> str:
    return MONTHS[int(archive.month[5:]) - 1]


def _page(feed: FeedAddress) -> str:
    """Return the address of the page of a feed relative to the home page."""
    return quote(feed.page_path[1:]) + (f"?{feed.filters.query}" if feed.filters.items else "")


def _largest_first(feeds: Iterable[FeedSummary]) -> list[FeedSummary]:
    """Return feeds by their number of stories, those of one number in the order given."""
    return sorted(feeds, key=lambda feed: -feed.size)


_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    auto_reload=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    date_and_time=date_and_time,
    archive_name=_archive_name,
    month_name=_month_name,
    page=_page,
    largest_first=_largest_first,
    by_initial=by_initial,
)
_templates.globals.update(
    FILTERS=FILTERS,
    max_problems=_MAX_PROBLEMS,
    shown_links=_SHOWN_LINKS,
    max_unfolded=_MAX_UNFOLDED,
    language_attributes=language_attributes,
    english_in=english_in,
    picture=picture,
    story=story,
    headlines=headlines,
    alternates=alternates,
    subscribe=subscribe,
    addresses=addresses,
    is_right_to_left=is_right_to_left,
)


def write_home(catalogue: Catalogue, recent: Sequence[Entry], months: Sequence[Month] = ()) -> bytes:
    """Return the page of the feed of everything, which lists all feeds.

    recent: the stories that it begins with. months: of its archives, newest first.
    """
    values = {"site": catalogue, "site_title": catalogue.title, "recent": recent, "months": months}
    return _render("home.html", "/", catalogue.language, {**values, "choices": {}, "form": _form(())})


def write_page(page: Page) -> bytes:
    """Return the page of a feed, other than that of everything without filters; of an archive, its headlines."""
    feed = page.feed
    values = {"feed": feed, "site": feed, "site_title": feed.site_title, "size": page.size, "months": page.months}
    chosen = {"choices": dict(page.choices), "form": _form(page.choices)}
    template = "archive.html" if feed.address.archive else "feed.html"
    return _render(template, feed.address.page_path, feed.language, {**values, **chosen})


def _form(choices: Choices) -> Markup:
    """Return the form that chooses among the stories of a page, filled with what is chosen."""
    return _written_form(choices, tuple(FILTERS.values()))


# Of almost all pages, nothing is chosen.
@lru_cache(20)
def _written_form(choices: Choices, filters: tuple[Filter, ...]) -> Markup:
    return Markup(_templates.get_template("form.html").render(choices=dict(choices), filters=filters))


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
    shared = {"root": root, "language": language, "english": Markup(english_in(language))}
    return _templates.get_template(template).render(**shared, **values).encode()
