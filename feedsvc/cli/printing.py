"""What commands print: results on stdout, and progress, problems and what surprises on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedsvc import api
from feedsvc.api.reports import Report
from feedsvc.errors import LossError, one_line

if TYPE_CHECKING:
    from feedsvc.build import BuildPlan
    from feedsvc.index.sync_result import SyncResult

#: Feeds that are named at most.
MOST_SHOWN = 30


def print_records(site: api.Site, result: "SyncResult") -> None:
    """Print what a build reads: problems, counts and warnings."""
    print_problems(result)
    print_counts(result)
    print_warnings(site.warnings(of_build=True))


def print_conflicts(conflicts: tuple[Path | str, ...]) -> None:
    """Print which files a build leaves as they are."""
    message = "not as feedsvc wrote it, so it stays; move it to let feedsvc write its own"
    for path in conflicts:
        click.echo(f"{path}: {message}", err=True)


def print_refusal(refusal: LossError | str | None) -> None:
    """Print why a sync or a build was refused, if it was."""
    if refusal:
        click.echo(one_line(f"feedsvc: {refusal}"), err=True)


def print_problems(result: "SyncResult") -> None:
    """Print all problems of the records, and what else a sync noticed."""
    for problem in result.problems if result.problem_count else ():
        click.echo(str(problem), err=True)
    print_notes(result.notes)


def print_notes(notes: Iterable[str]) -> None:
    """Print what may surprise, and is no problem."""
    for note in notes:
        click.echo(one_line(f"note: {note}"), err=True)


def print_json(report: Report) -> None:
    """Print a report for scripts."""
    click.echo(json.dumps(report, indent=2))  # in ASCII: control characters are escaped


def print_warnings(warnings: list[str]) -> None:
    """Print warnings of the configuration."""
    for warning in warnings:
        click.echo(one_line(f"warning: {warning}"), err=True)


def print_counts(result: "SyncResult") -> None:
    """Print how many stories and files there are."""
    if result.nothing_found:
        click.echo(one_line(result.nothing_found), err=True)
    click.echo(str(result.counts), err=True)


def print_addresses(site: api.Site) -> None:
    """Print where a service has its feeds."""
    found = site.feeds()
    size = found[0].size
    click.echo(f"Serving {size} {'story' if size == 1 else 'stories'} at {site.config.site.base_url}/")
    click.echo("Subscribe to")
    for feed in found[:MOST_SHOWN]:
        click.echo(f"  {site.urls(feed)[0]}  {feed.name}")
    if len(found) > MOST_SHOWN:
        click.echo(f"  and {len(found) - MOST_SHOWN} more feeds: see {site.config.site.base_url}/")
    click.echo("Press Ctrl-C to stop.")
    sys.stdout.flush()


def plan_lines(plan: "BuildPlan") -> list[str]:
    """Return what `feedsvc build --dry-run` says of files and feeds: of the latter, those with most that is new."""
    lines = [f"write {name}" for name in plan.to_write] + [f"remove {name}" for name in plan.to_remove]
    worst = list(plan.new.items())
    lines += [f"{number:>7} new to subscribers of {path}" for path, number in worst[:MOST_SHOWN]]
    if len(worst) > MOST_SHOWN:
        lines.append(f"        and in {len(worst) - MOST_SHOWN} more feeds: see --json")
    most = f", most in {worst[0][0]}: {worst[0][1]}" if worst else ""
    return [*lines, f"{plan.new_stories} stories new to subscribers{most}"]


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
