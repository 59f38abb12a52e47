"""Real readers that have subscribed to a feed of clusters: what was read stays read while a cluster grows."""

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from reader import make_reader

from tests.conftest import record, running_service, wait_until
from tests.formats.test_newsboat import Newsboat
from tests.services import put

A, B, C, OTHER = (f"https://{name}.example/" for name in ("a", "b", "c", "other"))


class Seen(NamedTuple):
    """An entry as a reader has it."""

    id: str
    is_read: bool
    content: str


class Subscriber(ABC):
    """A reader that has subscribed to one feed."""

    @abstractmethod
    def update(self) -> None:
        """Fetch the feed."""

    @abstractmethod
    def read_all(self) -> None:
        """Mark all entries as read."""

    @abstractmethod
    def entries(self) -> list[Seen]:
        """Return all entries, in the order of their ids."""

    def has(self, condition: Callable[[Seen], bool]) -> bool:
        """Return whether an entry meets a condition after another fetch: workers don't change all at once."""
        self.update()
        return any(map(condition, self.entries()))


class InNewsboat(Subscriber):
    def __init__(self, newsboat: Newsboat, url: str) -> None:
        self.newsboat = newsboat
        (newsboat.home / "urls").write_text(f'"{url}"\n')

    def update(self) -> None:
        self.newsboat.reload()

    def read_all(self) -> None:
        read = self.newsboat.home / "read"
        read.write_text("".join(f"{seen.id}\n" for seen in self.entries()))
        self.newsboat.run("-I", str(read))

    def entries(self) -> list[Seen]:
        rows = self.newsboat.rows("select guid, not unread, content from rss_item order by guid")
        return [Seen(id, bool(is_read), content) for id, is_read, content in rows]


class InReader(Subscriber):
    def __init__(self, folder: Path, url: str) -> None:
        self.reader = make_reader(str(folder / "reader.sqlite"))
        self.reader.add_feed(url)

    def update(self) -> None:
        (feed,) = self.reader.get_feeds()
        self.reader.update_feed(feed)

    def read_all(self) -> None:
        for entry in list(self.reader.get_entries()):
            self.reader.mark_entry_as_read(entry)

    def entries(self) -> list[Seen]:
        found = [
            Seen(entry.id, entry.read, "".join(part.value for part in entry.content))
            for entry in self.reader.get_entries()
        ]
        return sorted(found)


@contextmanager
def subscribed(name: str, folder: Path, url: str) -> Iterator[Subscriber]:
    folder.mkdir()
    if name == "reader":
        subscriber = InReader(folder, url)
        with closing(subscriber.reader):
            yield subscriber
    elif shutil.which("newsboat"):
        with closing(Newsboat(folder)) as newsboat:
            yield InNewsboat(newsboat, url)
    else:
        pytest.skip("newsboat isn't installed")


def links_to(title: str, seen: Seen) -> bool:
    return f">{title}</a>" in seen.content


def listing(title: str, url: str, time: str) -> str:
    return f"[{{title: {title}, webUrl: '{url}', publishedDateTime: {time}, provider: {{name: P}}}}]"


@pytest.mark.parametrize(
    ("name", "format"),
    [("newsboat", "atom"), ("newsboat", "rss"), ("reader", "atom"), ("reader", "rss"), ("reader", "json")],
)
def test_what_was_read_stays_read_and_nothing_doubles_while_a_cluster_grows(
    name: str, format: str, tmp_path: Path
) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "a.md").write_text(record("The first", A, "2020-06-01T00:00:00Z", excerpt="One."))
    (records / "other.md").write_text(record("Another", OTHER, "2020-06-03T00:00:00Z", excerpt="Two."))
    with running_service(tmp_path) as service:
        url = f"{service.base_url}/feed.{format}?related=clusters"
        with subscribed(name, tmp_path / "subscriber", url) as subscriber:
            subscriber.update()
            assert [seen[:2] for seen in subscriber.entries()] == [(A, False), (OTHER, False)]
            subscriber.read_all()

            steps = {
                "The mention": ("a.md", record("The first", A, "2020-06-01T00:00:00Z", excerpt="One.", related=listing("The mention", f"{B}m", "2020-06-02"))),
                "It joined": ("b.md", record("It joined", B, "2020-06-04T00:00:00Z", related=listing("The first", A, "2020-06-01"))),
            }  # fmt: skip
            for title, (file, text) in steps.items():
                time.sleep(1)  # libcurl, in newsboat, drops a body that has the `Last-Modified` of the one before
                put(records / file, text)
                wait_until(partial(subscriber.has, partial(links_to, title)))
                first, other = subscriber.entries()
                assert (first[:2], other[:2]) == ((A, True), (OTHER, True))
                assert links_to(title, first)
            assert first.content.index("It joined") < first.content.index("The mention")

            # So that what is new is told from what only changed: too late to join, it is an entry of its own.
            time.sleep(1)
            put(records / "c.md", record("Too late", C, "2020-06-09T00:00:00Z", related=listing("The first", A, "2020-06-01")))  # fmt: skip
            wait_until(partial(subscriber.has, lambda seen: seen.id == C))
            assert [seen[:2] for seen in subscriber.entries()] == [(A, True), (C, False), (OTHER, True)]
