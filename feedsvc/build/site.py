"""The offline build: every document as a file, and only what changed is written."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from feedsvc.build.directory import Folder, file_state
from feedsvc.build.output import Groups, Made, Manifest, Output, Writer, file_name
from feedsvc.config import Config
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.encodings import ENCODINGS
from feedsvc.index.database import batches
from feedsvc.index.opening import open_index

__all__ = ["BuildResult", "build", "file_name"]
#: Feeds that are made at a time.
BATCH = 32


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How many files a build wrote, found as they should be, and removed; and those of others that are in its way.

    Compressed forms count as files.
    """

    written: int
    unchanged: int
    removed: int
    in_the_way: tuple[Path | str, ...]


def build(
    documents: Documents,
    out: Path | str,
    progress: Callable[[int, int], None],
    mapping: Callable[..., Iterable[Any]] = map,
) -> BuildResult:
    """Bring a folder, or what is at an address of object storage, in step with the documents.

    Each file is replaced in one step; documents whose revision a build wrote before, and whose files are as it left
    them, are not looked at. progress: called with the number of feeds looked at, and of those to look at.
    mapping: as the built-in `map`; that of Workers makes documents on all cores.
    Raises OutputError and IndexUnusableError.
    """
    config = documents.config
    output = open_output(config, out)
    with output.opened():
        listing = documents.listing()  # now that no other build writes what it knew earlier or later
        before = output.read_manifest()
        after = Manifest(_stamp(config), {}, set())
        stale = []
        for revision, addresses in listing:
            made = {address: before.made[address] for address in addresses if address in before.made}
            if before.stamp == after.stamp and len(made) == len(addresses) and _are_current(output, made, revision):
                after.made |= made
            else:
                stale.append(addresses)
        unchanged = len(after.names)
        # Whatever this build may write is listed first: should it be killed, the next one knows its files.
        wanted = {name for addresses in stale for address in addresses for name in output.names(address)}
        ours = {name for name in before.names if name not in before.claimed or output.is_there(name)}
        taken = {name for name in wanted - ours if output.is_there(name)}
        after.claimed = (ours | wanted) - taken
        if stale:
            output.write_manifest(after)
        done, written, in_the_way = 0, 0, list[Path | str]()
        stages = output.stages(stale)
        total = sum(map(len, stages))
        make = partial(_make, config, output.writer(taken))
        for stage in stages:
            jobs = list(batches(stage, BATCH))
            for job, batch in zip(jobs, mapping(make, jobs), strict=True):
                output.finish(batch, after)
                written += batch.written
                unchanged += batch.unchanged
                in_the_way += batch.in_the_way
                progress(done := done + len(job), total)
        after.claimed = set()
        gone = sorted(ours - after.names)
        after.claimed = set(gone)
        removed = output.remove(gone)
        after.claimed = set()
        if stale or after != before:  # what was claimed is told by now
            output.write_manifest(after)
    return BuildResult(written, unchanged, removed, tuple(sorted(in_the_way, key=str)))


def open_output(config: Config, out: Path | str) -> Output:
    """The folder or the bucket to build into. Raises OutputError where the library for it is missing."""
    if isinstance(out, Path):
        return Folder(out, config.build.precompress)
    from feedsvc.build.bucket import Bucket  # which few need

    return Bucket(out, config)


def _stamp(config: Config) -> str:
    """Differs whenever the configuration, feedsvc's own code, or a library that writes documents does."""
    code = Path(__file__).parent.parent
    sources = [str(path) for path in code.rglob("*.*") if path.suffix != ".pyc"]
    sources += [str(spec.origin) for spec in map(find_spec, ("feedgen", "lxml", "msgspec", "jinja2")) if spec]
    states = [(path, file_state(Path(path))) for path in sorted(sources)]
    return hashlib.sha256(repr((config, list(ENCODINGS), states)).encode()).hexdigest()


def _are_current(output: Output, made: dict[str, Made], revision: int) -> bool:
    """Whether documents of a revision are as the last build left them."""
    return all(
        each.revision == revision
        and file_name(address) in each.files
        and all(output.is_as_left(name, state) for name, state in each.files.items())
        for address, each in made.items()
    )


def _make(config: Config, new_writer: Callable[[], Writer], batch: Groups) -> Writer:
    """Bring the files of some feeds in step."""
    writer = new_writer()
    index = open_index(config)
    try:
        addresses = [address for addresses in batch for address in addresses]
        for address, document in zip(addresses, Documents(index, config).get_all(addresses), strict=True):
            if document:  # else its last story went since the addresses were listed
                writer.put(address, document)
    finally:
        index.close()
    return writer
