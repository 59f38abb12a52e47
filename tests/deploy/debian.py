"""A Debian system in a folder, made by mmdebstrap, and booted with systemd in namespaces of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import PATIENCE, ROOT, wait_until

#: What the steps of the README take for granted.
PACKAGES = "python3-venv,ca-certificates,systemd-sysv,dbus,procps,nginx-light,cron"
#: How this machine reaches package registries.
REGISTRIES = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
#: Sends a request, in the system's network, and prints the answer.
ASK = """
import http.client, json, sys
port, method, target, headers = json.loads(sys.argv[1])
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
connection.request(method, target, headers=headers)
answer = connection.getresponse()
print(json.dumps([answer.status, dict(answer.headers), answer.read().decode("utf-8", "replace")]))
"""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str


def skip_unless_there(*programs: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a Debian system")
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"needs {program}, which .ci/run installs")


def make_system(folder: Path) -> Path:
    """Return a folder with a Debian system, which has what is installed of the checkout in /source."""
    root = folder / "debian"
    run("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "--skip=cleanup/reproducible", "bookworm", root)
    for name in filter(os.path.exists, REGISTRIES):
        shutil.copy(name, f"{root}{name}")
    copy_source(root / "source")
    return root


def prepare(root: Path, script: str) -> None:
    """Run a shell script as root in /source of a system that isn't booted, with this machine's network."""
    options = (f"--directory={root}", "--register=no", "--keep-unit", "--quiet", "--pipe", "--chdir=/source")
    run("systemd-nspawn", *options, "sh", "-ec", script)


def copy_source(folder: Path) -> None:
    """Copy what the project is built from, as a checkout of it has it."""
    folder.mkdir()
    for name in ("feedsvc", "seeds"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)


def run(*command: object, **options: object) -> str:
    """Return what a command prints. The test fails if it does."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return str(done.stdout)


@dataclass
class Machine:
    """A booted system; leader: its first process."""

    root: Path
    leader: int

    def run(self, script: str) -> str:
        """Return what a shell script prints, run by root in /source."""
        environment = ("env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
        return run("nsenter", "--all", f"--target={self.leader}", *environment, "sh", "-ec", f"cd /source\n{script}")

    def ask(self, target: str, port: int = 80, method: str = "GET", **headers: str) -> Answer:
        request = json.dumps([port, method, target, {"Host": "feeds.example.org", **headers}])
        command = ("nsenter", "--net", f"--target={self.leader}", sys.executable, "-c", ASK, request)
        return Answer(*json.loads(run(*command)))

    def write(self, path: str, text: str) -> None:
        self.run(f"mkdir --parents '{Path(path).parent}'\ncat >'{path}' <<'END'\n{text}\nEND\n")


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """A system that is booted, with no network but its own; what it writes is gone in the end."""
    options = ("--register=no", "--keep-unit", "--private-network", "--volatile=overlay", "--console=pipe")
    with subprocess.Popen(
        ["systemd-nspawn", f"--directory={root}", *options, "--boot"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        # The first one of them soon ends, and leaves the other to the system.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            wait_until(lambda: any(map(has_started, children.read_text().split())))
            yield Machine(root, int(children.read_text()))
        finally:
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)
            process.wait(PATIENCE)


def has_started(leader: str) -> bool:
    command = ("nsenter", "--all", f"--target={leader}", "systemctl", "is-system-running")
    state = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return state in ("running", "degraded")
