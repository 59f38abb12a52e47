"""What a sync did, and what the index holds since."""

from functools import cached_property

from msgspec import Struct

from feedsvc.config import Config
from feedsvc.errors import LossError
from feedsvc.index.counts import Counts, read_counts
from feedsvc.index.database import Index
from feedsvc.index.due import NEVER
from feedsvc.index.occurrences import read_problems
from feedsvc.model import Problem
from feedsvc.records.files import LINK
from feedsvc.records.presets import find_preset
from feedsvc.records.registry import suffixes


class SyncResult(Struct, frozen=True, dict=True):
    """What a sync did, and what the index holds since."""

    index: Index
    config: Config
    #: The name of the records.
    source: str
    #: The numbers of files that had changed, and of files that are gone.
    read: int = 0
    gone: int = 0
    #: The problems that files have now and did not have before, by file.
    new_problems: tuple[Problem, ...] = ()
    #: The number of all problems.
    problem_count: int = 0
    #: The duration.
    seconds: float = 0
    #: When a story will be due next, in seconds since 1970.
    next_due: int = NEVER
    #: What the sync did that may surprise, and is no problem: the clusters that have new ids since.
    notes: tuple[str, ...] = ()
    #: Whether it filled an index that was empty.
    is_first: bool = False
    #: Why the index of the configuration is not in step, if too much of what is published would have gone.
    loss: LossError | None = None

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, by file: read from the index when first asked for. Raises IndexUnusableError."""
        with self.index.reading() as connection:
            return read_problems(connection)

    @cached_property
    def counts(self) -> Counts:
        """The numbers of all records and files: read from the index when first asked for. Raises IndexUnusableError."""
        with self.index.reading() as connection:
            return read_counts(connection, self.config.feeds.counted)

    @property
    def nothing_found(self) -> str:
        """What there is in a folder of which no record file is read, as a message; empty if one is."""
        if self.counts.files:
            return ""
        left_out = sum(number for suffix, number in self.counts.passed_over.items() if suffix in suffixes())
        tables = self.config.sources
        keys = [f"records.{key}" for key in ("include", "exclude") if any(getattr(each, key) for each in tables)]
        presets = dict.fromkeys(each.preset for each in tables)
        keys += [f"the preset {name}" for name in presets if find_preset(name).include or find_preset(name).exclude]
        if left_out and keys:  # else they are feedsvc's own
            files = "the only record file is" if left_out == 1 else f"all {left_out:,} record files are"
            return f"{self.source}: {files} left out by {' and '.join(keys)}"
        number = sum(self.counts.passed_over.values())
        there = f"there {'is' if number < 2 else 'are'} {self.counts.kinds() or 'nothing else'}"
        expected = "files, not links, whose names" if LINK in self.counts.passed_over else "names that"
        return f"{self.source}: no record files; {there}; expected {expected} end in {', '.join(suffixes())}"
