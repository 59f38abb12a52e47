"""Surveys of what a preset reads in files."""

import re
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from msgspec import Struct, field

from feedsvc.records.expressions import normal_key
from feedsvc.records.presets import find_preset
from feedsvc.records.problems import Problems
from feedsvc.records.reading import read_record
from feedsvc.records.searching import find_records
from feedsvc.records.sources import Source
from feedsvc.records.values import Fields, Found

#: The values of a file, and its text after the front matter; None if it can't be read.
FileValues: TypeAlias = tuple[Found, str] | None

#: The suffixes of files that are pages of a site.
_PAGES = (".md", ".markdown", ".mdx", ".html", ".txt")
_DRAFT = "draft"
#: What a record needs, and what that is called.
_NEEDED = (("title", "a title"), ("publishedDateTime", "a date"), ("webUrl", "an address"))


class Survey(Struct):
    """What a preset reads in files."""

    preset: str
    #: Whether only some of the files are looked at.
    is_sample: bool = False
    #: The numbers of files, of those with a record that can be published, and of such records.
    files: int = 0
    read: int = 0
    records: int = 0
    #: Whether there are more records than were looked at.
    has_more: bool = False
    #: The other files, by what their first record is or lacks.
    others: Counter[str] = field(default_factory=Counter)
    #: How often records have keys that the preset itself names.
    native: int = 0
    #: The names of the files with a record that can be published.
    names: list[str] = []

    @property
    def usable(self) -> int:
        """The number of files with a record that can be used, be it a draft."""
        return self.read + self.others[_DRAFT]

    def count_drafts(self) -> None:
        """Count drafts as read, where they are to be published."""
        self.read += self.others.pop(_DRAFT, 0)

    @property
    def lacks_fields(self) -> bool:
        """Whether no record can be used, most of them for want of a field."""
        return not self.usable and any(self.others.most_common(1)[0][0] == f"without {what}" for _, what in _NEEDED)

    def __str__(self) -> str:
        if not self.files:
            return "no record files"
        files = f"{'a sample of ' if self.is_sample else ''}{self.files:,} file{'' if self.files == 1 else 's'}"
        more = " or more" if self.has_more else ""
        records = f" ({self.records:,}{more} records)" if self.records > self.read else ""
        others = [f"{number:,} {what}" for what, number in self.others.most_common()]
        if self.others[_DRAFT] > 1:
            others = [f"{other}s" if other.endswith(_DRAFT) else other for other in others]
        return "; ".join((f"{self.read:,} of {files} read by preset {self.preset}{records}", *others))

    def add(self, name: str, values: FileValues, source: Source, most_records: int) -> None:
        """Add what a source reads in a file, of at most some records."""
        self.files += 1
        if not source.claims(name):
            self.others["left out by the preset"] += 1
            return
        if source.site and not name.lower().endswith(_PAGES):
            self.others["not a page"] += 1
            return
        if not values:
            self.others["not readable"] += 1
            return
        items, body = values
        native_keys = _native_keys(source.preset)
        published = 0
        lacks = ""
        for number, (value, _, top) in enumerate(find_records(items, body, source)):
            if number == most_records:
                self.has_more = True
                break
            if not isinstance(value, Fields):
                lacks = lacks or "without records"
                continue
            self.native += sum(normal_key(key) in native_keys for key in value)
            fields, record = read_record(value, body, top, Problems(name), source)
            if record and not (record.story.draft or record.story.deleted):
                published += 1
            elif not lacks:
                lacks = (_DRAFT if record.story.draft else "deleted") if record else _lack(fields)
        if published:
            self.read += 1
            self.records += published
            self.names.append(name)
        else:
            self.others[lacks or "without records"] += 1


@lru_cache(64)
def _native_keys(preset: str) -> frozenset[str]:
    """Return the keys that a preset itself names first in its paths."""
    texts = chain.from_iterable(find_preset(preset).expressions.values())
    return frozenset(normal_key(re.split("[.|]", text)[0]) for text in texts)


def _lack(fields: Fields) -> str:
    """Return what a record that can't be used lacks. fields: the record with the fields of feedsvc."""
    for name, what in _NEEDED:
        if name not in fields and not (name == "webUrl" and "originalUrl" in fields):
            return f"without {what}"
    return "with a value that can't be used"
