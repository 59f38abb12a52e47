"""The problems of one record file."""

from datetime import datetime
from math import inf

from msgspec import Struct

from feedsvc.model import Problem

#: The most problems of one file that are listed.
MAX_PROBLEMS = 100


class Problems(Struct):
    """Collects the problems of one file, at most MAX_PROBLEMS of them and one that says so."""

    file_name: str
    #: The time of the sync, in seconds since 1970; without it, no time is still to come.
    now: float = inf
    #: What was read is the same at any time of a sync from `since` on, and before `due`.
    since: float = -inf
    due: float = inf
    found: list[Problem] = []
    #: The messages of `add_once`.
    reported: set[str] = set()

    def add(self, line: int, field: str, message: str, *, refuses: bool = False) -> None:
        """Add a problem. line: counted from 1. field: as the file has it, or empty. refuses: see `Problem`."""
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(Problem(self.file_name, line, field, message, refuses))
        elif len(self.found) == MAX_PROBLEMS:
            message = f"more than {MAX_PROBLEMS} problems in this file; the others are not listed"
            self.found.append(Problem(self.file_name, line, "", message))

    def is_to_come(self, moment: datetime) -> bool:
        """Return whether a time is later than the sync. What is read depends on that from now on."""
        seconds = moment.timestamp()
        if seconds > self.now:
            self.due = min(self.due, seconds)
            return True
        self.since = max(self.since, seconds)
        return False

    def add_once(self, line: int, field: str, value: str, message: str) -> None:
        """Add the problem of a value, if it is the first of those with this message, which speaks for all of them."""
        if message not in self.reported:
            self.reported.add(message)
            self.add(line, field, value + message)
