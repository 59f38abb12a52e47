"""Logs, readiness, metrics, and problems on the page: for the operator of a service."""

import ctypes
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import feedsvc.web.blueprint
from feedsvc.config import parse_config
from feedsvc.index.status import OVERDUE_SECONDS
from feedsvc.serve import follower, logs, watching
from feedsvc.web import cache, create_app, metrics_folder
from tests.conftest import FEEDSVC, Service, Site, record, running_service, wait_until
from tests.services import ask, events, samples

BAD = "title: <b>B</b>\nquality: <script>\nunknown: CANARY\n"


@pytest.mark.survives("the folder goes, or a file takes its place")
def test_the_service_is_ready_unless_its_folder_is_gone_and_serves_feeds_all_the_same(tmp_path: Path) -> None:
    records, log = tmp_path / "records", tmp_path / "log"
    records.mkdir()
    (records / "a.md").write_text(record(unknown="CANARY"))
    with running_service(tmp_path, log=log) as service:
        assert (ask(service, "/readyz").status, ask(service, "/readyz").body) == (200, b"ok, in step\n")
        records.rename(tmp_path / "away")
        wait_until(lambda: ask(service, "/readyz").status == 503)
        reason = f"{records}: No such file or directory; expected a folder that can be followed"
        assert ask(service, "/readyz").body.decode() == f"not in step: {reason}\n"
        assert samples(ask(service, "/metrics").body)["feedsvc_ready"] == 0
        assert ask(service, "/feed.atom").status == ask(service, "/healthz").status == 200
        records.write_text("a file in its place")
        wait_until(lambda: b"Not a directory" in ask(service, "/readyz").body)
        records.unlink()
        (tmp_path / "away").rename(records)
        wait_until(lambda: ask(service, "/readyz").status == 200)
        assert samples(ask(service, "/metrics").body)["feedsvc_ready"] == 1
    messages = [line.split(" ", 3)[3] for line in log.read_text().splitlines()]
    assert messages[1] == f"{reason}; trying again"
    assert messages[2] == f"{records}: Not a directory; expected a folder of records; trying again"
    assert set(messages[3:-1]) <= {messages[1]}  # of the moment without either
    assert re.fullmatch(
        r"synced in \d+\.\d{3} s: files read 0, gone 0, problems 0; 1 story from 1 record", messages[-1]
    )


@pytest.mark.parametrize(("watch", "status"), [(True, 503), (False, 200)])
def test_an_overdue_sync_is_reported_where_the_folder_is_followed(
    make_site: Callable[..., Site], watch: bool, status: int
) -> None:
    site = make_site({"1.md": record()}, serve={"watch": watch})
    client = create_app(site.config).test_client()
    assert client.get("/readyz").status_code == 200
    with site.documents.index.writing() as connection:
        connection.execute("UPDATE state SET synced = ?", (time.time() - OVERDUE_SECONDS - 1,))
    response = client.get("/readyz")
    assert response.status_code == status
    assert ("the last sync was 181 seconds ago" in response.text) is watch


def test_the_message_of_an_unforeseen_error_is_not_shown(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site({"1.md": record()}, serve={"watch": False})

    def fail(*arguments: Any, **options: Any) -> None:
        raise ValueError("CANARY")

    monkeypatch.setattr(follower, "sync", fail)
    monkeypatch.setattr(watching, "WAKE_MS", 20)
    thread = follower.Follower(site.config, site.documents.index, logs.SyncLog())
    thread.start()
    client = create_app(site.config).test_client()
    wait_until(lambda: client.get("/readyz").status_code == 503)
    thread.end()
    response = client.get("/readyz")
    assert "ValueError" in response.text
    assert "CANARY" not in response.text


def test_status_pages_are_never_cached_and_answer_head(make_site: Callable[..., Site]) -> None:
    client = create_app(make_site({"1.md": record()}).config).test_client()
    for address in ("/healthz", "/readyz", "/metrics"):
        for response in (client.get(address), client.head(address)):
            assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """A service that logs requests, in JSON, and its log."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    log = tmp_path / "log"
    with running_service(tmp_path, serve='log_format = "json"\naccess_log = true', log=log) as service:
        yield service, log


@pytest.mark.survives("requests that would forge lines of the log")
def test_each_event_is_a_line_of_json(logged: tuple[Service, Path]) -> None:
    service, log = logged
    name = "b\nb\u2028.md"
    (service.folder / name).write_text(BAD)
    (service.folder / name).rename(service.folder / "records" / name)  # whole at once
    wait_until(lambda: len(events(log, "sync")) == 2)
    first, second = events(log, "sync")
    assert (first["read"], first["gone"], first["problems"]) == (1, 0, 0)
    assert (second["read"], second["gone"], second["problems"]) == (1, 0, 3)
    assert (second["stories"], second["records"], second["refused"], second["passed_over"]) == (1, 2, 1, {})
    assert second["seconds"] > 0
    refused = events(log, "refused")
    assert [(each["file"], each["line"], each["field"], each["left_out"]) for each in refused] == [
        (name, 1, "publishedDateTime", True),
        (name, 1, "webUrl", False),
        (name, 2, "quality", False),
    ]
    assert refused[2]["message"] == "b\\nb\\u2028.md:2: quality: '<script>' can't be used: expected a whole number"
    (service.folder / "records" / "a.md").unlink()
    wait_until(lambda: len(events(log, "sync")) == 3)
    assert events(log, "sync")[2]["gone"] == 1
    assert len(events(log, "refused")) == 3  # each is logged once
    shutil.move(service.folder / "records", service.folder / "away")
    wait_until(lambda: len(events(log, "failed")) == 1)
    assert {"time", "level", "message"} <= events(log, "failed")[0].keys()
    assert "CANARY" not in log.read_text()


def test_a_service_without_records_says_so_and_goes_on_and_counts_what_is_there(tmp_path: Path) -> None:
    records, log = tmp_path / "records", tmp_path / "log"
    records.mkdir()
    (records / "a.png").touch()
    with running_service(tmp_path, serve='log_format = "json"', log=log) as service:
        (warning,) = events(log, "no_records")
        assert warning["message"].startswith(f"{records}: no record files; there is 1 .png; expected names that end")
        assert events(log, "sync")[0]["passed_over"] == {".png": 1}
        (records / "a.md").write_text(record())
        (records / "b.md").write_text(record("Draft", "https://a.example/2", published="false"))
        wait_until(lambda: b"A title" in ask(service, "/feed.atom").body)
        wait_until(lambda: events(log, "sync")[-1]["drafts"] == 1)
    last = events(log, "sync")[-1]
    assert last["message"].endswith("; 1 story from 2 records; 1 draft; 1 file passed over (1 .png)")
    assert len(events(log, "no_records")) == 1


@pytest.mark.survives("requests that would forge lines of the log")
def test_each_request_is_a_line_that_no_request_can_break(logged: tuple[Service, Path]) -> None:
    service, log = logged
    known = ask(service, "/feed.atom", User_Agent="Reader/1.0 (3 subscribers)").headers["ETag"]
    ask(service, "/feed.atom?x=%0a1", If_None_Match=known or "")
    ask(service, "/%0aINFO%20forged%22", "HEAD", User_Agent='a"\tb\xff')
    requests = [event for event in events(log, "request") if event["target"] != "/healthz"]
    assert [(each["method"], each["target"], each["status"]) for each in requests] == [
        ("GET", "/feed.atom", 200),
        ("GET", "/feed.atom?x=%0a1", 304),
        ("HEAD", "/%0AINFO%20forged%22", 404),
    ]
    assert requests[0]["agent"] == "Reader/1.0 (3 subscribers)"
    assert requests[0]["bytes"] == len(ask(service, "/feed.atom").body)
    assert requests[1]["bytes"] == 0
    assert all(each["address"].startswith("127.0.0.1") for each in requests)


@pytest.mark.survives("requests that would forge lines of the log")
def test_the_plain_log_is_one_line_per_event_and_has_no_requests_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "b\nb.md").write_text(BAD)
    for asked in (False, True):
        log = tmp_path / "log"
        with running_service(tmp_path, serve=f"access_log = {str(asked).lower()}", log=log) as service:
            ask(service, "/%0aINFO%20forged", User_Agent='a"\tb')
        lines = log.read_text().splitlines()
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) ", line) for line in lines)
        assert ["b\\nb.md:1: webUrl: is missing" in line for line in lines[:3]] == [False, True, False]
        assert lines[3].endswith("problems 3; 0 stories from 1 record; 1 refused")
        assert any("/healthz" in line for line in lines) is asked
        assert not any("WARNING" in line for line in lines[4:])  # nothing to worry about in a usual start
        assert any('"GET /%0AINFO%20forged" 404' in line and line.endswith(r'"a\"\tb"') for line in lines) is asked


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_an_error_is_one_line_with_its_traceback(log_format: str) -> None:
    program = f"""
import logging
from feedsvc.serve import logs
logs.configure({log_format!r})
try:
    raise ValueError("one\\ntwo")
except ValueError:
    logging.exception("three\\nfour")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert "three\\nfour" in line
    assert "ValueError: one\\ntwo" in line
    assert log_format == "plain" or json.loads(line)["traceback"].startswith("Traceback")


def counting(folder: Path) -> int:
    """How many processes count requests in a folder."""
    return sum(b"feedsvc_requests" in file.read_bytes() for file in folder.rglob("counter_*.db"))


def test_metrics_cover_all_workers_and_no_file_of_theirs_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    (tmp_path / "records" / "b.md").write_text(BAD)
    started = int(time.time())
    with running_service(tmp_path, serve="workers = 3") as service:
        wait_until(lambda: ask(service, "/healthz").status == 200 and counting(tmp_path / "tmp") == 3)
        before = samples(ask(service, "/metrics").body)
        known = ask(service, "/feed.atom").headers["ETag"] or ""
        for _ in range(40):
            assert ask(service, "/feed.atom", If_None_Match=known).status == 304
            assert ask(service, "/none").status == 404
        # Those of a burst are counted with a worker's next request.
        wait_until(lambda: samples(ask(service, "/metrics").body)["feedsvc_requests_total 304"] >= 40)
        wait_until(lambda: samples(ask(service, "/metrics").body)["feedsvc_requests_total 404"] >= 40)
        after = samples(ask(service, "/metrics").body)
        assert after["feedsvc_requests_total 304"] == 40
        assert after["feedsvc_requests_total 404"] == before.get("feedsvc_requests_total 404", 0) + 40
        assert 1 <= after["feedsvc_render_seconds_count"] <= 3
        assert after["feedsvc_render_seconds_count"] == after["feedsvc_render_seconds_bucket +Inf"]
        assert (after["feedsvc_stories"], after["feedsvc_refused_records"], after["feedsvc_ready"]) == (1, 1, 1)
        assert started <= after["feedsvc_last_sync_timestamp_seconds"] <= time.time()
        assert 0 < after["feedsvc_last_sync_duration_seconds"] < time.time() - started
        assert ask(service, "/metrics").headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_counts_of_a_service_that_is_killed_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "records").mkdir()
    with running_service(tmp_path) as service:
        wait_until(lambda: ask(service, "/healthz").status == 200 and counting(tmp_path / "tmp") == 2)
        service.process.kill()
        wait_until(lambda: not any((tmp_path / "tmp").iterdir()))


@pytest.mark.survives("no room to count requests")
def test_a_full_disk_where_requests_are_counted_costs_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, log = tmp_path / "tmp", tmp_path / "log"
    small.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(small), b"tmpfs", 0, b"size=160k"):
        pytest.skip(f"can't mount a small tmpfs: {os.strerror(ctypes.get_errno())}")
    try:
        monkeypatch.setenv("TMPDIR", str(small))
        (tmp_path / "records").mkdir()
        (tmp_path / "records" / "a.md").write_text(record())
        with running_service(tmp_path, log=log) as service:
            message = "No space left on device, so this worker reports its own"
            wait_until(lambda: message in log.read_text())
            for _ in range(20):
                assert ask(service, "/feed.atom").status == ask(service, "/metrics").status == 200
        assert "ERROR" not in log.read_text()
    finally:
        assert libc.umount(os.fsencode(small)) == 0


def test_folders_of_metrics_that_killed_services_left_are_removed_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(metrics_folder.MULTIPROC_DIR, raising=False)
    for name in ("left", "used", "new"):
        (tmp_path / f"feedsvc-metrics-{name}").mkdir()
        (tmp_path / f"feedsvc-metrics-{name}" / "counter_1.db").touch()
    (tmp_path / "feedsvc-metrics-link").symlink_to(tmp_path / "feedsvc-metrics-new")
    for name in ("left", "used"):
        os.utime(tmp_path / f"feedsvc-metrics-{name}", (1e9, 1e9))
    lock = os.open(tmp_path / "feedsvc-metrics-used", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with metrics_folder.shared():
            assert {path.name.rpartition("-")[2] for path in tmp_path.iterdir()} >= {"used", "new", "link"}
            assert not (tmp_path / "feedsvc-metrics-left").exists()
    finally:
        os.close(lock)
    assert len(list(tmp_path.glob("*/counter_1.db"))) == 3
    assert metrics_folder.MULTIPROC_DIR not in os.environ


@pytest.mark.survives("the folder in which requests")
def test_a_folder_of_metrics_that_is_removed_is_said_and_each_worker_reports_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(record())
    log = tmp_path / "log"
    with running_service(tmp_path, serve="workers = 1", log=log) as service:
        wait_until(lambda: counting(tmp_path / "tmp") == 1)
        (folder,) = (tmp_path / "tmp").iterdir()
        shutil.rmtree(folder)
        for _ in range(3):
            assert ask(service, "/feed.atom").status == 200
            time.sleep(0.3)
        found = samples(ask(service, "/metrics").body)
        assert found["feedsvc_requests_total 200"] >= 3
        assert (found["feedsvc_ready"], found["feedsvc_stories"]) == (1, 1)
        ask(service, "/metrics")
    said = [line for line in log.read_text().splitlines() if f"{folder}/" in line]
    assert len(said) == 1
    assert said[0].endswith("was removed, so this worker reports its own; restart the service to sum them")


def test_without_prometheus_client_metrics_say_what_to_install(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedsvc.web.blueprint, "HAS_METRICS", False)
    client = create_app(make_site({"1.md": record()}).config).test_client()
    assert client.get("/feed.atom").status_code == client.get("/readyz").status_code == 200
    response = client.get("/metrics")
    assert (response.status_code, response.headers["Cache-Control"]) == (501, "no-store")
    assert response.text == "Metrics need prometheus-client: pip install 'feedsvc[metrics]'\n"


def test_an_application_alone_counts_in_its_own_process(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record()})
    others = create_app(site.config).test_client()
    others.get("/feed.atom")
    client = create_app(site.config).test_client()
    for address in ("/feed.atom", "/feed.atom", "/feed.rss", "/none", "/feed.atom?limit=x"):
        client.get(address)
    found = samples(client.get("/metrics").data)
    assert [found.get(f"feedsvc_requests_total {status}") for status in (200, 304, 400, 404)] == [3, None, 1, 1]
    assert found["feedsvc_render_seconds_count"] == 2


def test_metrics_show_that_an_index_does_not_answer(tmp_path: Path) -> None:
    client = create_app(parse_config({}, tmp_path)).test_client()
    assert client.get("/readyz").status_code == 503
    found = samples(client.get("/metrics").data)
    assert found["feedsvc_ready"] == 0
    assert found["feedsvc_requests_total 503"] == 1
    assert "feedsvc_stories" not in found


@pytest.fixture
def shown(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that shows its problems, whose workers look at the index each time."""
    monkeypatch.setattr(cache, "FRESH_SECONDS", 0)
    return make_site({"1.md": record(), "b<i>.md": BAD, "d.md": b"\xff"}, serve={"show_problems": True})


def test_problems_are_on_the_page_only_if_the_operator_says_so(shown: Site, make_site: Callable[..., Site]) -> None:
    page = create_app(shown.config).test_client().get("/").text
    assert "Records left out: 2. Problems: 4." in page
    assert "<code>b&lt;i&gt;.md:2: quality: &#39;&lt;script&gt;&#39; can&#39;t be used: expected a whole number" in page
    assert "CANARY" not in page
    silent = create_app(make_site({"1.md": record(), "b.md": BAD}).config).test_client()
    assert "b.md" not in silent.get("/").text
    assert "Problems" not in silent.get("/").text


def test_a_problem_comes_and_goes_on_the_page_and_no_feed_changes(shown: Site) -> None:
    shown.settle()
    client: FlaskClient = create_app(shown.config, started=0).test_client()
    feed, page = client.get("/feed.atom").headers, client.get("/").headers
    shown.write("c.md", "c")
    shown.sync()
    assert "c.md:1: is not a record" in client.get("/", headers={"If-None-Match": page["ETag"]}).text
    assert client.get("/", headers={"If-Modified-Since": page["Last-Modified"]}).status_code == 200
    (shown.config.records_folder / "c.md").unlink()
    shown.sync()
    assert client.get("/").headers["ETag"] == page["ETag"]
    assert dict(client.get("/feed.atom").headers) == dict(feed)


def test_the_page_shows_a_hundred_problems_and_how_many_more(shown: Site) -> None:
    for number in range(105):
        shown.write(f"x{number:03}.md", "x")
    shown.sync()
    page = create_app(shown.config).test_client().get("/").text
    assert page.count(": is not a record") == 96
    assert "<code>feedsvc check</code> shows the other 9, too." in page


def test_the_page_that_build_writes_is_the_one_that_is_served(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "b.md").write_text(BAD)
    with running_service(tmp_path, serve="show_problems = true") as service:
        subprocess.run([FEEDSVC, "build"], cwd=tmp_path, capture_output=True)
        page = (tmp_path / "public" / "index.html").read_bytes()
        assert b"b.md:2: quality" in page
        assert ask(service, "/").body == page
