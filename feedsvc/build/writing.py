"""Writes a build's documents: stretches of feeds, by this process or by several."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise, zip_longest
from typing import Any, TypeAlias

from feedsvc.build.output import Groups, Writer
from feedsvc.config import Config
from feedsvc.feeds.documents import Documents
from feedsvc.index.entries import KeptEntries
from feedsvc.index.opening import open_index

#: As the built-in `map`.
Map: TypeAlias = Callable[..., Iterable[Any]]

#: The feeds that are worth several processes, and those that one of them writes at a time, at least and at most.
MANY, LEAST, MOST = 65, 16, 512


def write_stages(
    documents: Documents, stages: list[Groups], new_writer: Callable[[], Writer], mapping: Map | None
) -> Iterator[tuple[int, Writer]]:
    """Write the documents of feeds, one stage after the other; yield each number of feeds that are done, with a writer.

    mapping: `Workers.map`, to write in processes that open the index themselves; without it, and where there is little
    to do, `documents` is used.
    """
    here = partial(_write_batch, documents, KeptEntries(), new_writer)
    elsewhere = partial(_open_and_write, os.urandom(8), documents.config, new_writer)
    for stage in stages:
        batches = _batches(stage)
        writers = mapping(elsewhere, batches) if mapping and len(batches) > 1 else map(here, batches)
        yield from zip(map(len, batches), writers, strict=True)


def _batches(stage: Groups) -> list[Groups]:
    """Return what the processes write: each has a stretch of time of its own, and takes of it ever less at once.

    So each process reads and writes most stories once, and all of them end at nearly the same time.
    """
    if len(stage) < MANY:
        return [stage] if stage else []
    processes = min(os.cpu_count() or 1, len(stage) // (2 * LEAST))
    cuts = [len(stage) * number // processes for number in range(processes + 1)]
    stretches = [stage[start:end] for start, end in pairwise(cuts)]
    return [batch for batches in zip_longest(*map(_parted, stretches)) for batch in batches if batch]


def _parted(stretch: Groups) -> Iterator[Groups]:
    """Yield the parts of a stretch, each half as large as what is left of it."""
    while stretch:
        size = min(max(LEAST, len(stretch) // 2), MOST)
        yield stretch[:size]
        stretch = stretch[size:]


#: What this process, one of several, writes the documents of the last build from, by an id of the build.
_opened: dict[bytes, tuple[Documents, KeptEntries]] = {}


def _open_and_write(build: bytes, config: Config, new_writer: Callable[[], Writer], batch: Groups) -> Writer:
    """Write the documents of some feeds, in another process, which leaves the index open until the next build."""
    if build not in _opened:
        while _opened:
            _, (documents, _) = _opened.popitem()
            documents.index.close()
        _opened[build] = Documents(open_index(config), config), KeptEntries()
    return _write_batch(*_opened[build], new_writer, batch)


def _write_batch(documents: Documents, known: KeptEntries, new_writer: Callable[[], Writer], batch: Groups) -> Writer:
    """Write the documents of some feeds."""
    writer = new_writer()
    addresses = [address for group in batch for address in group]
    for address, document in zip(addresses, documents.get_all(addresses, known), strict=True):
        if document:  # else its last story went since the addresses were listed
            writer.put(address.path, document)
    return writer
