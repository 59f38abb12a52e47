"""The configurations of feedsvc/deploy/, and its steps for PostgreSQL."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from feedsvc.config import parse_config
from tests.conftest import FEEDSVC, record
from tests.deploy.files import block, file
from tests.postgres import PASSWORD, Postgres, programs

BLOCKS = re.findall(r"```toml\n(.*?)```", file("README.md"), re.DOTALL)


@pytest.mark.parametrize("text", [file("config.toml"), *BLOCKS])
def test_each_is_a_configuration(text: str) -> None:
    assert parse_config(tomllib.loads(text), Path("/etc/feedsvc")).site.base_url == "https://feeds.example.org"


def test_the_steps_for_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **{"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": "feeds", "PGPASSWORD": PASSWORD},
        "PATH": f"{programs()}:{os.environ['PATH']}",
    }
    heading = "Several nodes with one PostgreSQL"
    step = block(heading).splitlines()[0]
    # Without a terminal, the password is read from the standard input, twice.
    options = {"env": environment, "text": True, "check": True, "capture_output": True, "start_new_session": True}
    subprocess.run(["sh", "-ec", step], input="a secret\na secret\n", **options)

    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    text = block(heading, "toml").replace("/srv/records", "records")
    (tmp_path / "config.toml").write_text(text.replace("db.example.org", f"127.0.0.1:{postgres.port}"))
    options["env"] = {**os.environ, "PGPASSWORD": "a secret"}
    listed = subprocess.run([FEEDSVC, "feeds"], cwd=tmp_path, **options)
    assert "https://feeds.example.org/feed.atom" in listed.stdout
