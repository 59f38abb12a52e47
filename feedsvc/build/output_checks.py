"""Refuses an output that a build must not write to: one with the records or the index, or of another configuration."""

import os
from pathlib import Path

from feedsvc.build.manifest import Owner
from feedsvc.config import Config
from feedsvc.errors import OutputError
from feedsvc.records.files import path_of, spelled_out
from feedsvc.records.sources import find_sources

_HINT = ": set build.out, or use --out"


def check_folder(out: Path, config: Config) -> None:
    """Raise OutputError for a folder that holds the records or the index, or that is among the records.

    Where the folder of records has the configuration too, as in the repository of a site, the output may be in it, as
    long as its files aren't read as records.
    """
    place = _real(out)
    for source in find_sources(config):
        folder = _real(source.folder)
        if not folder.is_dir():
            continue
        if folder.is_relative_to(place):
            raise OutputError(f"{out}: the records are in it, {source.folder}; expected a folder beside them{_HINT}")
        if place.is_relative_to(folder):
            is_read = source.claims(f"{place.relative_to(folder).as_posix()}/feed.json")
            if is_read or not _real(config.folder).is_relative_to(folder):
                raise OutputError(f"{out}: among the records in {source.folder}; expected a folder beside them{_HINT}")
    if not config.index.is_shared:
        file = config.folder / config.index.url.removeprefix("sqlite:///")
        if _real(file).is_relative_to(place):
            raise OutputError(f"{out}: the index is in it, {file}; expected a folder without it{_HINT}")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def find_owner(config: Config, folder: Path | None) -> Owner:
    """Return what the manifest says of a configuration. folder: of the output; None if it is in a bucket."""
    file = ""
    if config.has_file:
        path = config.folder / config.file_name
        file = spelled_out(os.path.relpath(_real(path), _real(folder)) if folder else path.name)
    return Owner(config.site.base_url if config.has_base_url else config.site.title, file, config.feeds.related)


def check_owner(owner: Owner, before: Owner | None, folder: Path | None, where: str) -> None:
    """Raise OutputError if another configuration made what is in the output: this one would remove all of it.

    In a folder, that is one in another file, as long as the file that the manifest names is there, and else one of
    another site. So a configuration may be edited, renamed and moved, also with the output. In a bucket, where nobody
    sees the file, it is one of another name or site.
    """
    if before is None or not before.file:
        return
    is_same_site = before.site == owner.site
    if before.file == owner.file and (folder or is_same_site):
        return
    if folder and is_same_site and not (owner.file and (folder / path_of(before.file)).exists()):
        return
    raise OutputError(
        f"{where}: another configuration, {before.file}, builds {before.site} here, all of which would go; expected an "
        "output of its own, with --out or build.out; if this one takes its place, say so with --accept-loss"
    )
