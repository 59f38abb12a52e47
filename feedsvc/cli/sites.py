"""How commands open a site; and what they tell of RECORDS that are none, since something else was meant."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc import api
from feedsvc.cli.mistakes import meant_option, usage
from feedsvc.cli.printing import print_detail, print_refusal, print_site, progress_bar
from feedsvc.errors import ConfigError, LossError, RecordsError

if TYPE_CHECKING:
    from feedsvc.config import Config
    from feedsvc.index.sync_result import SyncResult


def open_site(
    config_file: Path | None,
    records: str | None,
    out: str | None = None,
    tables: Mapping[str, Any] | None = None,
) -> api.Site:
    """Return the site of a command's options. tables: see `load_config`. Raise ConfigError and RecordsError."""
    from feedsvc.config import load_config

    option_tables("build", out=out)  # so that an error names the option
    config = load_config(config_file, records=records, out=out, tables=tables)
    context = click.get_current_context()
    if records is None:
        _check_any_folder(context, config)
    else:
        _check_records(context, records)
    site = api.Site(config, processes=True)
    print_site(site)
    return site


def option_tables(table: str, **options: str | None) -> dict[str, Any]:
    """Return the table that options replace keys of, if any is given. Raise ConfigError, which names the options."""
    from feedsvc.config import parse_config

    given: dict[str, str | int] = {key: value for key, value in options.items() if value is not None}
    if not given:
        return {}
    for key in given.keys() & {"port", "workers"}:
        with suppress(ValueError):  # what is no number, the configuration refuses as any other value
            given[key] = int(given[key])
    tables = {table: given}
    try:
        parse_config(tables, Path())
    except ConfigError as error:
        raise ConfigError(*(problem.replace(f"{table}.", "--", 1) for problem in error.problems)) from error
    return tables


def sync(site: api.Site, *, will_build: bool = False, accept_loss: bool = False) -> "SyncResult":
    """Sync a site, and tell how many files were read, if the command is to say so; see `Site.sync`."""
    with progress_bar("Reading records") as progress:
        result = site.sync(progress, will_build=will_build, accept_loss=accept_loss)
    print_detail(f"files read: {result.read:,}, gone: {result.gone:,}")
    return result


@contextmanager
def synced_site(config_file: Path | None, records: str | None) -> "Iterator[tuple[api.Site, SyncResult]]":
    """Return the site of a command's options, in step with its records, unless too much of it would go."""
    with open_site(config_file, records) as site:
        try:
            result = sync(site)
        except LossError as loss:
            result = site.unsynced(loss)
        print_refusal(result.loss)
        yield site, result


def check_any_found(result: "SyncResult", records: str | None) -> None:
    """Raise RecordsError where a build would publish RECORDS without any: it may have been meant as the output."""
    if records is not None and result.nothing_found:
        raise RecordsError(f"{result.nothing_found}; nothing was written; to write to it, use --out {records}")


def _check_records(context: click.Context, records: str) -> None:
    """Raise RecordsError where RECORDS is no folder, or what a build wrote, with what may have been meant instead."""
    from feedsvc.build.manifest import MANIFEST
    from feedsvc.records.files import check_folder
    from feedsvc.records.registry import suffixes

    path, meant = Path(records), meant_option(context.command, records)
    first = context.params.get("address") or context.params.get("subject")
    if first and Path(first).is_dir() and not path.is_dir():
        meant = f"did you mean feedsvc {context.command.name} {records} {first}?"
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


def _check_any_folder(context: click.Context, config: "Config") -> None:
    """Raise RecordsError where there is nothing to begin with, with what to begin with."""
    if config.has_file or config.records_folder.exists():
        return
    line = usage(context).replace("[RECORDS]", "FOLDER")
    doing = "serve" if context.command.name == "serve" else "read"
    raise RecordsError(
        "there is no config.toml here, and no folder records; run `feedsvc init FOLDER` for your own records, "
        f"`{line}` to {doing} them as they are, "
        "or `feedsvc init --sample` for one to look at"
    )
