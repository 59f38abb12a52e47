"""The steps of the README, as they stand, in a Debian system that is booted, and in containers."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT, SAMPLE, answers, free_port, wait_until
from tests.deploy.containers import Containers
from tests.deploy.debian import Machine, booted, make_system, prepare, skip_unless_there
from tests.deploy.files import block, file

pytestmark = pytest.mark.debian

RECORD = {"title": "Breaking", "webUrl": "https://a.example/new", "publishedDateTime": "2026-01-01"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian system in which feedsvc is installed by the README's first steps, with the sample's records."""
    skip_unless_there("mmdebstrap", "systemd-nspawn")
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
    # Root may look at the records at any time: the index is the service's all the same.
    check = "/opt/feedsvc/bin/feedsvc check --config /etc/feedsvc/config.toml 2>&1"
    assert check.removesuffix(" 2>&1") in file("README.md") and "0 problems" in machine.run(check)
    machine.run(block("Behind nginx"))
    wait_until(lambda: machine.ask("/feed.atom").status == 200)
    assert "0 problems" in machine.run(check)
    answer = machine.ask("/feed.atom")
    assert "https://feeds.example.org/feed.atom" in answer.body
    assert machine.ask("/feed.atom").headers["X-Cache"] == "HIT"
    assert machine.ask("/metrics").status == 404
    assert "feedsvc_ready 1.0" in machine.ask("/metrics", port=8000).body

    machine.write("/srv/records/new.json", json.dumps(RECORD))
    wait_until(lambda: "Breaking" in machine.ask("/feed.atom", port=8000).body)
    leader = machine.run("systemctl show --property MainPID --value feedsvc").strip()
    machine.run("sed --in-place 's/Example feeds/Changed feeds/' /etc/feedsvc/config.toml; systemctl reload feedsvc")
    wait_until(lambda: "Changed feeds" in machine.ask("/feed.atom", port=8000).body)
    users = machine.run(f"stat --format %u /proc/{leader} /var/lib/private/feedsvc/index.sqlite3").split()
    assert users[0] == users[1] and 61184 <= int(users[0]) <= 65519  # systemd's range of those that come and go
    assert not re.search(
        "denied|not permitted|error|Traceback", machine.run("journalctl --unit feedsvc"), re.IGNORECASE
    )

    machine.run(f"kill -KILL {leader}")
    wait_until(lambda: machine.run("systemctl show --property NRestarts --value feedsvc").strip() == "1")
    assert machine.ask("/feed.atom").headers["X-Cache"] == "HIT"
    wait_until(lambda: "status 200" in healthz(machine))

    # Records that a group alone may read, as the page says.
    machine.run("systemctl stop feedsvc")
    machine.run("groupadd readers; chgrp --recursive readers /srv/records; chmod --recursive o= /srv/records")
    machine.write("/etc/systemd/system/feedsvc.service.d/override.conf", "[Service]\nSupplementaryGroups=readers")
    machine.run("systemctl daemon-reload; systemctl start feedsvc")
    wait_until(lambda: healthz(machine) == "status 200" and machine.ask("/readyz", port=8000).status == 200)
    last = machine.run("systemctl show --property InvocationID --value feedsvc").strip()
    log = machine.run(f"journalctl --sync; journalctl --output cat _SYSTEMD_INVOCATION_ID={last}")
    assert "/feed.atom" in log and not re.search("WARNING|ERROR", log)
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


def test_a_container(system: Path, tmp_path: Path) -> None:
    skip_unless_there("podman", "podman-compose", "runc", "iptables")
    containers = Containers(tmp_path / "containers")
    # No registry of images is reached: Debian's own Python is in its place.
    containers.import_image(system, "docker.io/library/python:3.13-slim", without=("opt", "source", "srv"))
    *steps, up = block("In a container").replace("/srv/feedsvc", f"{tmp_path}/site").splitlines()
    containers.run("\n".join(steps), ROOT)

    site, port = tmp_path / "site", free_port()
    text = (site / "compose.yaml").read_text()
    (site / "compose.yaml").write_text(text.replace("127.0.0.1:8000:", f"127.0.0.1:{port}:"))
    for path in (system / "srv" / "records").iterdir():
        (site / "records" / path.name).write_bytes(path.read_bytes())
    try:
        containers.run(up, site)
        base_url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{base_url}/healthz"))
        (name,) = containers.run("podman ps --format '{{.Names}}'", site).split()

        def is_healthy() -> bool:
            """Whether it is within the time that a check has, of which some may take longer."""
            with suppress(AssertionError):
                containers.run(f"podman healthcheck run {name}", site)
                return True
            return False

        wait_until(is_healthy)
        assert containers.run(f"podman exec {name} id -un", site) == "feedsvc\n"
        assert containers.run(f"podman exec {name} id -g", site) == "10001\n"
        assert "index.sqlite3" in containers.run(f"podman exec {name} ls /var/lib/feedsvc", site)
        with urlopen(f"{base_url}/feed.atom") as answer:
            assert b"https://feeds.example.org/feed.atom" in answer.read()
        with urlopen(f"{base_url}/metrics") as answer:
            assert b"feedsvc_ready 1.0" in answer.read()
        (site / "records" / "new.json").write_text(json.dumps(RECORD))
        wait_until(lambda: b"Breaking" in urlopen(f"{base_url}/feed.atom?limit=3").read())
        assert "0 problems" in containers.run("docker compose exec -T feedsvc feedsvc check 2>&1", site)
        assert "rror" not in containers.run(f"podman logs {name} 2>&1", site)
        containers.run("docker compose restart --timeout 10", site)
        wait_until(lambda: answers(f"{base_url}/healthz"))
    finally:
        containers.run(
            "docker compose down --volumes; podman rm --all --force; podman network rm --force site_default", site
        )
