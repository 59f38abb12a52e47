"""The application in other servers, by the file that is shipped for them."""

import os
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

import feedsvc
from tests.conftest import PATIENCE, answers, free_port, record, wait_until
from tests.deploy.files import DEPLOY, block


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """That of a server, with a configuration whose index is filled."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    (tmp_path / "config.toml").write_text('site.base_url = "https://feeds.example.org"')
    (tmp_path / "counts").mkdir()
    environment = {
        **os.environ,
        "FEEDSVC_CONFIG": str(tmp_path / "config.toml"),
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts"),
    }
    sync(environment)
    return environment


def sync(environment: Mapping[str, str]) -> None:
    """As another process does it."""
    with feedsvc.open(environment["FEEDSVC_CONFIG"]) as site:
        site.sync()


def read(url: str) -> str:
    with urlopen(url) as response:
        return str(response.read().decode())


def test_gunicorn_by_the_line_of_the_readme(tmp_path: Path, environment: Mapping[str, str]) -> None:
    pytest.importorskip("gunicorn")
    line = block("In another WSGI server").splitlines()[1]
    bin_folder, port = Path(sys.executable).parent, free_port()
    line = line.replace("/opt/feedsvc/bin", str(bin_folder)).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    with subprocess.Popen(shlex.split(line), env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{address}/healthz"))
            for _ in range(8):
                assert not answers(f"{address}/nothing")
            # Each worker tells of all of them together, once the others have counted theirs.
            wait_until(lambda: 'requests_total{status="404"} 8.0\n' in read(f"{address}/metrics"))
            (tmp_path / "records" / "b.md").write_text(record("Breaking", "https://a.example/2"))
            sync(environment)
            wait_until(lambda: "Breaking" in read(f"{address}/feed.atom"))
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def test_a_server_that_takes_the_file(
    tmp_path: Path, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSVC_CONFIG", environment["FEEDSVC_CONFIG"])
    copy = shutil.copy(DEPLOY / "wsgi.py", tmp_path / "passenger_wsgi.py")
    application = runpy.run_path(str(copy))["application"]
    assert application.test_client().get("/feed.atom").status_code == 200
