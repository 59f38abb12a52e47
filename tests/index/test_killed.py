"""Commands that are killed at random moments: nothing half-written is ever seen, and the next one finishes the work."""

import os
import random
import shutil
import signal
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.build.test_site import files
from tests.conftest import PATIENCE, running_service, wait_until
from tests.corpus import Corpus
from tests.faults import Reader, command, kill_after, start, undisturbed
from tests.services import get, members

#: Short enough to be killed in each of its parts. All stories change from one build to the next.
CONFIG = 'records.max_loss = 100\nfeeds.formats = ["atom"]\nfeeds.archives = false\nbuild.pages = false\n'


@pytest.fixture
def kills(full: bool) -> int:
    """How often a command is killed before it has ended."""
    return 140 if full else 7


def put(records: Path, corpus: Corpus) -> None:
    """Make these the records."""
    shutil.rmtree(records, ignore_errors=True)
    records.mkdir()
    corpus.write(records)


@pytest.mark.survives("a build is killed")
def test_a_build_killed_at_any_moment_leaves_whole_files_and_the_next_one_finishes(tmp_path: Path, kills: int) -> None:
    states = [Corpus(56, seed=seed, providers=4) for seed in (1, 2)]
    expected = []
    for number, state in enumerate(states):
        put(tmp_path / f"state{number}", state)
        begun = time.monotonic()
        expected.append(undisturbed(tmp_path / "undisturbed", tmp_path / f"state{number}", CONFIG))
        takes = time.monotonic() - begun
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG)
    out = folder / "public"
    in_the_midst = 0
    for round in count():
        if in_the_midst == kills:
            break
        now = round % 2
        put(folder / "records", states[now])
        if round % 3 == 0:
            shutil.rmtree(folder / ".feedsvc", ignore_errors=True)
        moment = random.uniform(0.1, takes)
        process = start("build", cwd=folder)
        was_running = kill_after(process, moment, whole_group=bool(round // 2 % 2))
        takes *= 1.1 if was_running else 0.8
        in_the_midst += was_running
        for name, body in files(out).items():
            assert body in [state.get(name) for state in expected], f"{name}, killed after {moment} s"
        status, _, problems = command("build", cwd=folder)
        assert (status, files(out) == expected[now]) == (0, True), f"killed after {moment} s; {problems}"
        assert not list(out.glob(".*.tmp"))
        wait_until(lambda group=process.pid: not members(group))  # type: ignore[misc]


@pytest.mark.survives("a sync is killed")
def test_a_service_goes_on_from_the_old_index_while_syncs_are_killed(tmp_path: Path, kills: int) -> None:
    states = [Corpus(56, seed=seed, providers=4) for seed in (1, 2)]
    put(tmp_path / "records", states[1])
    with running_service(tmp_path, CONFIG, "watch = false") as service:
        config = f'site.base_url = "{service.base_url}"\n{CONFIG}'
        expected = []
        for number, state in enumerate(states):
            put(tmp_path / f"state{number}", state)
            expected.append(undisturbed(tmp_path / "undisturbed", tmp_path / f"state{number}", config))
        common = sorted(expected[0].keys() & expected[1])[::4]
        in_the_midst, takes = 0, 0.6
        with Reader([service.base_url + quote(f"/{name}") for name in common]).asking() as reader:
            for round in count():
                if in_the_midst == kills:
                    break
                put(tmp_path / "records", states[round % 2])
                process = start("check", cwd=tmp_path)
                was_running = kill_after(process, random.uniform(0.1, takes), whole_group=bool(round // 2 % 2))
                takes *= 1.1 if was_running else 0.8
                in_the_midst += was_running
            assert command("check", cwd=tmp_path)[0] == 0
            now = expected[(round - 1) % 2]
            for name in common:
                wait_until(lambda name=name: get(service.base_url + quote(f"/{name}")) == now[name])  # type: ignore[misc]
    assert reader.failures == []
    for name in common:
        assert reader.bodies[service.base_url + quote(f"/{name}")] <= {state[name] for state in expected}


def workers(main: int) -> list[int]:
    """The worker processes of a build, of which multiprocessing's resource tracker is none."""
    found = []
    for process in set(members(main)) - {main}:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            if b"resource_tracker" not in Path(f"/proc/{process}/cmdline").read_bytes():
                found.append(process)
    return found


@pytest.mark.survives("a worker process is killed")
def test_a_build_whose_worker_is_killed_is_one_line_and_the_next_one_finishes(tmp_path: Path) -> None:
    put(tmp_path / "records", Corpus(120, seed=3, providers=4))
    (tmp_path / "config.toml").write_text(CONFIG)
    for _ in range(20):  # until one is killed before its work is done
        process = start("build", cwd=tmp_path)
        wait_until(lambda main=process: bool(workers(main.pid)) or main.poll() is not None)  # type: ignore[misc]
        for worker in workers(process.pid)[:1]:
            with suppress(ProcessLookupError):  # it has ended since
                os.kill(worker, signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE)
        if process.returncode:
            break
        shutil.rmtree(tmp_path / ".feedsvc")
    assert output == "feedsvc: a worker process was killed; expected enough memory for all; run it again\n"
    assert process.returncode == 2
    assert command("build", cwd=tmp_path)[0] == 0
    assert files(tmp_path / "public") == undisturbed(tmp_path / "undisturbed", tmp_path / "records", CONFIG)
