"""The service stays: its workers are started again, its port is its own, and it starts under low limits."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import TypeVar
from urllib.request import urlopen

import pytest

from feedsvc.serve import sockets, supervisor
from tests.conftest import FEEDSVC, PATIENCE, answers, free_port, record, running_service, wait_until
from tests.faults import command
from tests.services import entries, get, kill_workers, workers

T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one record."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record("One"))
    return tmp_path


@pytest.mark.survives("workers end again and again")
def test_a_service_stays_however_often_its_workers_end(folder: Path) -> None:
    log = folder / "log"

    def pauses() -> list[int]:
        return [int(line.split()[-2]) for line in log.read_text().splitlines() if "workers keep ending" in line]

    with running_service(folder, log=log) as service:
        for _ in range(2):
            wait_until(lambda: len(workers(service)) == 2)
            kill_workers(service)
        wait_until(lambda: answers(f"{service.base_url}/healthz"))
        assert entries(service) == ["One"]
        wait_until(lambda: len(workers(service)) == 2)
        kill_workers(service)
        wait_until(lambda: bool(pauses()) and pauses()[-1] > supervisor.FIRST_PAUSE)
        service.process.terminate()  # in a pause
        assert service.process.wait(PATIENCE) == 0
    assert pauses() == sorted(pauses())
    assert pauses()[0] == supervisor.FIRST_PAUSE


@pytest.mark.survives("workers end again and again")
def test_a_pause_ends_when_the_service_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 10**6)
    with sockets.listen("127.0.0.1", free_port()) as listener:
        service = supervisor.Supervisor(listener, None, interface="wsgi", http="1")
        service._restarted, service._pause = time.monotonic(), 10**6
        pause = Thread(target=service._wait)
        pause.start()
        service.interrupt_signal = True
        pause.join(PATIENCE)
        assert not pause.is_alive()


@pytest.mark.survives("two services on one port")
def test_a_second_service_on_a_port_is_one_clear_error_from_the_first_ones_check_on(folder: Path) -> None:
    port = free_port()
    with sockets.listen("127.0.0.1", port):
        for host in ("127.0.0.1", "localhost", "0.0.0.0"):
            (folder / "config.toml").write_text(f"serve.host = '{host}'\nserve.port = {port}")
            error = (
                f"can't listen on {host}, port {port}: Address already in use; choose another with --port or serve.port"
            )
            assert command("serve", cwd=folder) == (2, "", f"feedsvc: {error}\n")
    sockets.listen("127.0.0.1", port).close()


@pytest.mark.survives("two services on one port")
def test_of_services_that_start_at_once_on_a_port_one_serves(folder: Path) -> None:
    port = free_port()
    (folder / "config.toml").write_text(f"serve.port = {port}")
    with ExitStack() as stack:
        processes = []
        for _ in range(4):
            process = subprocess.Popen(
                [FEEDSVC, "serve"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            stack.callback(process.communicate)
            stack.callback(process.terminate)
            processes.append(process)
        wait_until(lambda: sum(process.poll() is None for process in processes) == 1)
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert sorted(process.poll() or 0 for process in processes) == [0, 2, 2, 2]


def test_a_service_listens_on_ipv6_and_on_the_address_of_a_name(folder: Path) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("there is no IPv6 here")
    with running_service(folder, serve='host = "::"') as service:  # which takes IPv4, too
        port = service.base_url.rpartition(":")[2]
        assert get(f"http://[::1]:{port}/healthz")
        assert command("serve", cwd=folder)[0] == 2
    with running_service(folder, serve='host = "localhost"') as service:
        assert entries(service) == ["One"]


@pytest.mark.skipif(sys.platform != "linux", reason="the arenas are glibc's")
@pytest.mark.parametrize("given", ["", "3"])
def test_the_threads_of_a_worker_share_their_memory_unless_the_operator_says_otherwise(
    folder: Path, given: str
) -> None:
    under = ["env", f"MALLOC_ARENA_MAX={given}"] if given else ["env", "--unset=MALLOC_ARENA_MAX"]
    with running_service(folder, under=under) as service:
        wait_until(lambda: len(workers(service)) == 2)
        for worker in workers(service):
            environment = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
            assert f"MALLOC_ARENA_MAX={given or 1}".encode() in environment


def test_a_service_that_starts_says_what_it_read_and_warns_of_nothing(folder: Path) -> None:
    log = folder / "log"
    with running_service(folder, serve="workers = 1", log=log) as service:
        assert entries(service) == ["One"]
    (line,) = log.read_text().splitlines()
    assert "1 story from 1 record" in line


@pytest.mark.parametrize("limit", [64, 256])
@pytest.mark.survives("few open files")
def test_a_low_limit_of_open_files_leaves_most_of_them_to_connections(folder: Path, limit: int) -> None:
    with (
        running_service(folder, serve="workers = 1", under=["prlimit", f"--nofile={limit}:{limit}"]) as service,
        ExitStack() as stack,
    ):
        port = int(service.base_url.rpartition(":")[2])
        for _ in range(limit // 2 - 4):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        time.sleep(0.2)
        with urlopen(f"{service.base_url}/feed.atom?limit=7", timeout=PATIENCE) as response:
            assert response.status == 200
