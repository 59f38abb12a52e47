"""What commands print: results on stdout, and progress, problems and what surprises on stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedsvc import api
from feedsvc.api.reports import Report
from feedsvc.errors import LossError, one_line

if TYPE_CHECKING:
    from feedsvc.build import BuildPlan
    from feedsvc.index.sync_result import SyncResult

#: Feeds that are named at most.
MOST_SHOWN = 30


class Detail(IntEnum):
    """How much is printed beside results and what is wrong."""

    LITTLE = -1
    USUAL = 0
    MUCH = 1


def set_detail(context: click.Context, detail: Detail) -> None:
    """Set how much a command prints."""
    context.meta[__name__] = detail


def _detail() -> Detail:
    context = click.get_current_context(silent=True)
    return context.meta.get(__name__, Detail.USUAL) if context else Detail.USUAL


def print_error(line: str) -> None:
    """Print what is wrong."""
    click.echo(one_line(line), err=True)


def print_message(line: str) -> None:
    """Print what is neither a result nor wrong, unless the command is to be quiet."""
    if _detail() > Detail.LITTLE:
        click.echo(one_line(line), err=True)


def print_detail(line: str) -> None:
    """Print what is done, if the command is to say so."""
    if _detail() == Detail.MUCH:
        click.echo(one_line(line), err=True)


def print_summary(line: str) -> None:
    """Print what a build did, unless the command is to be quiet: its result are the files."""
    if _detail() > Detail.LITTLE:
        click.echo(one_line(line))


def print_site(site: api.Site) -> None:
    """Print what a command uses, if it is to say so."""
    config = site.config
    if _detail() == Detail.MUCH:
        from feedsvc.index.database import without_password

        print_detail(f"configuration: {config.folder / config.file_name if config.has_file else 'none, but defaults'}")
        print_detail(f"records: {', '.join(map(str, config.record_folders))}")
        url = config.index.url
        path = url.removeprefix("sqlite:///")
        print_detail(f"index: {config.folder / path if path != url else without_password(url)}")


def print_records(site: api.Site, result: "SyncResult") -> None:
    """Print what a build reads: problems, counts and warnings."""
    print_problems(result)
    print_counts(result)
    print_messages("warning", site.warnings(of_build=True))


def print_conflicts(conflicts: tuple[Path | str, ...]) -> None:
    """Print which files a build leaves as they are."""
    message = "not as feedsvc wrote it, so it stays; move it to let feedsvc write its own"
    for path in conflicts:
        print_error(f"{path}: {message}")


def print_refusal(refusal: LossError | str | None) -> None:
    """Print why a sync or a build was refused, if it was."""
    if refusal:
        print_error(f"feedsvc: {refusal}")


def print_problems(result: "SyncResult") -> None:
    """Print all problems of the records, and what else a sync noticed."""
    for problem in result.problems if result.problem_count else ():
        click.echo(str(problem), err=True)
    print_messages("note", result.notes)


def print_messages(kind: str, messages: Iterable[str]) -> None:
    """Print messages of a kind: a "warning" of the configuration, or a "note" of what may surprise, but is right."""
    for message in messages:
        print_message(f"{kind}: {message}")


def print_json(report: Report) -> None:
    """Print a report for scripts."""
    click.echo(json.dumps(report, indent=2))  # in ASCII: control characters are escaped


def print_counts(result: "SyncResult") -> None:
    """Print how many stories and files there are."""
    if result.nothing_found:
        print_error(result.nothing_found)
    print_message(str(result.counts))


def print_addresses(site: api.Site) -> None:
    """Print where a service has its feeds; a quiet one, only where it is."""
    found = site.feeds()
    size = found[0].size
    lines = [f"Serving {size} {'story' if size == 1 else 'stories'} at {site.config.site.base_url}/"]
    if _detail() > Detail.LITTLE:
        lines += ["Subscribe to", *(f"  {site.urls(feed)[0]}  {one_line(feed.name)}" for feed in found[:MOST_SHOWN])]
        if len(found) > MOST_SHOWN:
            lines.append(f"  and {len(found) - MOST_SHOWN} more feeds: see {site.config.site.base_url}/")
        lines.append("Press Ctrl-C to stop.")
    click.echo("\n".join(lines))
    sys.stdout.flush()


def change_lines(written: Iterable[str], removed: Iterable[str]) -> list[str]:
    """Return the lines that name files written and removed."""
    return [f"write {name}" for name in written] + [f"remove {name}" for name in removed]


def plan_lines(plan: "BuildPlan") -> list[str]:
    """Return what `feedsvc build --dry-run` says of files and feeds: of the latter, those with most that is new."""
    lines = change_lines(plan.to_write, plan.to_remove)
    worst = list(plan.new.items())
    lines += [f"{number:>7} new to subscribers of {path}" for path, number in worst[:MOST_SHOWN]]
    if len(worst) > MOST_SHOWN:
        lines.append(f"        and in {len(worst) - MOST_SHOWN} more feeds: see --json")
    most = f", most in {worst[0][0]}: {worst[0][1]}" if worst else ""
    return [*lines, f"{plan.new_stories} stories new to subscribers{most}"]


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on a terminal: yield a function of the numbers done and to do; None elsewhere.

    If the command is to say what it does, it says at the end how long it took.
    """
    started = time.monotonic()
    with ExitStack() as shown:
        bars: list[Any] = []

        def show(done: int, total: int) -> None:
            if not bars:  # so that there is none where nothing is to be done
                bars.append(shown.enter_context(click.progressbar(length=total, label=label, file=sys.stderr)))
            bars[0].update(done - bars[0].pos)

        is_shown = sys.stderr.isatty() and _detail() > Detail.LITTLE
        yield show if is_shown else None
    print_detail(f"{label.lower()}: {time.monotonic() - started:.2f} s")
