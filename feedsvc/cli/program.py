"""How commands run: what becomes of their errors, of interrupts, and of standard streams that are closed."""

import errno
import os
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from signal import SIGINT, default_int_handler, getsignal, signal
from threading import Timer, current_thread, main_thread
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from feedsvc.cli.mistakes import explain, explain_unknown_command
from feedsvc.cli.options import Argument
from feedsvc.cli.printing import print_error
from feedsvc.errors import ConfigError, FeedsvcError, IndexLostError, LossError


class _Explained(click.Command):
    """A command that explains what is wrong with its arguments."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        given = [*arguments]
        try:
            return super().parse_args(context, arguments)
        except NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise explain(context, given, error) from error


class Command(_Explained):
    """A command that is retried once if the index is lost: it can be rebuilt from the records."""

    def get_short_help_str(self, limit: int = 1000) -> str:
        return super().get_short_help_str(1000)  # whole, however narrow a terminal, or the list of a shell, is

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        arguments = [each for each in self.params if isinstance(each, Argument)]
        with formatter.section("Arguments"):
            formatter.write_dl([(each.human_readable_name, each.description) for each in arguments])
        super().format_options(context, formatter)

    def invoke(self, context: click.Context) -> Any:
        with _interrupts_kept():
            try:
                return super().invoke(context)
            except IndexLostError:
                return super().invoke(context)


class Commands(_Explained, click.Group):
    """Commands whose errors are shown in one line."""

    command_class = Command

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)  # those that are used most come first

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments[0] not in self.commands and not context.resilient_parsing:
            raise explain_unknown_command(self, *arguments)
        return super().resolve_command(context, arguments)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        _open_standard_streams()
        try:
            return super().__call__(*arguments, **named)
        except OSError as error:  # of a standard stream, as where its disk is full
            _print_os_error(error)
            sys.exit(2)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FeedsvcError as error:
            for problem in error.problems if isinstance(error, ConfigError) else [str(error)]:
                print_error(f"feedsvc: {problem}")
            context.exit(1 if isinstance(error, LossError) else 2)
        except KeyboardInterrupt:
            print_error("feedsvc: interrupted")
            context.exit(130)
        except OSError as error:
            if error.errno == errno.EPIPE:  # `feedsvc feeds | head`, which click ends quietly
                raise
            _print_os_error(error)
            context.exit(2)


def _print_os_error(error: OSError) -> None:
    with suppress(OSError):  # it may be of stderr itself
        print_error(f"feedsvc: {error.filename or 'output'}: {error.strerror}")


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Let an interrupt end the context as KeyboardInterrupt, wherever it is raised.

    Python makes another error of one that is raised while it makes a class, and drops one in a callback of a weak
    reference: both are frequent in imports.
    """
    before, hook = getsignal(SIGINT), sys.unraisablehook
    if before is not default_int_handler or current_thread() is not main_thread():
        yield
        return
    interrupts = []

    def interrupt(*number_and_frame: object) -> None:
        interrupts.append(number_and_frame)
        raise KeyboardInterrupt

    def interrupt_again(dropped: "sys.UnraisableHookArgs") -> None:
        if dropped.exc_type is KeyboardInterrupt:
            Timer(0.05, interrupt_main).start()  # after the callback
        else:
            hook(dropped)

    signal(SIGINT, interrupt)
    sys.unraisablehook = interrupt_again
    try:
        yield
    except Exception as error:
        if interrupts:
            raise KeyboardInterrupt from error
        raise
    finally:
        sys.unraisablehook = hook
        signal(SIGINT, before)


def _open_standard_streams() -> None:
    """Open those of the standard streams that are closed, so that no other file gets their numbers.

    What the encoding of stdout lacks is spelled out, as it is on stderr.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
