"""Tells a WebSub hub which feeds have changed.

WebSub (https://www.w3.org/TR/websub/) leaves it to hubs how they are told; they take what PubSubHubbub 0.4 says in
section 7.1: a form of `hub.mode=publish` and one `hub.url` for each feed. Only the hub is ever asked for anything.
"""

import logging
import random
import time
from collections.abc import Sequence
from email.message import Message
from http.client import HTTPException
from threading import Event
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from feedsvc.errors import FeedsvcError, IndexUnusableError
from feedsvc.feeds.documents import Documents
from feedsvc.index import announcements
from feedsvc.model import absolute
from feedsvc.model.version import __version__

#: Feeds that one request tells of.
BATCH = 100
#: Seconds that the hub has for each step of its answer.
TIMEOUT = 10
#: Seconds in which no other process tells what one has begun to tell; should that one be killed, another does then.
LEASE = 30
#: Seconds until what failed is tried again: at first, then twice as long each time, and at most.
FIRST_RETRY, LONGEST_RETRY = 5, 3600
#: Seconds between two looks at the index. Workers look more often, so that they deliver what the hub is told of; and
#: syncs that follow each other at once are announced together.
LOOK_SECONDS = 0.5

log = logging.getLogger("feedsvc")


class HubError(FeedsvcError):
    """The hub could not be told; `retry_after` is the seconds that it asked to wait, or 0."""

    def __init__(self, hub: str, reason: object, retry_after: int = 0) -> None:
        super().__init__(f"{hub}: {reason}; expected a WebSub hub that takes announcements (2xx)")
        self.retry_after = retry_after


def announce_changes(documents: Documents, stop: Event) -> None:
    """Tell the hub of changes, whoever syncs the index, and of what it couldn't be told before, until `stop` is set."""
    revision = -1
    while not stop.wait(LOOK_SECONDS):
        try:
            if not documents.index.is_leader():  # another node does it
                continue
            if not documents.index.is_leader():  # else each node that shares the index would tell the hub
                continue
            # Of what was noted at the last look, so that every worker has seen it, too.
            wait, reason = tell_hub(documents)
            if reason:
                log.warning("%s; trying again in %.0f s", reason, wait)
            before, revision = revision, documents.revision()
            if revision != before:
                note_changes(documents)
        except IndexUnusableError:  # which the sync tells of
            continue


def note_changes(documents: Documents) -> None:
    """Note in the index which feeds the hub is to be told of: those whose bytes changed since they were noted last.

    At first there is nothing to compare with, so all feeds are noted as told. Raises IndexUnusableError.
    """
    current = documents.current()
    with documents.index.reading() as connection:
        known = announcements.noted(connection)
    stale = [address for address, revision in current.items() if known.get(address.path, (-1, ""))[0] != revision]
    rows = []
    now = int(time.time())
    for address, document in zip(stale, documents.get_all(stale), strict=True):
        if document:  # else its last story went meanwhile
            is_told = not known or known.get(address.path, (-1, ""))[1] == document.hash
            rows.append(announcements.Row(address.path, current[address], document.hash, None if is_told else now))
    gone = known.keys() - {address.path for address in current}
    if rows or gone:
        with documents.index.writing() as connection:
            announcements.note(connection, rows, gone)


def tell_hub(documents: Documents) -> tuple[float | None, str]:
    """Tell the hub of all feeds that it is to be told of now.

    Gives the seconds until there is more to tell (None if there is nothing), and what kept it from being told, if
    anything did. Raises IndexUnusableError.
    """
    site, hub = documents.config.site, documents.config.feeds.hub
    while True:
        with documents.index.reading() as connection:
            pending = announcements.pending(connection, BATCH)
        if not pending.feeds or _wait(pending):
            return _wait(pending), ""
        with documents.index.writing() as connection:
            pending = announcements.pending(connection, BATCH)
            if not pending.feeds or _wait(pending):  # by now, another process tells it
                return _wait(pending), ""
            announcements.lease(connection, pending.feeds, int(time.time() + LEASE))
        try:
            _publish(hub, [absolute(site.base_url, address) for address, _ in pending.feeds])
        except HubError as error:
            delay = min(FIRST_RETRY * 2**pending.attempts, LONGEST_RETRY) * random.uniform(0.5, 1.5)
            delay = max(delay, min(error.retry_after, LONGEST_RETRY))
            with documents.index.writing() as connection:
                announcements.put_off(connection, int(time.time() + delay))
            return delay, str(error)
        with documents.index.writing() as connection:
            announcements.settle(connection, pending.feeds, int(time.time()))


def _wait(pending: announcements.Pending) -> float | None:
    """The seconds until the hub is to be told; None if it is now, or if there is nothing to tell."""
    wait = pending.due - time.time()
    return wait if 0 < wait <= 2 * LONGEST_RETRY else None  # longer, if the clock was set back


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        return None


_opener = build_opener(_NoRedirects)


def _publish(hub: str, urls: Sequence[str]) -> None:
    form = urlencode([("hub.mode", "publish"), *(("hub.url", url) for url in urls)]).encode()
    request = Request(hub, form, {"User-Agent": f"feedsvc/{__version__}"})
    try:
        with _opener.open(request, timeout=TIMEOUT):
            return
    except HTTPError as error:
        wait = error.headers.get("Retry-After", "")
        error.close()
        raise HubError(hub, f"answered {error.code}", int(wait) if wait.isdecimal() else 0) from error
    except (OSError, HTTPException) as error:
        raise HubError(hub, getattr(error, "reason", error)) from error
