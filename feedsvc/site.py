"""The offline build: every document as a file, and only what changed is written."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from feedsvc.config import Config
from feedsvc.documents import Document, Documents
from feedsvc.encodings import ENCODINGS, MIN_BYTES, encode
from feedsvc.errors import OutputError
from feedsvc.index.database import batches, open_index

#: Tells of the files that builds wrote into a folder: no other file there is ever replaced or removed.
MANIFEST = ".feedsvc.json"
_LOCK = ".feedsvc.lock"
_TEMPORARY = ".feedsvc.{}.tmp"
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


class _Made(msgspec.Struct, array_like=True):
    """A document as a build left it."""

    #: Of the document.
    revision: int
    #: Of its file and its compressed forms, by name: size, and time of last change in nanoseconds.
    files: dict[str, tuple[int, int]]


class _Manifest(msgspec.Struct):
    #: Stands for all that documents are made with, beside the index.
    stamp: str
    #: By address.
    made: dict[str, _Made]
    #: Further files, which a build was about to write when it was killed.
    claimed: set[str]

    @property
    def names(self) -> set[str]:
        """All files that are ours."""
        return {name for made in self.made.values() for name in made.files} | self.claimed


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
    listing = documents.listing()
    with _explained(out), _locked(out):
        before = _read_manifest(out)
        after = _Manifest(_stamp(config), {}, set())
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
            _write_manifest(out, after)
        done, written, in_the_way = 0, 0, list[Path]()
        jobs = list(batches(stale, BATCH))
        try:
            make = partial(_make, config, out, taken)
            for job, folder in zip(jobs, mapping(make, jobs), strict=True):
                after.made.update(folder.made)
                written += folder.written
                unchanged += folder.unchanged
                in_the_way += folder.in_the_way
                progress(done := done + len(job), len(stale))
        except OSError:
            after.claimed = {name for name in after.claimed if os.path.lexists(out / name)}  # the rest is not ours
            _write_manifest(out, after)
            raise
        after.claimed = set()
        removed = sum(_remove(out, name) for name in sorted(ours - after.names))
        if after != before:
            _write_manifest(out, after)
    return BuildResult(written, unchanged, removed, tuple(sorted(in_the_way)))


def _stamp(config: Config) -> str:
    """Differs whenever the configuration, feedsvc's own code, or a library that writes documents does."""
    code = Path(__file__).parent
    sources = [str(path) for path in code.rglob("*.*") if path.suffix != ".pyc"]
    sources += [str(spec.origin) for spec in map(find_spec, ("feedgen", "lxml", "msgspec", "jinja2")) if spec]
    states = [(path, _state(Path(path))) for path in sorted(sources)]
    return hashlib.sha256(repr((config, list(ENCODINGS), states)).encode()).hexdigest()


def _are_current(out: Path, made: dict[str, _Made], revision: int) -> bool:
    """Whether documents of a revision are as the last build left them."""
    return all(
        each.revision == revision
        and file_name(address) in each.files
        and all(_state(out / name) == state for name, state in each.files.items())
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
        self.made: dict[str, _Made] = {}
        self.written = 0
        self.unchanged = 0
        self.in_the_way: list[Path] = []

    def put(self, address: str, document: Document) -> None:
        """Bring a document's file and its compressed forms in step."""
        obstacles = len(self.in_the_way)
        made = self.made[address] = _Made(document.revision, {})
        name, body = file_name(address), document.body
        if self._bring(made, name, body, _holds(self.out / name, body)) and len(body) >= MIN_BYTES:
            # A form bears its file's time: servers tell the same Last-Modified of both, and so we know a form of an
            # older body, left by a build that was killed, without compressing anything.
            _, mtime = _state(self.out / name)
            for encoding in self.encodings:
                form = name + ENCODINGS[encoding][0]
                is_right = form not in self.taken and _state(self.out / form)[1] == mtime
                self._bring(made, form, b"" if is_right else encode(body, encoding), is_right, mtime)
        if len(self.in_the_way) > obstacles:
            made.revision = NEVER  # so that the next build tries again

    def _bring(self, made: _Made, name: str, body: bytes, is_right: bool, mtime: int | None = None) -> bool:
        """Write a file unless it is right, or one of others is in its way; whether it is right now."""
        if is_right:
            self.unchanged += 1
        elif not self._write(name, body, mtime):
            self.in_the_way.append(self.out / name)
            return False
        if name not in self.taken:
            made.files[name] = _state(self.out / name)
        return True

    def _write(self, name: str, body: bytes, mtime: int | None) -> bool:
        if name in self.taken:
            return False
        try:
            _replace(self.out, name, body, mtime)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            _temporary(self.out).unlink(missing_ok=True)
            return False
        self.written += 1
        return True


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or out
        raise OutputError(f"{path}: {error.strerror}; expected a folder that can be written") from error


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Make the folder, and keep other builds out of it meanwhile. What killed ones left half-written is removed."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / _LOCK, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in out.glob(_TEMPORARY.format("*")):
            left.unlink(missing_ok=True)
        yield


def _read_manifest(out: Path) -> _Manifest:
    try:
        manifest = msgspec.json.decode((out / MANIFEST).read_bytes(), type=_Manifest)
    except FileNotFoundError:
        return _Manifest("", {}, set())
    except msgspec.MsgspecError:
        manifest = None
    if manifest is None or not all(map(_is_inside, manifest.names)):
        raise OutputError(f"{out / MANIFEST}: not a list of feedsvc's files; restore it, or build into an empty folder")
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write_manifest(out: Path, manifest: _Manifest) -> None:
    _replace(out, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1))


def _holds(path: Path, body: bytes) -> bool:
    """Whether a file is there with these bytes."""
    size, _ = _state(path)
    return size == len(body) and path.is_file() and path.read_bytes() == body


def _state(path: Path) -> tuple[int, int]:
    """Size and time of last change, in nanoseconds, of a file; (-1, -1) if there is none."""
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _temporary(out: Path) -> Path:
    return out / _TEMPORARY.format(os.getpid())


def _replace(out: Path, name: str, body: bytes, mtime: int | None = None) -> None:
    """Write a file in one step. mtime: the time that it bears, in nanoseconds; now without it."""
    path, temporary = out / name, _temporary(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(body)
    if mtime is not None:
        os.utime(temporary, ns=(mtime, mtime))
    os.replace(temporary, path)


def _remove(out: Path, name: str) -> bool:
    """Remove a file, and the folders that it leaves empty; whether it was there."""
    path = out / name
    if not path.is_file():
        return False
    path.unlink()
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()
    return True
