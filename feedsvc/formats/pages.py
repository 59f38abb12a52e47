"""HTML pages for people, from Jinja templates, and the style and script that they load."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.addresses import FeedAddress
from feedsvc.formats import MEDIA_TYPES
from feedsvc.model import Catalogue, Feed

#: The files that pages load, by address, as (media type, body).
ASSETS = {
    f"/assets/{name}": (f"{media_type}; charset=utf-8", (files("feedsvc.formats") / "assets" / name).read_bytes())
    for name, media_type in (("style.css", "text/css"), ("script.js", "text/javascript"), ("icon.svg", "image/svg+xml"))
}
_FORMAT_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}

_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(format_names=_FORMAT_NAMES, media_types=MEDIA_TYPES, FeedAddress=FeedAddress)


def write_home(catalogue: Catalogue) -> bytes:
    """The page of the feed of everything, which lists all feeds."""
    return _templates.get_template("home.html").render(site=catalogue, root="").encode()


def write_page(feed: Feed) -> bytes:
    """The page of a topic, provider or saved filter."""
    return _templates.get_template("feed.html").render(feed=feed, site=feed, root="../../").encode()
