"""What is told of a command line that can't be used: what is wrong with it, and what to write instead."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from feedsvc.cli.printing import print_error

#: Commands that others have, and what does the same here.
_OTHER_WORDS = {
    "help": "--help", "version": "--version", "-V": "--version", "list": "feeds", "ls": "feeds", "run": "serve",
    "start": "serve", "new": "init", "config": "init", "validate": "check", "test": "check",
    "explain": "why", "cat": "show",
}  # fmt: skip
#: What others call an option.
_OTHER_OPTIONS = {"--bind": "--host", "--address": "--host", "--jobs": "--workers", "-n": "--dry-run"}
#: What is no folder but a place to listen on.
_HOST = r"(?:localhost|\d+(?:\.\d+){3})"


class Mistake(click.UsageError):
    """A command line that can't be used; its message is one line."""

    def show(self, file: object = None) -> None:
        """Print the message."""
        print_error(f"feedsvc: {self.format_message()}")


def explain(context: click.Context, arguments: Sequence[str], error: click.UsageError) -> Mistake:
    """Return what is wrong with the arguments of a command, or of those before the command, by click's error."""
    command = context.command
    if isinstance(error, click.NoSuchOption):
        if isinstance(command, click.Group):
            return Mistake(_misplaced(command, arguments, error.option_name))
        return Mistake(_unknown_option(context, error.option_name))
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
        return Mistake(f"{command.name}: {error.param.make_metavar(context)} is missing; expected {usage(context)}")
    if extra := re.search(r"unexpected extra arguments? \((.*)\)", error.message):
        meant = meant_option(command, extra[1]) or f"expected {usage(context)}"
        return Mistake(f"{command.name}: {extra[1]} is more than it takes; {meant}")
    if isinstance(error, click.BadOptionUsage):
        return Mistake(f"{command.name}: {_misused(command, error)}")
    return Mistake(f"{command.name}: {error.format_message().rstrip('.')}")


def explain_unknown_command(group: click.Group, name: str, *others: str) -> Mistake:
    """Return what is wrong with the name of no command. others: the arguments after it."""
    message = f"{name} is not a command"
    if name == "help" and others and others[0] in group.commands:
        return Mistake(f"{message}; did you mean feedsvc {others[0]} --help?")
    if near := next(iter(get_close_matches(name, group.commands, n=1)), _OTHER_WORDS.get(name)):
        return Mistake(f"{message}; did you mean feedsvc {near}?")
    if re.match("https?://", name):
        return Mistake(f"{message}; did you mean feedsvc why {name}?")
    if name.startswith("/") and not Path(name).exists():
        return Mistake(f"{message}; did you mean feedsvc show {name}?")
    if Path(name).is_dir():
        return Mistake(f"{message}; did you mean feedsvc serve {name}?")
    if meant := meant_option(group.commands["serve"], name).replace("--", "feedsvc serve --", 1):
        return Mistake(f"{message}; {meant}")
    return Mistake(f"{message}; expected one of {', '.join(group.commands)}")


def meant_option(command: click.Command, value: str) -> str:
    """Return the question whether an argument was meant for an option; empty if it looks like the value of none."""
    options = _options(command)
    for name, looks_so in (
        ("--config", value.endswith(".toml") and Path(value).is_file()),
        ("--port", re.fullmatch(r":?\d{2,5}", value)),
        ("--host", re.fullmatch(rf"{_HOST}(:\d{{2,5}})?", value)),
        ("--out", not Path(value).is_file()),
    ):
        if looks_so and name in options:
            meant = value.lstrip(":") if name == "--port" else value
            return f"did you mean {name} {meant.replace(':', ' --port ') if name == '--host' else meant}?"
    return ""


def _options(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command by each of their names."""
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}


def _misused(command: click.Command, error: click.BadOptionUsage) -> str:
    """Return what is wrong with an option that has no value, or one too many."""
    option = _options(command)[error.option_name]
    name = max(option.opts, key=len)
    if option.is_flag:
        return f"{name} takes no value; expected {name} alone"
    return f"{name} has no value; expected {name} {option.metavar}"


def usage(context: click.Context) -> str:
    """Return how a command is called."""
    return f"{context.command_path} {' '.join(context.command.collect_usage_pieces(context)[1:])}"


def _misplaced(group: click.Group, arguments: Sequence[str], name: str) -> str:
    """Return what is wrong with an option before the command."""
    known = [each for each, command in group.commands.items() if name in _options(command)]
    if not known:
        return f"{name} is not an option before a command{_near(name, _options(group))}"
    place = next((number for number, word in enumerate(arguments) if word in group.commands), None)
    if place is None:
        return f"{name} belongs after the command, as in feedsvc {known[0]} {name}"
    if arguments[place] not in known:
        return f"{name} is not an option of feedsvc {arguments[place]}, but of {_commands(known)}"
    words = [group.name or "feedsvc", arguments[place], *arguments[:place], *arguments[place + 1 :]]
    return f"{name} belongs after the command: {' '.join(words)}"


def _unknown_option(context: click.Context, name: str) -> str:
    """Return what is wrong with an option that a command doesn't have."""
    command, own = context.command, _options(context.command)
    group = context.parent.command if context.parent else None
    others = group.commands.values() if isinstance(group, click.Group) else ()
    known = [each.name or "" for each in others if name in _options(each)]
    if known:
        return f"{name} is not an option of feedsvc {command.name}, but of {_commands(known)}"
    message = f"{name} is not an option of feedsvc {command.name}"
    if (meant := _OTHER_OPTIONS.get(name)) in own:
        return f"{message}; did you mean {meant}?"
    if key := _key(name):
        return f"{message}; set {key} in the configuration"
    if len(name) == 2 and (long := [each for each in own if each.startswith(f"-{name}")]):
        return f"{message}; did you mean {long[0]}?"
    return f"{message}{_near(name, own)}"


def _key(name: str) -> str:
    """Return the key of the configuration that has the name of an option; empty if there is none."""
    from feedsvc.config import TABLES

    key = name.lstrip("-").replace("-", "_").replace(".", "_").removeprefix("no_")
    for table, kind in TABLES.items():
        for known in kind.__struct_fields__:
            if key in (known, f"{table}_{known}"):  # as --base-url, or --site-base-url
                return f"{table}.{known}"
    return ""


def _near(name: str, options: Iterable[str]) -> str:
    """Return the end of a message: the nearest option, or all of them."""
    long = [option for option in options if option.startswith("--")]
    near = get_close_matches(_OTHER_WORDS.get(name, name), long, n=1)
    return f"; did you mean {near[0]}?" if near else f"; expected one of {', '.join(long)}"


def _commands(names: Iterable[str]) -> str:
    """Return a list of commands in words."""
    *first, last = (f"feedsvc {name}" for name in names)
    return f"{', '.join(first)} or {last}" if first else last
