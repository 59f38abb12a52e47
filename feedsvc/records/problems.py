"""The problems of one record file."""

from feedsvc.model import Problem

#: The most problems of one file that are listed.
MAX_PROBLEMS = 100


class Problems:
    """Collects the problems of one file, at most MAX_PROBLEMS of them and one that says so."""

    __slots__ = ("file_name", "found", "reported")

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Problem] = []
        #: The messages of `add_once`.
        self.reported: set[str] = set()

    def add(self, line: int, field: str, message: str, *, refuses: bool = False) -> None:
        """Add a problem. line: counted from 1. field: as the file has it, or empty. refuses: see `Problem`."""
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(Problem(self.file_name, line, field, message, refuses))
        elif len(self.found) == MAX_PROBLEMS:
            message = f"more than {MAX_PROBLEMS} problems in this file; the others are not listed"
            self.found.append(Problem(self.file_name, line, "", message))

    def add_once(self, line: int, field: str, value: str, message: str) -> None:
        """Add the problem of a value, if it is the first of those with this message, which speaks for all of them."""
        if message not in self.reported:
            self.reported.add(message)
            self.add(line, field, value + message)
