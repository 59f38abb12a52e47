"""The `feedsvc` command. Results go to stdout, progress and problems to stderr.

Exit status: 0 done, 1 done with problems, 2 could not run.
"""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc import api
from feedsvc.api import losses, reports
from feedsvc.errors import FeedsvcError, IndexLostError, LossError, one_line
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

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        _open_standard_streams()
        return super().__call__(*arguments, **named)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FeedsvcError as error:
            click.echo(one_line(f"feedsvc: {error}"), err=True)
            context.exit(1 if isinstance(error, LossError) else 2)
        except KeyboardInterrupt:
            click.echo("feedsvc: interrupted", err=True)
            context.exit(130)
        except OSError as error:
            if error.errno == errno.EPIPE:  # `feedsvc feeds | head`, which click ends quietly
                raise
            click.echo(one_line(f"feedsvc: {error.filename or 'output'}: {error.strerror}"), err=True)
            context.exit(2)


def _open_standard_streams() -> None:
    """Open those of the standard streams that are closed, so that no other file gets their numbers."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


_config = click.option(
    "--config", "config_file", type=Path, help="Configuration file; default: config.toml, if there is one."
)
_records = click.argument("records", required=False)
_accept_loss = click.option(
    "--accept-loss", is_flag=True, help="Go on where more stories would go than records.max_loss lets go at once."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it, for scripts.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Publish RSS, Atom and JSON feeds from a folder of article records."""


@main.command()
@_config
@_records
@_accept_loss
def serve(config_file: Path | None, records: str | None, accept_loss: bool) -> None:
    """Serve the feeds over HTTP, following the folder of RECORDS."""
    with _site(config_file, records) as site, ExitStack() as reading:
        progress = reading.enter_context(progress_bar("Reading records"))

        def ready() -> None:
            reading.close()
            _print_addresses(site)

        site.serve(progress, ready, accept_loss=accept_loss)


@main.command()
@_config
@_records
@click.option(
    "--out", help="Folder or s3://, gs:// or az:// address to write to; default: build.out of the configuration."
)
@_accept_loss
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written, and what would be new.")
@_json
def build(
    config_file: Path | None, records: str | None, out: str | None, accept_loss: bool, dry_run: bool, as_json: bool
) -> None:
    """Write the feeds as files, from a folder of RECORDS. Only what changed is written."""
    with _site(config_file, records, out) as site:
        if dry_run:
            _plan_build(site, accept_loss, as_json)
        with progress_bar("Reading records") as progress:
            result = site.sync(progress, will_build=True, accept_loss=accept_loss)
        with progress_bar("Building") as progress:
            built = site.build(progress=progress, accept_loss=accept_loss)
        if as_json:
            _print_json(reports.report_build(site, result, built))
        else:
            _print_records(site, result)
            if built.hub_failure:
                click.echo(f"{built.hub_failure}; the next build tries again", err=True)
            _print_conflicts(built.conflicts)
            counts = f"{built.written} files written, {built.unchanged} unchanged, {built.removed} removed"
            click.echo(f"{site.config.out}: {counts}")
        faulty = result.problem_count or result.nothing_found or built.conflicts or built.hub_failure
        sys.exit(1 if faulty else 0)


def _plan_build(site: api.Site, accept_loss: bool, as_json: bool) -> None:
    """Print what `build` would do, and exit as it would."""
    with site.copy() as copy:
        refused = ""
        with progress_bar("Reading records") as progress:
            try:
                result = copy.sync(progress, will_build=True, accept_loss=accept_loss)
            except LossError as error:
                refused = str(error)
                result = copy.sync(progress, will_build=True, accept_loss=True)
        with progress_bar("Building") as progress:
            plan = copy.plan_build(progress=progress, accept_loss=accept_loss)
        plan = replace(plan, refused=refused or plan.refused)
        if as_json:
            _print_json(reports.report_plan(copy, result, plan))
        else:
            _print_records(copy, result)
            _print_conflicts(plan.conflicts)
            if plan.refused:
                click.echo(one_line(f"feedsvc: {plan.refused}"), err=True)
            for line in reports.plan_lines(plan):
                click.echo(one_line(line))
            counts = f"{len(plan.to_write)} files to write, {plan.unchanged} unchanged, {len(plan.to_remove)} to remove"
            click.echo(f"{site.config.out}: {counts}")
        faulty = result.problem_count or result.nothing_found or plan.conflicts or plan.refused
        sys.exit(1 if faulty else 0)


@main.command()
@_config
@_records
@_accept_loss
@_json
def check(config_file: Path | None, records: str | None, accept_loss: bool, as_json: bool) -> None:
    """Show every problem in every record of a folder of RECORDS."""
    with ExitStack() as stack:
        site = stack.enter_context(_site(config_file, records))
        with progress_bar("Reading records") as progress:
            try:
                result = site.sync(progress, accept_loss=accept_loss)
            except LossError as loss:
                site, result = stack.enter_context(losses.surveyed(site, loss, progress))
        _print_loss(result)
        number = result.problem_count
        if as_json:
            _print_json(reports.report_records(site, result))
        else:
            for problem in result.problems:
                click.echo(str(problem))
            _print_warnings(site.warnings())
            _print_notes([*site.notes(), *result.notes])
            _print_counts(result)
            click.echo(f"{number} problem{'' if number == 1 else 's'}", err=True)
        sys.exit(1 if number or result.nothing_found or result.loss else 0)


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
        sys.exit(1 if result.problem_count or result.loss else 0)


@main.command()
@_config
@click.argument("address")
def show(config_file: Path | None, address: str) -> None:
    """Print the document at an ADDRESS, such as '/topics/ai.atom?min_quality=60'."""
    with _synced(config_file) as (site, result):
        click.echo(site.document(address).body, nl=False)
        _print_problems(result)
        sys.exit(1 if result.problem_count or result.loss else 0)


@main.command()
@_config
@click.argument("subject", metavar="URL-OR-PATH")
@_json
def why(config_file: Path | None, subject: str, as_json: bool) -> None:
    """Explain in which feeds a story is, and why it isn't in others.

    URL-OR-PATH: its URL, or the file of its record, whose fields are shown with the keys that they come from.
    """
    with _synced(config_file) as (site, result):
        explanation = site.explain(subject)
        if as_json:
            _print_json(reports.report_explanation(explanation))
        for line in () if as_json else explanation.lines:
            click.echo(one_line(line))
        sys.exit(0 if explanation.published and not result.loss else 1)


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
def _synced(config_file: Path | None) -> "Iterator[tuple[api.Site, SyncResult]]":
    with _site(config_file) as site:
        with progress_bar("Reading records") as progress:
            try:
                result = site.sync(progress)
            except LossError as loss:
                result = losses.kept(site, loss)
        _print_loss(result)
        yield site, result


def _print_records(site: api.Site, result: "SyncResult") -> None:
    _print_problems(result)
    _print_counts(result)
    _print_warnings(site.warnings(of_build=True))


def _print_conflicts(conflicts: tuple[Path | str, ...]) -> None:
    message = "not as feedsvc wrote it, so it stays; move it to let feedsvc write its own"
    for path in conflicts:
        click.echo(f"{path}: {message}", err=True)


def _print_loss(result: "SyncResult") -> None:
    if result.loss:
        click.echo(one_line(f"feedsvc: {result.loss}"), err=True)


def _print_problems(result: "SyncResult") -> None:
    for problem in result.problems if result.problem_count else ():
        click.echo(str(problem), err=True)
    _print_notes(result.notes)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        click.echo(one_line(f"note: {note}"), err=True)


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
