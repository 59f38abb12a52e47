"""Every block of code in the project's Markdown pages runs, or says that it is an excerpt.

The blocks of a section run one after the other in a folder that has the demo (`seeds/`, and `config.toml` unless the section
makes one by `feedsvc init`) and `articles/`, two files of trafilatura. The word behind the fence is the language; what
follows it says where the block goes or is run:

- nothing: as `RUN` has it. In the output of a command, `…` stands for any text;
- the name of a file: it is written there, for the blocks that follow, and checked as `WRITTEN` has it;
- a file below `tests/` or `.ci/`: that file runs the block, and so names its section, or the page;
- `excerpt`: the text above the block says that it is one. Its lines are held against the output above, if there is some.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import feedsvc
from feedsvc.formats import registry
from tests.conftest import FEEDSVC, PATIENCE, ROOT, SAMPLE, answers, free_port, wait_until
from tests.documents import PAGES, Block, blocks

ARTICLES = ROOT / "tests" / "data" / "kinds" / "trafilatura" / "records"
#: What the README's first line does before it serves: the tests have an environment.
SET_UP = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/"
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def pattern(text: str) -> str:
    """Return the regular expression of a text in which `…` stands for any."""
    return ".*?".join(map(re.escape, text.split("…")))


class Session:
    """What the blocks of a section share. output: of the last command. names: of the page's Python."""

    def __init__(self, folder: Path, names: dict[str, Any]) -> None:
        self.folder = folder
        self.names = names
        self.output = ""

    def shell(self, command: str) -> None:
        """Run a command with the environment's `feedsvc`, or a service until it answers."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        modules = f"{self.folder}:{os.environ.get('PYTHONPATH', '')}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": modules, "PYTHONWARNINGS": "error"}
        if command.split()[:2] == ["feedsvc", "serve"]:
            self.serve(command, environment)
            return
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        self.output = done.stdout
        assert done.returncode == 0, f"{command}\n{done.stdout}"

    def serve(self, command: str, environment: dict[str, str]) -> None:
        config, port = self.folder / "config.toml", free_port()
        text, count = re.subn(r"^port = \d+", f"port = {port}", config.read_text(), flags=re.MULTILINE)
        assert count == 1
        config.write_text(text)
        with subprocess.Popen([FEEDSVC, *command.split()[1:]], cwd=self.folder, env=environment) as process:
            try:
                wait_until(lambda: answers(f"http://127.0.0.1:{port}/feed.atom"))
            finally:
                process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0

    def console(self, text: str) -> None:
        """Run the commands of a terminal's text, and compare the outputs that it shows."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            self.shell(command)
            assert not shown or re.fullmatch(pattern(shown.rstrip()), self.output.rstrip(), re.DOTALL), self.output

    def script(self, text: str) -> None:
        for line in text.splitlines():
            self.shell(line.replace(SET_UP, ""))

    def python(self, text: str) -> None:
        exec(compile(text, "block", "exec"), self.names)

    def excerpt(self, text: str) -> None:
        """Look for the lines of a text in the output, in order."""
        pieces = [piece for line in text.splitlines() for piece in line.strip().split("…") if piece]
        assert not self.output or re.search(pattern("…".join(pieces)), self.output, re.DOTALL)

    def configure(self, text: str) -> None:
        (self.folder / "config.toml").write_text(text)
        feedsvc.load_config(self.folder / "config.toml")

    def install(self, text: str) -> None:
        """Install a package of the folder, as far as its entry points go."""
        metadata = self.folder / "package-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: package\nVersion: 1.0\n")
        for group, points in tomllib.loads(text)["project"]["entry-points"].items():
            lines = [f"{name} = {value}\n" for name, value in points.items()]
            (metadata / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")


RUN: dict[str, Callable[[Session, str], None]] = {
    "console": Session.console,
    "sh": Session.script,
    "python": Session.python,
    "toml": Session.configure,
}
#: Files that others don't look at, by the ends of their names.
WRITTEN: dict[str, Callable[[Session, str], None]] = {
    "pyproject.toml": Session.install,
    ".py": Session.python,
    ".md": lambda session, text: session.shell("feedsvc check ."),
}


def run(block: Block, session: Session) -> None:
    if block.note == "excerpt":
        assert block.language and "excerpt" in block.before.lower(), f"{block}: expected a text above that says so"
        session.excerpt(block.text)
    elif block.note.startswith(("tests/", ".ci/")):
        runner = (ROOT / block.note).read_text()
        names = [f'"{block.section or block.page}"', str(block.page.relative_to(ROOT))]
        assert any(name in runner for name in names), f"{block}: isn't run there"
    elif block.note:
        (session.folder / block.note).write_text(block.text)
        (check,) = [check for name, check in WRITTEN.items() if block.note.endswith(name)]
        check(session, block.text)
    else:
        assert block.language in RUN, f"{block}: expected one of {', '.join(RUN)}, or `excerpt` behind the language"
        RUN[block.language](session, block.text)


@pytest.mark.parametrize("page", NAMES)
def test_every_block_of_code_runs_or_is_an_excerpt(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    names: dict[str, Any] = {}
    for number, (_, of_section) in enumerate(groupby(blocks(page), lambda block: block.section)):
        section = list(of_section)
        folder = tmp_path / str(number)
        shutil.copytree(SAMPLE, folder / "seeds")
        shutil.copytree(ARTICLES, folder / "articles")
        if "$ feedsvc init" not in "".join(block.text for block in section):
            shutil.copy(ROOT / "config.toml", folder)
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(folder)
        session = Session(folder, names)
        for block in section:
            run(block, session)


def block(note: str, text: str, language: str = "console", before: str = "An excerpt:") -> Block:
    return Block(ROOT / "README.md", "", 1, before, language, note, text)


@pytest.mark.parametrize(
    "wrong",
    [
        block("", "feedsvc check", language=""),
        block("", "listen 80;", language="nginx"),
        block("excerpt", "listen 80;", language="nginx", before="So it is:"),
        block("excerpt", "listen 80;", language=""),
        block("tests/test_text.py", "true", language="sh"),
        block("", "$ false"),
        block("", "$ echo one two\none\n"),
        block("", "$ echo one; echo two\none\n"),
        block("", "no.such.key = 1", language="toml"),
        block("a.md", "---\ntitle: [\n---\n", language="yaml"),
    ],
    ids=lambda wrong: f"{wrong.language} {wrong.note} {wrong.text}",
)
def test_a_block_that_is_wrong_fails(wrong: Block, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, feedsvc.FeedsvcError)):
        run(wrong, Session(tmp_path, {}))


def test_an_excerpt_has_the_lines_of_the_output_above_in_order(tmp_path: Path) -> None:
    session = Session(tmp_path, {})
    run(block("", "$ echo '<a><b>1</b><c/></a>'\n…\n"), session)
    run(block("excerpt", "<a><b>…</b>\n  …\n</a>", language="xml"), session)
    for wrong in ("<c/>\n<b>", "<a><c/>", "<d/>"):
        with pytest.raises(AssertionError):
            run(block("excerpt", wrong, language="xml"), session)
