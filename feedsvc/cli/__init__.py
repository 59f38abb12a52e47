"""The `feedsvc` command: options in, lines and exit status out."""

from feedsvc.cli.commands import main

__all__ = ["main"]
