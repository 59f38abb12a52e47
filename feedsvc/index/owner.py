"""The configuration that an index belongs to. Another one would empty the index, or publish what is in it."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from feedsvc.config import DEFAULT_NAME, Config
from feedsvc.errors import IndexUnusableError


@dataclass(frozen=True, slots=True)
class Owner:
    """A configuration, as an index knows it whatever is edited in it, and wherever both are moved to."""

    #: The path of the configuration's file, from `folder` on. Without a file, that of config.toml, which may be made.
    file: str
    #: The folder of the index's file; empty for an index that nodes share.
    folder: str = ""
    #: Of an index that nodes share, where it is set: each node may have a file of its own.
    base_url: str = ""

    @property
    def noted(self) -> str:
        """How the index notes it."""
        return msgspec.json.encode([self.file, self.base_url]).decode()

    def check(self, noted: str, index: str) -> None:
        """Raise IndexUnusableError if an index belongs to another configuration. index: its name, for the message."""
        if noted == self.noted:
            return
        file, base_url = msgspec.json.decode(noted, type=tuple[str, str])
        if self.folder:
            other, expected = os.path.normpath(os.path.join(self.folder, file)), "another file"
            is_same = _is_gone(other)
        else:
            other, expected = base_url or file, "another schema (?schema=NAME), or another database"
            is_same = base_url == self.base_url if base_url and self.base_url else file == self.file
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
    return Owner(_file(config), base_url=config.site.base_url if config.has_base_url else "")


def _file(config: Config) -> str:
    return os.path.abspath(config.folder / config.file_name)
