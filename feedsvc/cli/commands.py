"""The commands. Results go to stdout, progress and problems to stderr.

Exit status: 0 done, 1 done with problems, 2 could not run.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

import click
from msgspec.structs import replace

from feedsvc import api
from feedsvc.api import reports
from feedsvc.cli import options
from feedsvc.cli.columns import feed_lines
from feedsvc.cli.printing import (
    change_lines,
    plan_lines,
    print_addresses,
    print_conflicts,
    print_counts,
    print_detail,
    print_error,
    print_json,
    print_message,
    print_messages,
    print_problems,
    print_records,
    print_refusal,
    print_summary,
    progress_bar,
)
from feedsvc.cli.program import Commands
from feedsvc.cli.sites import check_any_found, open_site, option_tables, sync, synced_site
from feedsvc.errors import LossError, one_line
from feedsvc.model.version import __version__


@click.group(
    "feedsvc",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="To begin: feedsvc init --sample, then feedsvc serve. Of each command, feedsvc COMMAND --help says more.",
)
@click.version_option(__version__)
def main() -> None:
    """Publish RSS, Atom and JSON feeds from a folder of article records."""


@main.command()
@options.common
@options.records
@click.option(
    "--host", metavar="HOST", help="Host name or IP address to listen on; default: serve.host of the configuration."
)
@click.option("--port", metavar="PORT", help="Port to listen on, 1 to 65535; default: serve.port, which is 8000.")
@click.option("--workers", metavar="N", help="Processes, 1 to 256; default: serve.workers, which is 2.")
@options.accept_loss
def serve(
    config_file: Path | None,
    records: str | None,
    host: str | None,
    port: str | None,
    workers: str | None,
    accept_loss: bool,
) -> None:
    """Serve the feeds over HTTP, and follow the records.

    It follows the configuration file, too. Ctrl-C or SIGTERM ends it.
    """
    tables = option_tables("serve", host=host, port=port, workers=workers)
    with open_site(config_file, records, tables=tables) as site, ExitStack() as reading:
        progress = reading.enter_context(progress_bar("Reading records"))

        def ready() -> None:
            reading.close()
            print_addresses(site)

        site.serve(progress, ready, accept_loss=accept_loss)


@main.command()
@options.common
@options.records
@options.out
@options.accept_loss
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written, and what would be new.")
@options.as_json
def build(
    config_file: Path | None, records: str | None, out: str | None, accept_loss: bool, dry_run: bool, as_json: bool
) -> None:
    """Write the feeds as files, and only what changed.

    \b
    feedsvc build posts --out public
    """
    with open_site(config_file, records, out) as site:
        is_faulty = (_plan if dry_run else _write)(site, records, accept_loss, as_json)
    sys.exit(1 if is_faulty else 0)


def _write(site: api.Site, records: str | None, accept_loss: bool, as_json: bool) -> bool:
    """Build, print what was done, and return whether something was wrong."""
    result = sync(site, will_build=True, accept_loss=accept_loss)
    check_any_found(result, records)
    with progress_bar("Building") as progress:
        built = site.build(progress=progress, accept_loss=accept_loss)
    if as_json:
        print_json(reports.report_build(site, result, built))
    else:
        print_records(site, result)
        if built.hub_failure:
            print_error(f"{built.hub_failure}; the next build tries again")
        print_conflicts(built.conflicts)
        for line in change_lines(built.written_names, built.removed_names):
            print_detail(line)
        files = "1 file" if built.written == 1 else f"{built.written} files"
        counts = f"{files} written, {built.unchanged} unchanged, {built.removed} removed"
        print_summary(f"{site.config.out}: {counts}")
    return bool(result.problem_count or result.nothing_found or built.conflicts or built.hub_failure)


def _plan(site: api.Site, records: str | None, accept_loss: bool, as_json: bool) -> bool:
    """Print what a build would do, and return whether something would be wrong."""
    with site.copy() as copy:
        try:
            result = sync(copy, will_build=True, accept_loss=accept_loss)
        except LossError as loss:
            result = replace(sync(copy, will_build=True, accept_loss=True), loss=loss)
        check_any_found(result, records)
        with progress_bar("Building") as progress:
            plan = copy.plan_build(progress=progress, accept_loss=accept_loss)
        plan = replace(plan, refused=str(result.loss or plan.refused))
        if as_json:
            print_json(reports.report_plan(copy, result, plan))
        else:
            print_records(copy, result)
            print_conflicts(plan.conflicts)
            print_refusal(plan.refused)
            for line in plan_lines(plan):
                click.echo(one_line(line))
            files = "1 file" if len(plan.to_write) == 1 else f"{len(plan.to_write)} files"
            counts = f"{files} to write, {plan.unchanged} unchanged, {len(plan.to_remove)} to remove"
            print_summary(f"{site.config.out}: {counts}")
        return bool(result.problem_count or result.nothing_found or plan.conflicts or plan.refused)


@main.command()
@options.common
@options.records
@options.accept_loss
@options.as_json
def check(config_file: Path | None, records: str | None, accept_loss: bool, as_json: bool) -> None:
    """Show every problem in every record."""
    with ExitStack() as stack:
        site = stack.enter_context(open_site(config_file, records))
        try:
            result = sync(site, accept_loss=accept_loss)
        except LossError as loss:
            site = stack.enter_context(site.copy())  # so that the index stays as it is
            result = replace(sync(site, accept_loss=True), loss=loss)
        print_refusal(result.loss)
        number = result.problem_count
        if as_json:
            print_json(reports.report_records(site, result))
        else:
            for problem in result.problems:
                click.echo(str(problem))
            print_messages("warning", site.warnings())
            print_messages("note", [*site.notes(), *result.notes])
            print_counts(result)
            print_message(f"{number} problem{'' if number == 1 else 's'}")
        sys.exit(1 if number or result.nothing_found or result.loss else 0)


@main.command()
@options.common
@options.records
@options.as_json
def feeds(config_file: Path | None, records: str | None, as_json: bool) -> None:
    """List the feeds, with their numbers of stories and addresses."""
    with synced_site(config_file, records) as (site, result):
        if as_json:
            print_json(reports.report_feeds(site, result))
        else:
            for line in feed_lines(site):
                click.echo(line)
            print_problems(result)
        sys.exit(1 if result.problem_count or result.loss else 0)


@main.command()
@options.common
@options.address
@options.records
def show(config_file: Path | None, address: str, records: str | None) -> None:
    """Print the document at an address.

    \b
    feedsvc show '/topics/ai.atom?min_quality=60'
    """
    with synced_site(config_file, records) as (site, result):
        click.echo(site.document(address).body, nl=False)
        print_problems(result)
        sys.exit(1 if result.problem_count or result.loss else 0)


@main.command()
@options.common
@options.subject
@options.records
@options.as_json
def why(config_file: Path | None, subject: str, records: str | None, as_json: bool) -> None:
    """Explain in which feeds a story is, and why it isn't in others.

    \b
    feedsvc why https://example.org/1
    feedsvc why posts/one.md
    """
    with synced_site(config_file, records) as (site, result):
        explanation = site.explain(subject)
        if as_json:
            print_json(reports.report_explanation(explanation))
        for line in () if as_json else explanation.lines:
            click.echo(one_line(line))
        sys.exit(0 if explanation.published and not result.loss else 1)


@main.command()
@options.new_config
@options.found_records
@click.option(
    "--sample", is_flag=True, help="Make the folder, by default one named sample, and put the sample record into it."
)
def init(config_file: Path | None, records: str | None, sample: bool) -> None:
    """Write a commented config.toml for your records; overwrite nothing.

    \b
    feedsvc init posts
    feedsvc init --sample && feedsvc serve
    """
    from feedsvc.api.init import write_config, write_sample

    path = config_file or Path("config.toml")
    written = write_sample(path, records) if sample else write_config(path, records)
    for line in written.lines:
        click.echo(one_line(line))
