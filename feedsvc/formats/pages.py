"""The HTML pages of feeds, from Jinja templates."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from feedsvc.formats.content import language_attributes
from feedsvc.formats.initials import by_initial
from feedsvc.formats.page_stories import MONTHS, date_and_time, english_in, escaped, headlines, picture, stories
from feedsvc.formats.page_subscribing import addresses, alternates, subscribe
from feedsvc.languages import is_right_to_left
from feedsvc.model import FILTERS, Archive, Catalogue, Entry, Feed, Image, Label, Month, Page, absolute

CONTENT_TYPE = "text/html; charset=utf-8"

#: Problems that the page of everything shows.
_MAX_PROBLEMS = 100
#: Providers that are listed without being folded.
_MAX_UNFOLDED = 40


def _archive_name(archive: Archive) -> str:
    """Return what people call an archive: `June 2020`, and further parts of the month by number."""
    part = f", part {archive.part}" if archive.part > 1 else ""
    return f"{_month_name(archive)} {archive.month[:4]}{part}"


def _month_name(archive: Archive) -> str:
    return MONTHS[int(archive.month[5:]) - 1]


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    auto_reload=False,
    optimized=False,  # which takes longer than it saves: most templates are rendered a few times
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(date_and_time=date_and_time, month_name=_month_name, by_initial=by_initial)
_templates.globals.update(
    FILTERS=FILTERS,
    max_problems=_MAX_PROBLEMS,
    max_unfolded=_MAX_UNFOLDED,
    counted=_counted,
    language_attributes=lambda *languages: Markup(language_attributes(*languages)),
    alternates=alternates,
    subscribe=subscribe,
    addresses=addresses,
    is_right_to_left=is_right_to_left,
)


def write_home(catalogue: Catalogue, recent: Sequence[Entry], months: Sequence[Month]) -> bytes:
    """Return the page of the feed of everything, which lists all feeds.

    recent: the stories that it begins with. months: of its archives, newest first.
    """
    everything = catalogue.everything
    values = {
        "site": catalogue,
        "site_title": catalogue.title,
        "url": absolute(catalogue.base_url, everything.address.path()),
        "formats": catalogue.formats,
        "count": _counted(everything.size, "story", "stories"),
        "choices": {},
        "filters": "",
        "all_filters": FILTERS.values(),
        "is_hiding_pictures": _is_hiding_pictures(catalogue, recent),
        "stories": Markup(stories(recent, catalogue, "", is_whole=False)),
        "months": months,
    }
    return _render("home.html", _root("/"), catalogue.language, **values).encode()


def write_page(page: Page) -> bytes:
    """Return the page of a feed, other than that of everything without filters; of an archive, its headlines.

    What pages have in common is written once, and the values of each page are filled in: most pages differ in no more.
    """
    feed, address = page.feed, page.feed.address
    root, label = _root(address.page_path), _label(feed)
    texts = _texts(page, label)
    is_hiding_pictures = False
    if address.archive:
        html = {"stories": headlines(feed.entries, feed.language, address.kind != "providers")}
    else:
        html = {
            "stories": stories(feed.entries, feed, root),
            "icon": picture(feed.image, feed, feed.language, "icon") if feed.image else "",
            "months": _render("months.html", root, feed.language, months=page.months) if page.months else "",
        }
        is_hiding_pictures = _is_hiding_pictures(feed, feed.entries, feed.image)
    values = dict(zip(texts, escaped(texts.values()), strict=True)) | html
    template, choose = _page_template(
        "archive.html" if address.archive else "feed.html",
        root,
        feed.language,
        tuple([(name, bool(value)) for name, value in values.items()]),
        page.choices,
        all_filters=tuple(FILTERS.values()),  # to which programs may add some
        site_title=feed.site_title,
        kind=address.kind if address.slug else "",
        label=label,
        description_language=feed.description_language,
        formats=feed.formats,
        alternate_formats=feed.archive_formats if address.archive else feed.formats,
        is_hiding_pictures=is_hiding_pictures,
    )
    return template % tuple([value.encode() for value in choose(values)])


@lru_cache(100)
def _page_template(
    template: str,
    root: str,
    language: str,
    values: tuple[tuple[str, bool], ...],
    choices: tuple[tuple[str, tuple[str, ...]], ...],
    **shared: Any,
) -> tuple[bytes, Callable[[dict[str, str]], tuple[str, ...]]]:
    """Return a page with `%s` in place of each value, and what chooses these, in their order, from all by name.

    values: the name of each, and whether the page has one. choices: as in Page. shared: what else the template needs.
    """
    placeholders = {name: Markup(f"\0{name}\0") if is_there else "" for name, is_there in values}
    rendered = _render(template, root, language, choices=dict(choices), **placeholders, **shared)
    pieces = rendered.replace("%", "%%").split("\0")
    return "%s".join(pieces[::2]).encode(), itemgetter(*pieces[1::2])


def _label(feed: Feed) -> Label:
    """Return the words for the kind of a feed."""
    label: Label = getattr(feed.labels, "everything" if feed.address.kind == "feed" else feed.address.kind)
    return label


def _texts(page: Page, label: Label) -> dict[str, str]:
    """Return the texts of the page of a feed by the names that templates have for them; empty where there is none."""
    feed, address = page.feed, page.feed.address
    current, newer, older = feed.current, feed.next_archive, feed.previous_archive
    updated = feed.updated if feed.entries else None
    texts = {
        "name": feed.name if address.slug else label.text,
        "description": feed.description,
        "chosen": ", ".join(address.filters.labels),
        "filters": address.filters.query,
        "count": _counted(page.size, "story", "stories"),
        # Without the suffix of a format, and without filters.
        "url": absolute(feed.base_url, address.path()),
        "current_url": absolute(feed.base_url, current.path()),
        "updated": updated.isoformat() if updated else "",
        "updated_shown": date_and_time(updated) if updated else "",
        "archive": _archive_name(address.archive) if address.archive else "",
    }
    if address.archive:
        texts |= {
            "newest": current.page_link,
            "newer": newer.page_link if newer else "",
            "newer_name": _archive_name(newer.archive) if newer and newer.archive else "",
            "older": older.page_link if older else "",
            "older_name": _archive_name(older.archive) if older and older.archive else "",
        }
    return texts


def _is_hiding_pictures(site: Feed | Catalogue, entries: Iterable[Entry], image: Image | None = None) -> bool:
    """Return whether a page has pictures that it doesn't load unasked. image: its own."""
    return not site.pictures and (image is not None or any(entry.story.image for entry in entries))


def write_missing(
    title: str, language: str, base_url: str, path: str, shown: str, reason: str, links: Sequence[tuple[str, str]]
) -> bytes:
    """Return the page for a browser that asked for a path at which nothing is published.

    title, language, base_url: of the site. path, shown: that of the site, and what was asked for. reason: why nothing
    is there, where there is one to tell of. links: the URLs and texts of what may have been meant.
    """
    values = {"site_title": title, "base_url": base_url, "shown": shown, "reason": reason, "links": links}
    return _render("missing.html", _root(path), language, **values).encode()


def _render(template: str, root: str, language: str, **values: object) -> str:
    """Return what a template makes. root: see `_root`. language: the tag of the page's."""
    english = Markup(english_in(language))
    return _templates.get_template(template).render(root=root, language=language, english=english, **values)


def _root(path: str) -> str:
    """Return the relative path to the page of everything, below any prefix, from the page at a path in the site."""
    return "../" * (path.count("/") - 1)
