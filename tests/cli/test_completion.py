"""Completion in a real shell: commands, options, folders of records, and the addresses in the index."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import result
from tests.conftest import FEEDSVC, PATIENCE, record

#: Of each shell: how it is started without anybody's settings, and what sets it up.
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "bind 'set bell-style none'; eval \"$(_FEEDSVC_COMPLETE=bash_source feedsvc)\"",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u -D; eval "$(_FEEDSVC_COMPLETE=zsh_source feedsvc)"',
    ),
}


class Shell:
    """An interactive shell, with what it shows so far."""

    def __init__(self, command: list[str], folder: Path) -> None:
        environment = {
            **os.environ, "PATH": f"{FEEDSVC.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> ", "COLUMNS": "200",
        }  # fmt: skip
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._shown = ""

    def type(self, text: str, expected: str) -> str:
        """Type a text, and return what is shown since once that has what is expected in it."""
        self._shown = ""
        os.write(self._master, text.encode())
        until = time.monotonic() + PATIENCE
        while expected not in self._shown:
            assert time.monotonic() < until, self._shown
            if select.select([self._master], [], [], 0.5)[0]:
                self._shown += os.read(self._master, 65536).decode()
        return self._shown

    def clear(self) -> None:
        """Give up the line that was begun."""
        self.type("\x15echo cleared$((1+1))\n", "cleared2")

    def close(self) -> None:
        os.close(self._master)
        self._process.kill()
        self._process.wait()


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    """A shell that completes, in a folder with records."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record(topics="[Law]"))
    (tmp_path / "recent.txt").touch()
    command, set_up = SHELLS[request.param]
    shell = Shell(command, tmp_path)
    shell.type(f"{set_up}; echo ready$((1+1))\n", "ready2")
    yield shell
    shell.close()


def test_shells_complete_commands_options_folders_and_addresses(shell: Shell, tmp_path: Path) -> None:
    for typed, completed in (("bu", "build"), ("build --o", "--out"), ("feeds rec", "records/")):
        shell.type(f"feedsvc {typed}\t", completed)
        shell.clear()
    assert result("check", cwd=tmp_path)[0] == 0
    shell.type("feedsvc show /to\t", "/topics/law.")
    shell.clear()
    shell.type("feedsvc show /topics/law.a\t", "/topics/law.atom")


def test_completing_an_address_makes_no_index_and_says_nothing_of_a_faulty_configuration(tmp_path: Path) -> None:
    def complete() -> subprocess.CompletedProcess[str]:
        words = {"COMP_WORDS": "feedsvc show /to", "COMP_CWORD": "2", "_FEEDSVC_COMPLETE": "bash_complete"}
        environment = {**os.environ, **words}
        return subprocess.run([FEEDSVC], cwd=tmp_path, env=environment, capture_output=True, text=True)

    (tmp_path / "records").mkdir()
    done = complete()
    assert (done.stdout.strip(), done.stderr, [path.name for path in tmp_path.iterdir()]) == ("", "", ["records"])
    (tmp_path / "config.toml").write_text("zzz = 1")
    done = complete()
    assert (done.stdout.strip(), done.stderr) == ("", "")
    (tmp_path / "config.toml").unlink()
    (tmp_path / ".feedsvc").mkdir()
    (tmp_path / ".feedsvc" / "index.sqlite3").write_text("damaged")
    done = complete()
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_completing_a_command_loads_no_library_of_the_service_or_of_formats() -> None:
    program = (
        "import sys, feedsvc.cli\n"
        "from click.shell_completion import ShellComplete\n"
        "ShellComplete(feedsvc.cli.main, {}, 'feedsvc', '_X').get_completions(['build'], '--')\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"flask", "feedgen", "lxml", "granian", "yaml", "jinja2", "nh3", "markdown_it"} & set(loaded)
