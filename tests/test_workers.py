"""Worker processes."""

import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from tests.conftest import PATIENCE

PROGRAM = """
import time
from feedsvc.workers import Workers

def begin(seconds):
    print("begun", flush=True)
    time.sleep(seconds)

if __name__ == "__main__":
    with Workers() as workers:
        {start}
        list(workers.map(begin, [600, 600]))
"""


@pytest.mark.parametrize("start", ["workers.start()", "pass"], ids=["forked", "spawned"])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, start: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(start=start), encoding="utf-8")
    with Popen([sys.executable, program], stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout and process.stdout.readline().startswith(b"begun")  # of one, or of both at once
        process.kill()
        process.communicate(timeout=PATIENCE)  # which waits for all processes that may write there
