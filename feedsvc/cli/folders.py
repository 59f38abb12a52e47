"""What is told of a folder of RECORDS that holds none, since something else was meant."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedsvc.cli.mistakes import meant_option
from feedsvc.errors import RecordsError

if TYPE_CHECKING:
    from feedsvc.config import Config
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


def check_any_folder(context: click.Context, config: "Config") -> None:
    """Raise RecordsError where there is nothing to begin with, with what to begin with."""
    if config.has_file or config.records_folder.exists():
        return
    usage = " ".join(context.command.collect_usage_pieces(context)[1:]).replace("[RECORDS]", "FOLDER")
    raise RecordsError(
        "there is neither a config.toml nor a folder of records here; expected `feedsvc init FOLDER` for your own, "
        f"`feedsvc init --sample` for one to look at, or a folder to read: `feedsvc {context.command.name} {usage}`"
    )


def check_any_found(result: "SyncResult", records: str | None) -> None:
    """Raise RecordsError where a build would publish RECORDS without any: it may have been meant as the output."""
    if records is not None and result.nothing_found:
        raise RecordsError(f"{result.nothing_found}; nothing was written; to write to it, use --out {records}")
