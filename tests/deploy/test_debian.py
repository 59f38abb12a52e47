"""The steps of the README, as they stand, in a Debian system that is booted, and in containers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, wait_until
from tests.deploy.debian import Machine, booted, make_system, prepare, skip_unless_there
from tests.deploy.files import block

pytestmark = pytest.mark.debian

RECORD = {"title": "Breaking", "webUrl": "https://a.example/new", "publishedDateTime": "2026-01-01"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian system in which feedsvc is installed by the README's first steps, with the sample's records."""
    skip_unless_there("debootstrap", "systemd-nspawn")
    root = make_system(tmp_path_factory.mktemp("system"))
    prepare(root, block("Deploying"))
    records = root / "srv" / "records"
    records.mkdir()
    for path in SAMPLE.iterdir():
        (records / path.name).write_text(path.read_text().replace("published: false", "published: true"))
    return root


@pytest.fixture
def machine(system: Path) -> Iterator[Machine]:
    with booted(system) as machine:
        yield machine


def test_a_service_of_systemd_behind_nginx(machine: Machine) -> None:
    machine.run(block("Behind nginx"))
    wait_until(lambda: machine.ask("/feed.atom").status == 200, 30)
    answer = machine.ask("/feed.atom")
    assert "https://feeds.example.org/feed.atom" in answer.body
    assert machine.ask("/feed.atom").headers["X-Cache"] == "HIT"
    assert machine.ask("/metrics").status == 404
    assert "feedsvc_ready 1.0" in machine.ask("/metrics", port=8000).body

    machine.write("/srv/records/new.json", json.dumps(RECORD))
    wait_until(lambda: "Breaking" in machine.ask("/feed.atom?limit=3").body, 10)
    leader = machine.run("systemctl show --property MainPID --value feedsvc").strip()
    users = machine.run(f"stat --format %u /proc/{leader} /var/lib/private/feedsvc/index.sqlite3").split()
    assert users[0] == users[1] and 61184 <= int(users[0]) <= 65519  # systemd's range of those that come and go
    assert not re.search(
        "denied|not permitted|error|Traceback", machine.run("journalctl --unit feedsvc"), re.IGNORECASE
    )

    machine.run(f"kill -KILL {leader}")
    wait_until(lambda: machine.run("systemctl show --property NRestarts --value feedsvc").strip() == "1", 20)
    assert machine.ask("/feed.atom?limit=3").headers["X-Cache"] == "HIT"
    wait_until(lambda: "status 200" in healthz(machine), 20)
    machine.run("systemctl stop feedsvc")
    assert machine.run("systemctl show --property Result --value feedsvc").strip() == "success"


def test_files_that_cron_makes_and_nginx_delivers(machine: Machine) -> None:
    machine.run(block("As files on nginx"))
    (line,) = [line for line in machine.run("crontab -u feedsvc -l").splitlines() if line and line[0] != "#"]
    assert machine.run(f"su --shell /bin/sh feedsvc -c '{line.split(maxsplit=5)[5]}'") == ""
    answer = machine.ask("/feed.atom", **{"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert machine.ask("/").headers["Content-Type"] == "text/html; charset=utf-8"
    assert (
        machine.run("stat --format %U /srv/feeds/feed.atom /var/lib/feedsvc/index.sqlite3").split() == ["feedsvc"] * 2
    )


def healthz(machine: Machine) -> str:
    try:
        return f"status {machine.ask('/healthz', port=8000).status}"
    except AssertionError as error:
        return str(error)
