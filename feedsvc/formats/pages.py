"""HTML pages for people, from Jinja templates."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.model import FILTERS, Catalogue, Feed, FeedAddress

CONTENT_TYPE = "text/html; charset=utf-8"
#: That are shown.
_MAX_PROBLEMS = 100

_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(FeedAddress=FeedAddress, FILTERS=FILTERS, max_problems=_MAX_PROBLEMS)


def write_home(catalogue: Catalogue) -> bytes:
    """The page of the feed of everything, which lists all feeds."""
    return _templates.get_template("home.html").render(site=catalogue, root="").encode()


def write_page(feed: Feed) -> bytes:
    """The page of a topic, provider or saved filter."""
    return _templates.get_template("feed.html").render(feed=feed, site=feed, root="../../").encode()
