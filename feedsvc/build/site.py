"""The offline build: each document as a file, of which only those that changed are written."""

import dataclasses
import hashlib
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from feedsvc.build.files import file_state
from feedsvc.build.freshness import find_fresh, is_whole
from feedsvc.build.guard import find_loss, find_shown, new_stories, note_stories
from feedsvc.build.manifest import NEVER, Manifest
from feedsvc.build.output import Groups, open_output
from feedsvc.build.output_checks import check_owner, find_owner
from feedsvc.build.writing import Map, write_stages
from feedsvc.config import Config, Index
from feedsvc.errors import LossError
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.encodings import ENCODINGS
from feedsvc.feeds.settings import published_formats

#: Called with the numbers of feeds done, and to do.
Progress: TypeAlias = Callable[[int, int], None]
#: The folder of all code of feedsvc.
PACKAGE = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True, slots=True)
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
    #: The names of the files that were written and removed, relative to the output.
    written_names: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    removed_names: tuple[str, ...] = dataclasses.field(default=(), compare=False)


class BuildPlan(Struct, frozen=True):
    """What a build would do: names of files, relative to the output, and what subscribers would see as new."""

    to_write: tuple[str, ...]
    #: The number of files that would stay as they are.
    unchanged: int
    to_remove: tuple[str, ...]
    #: As in BuildResult.
    conflicts: tuple[Path | str, ...]
    #: How many stories subscribers would see as new in each feed, by its path without suffix, the most first; feeds
    #: without any, and those that are new themselves, are left out.
    new: dict[str, int]
    #: How many stories that are, each counted once.
    new_stories: int
    #: Why the build would be refused: see `records.max_loss`; empty if it wouldn't.
    refused: str = ""


class _Done(Struct):
    """What a build did, or would do."""

    manifest: Manifest
    before: Manifest
    unchanged: int
    loss: LossError | None
    written: list[str] = []
    removed: list[str] = []
    conflicts: list[Path | str] = []


def build(
    documents: Documents,
    out: Path | str,
    progress: Progress | None = None,
    mapping: Map | None = None,
    *,
    accept_loss: bool = False,
) -> BuildResult:
    """Write the documents that changed into a directory or another output, and remove the files of those that are gone.

    Only files that are as builds left them are replaced or removed, each in one step. Documents that are fresh, by
    the manifest and the index, are not made, and their files are not read; see `freshness`.

    progress: called with the number of feeds done, and of all that are to be written.
    mapping: `Workers.map`, to write in processes that open the index themselves; without it, `documents` is used.
    accept_loss: whether it goes on where stories or another configuration's files would go.
    Raises OutputError, IndexUnusableError, and LossError before anything is written.
    """
    done = _run(documents, out, progress, mapping, accept_loss, dry_run=False)
    conflicts = tuple(sorted(done.conflicts, key=str))
    written, removed = tuple(sorted(done.written)), tuple(done.removed)
    return BuildResult(
        len(written), done.unchanged, len(removed), conflicts, written_names=written, removed_names=removed
    )


def plan(
    documents: Documents,
    out: Path | str,
    progress: Progress | None = None,
    mapping: Map | None = None,
    *,
    accept_loss: bool = False,
) -> BuildPlan:
    """Return what `build` would do, which takes as long, and writes nothing; parameters and errors are those of it.

    Loss is no error here, but noted.
    """
    done = _run(documents, out, progress, mapping, accept_loss, dry_run=True)
    new = new_stories(done.manifest, done.before)
    numbers = sorted(((path, len(hashes)) for path, hashes in new.items()), key=lambda each: (-each[1], each[0]))
    return BuildPlan(
        tuple(sorted(done.written)),
        done.unchanged,
        tuple(done.removed),
        tuple(sorted(done.conflicts, key=str)),
        dict(numbers),
        len({each for hashes in new.values() for each in hashes}),
        str(done.loss or ""),
    )


def _run(
    documents: Documents,
    out: Path | str,
    progress: Progress | None,
    mapping: Map | None,
    accept_loss: bool,
    dry_run: bool,
) -> _Done:
    """Do what `build` does, or find out what it would do."""
    config = documents.config
    output = open_output(out, config)
    with output.opened(dry_run=dry_run):
        before = output.read_manifest()
        owner, stamp = find_owner(config, output.folder), _stamp(config)
        revision = documents.revision()  # only now, so that a build which waited for another sees what that one saw
        is_same = before.stamp == stamp
        if is_same and before.owner == owner and is_whole(output, before, revision):
            return _Done(before, before, len(before.file_names), None)
        listing = documents.listing()
        if not accept_loss:
            check_owner(owner, before.owner, output.folder, str(out))
        shown = find_shown(documents, before, listing, is_same=is_same)
        loss = None if accept_loss else find_loss(documents, before, shown, str(out))
        if loss and not dry_run:
            raise loss
        manifest = Manifest(stamp, {}, set(), owner, before.feeds, before.stories)
        stale: Groups = [addresses for _, addresses in listing]
        if is_same:
            manifest.entries, stale = find_fresh(documents, output, before, listing)
        unchanged = manifest.file_names
        done = _Done(manifest, before, len(unchanged), loss)
        # All that this build may write is pending first: should it be killed, the next one knows its files.
        wanted = {name for addresses in stale for address in addresses for name in output.file_names(address.path)}
        states = {**before.states, **dict.fromkeys(before.pending)}
        to_do = wanted | (states.keys() - unchanged)
        foreign = output.foreign(to_do, states)
        ours = states.keys() - foreign
        manifest.pending = to_do - foreign
        if stale:
            output.write_manifest(manifest)
        stages = output.stages(documents.in_order_of_time(stale))
        finished, total = 0, sum(map(len, stages))
        for feeds, writer in write_stages(documents, stages, output.writer(foreign), mapping):
            output.finish(writer, manifest)
            done.written += writer.written
            done.unchanged += writer.unchanged
            done.conflicts += writer.conflicts
            finished += feeds
            if progress:
                progress(finished, total)
        manifest.pending = set()
        _keep_states(manifest, before, foreign)
        if stale or not before.feeds:
            note_stories(manifest, documents, shown)
        gone = ours - manifest.file_names
        manifest.pending = gone  # until they are removed, should that fail
        done.removed = output.remove(sorted(gone))
        done.conflicts += [output.where(name) for name in foreign - wanted]
        manifest.pending = set()
        manifest.revision = NEVER if done.conflicts else revision
        if stale or manifest != before:
            output.write_manifest(manifest)
    return done


def _stamp(config: Config) -> str:
    """Return a fingerprint of the configuration, feedsvc's own code, and the libraries that write documents."""
    files = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(PACKAGE)
        for name in names
        if not name.endswith(".pyc")
    ]
    writers = [format.write.__module__ for format in published_formats(config)]
    files += [
        str(spec.origin)
        for spec in map(find_spec, ("feedgen", "lxml", "msgspec", "jinja2", "markupsafe", *writers))
        if spec
    ]
    states = [(path, file_state(path)) for path in sorted(files)]
    config = dataclasses.replace(config, index=Index())  # which holds the same wherever it is
    return hashlib.sha256(repr((config, list(ENCODINGS), states)).encode()).hexdigest()


def _keep_states(manifest: Manifest, before: Manifest, foreign: set[str]) -> None:
    """Note the states that files were left in which others changed since: they are ours again if these change back."""
    for address, entry in before.entries.items() if foreign else ():
        changed = {name: state for name, state in entry.files.items() if name in foreign}
        if changed and address in manifest.entries:
            manifest.entries[address].revision = NEVER
            manifest.entries[address].files |= changed
