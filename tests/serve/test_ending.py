"""A service that is told to end does so at once, in order and without a warning, whatever it does meanwhile."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import FEEDSVC, PATIENCE, free_port, record, running_service, wait_until
from tests.services import members, workers

#: What the log of a service begins with, which has nothing to report.
INFO = (" INFO ", "Serving ", "Subscribe to", "  http", "Press Ctrl-C")


@pytest.mark.survives("told to end at any moment")
def test_a_service_that_is_told_to_end_while_it_begins_ends_in_order(tmp_path: Path, full: bool) -> None:
    """Eight at once, which is the load under which signals were lost."""
    for start in range(12 if full else 2):
        with ExitStack() as stack:
            services = []
            for number in range(8):
                folder = tmp_path / f"{start}-{number}"
                (folder / "records").mkdir(parents=True)
                (folder / "records" / "a.md").write_text(record())
                (folder / "config.toml").write_text(f"serve.port = {free_port()}\nserve.workers = 1\n")
                services.append(stack.enter_context(Told(folder)))
            for service in services:
                service.wait_until_ready()
            for number, service in enumerate(services):
                service.end(to_all=number % 2 == 1, times=1 + number // 2 % 2)
                time.sleep(0.25 + start * 0.02)
            for service in services:
                service.check()


class Told:
    """A service of one worker."""

    def __init__(self, folder: Path) -> None:
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [FEEDSVC, "serve"], cwd=folder, stdout=self.log, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def __enter__(self) -> "Told":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    def wait_until_ready(self) -> None:
        wait_until(lambda: "Press Ctrl-C" in Path(self.log.name).read_text())

    def end(self, to_all: bool, times: int) -> None:
        """Tell it to end. to_all: whether the signal is sent to all of its processes."""
        for _ in range(times):
            (os.killpg if to_all else os.kill)(self.process.pid, signal.SIGTERM)

    def check(self) -> None:
        assert self.process.wait(PATIENCE) == 0
        lines = Path(self.log.name).read_text().splitlines()
        assert [line for line in lines if not any(part in line for part in INFO)] == []
        wait_until(lambda: not members(self.process.pid))


@pytest.mark.survives("told to end at any moment")
def test_a_service_that_is_told_to_end_again_and_again_waits_for_a_stalled_client_but_not_long(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    log = tmp_path / "log"
    with running_service(tmp_path, log=log, serve="workers = 1") as service:
        port = int(service.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /feed.atom HTTP/1.1\r\n")
            time.sleep(0.5)
            for _ in range(5):  # a terminal's Ctrl-C, and whoever sends signals to all processes, are impatient
                os.killpg(service.process.pid, signal.SIGTERM)
                time.sleep(0.1)
            assert service.process.wait(PATIENCE) == 0
    assert "WARNING" not in log.read_text()
    assert "ERROR" not in log.read_text()


#: A command that is interrupted in a callback, or while a class is made, as imports do all the time.
INTERRUPTED = """
import os, signal, time, weakref
import feedsvc.api
from feedsvc.cli import main

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)

def in_a_callback(*_, **__):
    thing = type("Thing", (), {})()
    reference = weakref.ref(thing, interrupt)
    del thing
    time.sleep(10)

def in_a_class(*_, **__):
    type("Thing", (), {"field": type("Field", (), {"__set_name__": interrupt})()})

feedsvc.api.Site.sync = SYNC
main(["check"])
"""


@pytest.mark.parametrize("place", ["in_a_callback", "in_a_class"])
def test_an_interrupt_ends_a_command_wherever_it_is_raised(tmp_path: Path, place: str) -> None:
    (tmp_path / "records").mkdir()
    code = INTERRUPTED.replace("SYNC", place)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "feedsvc: interrupted\n")


#: A command that is interrupted when it is about to load a module.
LOADING = """
import os, signal, sys

class Interrupt:
    def find_spec(name, *_):
        if name == NAME:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt)
from feedsvc.cli import main
main(["check"])
"""


@pytest.mark.parametrize(
    "name", ["threading", "feedsvc.cli.commands", "click", "feedsvc.config", "msgspec", "feedsvc.index.sync"]
)
def test_an_interrupt_ends_a_command_also_while_it_loads(tmp_path: Path, name: str) -> None:
    (tmp_path / "records").mkdir()
    code = LOADING.replace("NAME", repr(name))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "feedsvc: interrupted\n")


def test_a_worker_that_ends_by_itself_is_reported_and_started_again(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    log = tmp_path / "log"
    with running_service(tmp_path, log=log, serve="workers = 1") as service:
        (worker,) = workers(service)
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: bool(set(workers(service)) - {worker}))
    assert "ERROR worker 1 ended unexpectedly; another one starts" in log.read_text()
