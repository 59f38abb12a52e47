"""The outline of a document: which stories it shows in which order, and what it tells and links to beside them.

Under one configuration, a document with the same outline, none of whose stories was revised since, is the same.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b

from feedsvc.feeds.archives import Section
from feedsvc.index.feeds import MonthSize
from feedsvc.model import Catalogue, Entry, Month


def outline(urls: Iterable[str], section: Section, months: Iterable[MonthSize]) -> str:
    """Return the outline of a feed's document. urls: of the stories. months: those whose sizes a page shows."""
    links = (section.previous_archive, section.next_archive, section.next_page)
    parts = [*urls, *(link.path() if link else "-" for link in links), *(f"{name} {size}" for name, size in months)]
    return _hash(parts)


def outline_list(catalogue: Catalogue) -> str:
    """Return the outline of the list of all feeds, as programs read it: without numbers of stories."""
    return _hash([f"{feed.address.feed_path} {feed.name}" for feed in catalogue.feeds])


def outline_home(catalogue: Catalogue, recent: Iterable[Entry], months: Iterable[Month]) -> str:
    """Return the outline of the page of everything. recent, months: those that it shows."""
    feeds = (f"{feed.address.feed_path} {feed.size} {feed.name}" for feed in catalogue.feeds)
    problems = (f"{problem.refuses} {problem}" for problem in catalogue.problems or ())
    archives = (f"{month.address.page_path} {month.size}" for month in months)
    return _hash([str(catalogue.updated), *feeds, *problems, *(entry.story.url for entry in recent), *archives])


def _hash(parts: list[str]) -> str:
    return urlsafe_b64encode(blake2b("\n".join(parts).encode(), digest_size=9).digest()).decode()
