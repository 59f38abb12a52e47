"""Writes a build's documents: stretches of feeds, by this process or by several."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from feedsvc.build.output import Groups, Writer
from feedsvc.config import Config
from feedsvc.feeds.documents import Documents, open_documents

#: As the built-in `map`.
Mapping: TypeAlias = Callable[..., Iterable[Any]]

#: The feeds that a process writes at a time, at least and at most: of many, those that hold the same stories are near.
LEAST, MOST = 64, 512


def write_stages(
    documents: Documents, stages: list[Groups], new_writer: Callable[[], Writer], mapping: Mapping | None
) -> Iterator[tuple[int, Writer]]:
    """Write the documents of feeds, one stage after the other; yield each number of feeds that are done, with a writer.

    mapping: `Workers.map`, to write in processes that open the index themselves; without it, and where there is little
    to do, `documents` is used.
    """
    here = partial(_write_batch, documents, new_writer)
    elsewhere = partial(_open_and_write, documents.config, new_writer)
    for stage in stages:
        batches = _batches(stage)
        writers = mapping(elsewhere, batches) if mapping and len(batches) > 1 else map(here, batches)
        yield from zip(map(len, batches), writers, strict=True)


def _batches(stage: Groups) -> list[Groups]:
    """Return what one process after the other writes, the smallest last: so they end at nearly the same time."""
    found, start, processes = [], 0, os.cpu_count() or 1
    while start < len(stage):
        size = min(max(LEAST, (len(stage) - start) // (2 * processes)), MOST)
        found.append(stage[start : start + size])
        start += size
    return found


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
