"""What tests ask of a running service, its processes and its log, and how they change its files."""

import http.client
import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import PATIENCE, Service, wait_until
from tests.feeds.test_feeds import plain
from tests.rules import check_feed

T = TypeVar("T")


class Answer:
    """A response, its body read."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def ask(service: Service, target: str, method: str = "GET", **headers: str) -> Answer:
    """Return the response to a request just as it is written. headers: with `_` for `-`."""
    connection = http.client.HTTPConnection(urlsplit(service.base_url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def get(url: str) -> bytes:
    """Return the body at a URL."""
    with urlopen(url, timeout=PATIENCE) as response:
        return bytes(response.read())


def entries(service: Service, path: str = "/feed.atom") -> list[str]:
    """Return the titles of the entries of a valid feed, sorted."""
    url = service.base_url + path
    return sorted(plain(entry) for entry in check_feed(get(url), url).entries)


def put(path: Path, text: str) -> None:
    """Let a file have another text, whole at once: what a service reads in the midst of writing, it announces."""
    new = path.with_name(f".{path.name}")
    new.write_text(text)
    new.rename(path)


def events(log: Path, name: str) -> list[dict[str, Any]]:
    """Return the events of a name in a log of JSON lines."""
    whole, _, _ = log.read_text().rpartition("\n")  # a line may be half-written
    return [event for event in map(json.loads, whole.splitlines()) if event.get("event") == name]


def samples(text: bytes) -> dict[str, float]:
    """Return the samples of /metrics, by their names with the values of their labels appended."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def members(group: int, but: str = "Z") -> list[int]:
    """Return the processes of a group, but for those in some states: by default, zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state not in but:
            found.append(int(folder.name))
    return found


def workers(service: Service) -> list[int]:
    """Return the worker processes of a service."""
    found = []
    for process in members(service.process.pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes():
                found.append(process)
    return found


def kill_workers(service: Service) -> None:
    """Kill the workers that there are, and wait until they have ended: else they could be taken for new ones."""
    killed = workers(service)
    for worker in killed:
        with suppress(ProcessLookupError):  # it has ended since
            os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not set(killed) & set(members(service.process.pid)))


def ask_each_worker(service: Service, number: int, ask: Callable[[], T]) -> list[T]:
    """Ask each worker, of which there are a number, while the others stand still; return the answers."""
    wait_until(lambda: len(workers(service)) == number)
    all_of_them, answers = workers(service), []
    for asked in all_of_them:
        others = set(all_of_them) - {asked}
        try:
            for other in others:
                os.kill(other, signal.SIGSTOP)
            wait_until(lambda others=others: others.isdisjoint(members(service.process.pid, but="ZT")))  # type: ignore[misc]
            answers.append(ask())
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)
    return answers
