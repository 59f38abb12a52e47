"""What feedsvc survives: the table of tests/README.md, the tests of its rows, and the report of a run of them.

A test names its rows with `@pytest.mark.survives`, each by the beginning of its first column.
"""

import re
import textwrap
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WIDTH = 100
#: The name under which a test has the number of a row.
PROPERTY = "survives"


@dataclass
class Row:
    """A row of the table, and what became of its tests: how many passed, why some failed or were skipped, seconds."""

    fault: str
    done: str
    happens: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def result(self) -> str:
        if self.failed:
            return "FAILED"
        if self.passed:
            return "passed in part" if self.skipped else "passed"
        return "skipped" if self.skipped else "not run"

    def __str__(self) -> str:
        what = [("done", self.done), ("happens", self.happens), *(("failed", each) for each in self.failed)]
        what += [("skipped", each) for each in dict.fromkeys(self.skipped)]
        lines = [f"{self.result:14} {self.seconds:6.1f} s  {self.fault}"]
        if self.result == "not run":
            return lines[0]
        for name, text in what:
            lines += textwrap.wrap(text, WIDTH, initial_indent=f"    {name + ':':9}", subsequent_indent=" " * 13)
        return "\n".join(lines)


def read_table() -> list[Row]:
    """Return the rows of the table."""
    text = (Path(__file__).parent / "README.md").read_text()
    lines = text[text.index("| fault |") :].split("\n\n")[0].splitlines()[2:]
    return [Row(*line.removeprefix("| ").removesuffix(" |").split(" | ")) for line in lines]


def find_row(rows: list[Row], beginning: str) -> Row:
    """Return the row that a mark names. Raises LookupError unless it is one."""
    found = [row for row in rows if row.fault.startswith(beginning)]
    if len(found) != 1:
        raise LookupError(f"{beginning!r} begins {len(found)} rows of tests/README.md; expected one")
    return found[0]


class Survival:
    """Runs the tests of the table alone, in its order, and reports row by row."""

    def __init__(self) -> None:
        self.rows = read_table()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        for item in items:  # its properties come with its reports, also from another process
            rows = [self.rows.index(find_row(self.rows, *mark.args)) for mark in item.iter_markers("survives")]
            item.user_properties += [(PROPERTY, row) for row in sorted(rows)]
        config.hook.pytest_deselected(items=[item for item in items if not self._rows(item)])
        items[:] = sorted(filter(self._rows, items), key=self._rows)

    def _rows(self, item: pytest.Item | pytest.TestReport) -> list[int]:
        """Return the numbers of the rows that a test, or the report on one, is of."""
        return [int(str(value)) for name, value in item.user_properties if name == PROPERTY]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for row in (self.rows[number] for number in self._rows(report)):
            row.seconds += report.duration
            name = report.nodeid.removeprefix("tests/")
            if report.failed:
                row.failed.append(f"{name} ({report.when})")
            elif report.skipped:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                row.skipped.append(re.sub("^Skipped: ", "", reason))
            elif report.when == "call":
                row.passed += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("what feedsvc survives")
        results: dict[str, int] = defaultdict(int)
        for row in self.rows:
            results[row.result] += 1
            terminalreporter.line(str(row))
        told = ", ".join(f"{number} {result}" for result, number in sorted(results.items()))
        terminalreporter.line(f"{len(self.rows)} faults: {told}")
