"""The feedgen extension for what feedgen lacks: links with their `rel`, archives, and titles that hold `<` or `&`.

feedgen writes every link of an Atom entry without `rel`, `type` and `title`, and none of an RSS item's but one.
Its Atom tree bears bare names, so Atom elements are made without a namespace.
"""

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.util import xml_elem

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY_NAMESPACE = "http://purl.org/syndication/history/1.0"

#: The attributes of a link, by name.
Link = dict[str, str]


class FeedLinks(BaseExtension):  # type: ignore[misc]
    """Links of the feed beside `self` and its page, a title that is HTML, and the mark of an archive (RFC 5005, 4)."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        #: For Atom, which can say that it is HTML.
        self.html_title = ""
        self.is_archive = False

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY_NAMESPACE} if self.is_archive else {}

    def extend_atom(self, feed: Any) -> Any:
        if self.html_title:
            _set_html_title(feed, self.html_title)
        self._extend(feed, "link")
        return feed

    def extend_rss(self, rss: Any) -> Any:
        self._extend(rss[0], f"{ATOM}link")
        return rss

    def _extend(self, element: Any, name: str) -> None:
        if self.is_archive:
            xml_elem(f"{{{HISTORY_NAMESPACE}}}archive", element)
        for link in self.links:
            xml_elem(name, element, **link)


class EntryLinks(BaseEntryExtension):  # type: ignore[misc]
    """Links of an entry beside the one to its story, and a title that is HTML."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        #: For Atom, which can say that it is HTML.
        self.html_title = ""

    def extend_atom(self, entry: Any) -> Any:
        if self.html_title:
            _set_html_title(entry, self.html_title)
        for link in self.links:
            xml_elem("link", entry, **link)
        return entry

    def extend_rss(self, item: Any) -> Any:
        for link in self.links:
            xml_elem(f"{ATOM}link", item, **link)
        return item


def _set_html_title(element: Any, html: str) -> None:
    title = element.find("title")
    title.set("type", "html")
    title.text = html
