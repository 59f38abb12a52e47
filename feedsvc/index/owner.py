"""The configuration that an index belongs to. Another one would empty the index, or publish what is in it."""

import hashlib
import json
import os
from pathlib import Path

from msgspec import Struct

from feedsvc.config import DEFAULT_NAME, Config
from feedsvc.config.schema import Records
from feedsvc.errors import IndexUnusableError


class Owner(Struct, frozen=True):
    """A configuration, as an index knows it whatever is edited in it, and wherever both are moved to."""

    #: The path of the configuration's file, from `folder` on. Without a file, that of config.toml, which may be made.
    file: str
    #: The folder of the index's file; empty for an index that nodes share.
    folder: str = ""
    #: Of an index that nodes share, where it is set: each node may have a file of its own.
    base_url: str = ""
    #: A hash of what its table [records] says, of an index that nodes share.
    rules: str = ""

    @property
    def noted(self) -> str:
        """How the index notes it."""
        return json.dumps([self.file, self.base_url, self.rules])  # in ASCII, also where a name isn't UTF-8

    def has_folder(self) -> bool:
        """Return whether the folder of the configuration is there, of an index in a file."""
        return os.path.isdir(os.path.dirname(os.path.normpath(os.path.join(self.folder, self.file))))

    def check(self, noted: str, index: str) -> None:
        """Raise IndexUnusableError if an index belongs to another configuration. index: its name, for the message."""
        file, base_url, rules = json.loads(noted)
        if (file, base_url, rules) == (self.file, self.base_url, self.rules):
            return
        if self.folder:
            other, expected = os.path.normpath(os.path.join(self.folder, file)), "another file"
            is_same = _is_gone(other)
        else:
            is_same_site = base_url == self.base_url if base_url and self.base_url else file == self.file
            other = file if is_same_site else base_url or file
            expected = "another schema (?schema=NAME), or another database"
            # Nodes have the same rules for records; others are those of a preview, say, or of an edited file.
            is_same = is_same_site and (file == self.file or rules == self.rules)
        if not is_same:
            expected = f"one of its own: set index.url to {expected}"
            raise IndexUnusableError(f"{index}: the index of another configuration, {other}; expected {expected}")


def _is_gone(file: str) -> bool:
    """Return whether a configuration was moved or renamed since. There may never have been a config.toml."""
    if os.path.basename(file) == DEFAULT_NAME:
        return not os.path.isdir(os.path.dirname(file))
    return not os.path.exists(file)


def owner_of_file(config: Config, index: Path) -> Owner:
    """Return the owner of an index in a file."""
    folder = os.path.abspath(index.parent)
    return Owner(os.path.relpath(_file(config), folder), folder)


def owner_of_shared(config: Config) -> Owner:
    """Return the owner of an index that nodes share."""
    records, usual = config.records, Records()
    rules = [(key, getattr(records, key)) for key in records.__struct_fields__]
    changed = [str(config.records_folder), *(rule for rule in rules if rule[1] != getattr(usual, rule[0]))]
    base_url = config.site.base_url if config.has_base_url else ""
    return Owner(_file(config), base_url=base_url, rules=hashlib.sha256(repr(changed).encode()).hexdigest())


def _file(config: Config) -> str:
    return os.path.abspath(config.folder / config.file_name)
