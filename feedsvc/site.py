"""The offline build: every document as a file, and only what changed is written."""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from feedsvc.config import Config
from feedsvc.documents import Document, Documents
from feedsvc.encodings import ENCODINGS, MIN_BYTES, encode
from feedsvc.index.database import batches, open_index
from feedsvc.output import (
    Made,
    Manifest,
    errors_explained,
    file_state,
    holds,
    locked,
    read_manifest,
    remove_file,
    replace_file,
    write_manifest,
)

#: The revision of no document.
NEVER = -1
#: Feeds that are made at a time.
BATCH = 16


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How many files a build wrote, found as they should be, and removed; and those of others that are in its way.

    Compressed forms count as files.
    """

    written: int
    unchanged: int
    removed: int
    in_the_way: tuple[Path, ...]


def file_name(address: str) -> str:
    """The file, relative to the output folder, for an address: a folder's page is its index.html."""
    return (address + "index.html" if address.endswith("/") else address).removeprefix("/")


def build(
    documents: Documents,
    out: Path,
    progress: Callable[[int, int], None],
    mapping: Callable[..., Iterable[Any]] = map,
) -> BuildResult:
    """Bring the files in a folder in step with the documents. Raises OutputError and IndexUnusableError.

    Each file is replaced in one step; documents whose revision a build wrote before, and whose files are as it left
    them, are not looked at. progress: called with the number of feeds looked at, and of those to look at.
    mapping: as the built-in `map`; that of Workers makes documents on all cores.
    """
    config = documents.config
    suffixes = ["", *(suffix for suffix, _ in ENCODINGS.values())] if config.build.precompress else [""]
    with errors_explained(out), locked(out):
        listing = documents.listing()  # now that no other build writes what it knew earlier or later
        before = read_manifest(out)
        after = Manifest(_stamp(config), {}, set())
        stale = []
        for revision, addresses in listing:
            made = {address: before.made[address] for address in addresses if address in before.made}
            if before.stamp == after.stamp and len(made) == len(addresses) and _are_current(out, made, revision):
                after.made |= made
            else:
                stale.append(addresses)
        unchanged = len(after.names)
        # Whatever this build may write is listed first: should it be killed, the next one knows its files.
        wanted = {file_name(address) + suffix for addresses in stale for address in addresses for suffix in suffixes}
        ours = {name for name in before.names if name not in before.claimed or os.path.lexists(out / name)}
        taken = {name for name in wanted - ours if os.path.lexists(out / name)}
        after.claimed = (ours | wanted) - taken
        if stale:
            write_manifest(out, after)
        done, written, in_the_way = 0, 0, list[Path]()
        jobs = list(batches(stale, BATCH))
        make = partial(_make, config, out, taken)
        for job, folder in zip(jobs, mapping(make, jobs), strict=True):
            after.made.update(folder.made)
            written += folder.written
            unchanged += folder.unchanged
            in_the_way += folder.in_the_way
            progress(done := done + len(job), len(stale))
        after.claimed = set()
        removed = sum(remove_file(out, name) for name in sorted(ours - after.names))
        if after != before:
            write_manifest(out, after)
    return BuildResult(written, unchanged, removed, tuple(sorted(in_the_way)))


def _stamp(config: Config) -> str:
    """Differs whenever the configuration, feedsvc's own code, or a library that writes documents does."""
    code = Path(__file__).parent
    sources = [str(path) for path in code.rglob("*.*") if path.suffix != ".pyc"]
    sources += [str(spec.origin) for spec in map(find_spec, ("feedgen", "lxml", "msgspec", "jinja2")) if spec]
    states = [(path, file_state(Path(path))) for path in sorted(sources)]
    return hashlib.sha256(repr((config, list(ENCODINGS), states)).encode()).hexdigest()


def _are_current(out: Path, made: dict[str, Made], revision: int) -> bool:
    """Whether documents of a revision are as the last build left them."""
    return all(
        each.revision == revision
        and file_name(address) in each.files
        and all(file_state(out / name) == state for name, state in each.files.items())
        for address, each in made.items()
    )


def _make(config: Config, out: Path, taken: set[str], batch: list[list[str]]) -> "_Folder":
    """Bring the files of some feeds in step. taken: the names of files that are not ours."""
    folder = _Folder(out, taken, ENCODINGS if config.build.precompress else {})
    index = open_index(config)
    try:
        addresses = [address for addresses in batch for address in addresses]
        for address, document in zip(addresses, Documents(index, config).get_all(addresses), strict=True):
            if document:  # else its last story went since the addresses were listed
                folder.put(address, document)
    finally:
        index.close()
    return folder


class _Folder:
    """The output folder during a build, and what became of its files."""

    def __init__(self, out: Path, taken: set[str], encodings: Iterable[str]) -> None:
        self.out = out
        self.taken = taken
        self.encodings = encodings
        self.made: dict[str, Made] = {}
        self.written = 0
        self.unchanged = 0
        self.in_the_way: list[Path] = []

    def put(self, address: str, document: Document) -> None:
        """Bring a document's file and its compressed forms in step."""
        obstacles = len(self.in_the_way)
        made = self.made[address] = Made(document.revision, {})
        name, body = file_name(address), document.body
        if self._bring(made, name, body, holds(self.out / name, body)) and len(body) >= MIN_BYTES:
            # A form bears its file's time: servers tell the same Last-Modified of both, and so we know a form of an
            # older body, left by a build that was killed, without compressing anything.
            _, mtime = file_state(self.out / name)
            for encoding in self.encodings:
                form = name + ENCODINGS[encoding][0]
                is_right = form not in self.taken and file_state(self.out / form)[1] == mtime
                self._bring(made, form, b"" if is_right else encode(body, encoding), is_right, mtime)
        if len(self.in_the_way) > obstacles:
            made.revision = NEVER  # so that the next build tries again

    def _bring(self, made: Made, name: str, body: bytes, is_right: bool, mtime: int | None = None) -> bool:
        """Write a file unless it is right, or one of others is in its way; whether it is right now."""
        if is_right:
            self.unchanged += 1
        elif not self._write(name, body, mtime):
            self.in_the_way.append(self.out / name)
            return False
        if name not in self.taken:
            made.files[name] = file_state(self.out / name)
        return True

    def _write(self, name: str, body: bytes, mtime: int | None) -> bool:
        if name in self.taken:
            return False
        try:
            replace_file(self.out, name, body, mtime)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            return False
        self.written += 1
        return True
