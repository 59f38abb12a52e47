"""Which index a configuration has, where it doesn't say so: that of its file, or one for other records than its own."""

import dataclasses
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from feedsvc.config.schema import DEFAULT_NAME, Config, Index

#: The name of the folder for indexes.
FOLDER = ".feedsvc"
#: How the names of folders begin that are in it, each for the index of other records.
OTHER = "other-"


def with_index_of_file(config: Config) -> Config:
    """Return a configuration that doesn't name its index, with one that is not that of other files in its folder."""
    if config.file_name == DEFAULT_NAME:
        return config
    name = re.sub(r"[^\w.-]", "_", config.file_name.removesuffix(".toml"))
    return dataclasses.replace(config, index=Index(url=Index().url.replace("index.", f"index-{name}.")))


def with_other_index(config: Config, records: Sequence[str]) -> Config:
    """Return a configuration with an index for other records, so that a running service keeps that of its own.

    records: what tells them from those of other such indexes.
    """
    url = config.index.url
    name = hashlib.sha256(repr([url, *records]).encode()).hexdigest()[:12]
    if config.index.is_shared:
        other = f"{url}{'&' if '?' in url else '?'}schema=feedsvc_{name}"
    else:
        folder = Path(url.removeprefix("sqlite:///")).parent
        folder = folder if folder.name == FOLDER else folder / FOLDER
        other = f"sqlite:///{folder / f'{OTHER}{name}' / 'index.sqlite3'}"
    return dataclasses.replace(config, index=Index(url=other))


def canonical_path(folder: Path | str) -> str:
    """Return the one way to write the path of a folder: absolute; a link that it is itself is not followed.

    So a link that leads to one release after the other has one index.
    """
    path = Path(folder)
    return os.path.abspath(path.parent.resolve() / path.name)
