"""The help of commands: each argument is described, and no summary is cut."""

import click
import pytest

from feedsvc.cli import main
from tests.conftest import ROOT
from tests.test_cli import result


@pytest.mark.parametrize("name", main.commands)
def test_the_help_of_a_command_describes_its_arguments_and_options(name: str) -> None:
    status, output, error = result(name, "--help", cwd=ROOT)
    assert (status, error) == (0, "")
    described = output.partition("Arguments:\n")[2].splitlines()
    for parameter in main.commands[name].params:
        shown = parameter.human_readable_name if isinstance(parameter, click.Argument) else max(parameter.opts, key=len)
        (line,) = (line for line in described if shown in line.split()[:3])
        assert len(line.split()) > 3, line


def test_the_list_of_commands_says_in_whole_sentences_what_each_does() -> None:
    output = result("--help", cwd=ROOT)[1]
    section = output.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in section] == list(main.commands)
    assert all(line.endswith(".") and not line.endswith("...") for line in section)
