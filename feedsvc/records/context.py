"""What the values of a record mean where they don't say it themselves."""

import re
from datetime import UTC, tzinfo
from typing import Literal
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from feedsvc.text import MAX_URL

#: How content is written. "": HTML where it holds an HTML element's tag, else plain text. "mdx": Markdown with JSX.
ContentKind = Literal["", "html", "markdown", "mdx", "text"]

_CONTENT_KINDS: dict[str, ContentKind] = {
    "md": "markdown", "markdown": "markdown", "mdx": "mdx", "html": "html", "htm": "html",
}  # fmt: skip
#: A path with or without a query: no white space, no scheme, and a slash, dot or question mark. What begins as an
#: address without a scheme does (`example.org/x`) is none.
RELATIVE = re.compile(r"(?!//)(?![\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}/)(?=[^/?]*[/.?])(?![a-zA-Z][a-zA-Z0-9+.-]*:)\S+")


class Context(Struct, frozen=True):
    """What the values of a record mean where they don't say it themselves."""

    #: The URL where relative addresses start; empty where there is none.
    site: str = ""
    #: The time zone of times without an offset.
    timezone: tzinfo = UTC
    #: How the text after the front matter is written; other content in the same record may be HTML, too.
    content: ContentKind = ""
    #: Whether titles and excerpts may hold HTML, whose text counts. In records of feedsvc's own shape they don't.
    html_in_text: bool = False

    def absolute(self, address: str) -> str:
        """Return an address, where it is a relative one with the site before it. Raise NoSite without a site.

        Where the site has a path, a relative address may begin with it or not: with the site https://a.example/blog,
        both `/x.png` and `/blog/x.png` are https://a.example/blog/x.png.
        """
        if address.startswith("//"):
            return f"{urlsplit(self.site).scheme or 'https'}:{address}"
        if len(address) > MAX_URL or not RELATIVE.fullmatch(address):
            return address
        if not self.site:
            raise NoSite("expected an http or https address; for a relative one, set records.site")
        site = self.site.rstrip("/") + "/"
        begins_with_path = address.startswith(urlsplit(site).path)
        return urljoin(site, address if begins_with_path else address.lstrip("/"))


def content_kind(file_name: str) -> ContentKind:
    """Return how the text after the front matter of a file is written, by its suffix."""
    return _CONTENT_KINDS.get(file_name.rpartition(".")[2].lower(), "")


class NoSite(ValueError):
    """An address is relative, and there is no site where it could start."""
