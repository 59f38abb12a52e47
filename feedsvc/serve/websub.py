"""Announces changed feeds to a WebSub hub.

WebSub (https://www.w3.org/TR/websub/) doesn't specify how a publisher notifies its hub. Hubs take what PubSubHubbub 0.4
specifies in section 7.1: a form with `hub.mode=publish` and one `hub.url` for each feed. Requests go to the hub alone.
"""

import hashlib
import logging
import random
import time
from collections.abc import Sequence
from http.client import HTTPException
from threading import Event
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError, IndexUnusableError, one_line
from feedsvc.feeds.documents import Documents
from feedsvc.index import announcements
from feedsvc.model import absolute
from feedsvc.model.version import __version__
from feedsvc.serve.exchange import opener

#: Feeds in one request.
BATCH = 100
#: Seconds for which a process alone may announce a batch, which is longer than an exchange with the hub can take. If it
#: is killed, another one announces the batch after that.
LEASE = 30
#: Seconds until the first retry, which are doubled with each further one, and the most that they can be.
FIRST_RETRY, LONGEST_RETRY = 5, 3600
#: Seconds between two checks of the index for changes. Workers check more often, so that they deliver what is announced
#: already; and changes that follow each other at once are announced together.
CHECK_SECONDS = 0.5

#: In the place of an address, it has the hash of the configuration that feeds were compared by.
_RULES = ""

#: Characters of what a hub says that are shown.
MAX_REASON = 200

log = logging.getLogger("feedsvc")


class HubError(FeedsvcError):
    """The hub did not accept a request; `retry_after` is the number of seconds in its answer, or 0."""

    def __init__(self, hub: str, reason: object, retry_after: int = 0) -> None:
        told = one_line(str(reason))[:MAX_REASON]
        super().__init__(f"{hub}: {told}; expected a WebSub hub that takes announcements (2xx)")
        self.retry_after = retry_after


def announce_changes(documents: Documents, stop: Event) -> None:
    """Announce changes, whichever process made them, and what could not be announced before, until `stop` is set.

    Where nodes share the index, only the leader announces.
    """
    revision = -1
    while not stop.wait(CHECK_SECONDS):
        try:
            if not documents.index.is_leader():
                continue
            # First what the last check found: every worker has seen it by now.
            wait, reason = notify_hub(documents)
            if reason:
                log.warning("%s; trying again in %.0f s", reason, wait)
            before, revision = revision, documents.revision()
            if revision != before:
                queue_changes(documents)
        except IndexUnusableError:  # which the follower logs
            continue
        except Exception:  # whichever it is, the service goes on
            log.exception("can't announce changes; trying again in %d s", FIRST_RETRY)
            stop.wait(FIRST_RETRY)


def queue_changes(documents: Documents) -> None:
    """Queue, in the index, the feeds whose bytes changed since this was called last.

    By another configuration, or version of feedsvc, all are compared. The first time there is nothing to compare with,
    and nothing is queued. Raise IndexUnusableError.
    """
    current = documents.current()
    with documents.index.reading() as connection:
        known = announcements.noted(connection)
    rules = _rules(documents.config)
    if is_other := known.pop(_RULES, (0, ""))[1] != rules:
        stale = list(current)
    else:
        stale = [address for address, revision in current.items() if known.get(address.path, (-1, ""))[0] != revision]
    rows = [announcements.Row(_RULES, 0, rules, None)] if is_other else []
    now = int(time.time())
    for address, document in zip(stale, documents.get_all(stale), strict=True):
        if document:  # else its last story went meanwhile
            is_same = not known or known.get(address.path, (-1, ""))[1] == document.hash
            rows.append(announcements.Row(address.path, current[address], document.hash, None if is_same else now))
    gone = known.keys() - {address.path for address in current}
    if rows or gone:
        with documents.index.writing() as connection:
            announcements.note(connection, rows, gone)


def _rules(config: Config) -> str:
    """Return a hash of what the bytes of feeds depend on beside the index, but for their addresses.

    To those that they have since, nobody has subscribed yet.
    """
    said = __version__, replace(config.site, base_url=""), config.labels, config.feeds, config.custom
    return hashlib.sha256(repr(said).encode()).hexdigest()


def notify_hub(documents: Documents) -> tuple[float | None, str]:
    """Announce the feeds that are queued and due.

    Return the seconds until the next ones are due, or None if none are queued, and the reason why the hub could not be
    notified, or "". Raise IndexUnusableError.
    """
    site, hub = documents.config.site, documents.config.feeds.hub
    while True:
        with documents.index.reading() as connection:
            pending = announcements.pending(connection, BATCH)
        if not pending.feeds or _wait(pending):
            return _wait(pending), ""
        with documents.index.writing() as connection:
            pending = announcements.pending(connection, BATCH)
            if not pending.feeds or _wait(pending):  # another process has the lease by now
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
    """Return the seconds until feeds are due, or None if they are, or if there are none."""
    wait = pending.due - time.time()
    return wait if 0 < wait <= 2 * LONGEST_RETRY else None  # longer, if the clock was set back


def _publish(hub: str, urls: Sequence[str]) -> None:
    """Send the hub a request that announces feeds. Raise HubError."""
    form = urlencode([("hub.mode", "publish"), *(("hub.url", url) for url in urls)]).encode()
    request = Request(hub, form, {"User-Agent": f"feedsvc/{__version__}"})
    try:
        with opener.open(request):
            return
    except HTTPError as error:
        wait = error.headers.get("Retry-After", "")
        error.close()
        raise HubError(hub, f"answered {error.code}", _seconds(wait)) from error
    except (OSError, HTTPException) as error:
        raise HubError(hub, getattr(error, "reason", error)) from error


def _seconds(wait: str) -> int:
    """Return the seconds of a Retry-After, or 0 if it is no number; of a long one, the most that are waited for."""
    if not (wait.isascii() and wait.isdecimal()):
        return 0
    return int(wait) if len(wait) < 10 else LONGEST_RETRY
