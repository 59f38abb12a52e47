"""The wheel and the source distribution: what they hold, and how the wheel works away from the checkout."""

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
from email import message_from_bytes
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from feedsvc import __version__
from tests.conftest import ROOT, record, running_service
from tests.test_dependencies import PROJECT

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
#: How the wheel is made; folders from elsewhere in the checkout may have a place in it.
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
#: Whoever reads the code reads it in its repository.
LEFT_OUT = {"feedsvc/README.md", "feedsvc/CHANGELOG.md"}
#: A program of somebody who checks their types.
PROGRAM = """
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import feedsvc
from flask import Flask

records: list[Mapping[str, object]] = [
    {"title": "One", "webUrl": "https://example.org/1", "publishedDateTime": "2020-06-13T01:29:00Z"}
]
with feedsvc.open(records=records, title="News") as site:
    problems = [str(problem) for problem in site.sync().problems]
    assert_type(problems, list[str])
    assert_type(site.document("/feed.json").body, bytes)
    try:
        site.build(Path("public"))
    except feedsvc.FeedsvcError as error:
        raise SystemExit(str(error)) from error
    assert_type(feedsvc.create_app(site), Flask)
print(len(problems), feedsvc.__version__, feedsvc.__file__)
"""


def run(*arguments: object, cwd: Path) -> str:
    """Return what a command prints that sees nothing of this environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(argument) for argument in arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of the checkout."""
    folder = tmp_path_factory.mktemp("distributions")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("*.whl")
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def required(names: list[str]) -> set[str]:
    """Return the names of the distributions that those named need, and of these, without what extras ask for."""
    found: set[str] = set()
    while names:
        requirement = Requirement(names.pop())
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        names += distribution(name).requires or []
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it requires, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel, cwd=folder)
    site_packages = folder / "lib" / PYTHON / "site-packages"
    for name in required(list(PROJECT["dependencies"])):  # those of this environment: no test needs the network
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            (site_packages / top).symlink_to(Path(str(installed.locate_file(top))))
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    package = {
        f"{target}/{path.relative_to(ROOT / source).as_posix()}"
        for source, target in {"feedsvc": "feedsvc", **WHEEL.get("force-include", {})}.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert held == package - LEFT_OUT
    assert {
        "feedsvc/py.typed",
        "feedsvc/config/template.toml",
        "feedsvc/formats/assets/style.css",
        "feedsvc/formats/templates/base.html",
        "feedsvc/records/presets/auto.toml",
    } <= held


def test_the_wheel_of_the_source_distribution_is_the_same(distributions: Path, wheel: Path, tmp_path: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        folders = {part for name in source.getnames() for part in name.split("/")[:-1]}
    assert {"feedsvc", "tests", "seeds"} <= folders
    assert not {"__pycache__", "node_modules", ".git", ".feedsvc", ".venv"} & folders
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path)
    run(sys.executable, "-m", "pip", "wheel", *options, archive, cwd=tmp_path)
    assert contents(tmp_path / wheel.name) == contents(wheel)


def test_the_metadata_says_what_the_package_is_and_no_licence_that_nobody_chose(wheel: Path) -> None:
    (metadata,) = (message_from_bytes(data) for name, data in contents(wheel).items() if name.endswith("/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("feedsvc", __version__)
    assert metadata["Summary"] and metadata["Keywords"]
    assert metadata.get_all("License-Expression") is None
    classifiers = metadata.get_all("Classifier")
    assert classifiers and "Typing :: Typed" in classifiers
    assert not [each for each in classifiers if each.startswith("License")]
    versions = [Version(each.split(" :: ")[-1]) for each in classifiers if "Python :: 3." in each]
    assert f"3.{min(version.minor for version in versions)}" == metadata["Requires-Python"].removeprefix(">=")


def test_the_installed_wheel_sets_up_builds_and_serves_a_site(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feedsvc = environment / "bin" / "feedsvc"
    version = f" {__version__}\n"
    assert run(feedsvc, "--version", cwd=tmp_path).endswith(version)
    assert run(environment / "bin" / "python", "-m", "feedsvc", "--version", cwd=tmp_path).endswith(version)
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record(topics="[AI]"))
    run(feedsvc, "init", "records", cwd=tmp_path)
    run(feedsvc, "build", "--out", "public", cwd=tmp_path)
    for name in ("feed.atom", "index.html", "topics/ai/index.html"):
        assert (tmp_path / "public" / name).stat().st_size, name
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with running_service(tmp_path, program=feedsvc) as service:
        for target in ("feed.json", "topics/ai/", "topics/ai.rss"):
            with urlopen(f"{service.base_url}/{target}") as response:
                assert b"A title" in response.read(), target


def test_a_program_that_uses_the_installed_wheel_runs_and_needs_nothing_but_what_it_requires(
    environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    problems, version, where = run(environment / "bin" / "python", "program.py", cwd=tmp_path).split()
    assert (problems, version) == ("0", __version__)
    assert Path(where).is_relative_to(environment)


@pytest.mark.skipif(not find_spec("mypy"), reason="mypy isn't installed; install it with: pip install '.[lint]'")
def test_a_program_that_uses_the_installed_wheel_can_be_checked_by_strict_types(
    environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    options = ("--strict", "--python-executable", environment / "bin" / "python")
    assert run(sys.executable, "-m", "mypy", *options, "program.py", cwd=tmp_path).startswith("Success")
    (tmp_path / "program.py").write_text(PROGRAM.replace("list[str]", "list[int]"))
    with pytest.raises(AssertionError, match=r'"list\[str\]".*"list\[int\]"'):
        run(sys.executable, "-m", "mypy", *options, "program.py", cwd=tmp_path)
