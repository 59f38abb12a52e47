"""The `feedsvc` command. Results go to stdout, progress and problems to stderr.

Exit status: 0 done, 1 done with problems, 2 could not run.
"""

import errno
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc import api
from feedsvc.api import reports
from feedsvc.errors import FeedsvcError, IndexLostError, one_line
from feedsvc.model.version import __version__

if TYPE_CHECKING:
    from feedsvc.index.sync_result import SyncResult

#: Feeds that `serve` prints when it starts.
MOST_SHOWN = 30


class _Command(click.Command):
    """A command that is retried once if the index is lost: it can be rebuilt from the records."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except IndexLostError:
            return super().invoke(context)


class _Commands(click.Group):
    """Commands whose errors are shown in one line."""

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
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it, for scripts.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Publish RSS, Atom and JSON feeds from a folder of article records."""


@main.command()
@_config
@_records
def serve(config_file: Path | None, records: str | None) -> None:
    """Serve the feeds over HTTP, following the folder of RECORDS."""
    with _site(config_file, records) as site, ExitStack() as reading:
        progress = reading.enter_context(progress_bar("Reading records"))

        def ready() -> None:
            reading.close()
            _print_addresses(site)

        site.serve(progress, ready)


@main.command()
@_config
@_records
@click.option(
    "--out", help="Folder or s3://, gs:// or az:// address to write to; default: build.out of the configuration."
)
@_json
def build(config_file: Path | None, records: str | None, out: str | None, as_json: bool) -> None:
    """Write the feeds as files, from a folder of RECORDS. Only what changed is written."""
    with _site(config_file, records, out) as site:
        with progress_bar("Reading records") as progress:
            result = site.sync(progress, will_build=True)
        with progress_bar("Building") as progress:
            built = site.build(progress=progress)
        if as_json:
            _print_json(reports.report_build(site, result, built))
        else:
            _print_problems(result)
            _print_counts(result)
            _print_warnings(site.warnings(of_build=True))
            if built.hub_failure:
                click.echo(f"{built.hub_failure}; the next build tries again", err=True)
            for path in built.conflicts:
                click.echo(f"{path}: not written by feedsvc, so it stays; move it to let the feed be written", err=True)
            counts = f"{built.written} files written, {built.unchanged} unchanged, {built.removed} removed"
            click.echo(f"{site.config.out}: {counts}")
        faulty = result.problem_count or result.nothing_found or built.conflicts or built.hub_failure
        sys.exit(1 if faulty else 0)


@main.command()
@_config
@_records
@_json
def check(config_file: Path | None, records: str | None, as_json: bool) -> None:
    """Show every problem in every record of a folder of RECORDS."""
    with _synced(config_file, records) as (site, result):
        number = result.problem_count
        if as_json:
            _print_json(reports.report_records(site, result))
        else:
            for problem in result.problems:
                click.echo(str(problem))
            _print_warnings(site.warnings())
            for note in [*site.notes(), *result.notes]:
                click.echo(one_line(f"note: {note}"), err=True)
            _print_counts(result)
            click.echo(f"{number} problem{'' if number == 1 else 's'}", err=True)
        sys.exit(1 if number or result.nothing_found else 0)


@main.command()
@_config
@_json
def feeds(config_file: Path | None, as_json: bool) -> None:
    """List the feeds, with their numbers of stories and addresses."""
    with _synced(config_file) as (site, result):
        if as_json:
            _print_json(reports.report_feeds(site, result))
        else:
            found = site.feeds()
            width = max(len(feed.name) for feed in found)
            for feed in found:
                click.echo(f"{feed.size:>7}  {feed.name:<{width}}  {'  '.join(site.urls(feed))}")
            _print_problems(result)
        sys.exit(1 if result.problem_count else 0)


@main.command()
@_config
@click.argument("address")
def show(config_file: Path | None, address: str) -> None:
    """Print the document at an ADDRESS, such as '/topics/ai.atom?min_quality=60'."""
    with _synced(config_file) as (site, result):
        click.echo(site.document(address).body, nl=False)
        _print_problems(result)
        sys.exit(1 if result.problem_count else 0)


@main.command()
@_config
@click.argument("subject", metavar="URL-OR-PATH")
@_json
def why(config_file: Path | None, subject: str, as_json: bool) -> None:
    """Explain in which feeds a story is, and why it isn't in others.

    URL-OR-PATH: its URL, or the file of its record, whose fields are shown with the keys that they come from.
    """
    with _synced(config_file) as (site, _):
        explanation = site.explain(subject)
        if as_json:
            _print_json(reports.report_explanation(explanation))
        for line in () if as_json else explanation.lines:
            click.echo(one_line(line))
        sys.exit(0 if explanation.published else 1)


@main.command()
@_config
@_records
def init(config_file: Path | None, records: str | None) -> None:
    """Write a commented config.toml for the records in a folder of RECORDS. It never overwrites one."""
    from feedsvc.api.init import write_config

    for line in write_config(config_file or Path("config.toml"), records).lines:
        click.echo(one_line(line))


def _site(config_file: Path | None, records: str | None = None, out: str | None = None) -> api.Site:
    from feedsvc.config import load_config

    return api.Site(load_config(config_file, records=records, out=out), processes=True)


@contextmanager
def _synced(config_file: Path | None, records: str | None = None) -> "Iterator[tuple[api.Site, SyncResult]]":
    with _site(config_file, records) as site:
        with progress_bar("Reading records") as progress:
            result = site.sync(progress)
        yield site, result


def _print_problems(result: "SyncResult") -> None:
    for problem in result.problems if result.problem_count else ():
        click.echo(str(problem), err=True)


def _print_json(report: reports.Report) -> None:
    click.echo(json.dumps(report, indent=2))  # in ASCII: control characters are escaped


def _print_warnings(warnings: list[str]) -> None:
    for warning in warnings:
        click.echo(one_line(f"warning: {warning}"), err=True)


def _print_counts(result: "SyncResult") -> None:
    if result.nothing_found:
        click.echo(one_line(result.nothing_found), err=True)
    click.echo(str(result.counts), err=True)


def _print_addresses(site: api.Site) -> None:
    found = site.feeds()
    size = found[0].size
    click.echo(f"Serving {size} {'story' if size == 1 else 'stories'}. Subscribe to")
    for feed in found[:MOST_SHOWN]:
        click.echo(f"  {site.urls(feed)[0]}  {feed.name}")
    if len(found) > MOST_SHOWN:
        click.echo(f"  and {len(found) - MOST_SHOWN} more feeds: see {site.config.site.base_url}/")
    click.echo("Press Ctrl-C to stop.")
    sys.stdout.flush()


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal, and nothing elsewhere; yield a function of the numbers done and to do."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
