"""HTML pages for people, from Jinja templates."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from feedsvc.model import Catalogue

_templates = Environment(
    loader=PackageLoader("feedsvc.formats"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_home(catalogue: Catalogue) -> bytes:
    """The page that lists all feeds."""
    return _templates.get_template("home.html").render(catalogue=catalogue).encode()
