"""What runs beside the server: it follows the configuration, and by it the records; and it announces changes."""

import logging
import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

from feedsvc.config import Config, differences
from feedsvc.feeds.documents import Documents
from feedsvc.index.database import Index
from feedsvc.index.opening import reopen_index
from feedsvc.serve import logs
from feedsvc.serve.configuration import Changes
from feedsvc.serve.follower import Follower
from feedsvc.serve.websub import announce_changes

#: Seconds within which all workers have taken over a configuration. Until then, no document is as of its time.
TAKING_SECONDS = 1

log = logging.getLogger("feedsvc")


class Background:
    """Threads that keep a service in step with its records and its configuration.

    A changed configuration is taken over once the index is in step by it. A sync that the guard refuses leaves the
    documents as they are, with their configuration, until it is accepted, or the configuration changes again.
    """

    def __init__(
        self, config: Config, index: Index, sync_log: logs.SyncLog, configure: Callable[[tuple[Config, float]], object]
    ) -> None:
        """sync_log: with the first sync. configure: lets the workers take over a configuration, as of a time."""
        self._config, self._index, self._sync_log = config, index, sync_log
        self._configure = configure
        self._changes = Changes(config)
        self._stop = Event()
        self._announcing = Event()
        self._thread = Thread(target=self._run, name="configuration", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()

    def reload(self) -> None:
        """Read the configuration anew, and compare all records with the index."""
        self._changes.ask()

    def end(self, seconds: float) -> bool:
        """End the threads, and return whether they ended within so many seconds."""
        self._stop.set()
        self._announcing.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._announce(self._config)
        follower = self._follow(self._config) if self._config.serve.watch else None
        while config := self._changes.next(self._stop):
            if follower:
                follower.end()
            self._index = reopen_index(self._index, config)
            self._sync_log.begin_anew()
            follower = self._follow(config)
        if follower:
            follower.end()

    def _follow(self, config: Config) -> Follower:
        """Follow the records by a configuration, which is taken over then."""
        follower = Follower(config, self._index, self._sync_log, partial(self._take_over, config))
        follower.start()
        return follower

    def _take_over(self, config: Config) -> None:
        """Let all go by a configuration, by which the index is in step, unless it is the one that they go by."""
        changed = [key for key in differences(self._config, config) if not key.startswith("build.")]
        self._config = config
        if not changed:
            return
        self._configure((config, time.time() + TAKING_SECONDS))
        logs.configure(config.serve.log_format)
        self._announce(config)
        log.info("%s: taken over: %s", config.name, ", ".join(changed), extra=logs.event("config", keys=changed))

    def _announce(self, config: Config) -> None:
        """Announce changes by a configuration from now on, if it names a hub."""
        self._announcing.set()
        self._announcing = Event()
        if config.feeds.hub:
            # Nothing waits for its end: it may wait for the hub. The next service announces what is left.
            arguments = (Documents(self._index, config), self._announcing)
            Thread(target=announce_changes, args=arguments, name="announcer", daemon=True).start()
