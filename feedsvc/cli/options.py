"""The options and arguments that commands share, and how a shell completes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from feedsvc.cli.printing import Detail, set_detail


class Argument(click.Argument):
    """An argument that the help of a command describes."""

    def __init__(self, *names: Any, description: str, **more: Any) -> None:
        super().__init__(*names, **more)
        self.description = description


def _argument(name: str, description: str, **more: Any) -> Callable[[Any], Any]:
    return click.argument(name, cls=Argument, description=description, **more)


def _complete_folder(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _complete_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


def _complete_address(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the addresses that begin so, of the index as it is: no record is read, and no database asked."""
    import logging

    from feedsvc.api import Site
    from feedsvc.config import load_config
    from feedsvc.errors import FeedsvcError
    from feedsvc.index.opening import is_new

    logging.disable()  # what is wrong is told by the command, not amid its line
    try:
        config = load_config(context.params.get("config_file"))
        if config.index.is_shared or is_new(config):
            return []
        with Site(config) as site:
            urls = [url.removeprefix(config.site.base_url) for feed in site.feeds() for url in site.urls(feed)]
    except FeedsvcError:
        return []
    return [CompletionItem(url) for url in urls if url.startswith(incomplete)]


def _set_detail(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        set_detail(context, Detail.LITTLE if parameter.name == "quiet" else Detail.MUCH)


def _config(help: str) -> Callable[[Any], Any]:
    return click.option("--config", "config_file", type=Path, metavar="FILE", help=help, shell_complete=_complete_file)


_quiet = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_set_detail,
    help="Print only results and what is wrong.",
)
_verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_set_detail,
    help="Print also what is used and done, and how long it takes.",
)


def common(command: Any) -> Any:
    """Add what every command that reads records takes."""
    return _config("Configuration file; default: config.toml, if there is one.")(_quiet(_verbose(command)))


new_config = _config("Configuration file to write; default: config.toml.")
records = _argument(
    "records",
    "Folder of records; default: records.path of the configuration.",
    required=False,
    shell_complete=_complete_folder,
)
found_records = _argument(
    "records",
    "Folder of records; default: the one here that has any.",
    required=False,
    shell_complete=_complete_folder,
)
address = _argument(
    "address",
    "Path, with or without a query string, or URL of a feed or page, as feedsvc feeds lists them.",
    shell_complete=_complete_address,
)
subject = _argument(
    "subject",
    "URL of a story, or file of its record, whose fields are shown with the keys that they come from.",
    metavar="URL-OR-PATH",
    shell_complete=_complete_file,
)
out = click.option(
    "--out",
    metavar="DIR",
    help="Folder or s3://, gs:// or az:// address to write to; default: build.out of the configuration.",
    shell_complete=_complete_folder,
)
accept_loss = click.option(
    "--accept-loss", is_flag=True, help="Go on where more stories would go than records.max_loss lets go at once."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it, for scripts.")
