"""What pyproject.toml says that feedsvc needs."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: The release that mends the last known vulnerability of each library, or of what is built into it.
MENDED = {
    "brotli": ("1.2.0", "CVE-2025-6176"),
    "click": ("8.3.3", "CVE-2026-7246"),
    "flask": ("3.1.3", "CVE-2026-27205"),
    "granian": ("2.8.9", "RUSTSEC-2026-0258, of h2"),
    "idna": ("3.15", "CVE-2026-45409"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "linkify-it-py": ("2.1.1", "GHSA-8m2q-wq3r-6hq8"),
    "lxml": ("6.1", "CVE-2026-41066"),
    "markdown-it-py": ("4.3.0", "CVE-2026-111766, of markdown-it"),
    "nh3": ("0.3.8", "RUSTSEC-2026-0213, of ammonia"),
    "pytest": ("9.0.3", "CVE-2025-71176"),
    "werkzeug": ("3.1.6", "CVE-2026-27199"),
}


def requirements(lines: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


ALL = requirements([line for extra in EXTRAS.values() for line in extra] + PROJECT["dependencies"])


@pytest.mark.parametrize("name", MENDED)
def test_no_lowest_version_has_a_known_vulnerability(name: str) -> None:
    mended, advisory = MENDED[name]
    (bound,) = ALL[name].specifier
    assert bound.operator == ">="
    assert Version(bound.version) >= Version(mended), advisory


def test_each_library_that_is_imported_is_required() -> None:
    modules = set()
    for path in (ROOT / "feedsvc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    others = modules - sys.stdlib_module_names - {"feedsvc", "_typeshed"}
    assert {"flask", "werkzeug", "lxml"} <= others
    names = packages_distributions()
    # fsspec and botocore are s3fs's own, which pins their versions.
    unknown = {module for module in others if not {canonicalize_name(name) for name in names[module]} & ALL.keys()}
    assert unknown <= {"fsspec", "botocore"}
