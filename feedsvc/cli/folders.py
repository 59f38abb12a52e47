"""What is told of a folder of RECORDS that holds none, since something else was meant."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedsvc.cli.mistakes import meant_option
from feedsvc.errors import RecordsError

if TYPE_CHECKING:
    from feedsvc.index.sync_result import SyncResult


def check_records(command: click.Command, records: str) -> None:
    """Raise RecordsError where RECORDS is no folder, or what a build wrote, with what may have been meant instead."""
    from feedsvc.build.manifest import MANIFEST
    from feedsvc.records.files import check_folder
    from feedsvc.records.registry import suffixes

    path, meant = Path(records), meant_option(command, records)
    if path.is_file():
        if not meant and path.suffix.lower() in suffixes():
            meant = f"did you mean {path.parent}, or feedsvc why {records}?"
        raise RecordsError(f"{records}: a file; expected a folder of records{meant and f'; {meant}'}")
    try:
        check_folder(path.absolute())
    except RecordsError as error:
        raise RecordsError(f"{error}{meant and f'; {meant}'}") from error
    if (path / MANIFEST).is_file():
        raise RecordsError(f"{records}: what feedsvc build wrote; expected a folder of records{meant and f'; {meant}'}")


def check_any_found(result: "SyncResult", records: str | None) -> None:
    """Raise RecordsError where a build would publish RECORDS without any: it may have been meant as the output."""
    if records is not None and result.nothing_found:
        raise RecordsError(f"{result.nothing_found}; nothing was written; to write to it, use --out {records}")
