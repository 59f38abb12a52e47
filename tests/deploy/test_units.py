"""What systemd and cron say of the files that are shipped for them. They run in test_debian.py."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import FEEDSVC, record
from tests.deploy.files import DEPLOY, adapted, file


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze, of systemd")
def test_systemd_has_nothing_against_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "feedsvc.service"
    unit.write_text(adapted("feedsvc.service", {"=/opt/feedsvc/bin/feedsvc": f"={FEEDSVC}"}))
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")

    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit]
    judged = subprocess.run(command, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout
    exposure = re.search(r"Overall exposure level for feedsvc.service: (\S+)", judged.stdout)
    told = re.search(r"exposure (\S+) of `systemd-analyze security`", file("README.md"))
    assert exposure and told and abs(float(exposure[1]) - float(told[1])) < 0.5  # versions judge otherwise


@pytest.mark.skipif(not shutil.which("crontab"), reason="needs cron, which .ci/run installs")
def test_cron_has_nothing_against_the_crontab(tmp_path: Path) -> None:
    def check(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["crontab", "-n", path], capture_output=True, text=True)

    faulty = tmp_path / "crontab"
    faulty.write_text(adapted("crontab", {"*/10 * * * *": "*/10 * * 13 *"}))
    if "bad month" not in check(faulty).stderr:
        pytest.skip("needs a crontab that checks a file with -n, as Debian's")
    assert check(DEPLOY / "crontab").returncode == 0


def test_the_line_of_the_crontab_builds_and_says_nothing_but_problems(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    (tmp_path / "records" / "b.md").write_text(record(time="no"))
    (tmp_path / "config.toml").write_text('site.base_url = "https://feeds.example.org"')
    changes = {"/opt/feedsvc/bin/feedsvc": FEEDSVC, "/etc/feedsvc/config.toml": tmp_path / "config.toml"}
    (line,) = [line for line in adapted("crontab", changes).splitlines() if line and line[0] != "#"]
    command = ["/bin/sh", "-c", line.split(maxsplit=5)[5]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "b.md:4: publishedDateTime: 'no'" in done.stderr
    assert (tmp_path / "public" / "feed.atom").exists()
