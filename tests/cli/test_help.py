"""The help of commands: each argument is described, and no summary is cut."""

import re

import click
import pytest

from feedsvc.cli import main
from tests.cli.commands import result
from tests.conftest import ROOT


@pytest.mark.parametrize("name", main.commands)
def test_the_help_of_a_command_describes_its_arguments_and_options(name: str) -> None:
    status, output, error = result(name, "--help", cwd=ROOT)
    assert (status, error) == (0, "")
    described = output.partition("Arguments:\n")[2].splitlines()
    for parameter in main.commands[name].params:
        shown = parameter.human_readable_name if isinstance(parameter, click.Argument) else max(parameter.opts, key=len)
        (line,) = (line for line in described if shown in line.split()[:3])
        assert len(line.split()) > 3, line


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_list_of_commands_says_in_whole_sentences_what_each_does(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    output = result("--help", cwd=ROOT)[1]
    section = output.partition("Commands:\n")[2].partition("\n\n")[0]
    rows = re.split(r"\n(?=  \w)", section)
    assert [row.split()[0] for row in rows] == list(main.commands)
    assert all(row.endswith(".") and "..." not in row for row in rows)
