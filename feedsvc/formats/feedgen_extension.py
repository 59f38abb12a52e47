"""The feedgen extension for links with a `rel`, archives, threads, titles in HTML, and what else feedgen lacks.

feedgen writes the links of an Atom entry without `rel`, `type` and `title`, and only one link of an RSS item. Its Atom
elements have no namespace in the tree, so neither have those that are added here.
"""

from typing import Any, TypeAlias

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.util import xml_elem

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
HISTORY_NAMESPACE = "http://purl.org/syndication/history/1.0"
THREAD_NAMESPACE = "http://purl.org/syndication/thread/1.0"

#: The attributes of a link, by name.
Attributes: TypeAlias = dict[str, str]


class FeedLinks(BaseExtension):  # type: ignore[misc]
    """The links of a feed apart from its page; its texts in HTML; whether it is an archive (RFC 5005, 4)."""

    def __init__(self) -> None:
        self.links: list[Attributes] = []
        #: Written in Atom, where texts have a type.
        self.html_title = self.html_subtitle = ""
        #: Of the subtitle in Atom, where it isn't that of the feed.
        self.subtitle_language = ""
        self.is_archive = False
        #: Whether entries may say what they reply to (RFC 4685).
        self.is_threaded = False

    def extend_ns(self) -> dict[str, str]:
        history = {"fh": HISTORY_NAMESPACE} if self.is_archive else {}
        return {**history, "thr": THREAD_NAMESPACE} if self.is_threaded else history

    def extend_atom(self, feed: Any) -> Any:
        if self.html_title:
            _set_html(feed, "title", self.html_title)
        if self.html_subtitle:
            _set_html(feed, "subtitle", self.html_subtitle)
        if self.subtitle_language:
            feed.find("subtitle").set(LANG, self.subtitle_language)
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
    """The links of an entry apart from the one to its story; its title in HTML; when it was updated, for RSS."""

    def __init__(self) -> None:
        self.links: list[Attributes] = []
        #: Written in Atom, where titles have a type.
        self.html_title = ""
        #: URLs of the stories that list a mention, written in Atom (RFC 4685, 3): they are these stories' ids, too.
        self.in_reply_to: list[str] = []
        #: Written in RSS, which has no element of its own for it.
        self.updated = ""

    def extend_atom(self, entry: Any) -> Any:
        if self.html_title:
            _set_html(entry, "title", self.html_title)
        for link in self.links:
            xml_elem("link", entry, **link)
        for url in self.in_reply_to:
            xml_elem(f"{{{THREAD_NAMESPACE}}}in-reply-to", entry, ref=url, href=url, type="text/html")
        return entry

    def extend_rss(self, item: Any) -> Any:
        if self.updated:
            xml_elem(f"{ATOM}updated", item).text = self.updated
        for link in self.links:
            xml_elem(f"{ATOM}link", item, **link)
        return item


def _set_html(parent: Any, name: str, html: str) -> None:
    element = parent.find(name)
    element.set("type", "html")
    element.text = html
