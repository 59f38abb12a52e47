"""The table of what feedsvc survives names all tests that inject faults, and each of its rows has some."""

import ast
import fnmatch
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests import faults
from tests.conftest import ROOT
from tests.survival import find_row, read_table

#: What a test that injects a fault calls.
INJECTORS = {
    each.__name__
    for each in (
        faults.at_another_time,
        faults.bound_by_permissions,
        faults.kill_after,
        faults.mounted,
        faults.remount,
    )
}


@pytest.fixture(scope="module")
def tests() -> list[tuple[Path, ast.FunctionDef]]:
    """All tests, with their files."""
    return [
        (path, each)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for each in ast.parse(path.read_text()).body
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
    ]


def marks(test: ast.FunctionDef) -> list[str]:
    """Return the rows that the marks of a test name."""
    calls = [each for each in test.decorator_list if isinstance(each, ast.Call)]
    return [ast.literal_eval(each.args[0]) for each in calls if ast.unparse(each.func) == "pytest.mark.survives"]


def test_each_row_names_the_files_of_its_tests_and_has_some(tests: list[tuple[Path, ast.FunctionDef]]) -> None:
    rows = read_table()
    assert len({row.fault for row in rows}) == len(rows) > 70
    files: dict[str, set[str]] = defaultdict(set)
    for path, test in tests:
        for mark in marks(test):
            files[find_row(rows, mark).fault].add(path.name)
    assert files == {row.fault: set(re.findall(r"`(test_\w+\.py)`", row.done + row.happens)) for row in rows}


def test_a_run_without_arguments_finds_the_tests_of_every_folder(
    pytestconfig: pytest.Config, tests: list[tuple[Path, ast.FunctionDef]]
) -> None:
    folders = {part for path, _ in tests for part in path.relative_to(ROOT).parts[:-1]}
    assert {"tests", "build", "web"} <= folders
    for pattern in pytestconfig.getini("norecursedirs"):
        assert fnmatch.filter(folders, pattern) == []


def test_each_test_that_injects_a_fault_is_in_a_row(tests: list[tuple[Path, ast.FunctionDef]]) -> None:
    injecting = [
        (path, test)
        for path, test in tests
        if {each.id for each in ast.walk(test) if isinstance(each, ast.Name)} & INJECTORS
    ]
    assert len(injecting) > 10
    assert [f"{path.name}: {test.name}" for path, test in injecting if not marks(test)] == []


def test_a_run_reports_each_row(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import pytest\n"
        "from tests.survival import Survival\n"
        "def pytest_configure(config):\n"
        "    config.addinivalue_line('markers', 'survives(row)')\n"
        "    config.pluginmanager.register(Survival())\n"
    )
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.survives("load")
        def test_that_fails():
            assert False
        @pytest.mark.survives("the clock is set back")
        def test_that_is_skipped():
            pytest.skip("no clock")
        @pytest.mark.survives("the output disk is full")
        @pytest.mark.survives("stalled clients")
        def test_that_passes():
            pass
        def test_of_no_row():
            assert False
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1, skipped=1, passed=1, deselected=1)
    assert result.ret == 1
    number = len(read_table())
    result.stdout.re_match_lines(
        [
            r"passed +\d+\.\d s  the output disk is full$",
            r" +done: +a small tmpfs",
            r" +happens: +one line, exit status 2",
            r"skipped +\d+\.\d s  the clock is set back$",
            r" +skipped: +no clock$",
            r"FAILED +\d+\.\d s  load$",
            r" +failed: +test_a_run_reports_each_row.py::test_that_fails \(call\)$",
            rf"{number} faults: 1 FAILED, {number - 4} not run, 2 passed, 1 skipped$",
        ]
    )
