"""What commands begin with: an index in step with the records folder."""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from feedsvc.errors import IndexReadOnlyError, one_line

if TYPE_CHECKING:
    from feedsvc.config import Config
    from feedsvc.index.database import Index
    from feedsvc.index.sync import SyncResult
    from feedsvc.workers import Workers


#: Seconds after which to look again whether another node has filled the index.
WAIT_SECONDS = 0.5


def synced(
    config: "Config", workers: "Workers | None" = None, is_followed: bool = False
) -> "tuple[Config, Index, SyncResult]":
    """The index, in step with the records folder, with the configuration that names it.

    Where it can't be written, it is another one, in a temporary folder. workers: those of the caller, to be used again.
    is_followed: whether this process is to keep it in step; then it leaves that to another node that does so already.
    """
    from feedsvc.config import Index as IndexTable
    from feedsvc.index.opening import is_new, open_index
    from feedsvc.index.sync import SyncResult, sync
    from feedsvc.records.files import check_folder
    from feedsvc.workers import Workers

    check_folder(config.records_folder)  # before anything is written
    with nullcontext(workers) if workers else Workers() as pool, progress_bar("Reading records") as progress:
        if is_new(config):  # so that all records are to be read
            pool.start()
        try:
            index = open_index(config)
            click.get_current_context().call_on_close(index.close)
            while is_followed and not index.is_leader():
                if index.is_filled():
                    return config, index, SyncResult(index)
                time.sleep(WAIT_SECONDS)
            return config, index, sync(index, config, progress, pool.map)
        except IndexReadOnlyError as error:
            click.echo(one_line(f"feedsvc: {error}; until then, a temporary one is made each time"), err=True)
        from tempfile import TemporaryDirectory

        folder = click.get_current_context().with_resource(TemporaryDirectory(prefix="feedsvc-"))
        config = dataclasses.replace(config, index=IndexTable(url=f"sqlite:///{folder}/index.sqlite3"))
        index = open_index(config)
        return config, index, sync(index, config, progress, pool.map)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere. It gives a function of the numbers done and to do."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
