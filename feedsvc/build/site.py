"""The offline build: each document as a file, of which only those that changed are written."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from feedsvc.build.directory import file_state
from feedsvc.build.manifest import NEVER, Manifest, ManifestEntry, file_name
from feedsvc.build.output import Groups, Output, Writer, open_output
from feedsvc.config import Config
from feedsvc.feeds.documents import Documents, open_documents
from feedsvc.feeds.encodings import ENCODINGS
from feedsvc.feeds.selection import published_formats

#: Feeds that are written at a time.
BATCH = 32
#: The folder of all code of feedsvc.
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How many files a build wrote, found unchanged, and removed, compressed copies among them; and the conflicts.

    A conflict is the path, or the address, of a file that isn't as a build left it: one of somebody else where a file
    of the build should be, or one of a build's own, to be replaced or removed, that was changed since. It stays.
    """

    written: int
    unchanged: int
    removed: int
    conflicts: tuple[Path | str, ...]
    #: Why the hub could not be notified; empty if it was, or if there is none.
    hub_failure: str = ""


def build(
    documents: Documents,
    out: Path | str,
    progress: Callable[[int, int], None],
    mapping: Callable[..., Iterable[Any]] | None = None,
) -> BuildResult:
    """Write the documents that changed into a directory or another output, and remove the files of those that are gone.

    Only files that are as builds left them are replaced or removed, each in one step. A document is unchanged if its
    revision and the states of its files are those of the manifest; then its files are not read.

    progress: called with the number of feeds done, and of all that are to be written.
    mapping: `Workers.map`, to write in processes that open the index themselves; without it, `documents` is used.
    Raises OutputError and IndexUnusableError.
    """
    config = documents.config
    output = open_output(out, config)
    with output.opened():
        listing = documents.listing()  # only now, so that a build which waited for another sees what that one saw
        before = output.read_manifest()
        manifest = Manifest(_stamp(config), {}, set())
        stale: Groups = []
        for revision, addresses in listing:
            paths = [address.path for address in addresses]
            entries = {path: before.entries[path] for path in paths if path in before.entries}
            is_known = before.stamp == manifest.stamp and len(entries) == len(addresses)
            if is_known and _are_current(output, entries, revision):
                manifest.entries |= entries
            else:
                stale.append(addresses)
        unchanged = len(manifest.file_names)
        # All that this build may write is pending first: should it be killed, the next one knows its files.
        wanted = {name for addresses in stale for address in addresses for name in output.file_names(address.path)}
        left = {name: state for entry in before.entries.values() for name, state in entry.files.items()}
        states = {**left, **dict.fromkeys(before.pending)}
        foreign = output.foreign(wanted | (states.keys() - manifest.file_names), states)
        ours = states.keys() - foreign
        manifest.pending = (ours | wanted) - foreign
        if stale:
            output.write_manifest(manifest)
        done, written, conflicts = 0, list[str](), list[Path | str]()
        stages = output.stages(stale)
        total = sum(map(len, stages))
        write = partial(_open_and_write, config) if mapping else partial(_write_batch, documents)
        for stage in stages:
            batches = [stage[start : start + BATCH] for start in range(0, len(stage), BATCH)]
            writers = (mapping or map)(partial(write, output.writer(foreign)), batches)
            for batch, writer in zip(batches, writers, strict=True):
                output.finish(writer, manifest)
                written += writer.written
                unchanged += writer.unchanged
                conflicts += writer.conflicts
                progress(done := done + len(batch), total)
        manifest.pending = set()
        _keep_states(manifest, before, foreign)
        gone = ours - manifest.file_names
        manifest.pending = gone  # until they are removed, should that fail
        removed = output.remove(sorted(gone))
        conflicts += [output.where(name) for name in foreign - wanted]
        manifest.pending = set()
        if stale or manifest != before:
            output.write_manifest(manifest)
    return BuildResult(len(written), unchanged, len(removed), tuple(sorted(conflicts, key=str)))


def _stamp(config: Config) -> str:
    """Return a fingerprint of the configuration, feedsvc's own code, and the libraries that write documents."""
    files = [str(path) for path in PACKAGE.rglob("*.*") if path.suffix != ".pyc"]
    writers = [format.write.__module__ for format in published_formats(config)]
    files += [str(spec.origin) for spec in map(find_spec, ("feedgen", "lxml", "msgspec", "jinja2", *writers)) if spec]
    states = [(path, file_state(path)) for path in sorted(files)]
    return hashlib.sha256(repr((config, list(ENCODINGS), states)).encode()).hexdigest()


def _keep_states(manifest: Manifest, before: Manifest, foreign: set[str]) -> None:
    """Note the states that files were left in which others changed since: they are ours again if these change back."""
    for address, entry in before.entries.items():
        changed = {name: state for name, state in entry.files.items() if name in foreign}
        if changed and address in manifest.entries:
            manifest.entries[address].revision = NEVER
            manifest.entries[address].files |= changed


def _are_current(output: Output, entries: dict[str, ManifestEntry], revision: int) -> bool:
    """Return whether entries are of a revision, and all their files in the states that they have."""
    return all(
        entry.revision == revision
        and file_name(address) in entry.files
        and all(output.matches(name, state) for name, state in entry.files.items())
        for address, entry in entries.items()
    )


def _open_and_write(config: Config, new_writer: Callable[[], Writer], batch: Groups) -> Writer:
    """Write the documents of some feeds, in another process."""
    with open_documents(config) as documents:
        return _write_batch(documents, new_writer, batch)


def _write_batch(documents: Documents, new_writer: Callable[[], Writer], batch: Groups) -> Writer:
    """Write the documents of some feeds."""
    writer = new_writer()
    addresses = [address for group in batch for address in group]
    for address, document in zip(addresses, documents.get_all(addresses), strict=True):
        if document:  # else its last story went since the addresses were listed
            writer.put(address.path, document)
    return writer
