"""The `feedsvc` command. Results go to stdout, progress and problems to stderr.

Exit status: 0 done, 1 done with problems, 2 could not run.
"""

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc.errors import FeedsvcError, IndexLostError, one_line
from feedsvc.model.version import __version__
from feedsvc.start import progress_bar, synced

if TYPE_CHECKING:
    from feedsvc.config import Config
    from feedsvc.index.database import Index
    from feedsvc.index.sync import SyncResult

# Flask, feedgen and the other libraries take half a second to import: each command imports what it needs.


class _Command(click.Command):
    """Begins once more where the index is lost on the way: what it is made from is still there."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except IndexLostError:
            return super().invoke(context)


class _Commands(click.Group):
    """Shows feedsvc's own errors in one line."""

    command_class = _Command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FeedsvcError as error:
            click.echo(one_line(f"feedsvc: {error}"), err=True)
            context.exit(2)
        except KeyboardInterrupt:
            click.echo("feedsvc: interrupted", err=True)
            context.exit(130)
        except OSError as error:
            if error.errno == errno.EPIPE:  # `feedsvc feeds | head`, which click ends quietly
                raise
            click.echo(one_line(f"feedsvc: {error.filename or 'output'}: {error.strerror}"), err=True)
            context.exit(2)


_config = click.option(
    "--config", "config_file", type=Path, help="Configuration file; default: config.toml, if there is one."
)
_records = click.argument("records", required=False)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Publish RSS and Atom feeds from a folder of article records."""


@main.command()
@_config
@_records
def serve(config_file: Path | None, records: str | None) -> None:
    """Serve the feeds over HTTP, following the folder of RECORDS."""
    from feedsvc.config import load_config
    from feedsvc.serve import logs, server

    config = load_config(config_file, records=records)
    ip = server.check_address(config.serve.host, config.serve.port)
    config, index, result = synced(config, is_followed=config.serve.watch)
    logs.configure(config.serve.log_format)
    sync_log = logs.SyncLog()
    if result.seconds:  # else another node syncs
        sync_log.add(result)
    _print_addresses(config, index)
    server.serve(config, index, ip, sync_log)


@main.command()
@_config
@_records
@click.option(
    "--out", help="Folder or s3://, gs:// or az:// address to write to; default: build.out of the configuration."
)
def build(config_file: Path | None, records: str | None, out: str | None) -> None:
    """Write the feeds as files, from a folder of RECORDS. Only what changed is written."""
    from functools import partial

    from feedsvc.build import open_output, site
    from feedsvc.config import load_config
    from feedsvc.feeds.documents import Documents, load_writers
    from feedsvc.workers import Workers

    config = load_config(config_file, records=records, out=out)
    open_output(config.out, config)  # which raises what is wrong with the address before anything is done
    with Workers(meanwhile=partial(load_writers, config)) as workers:
        config, index, result = synced(config, workers)
        with progress_bar("Building") as progress:
            documents = Documents(index, config)
            built = site.build(documents, config.out, progress, workers.map)
    failure = ""
    if config.feeds.hub:
        from feedsvc.serve import websub

        websub.queue_changes(documents)
        _, failure = websub.notify_hub(documents)
        if failure:
            click.echo(f"{failure}; the next build tries again", err=True)
    _report(result)
    for path in built.conflicts:
        click.echo(f"{path}: not written by feedsvc, so it stays; move it to let the feed be written", err=True)
    click.echo(f"{config.out}: {built.written} files written, {built.unchanged} unchanged, {built.removed} removed")
    sys.exit(1 if result.problems or built.conflicts or failure else 0)


@main.command()
@_config
@_records
def check(config_file: Path | None, records: str | None) -> None:
    """Show every problem in every record of a folder of RECORDS."""
    from feedsvc.config import load_config
    from feedsvc.feeds.selection import unknown_names

    config = load_config(config_file, records=records)
    config, index, result = synced(config)
    with index.reading() as connection:
        warnings = unknown_names(connection, config)
    for problem in result.problems:
        click.echo(str(problem))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    number = len(result.problems)
    click.echo(f"{number} problem{'' if number == 1 else 's'}", err=True)
    sys.exit(1 if result.problems else 0)


@main.command()
@_config
def feeds(config_file: Path | None) -> None:
    """List the feeds, with their numbers of stories and addresses."""
    from feedsvc.config import load_config
    from feedsvc.feeds.documents import Documents

    config = load_config(config_file)
    config, index, result = synced(config)
    catalogue = Documents(index, config).catalogue()
    width = max(len(feed.name) for feed in catalogue.feeds)
    for feed in catalogue.feeds:
        urls = [feed.address.url(catalogue.base_url, format.suffix) for format in catalogue.formats]
        click.echo(f"{feed.size:>7}  {feed.name:<{width}}  {'  '.join(urls)}")
    _report(result)
    sys.exit(1 if result.problems else 0)


@main.command()
@_config
@click.argument("address")
def show(config_file: Path | None, address: str) -> None:
    """Print the document at an ADDRESS, such as '/topics/ai.atom?min_quality=60'."""
    from urllib.parse import unquote

    from feedsvc.config import load_config
    from feedsvc.feeds.addresses import Address, Redirect
    from feedsvc.feeds.documents import Documents

    config = load_config(config_file)
    config, index, result = synced(config)
    documents = Documents(index, config)
    local = (
        address.removeprefix(config.site.base_url) if f"{address}/".startswith(f"{config.site.base_url}/") else address
    )
    path, _, query = local.partition("#")[0].partition("?")
    path = unquote(path) or "/"
    found = documents.resolve(path, query)
    document = documents.get(found) if isinstance(found, Address) else None
    if not document:
        close = [found.path] if isinstance(found, Redirect) else documents.suggestions(path)
        hint = f"did you mean {' or '.join(close)}?" if close else "expected one that `feedsvc feeds` lists"
        raise FeedsvcError(f"{address}: nothing is published at this address; {hint}")
    click.echo(document.body, nl=False)
    _report(result)
    sys.exit(1 if result.problems else 0)


@main.command()
@_config
@click.argument("subject", metavar="URL-OR-PATH")
def why(config_file: Path | None, subject: str) -> None:
    """Tell in which feeds a story is, and why it isn't in others. URL-OR-PATH: its URL, or its record's file."""
    from feedsvc.config import load_config
    from feedsvc.feeds.explanation import explain

    config = load_config(config_file)
    config, index, _ = synced(config)
    with index.reading() as connection:
        explanation = explain(connection, config, subject)
    for line in explanation.lines:
        click.echo(one_line(line))
    sys.exit(0 if explanation.published else 1)


@main.command()
@_config
def init(config_file: Path | None) -> None:
    """Write a commented config.toml. It never overwrites one."""
    from importlib.resources import files

    from feedsvc.config import DEFAULT_NAME
    from feedsvc.errors import ConfigError

    path = config_file or Path(DEFAULT_NAME)
    template = files("feedsvc.config").joinpath("template.toml").read_bytes()
    try:
        with path.open("xb") as stream:
            stream.write(template)
    except FileExistsError as error:
        raise ConfigError(f"{path}: exists already, and stays as it is; expected a new file") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a place for the configuration") from error
    click.echo(f"{path}: written")


def _report(result: "SyncResult") -> None:
    for problem in result.problems:
        click.echo(str(problem), err=True)


def _print_addresses(config: "Config", index: "Index") -> None:
    from feedsvc.feeds.documents import Documents

    catalogue = Documents(index, config).catalogue()
    size = catalogue.everything.size
    click.echo(f"Serving {size} {'story' if size == 1 else 'stories'}. Subscribe to")
    for feed in catalogue.feeds[:MOST_SHOWN]:
        click.echo(f"  {feed.address.url(catalogue.base_url, catalogue.formats[0].suffix)}  {feed.name}")
    if len(catalogue.feeds) > MOST_SHOWN:
        click.echo(f"  and {len(catalogue.feeds) - MOST_SHOWN} more feeds: see {catalogue.base_url}/")
    click.echo("Press Ctrl-C to stop.")
    sys.stdout.flush()


#: Feeds that `serve` prints when it starts.
MOST_SHOWN = 30
