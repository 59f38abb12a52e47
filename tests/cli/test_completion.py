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

from tests.conftest import FEEDSVC, record
from tests.test_cli import result

SOURCE = 'eval "$(_FEEDSVC_COMPLETE=bash_source feedsvc)"'


class Bash:
    """An interactive bash, with what it shows so far."""

    def __init__(self, folder: Path) -> None:
        environment = {
            **os.environ, "PATH": f"{FEEDSVC.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> ", "COLUMNS": "200",
        }  # fmt: skip
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._shown = ""

    def type(self, text: str, expected: str) -> str:
        """Type a text, and return what is shown since once that has what is expected in it."""
        self._shown = ""
        os.write(self._master, text.encode())
        until = time.monotonic() + 30
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


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Bash]:
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record(topics="[Law]"))
    (tmp_path / "recent.txt").touch()
    shell = Bash(tmp_path)
    shell.type(f"bind 'set bell-style none'; {SOURCE}; echo ready$((1+1))\n", "ready2")
    yield shell
    shell.close()


def test_bash_completes_commands_options_folders_and_addresses(bash: Bash, tmp_path: Path) -> None:
    for typed, completed in (
        ("feedsvc bu\t", "feedsvc build "),
        ("feedsvc build --o\t", "--out "),
        ("feedsvc feeds rec\t", "records/"),
    ):
        bash.type(typed, completed)
        bash.clear()
    assert result("check", cwd=tmp_path)[0] == 0
    bash.type("feedsvc show /to\t", "/topics/law.")
    bash.clear()
    bash.type("feedsvc show /topics/law.a\t", "/topics/law.atom")


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


def test_completing_a_command_loads_no_library_of_the_service_or_of_formats() -> None:
    program = (
        "import sys, feedsvc.cli\n"
        "from click.shell_completion import ShellComplete\n"
        "ShellComplete(feedsvc.cli.main, {}, 'feedsvc', '_X').get_completions(['build'], '--')\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"flask", "feedgen", "lxml", "granian", "yaml", "jinja2", "nh3", "markdown_it"} & set(loaded)
