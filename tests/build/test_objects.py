"""Builds into a bucket of a real S3 server: the bytes of a local build, few requests, and faults on the way."""

import gzip
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest

from feedsvc.build import bucket, object_store, open_output
from feedsvc.build.manifest import MANIFEST
from feedsvc.build.site import BuildResult, build
from feedsvc.config import parse_config
from feedsvc.errors import ConfigError, OutputError
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.encodings import MIN_BYTES
from feedsvc.web import create_app
from feedsvc.workers import Workers
from tests.build.test_site import FEW, local
from tests.conftest import PATIENCE, Site, free_port, record, wait_until
from tests.corpus import Corpus
from tests.documents import block
from tests.faults import command, start, undisturbed
from tests.object_store import S3, Asked

pytest.importorskip("s3fs")
pytest.importorskip("moto")

OUT = "s3://feeds-bucket/feeds"
TWO = {"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2", topics="[Law]")}
LISTING = Asked("GET", "")
#: Of the command, for few objects.
CONFIG = 'feeds.formats = ["atom"]\nfeeds.archives = false\n'
READING = Asked("GET", f"feeds/{MANIFEST}")  # with a HEAD before it in newer versions of s3fs


def upload(site: Site, out: str = OUT, **tables: dict[str, Any]) -> BuildResult:
    """A build into the bucket; tables: of the configuration, in place of the site's."""
    base = {"site": {"base_url": "https://feeds.example"}}
    config = parse_config({**base, **tables}, site.folder) if tables else site.config
    return build(Documents(site.documents.index, config), out)


def connect() -> None:
    """List the bucket, as a build does first."""
    with open_output(OUT, parse_config({}, Path())).opened(dry_run=False):
        pass


def puts(s3: S3) -> Counter[str]:
    """How often each object was put since the last call."""
    found = Counter(asked.name.removeprefix("feeds/") for asked in s3.proxy.passed if asked.method == "PUT")
    s3.proxy.passed.clear()
    return found


def test_objects_are_the_files_of_a_local_build_with_the_services_headers(
    make_site: Callable[..., Site], s3: S3
) -> None:
    site = make_site(Corpus(3).files, feeds={"archives": False}, custom=[{"name": "Saved"}], serve={"max_age": 77})
    with Workers() as workers:
        result = build(site.documents, OUT, mapping=workers.map)
    expected = local(site)
    assert s3.files("feeds-bucket", "feeds/") == expected
    assert result == BuildResult(len(expected), 0, 0, ())
    client = create_app(site.config).test_client()
    for name in ("feed.atom", "feed.rss", "feed.json", "feeds.opml", "index.html", "assets/style.css"):
        found, _ = s3.get("feeds-bucket", f"feeds/{name}")
        served = client.get("/" + name.removesuffix("index.html")).headers
        assert (found["content-type"], found["cache-control"]) == (served["Content-Type"], served["Cache-Control"])
        assert "content-encoding" not in found


def test_with_precompress_objects_are_stored_in_gzip(make_site: Callable[..., Site], s3: S3) -> None:
    site = make_site(TWO)
    expected = local(site)
    small = {name for name, body in expected.items() if len(body) < MIN_BYTES}
    upload(site)
    puts(s3)
    assert upload(site, build={"precompress": True}).written == len(expected) - len(small)
    assert set(puts(s3)) == (expected.keys() - small) | {MANIFEST}
    assert s3.files("feeds-bucket", "feeds/").keys() == expected.keys()
    for name, body in expected.items():
        headers, stored = s3.get("feeds-bucket", f"feeds/{name}")
        assert headers.get("content-encoding") == (None if name in small else "gzip")
        assert (stored if name in small else gzip.decompress(stored)) == body
    assert upload(site, build={"precompress": True}).written == 0


def test_one_changed_record_puts_what_changed_and_the_manifest(make_site: Callable[..., Site], s3: S3) -> None:
    site = make_site(Corpus(5).files, feeds={"formats": ["atom", "json"]})
    upload(site)
    before = local(site)
    s3.proxy.asked.clear()
    assert upload(site) == BuildResult(0, len(before), 0, ())
    assert [asked for asked in s3.proxy.asked if asked.method != "HEAD"] == [LISTING, READING]
    site.write("new.md", record("Changed", "https://new.example/1", topics="[AI]"))
    site.sync()
    puts(s3)
    s3.proxy.asked.clear()
    upload(site)
    after = local(site)
    changed = {name for name in after if after[name] != before.get(name)}
    asked = Counter(s3.proxy.asked)
    print(f"{len(after)} objects, {len(changed)} changed, {asked.total()} requests")
    # The manifest is written before and after the objects, and read before each, too.
    assert puts(s3) == Counter([*changed, MANIFEST, MANIFEST])
    assert 0 < len(changed) < len(after) / 2
    assert (asked[LISTING], asked[READING]) == (1, 3)
    assert Counter(each.method for each in s3.proxy.asked) in (
        Counter(PUT=len(changed) + 2, GET=4), Counter(PUT=len(changed) + 2, GET=4, HEAD=3)
    )  # fmt: skip
    assert s3.files("feeds-bucket", "feeds/") == after


@pytest.mark.survives("others delete, shorten or replace")
def test_what_others_deleted_is_put_back_and_what_they_changed_stays(make_site: Callable[..., Site], s3: S3) -> None:
    site = make_site(TWO, **FEW)
    upload(site)
    expected = local(site)
    changed = {
        "feed.rss": b"short",
        "topics/ai.atom": expected["topics/ai.atom"].replace(b"A title", b"A lie!!"),
        "topics/law.atom": b"mine",
    }
    s3.client.delete_object(Bucket="feeds-bucket", Key="feeds/feed.atom")
    for name, body in changed.items():
        s3.put("feeds-bucket", f"feeds/{name}", body)
    puts(s3)
    assert upload(site).conflicts == tuple(f"{OUT}/{name}" for name in changed)
    assert puts(s3) == Counter(["feed.atom", MANIFEST, MANIFEST])
    assert s3.files("feeds-bucket", "feeds/") == {**expected, **changed}
    (site.config.records_folder / "2.md").unlink()  # and the feed of its topic with it
    site.sync()
    assert upload(site).conflicts == tuple(f"{OUT}/{name}" for name in changed)
    assert s3.get("feeds-bucket", "feeds/topics/law.atom")[1] == b"mine"
    s3.put("feeds-bucket", "feeds/feed.rss", expected["feed.rss"])  # as it was left
    s3.client.delete_object(Bucket="feeds-bucket", Key="feeds/topics/ai.atom")
    s3.client.delete_object(Bucket="feeds-bucket", Key="feeds/topics/law.atom")
    assert upload(site).conflicts == ()
    assert s3.files("feeds-bucket", "feeds/") == local(site)
    assert upload(site, **FEW, serve={"max_age": 5}).written == len(local(site))


def test_feeds_come_before_what_links_to_them_and_deletions_last(make_site: Callable[..., Site], s3: S3) -> None:
    site = make_site(TWO, feeds={"limit": 1})  # so that there are archives
    upload(site)
    s3.put("feeds-bucket", "feeds/topics/mine.atom", b"mine")
    s3.put("feeds-bucket", "mine.atom", b"mine")
    (site.config.records_folder / "1.md").unlink()
    site.write("3.md", record("Three", "https://c.example/3", topics="[Film]"))
    site.sync()
    s3.proxy.passed.clear()
    result = upload(site)
    assert (result.removed > 0, result.conflicts) == (True, ())
    order = [asked for asked in s3.proxy.passed if asked.method in ("PUT", "DELETE") and MANIFEST not in asked.name]
    kinds = [
        3
        if asked.method == "DELETE"
        else 2
        if asked.name.endswith((".html", ".opml", "/.well-known/feeds", "/search.json"))
        else int("2020" not in asked.name)
        for asked in order
    ]
    assert (kinds, set(kinds)) == (sorted(kinds), {0, 1, 2, 3})
    found = s3.files("feeds-bucket", "feeds/")
    assert found.pop("topics/mine.atom") == b"mine"
    assert found == local(site)
    assert "mine.atom" in s3.names("feeds-bucket")


@pytest.mark.survives("others delete, shorten or replace")
def test_a_foreign_object_is_a_conflict_and_stays(make_site: Callable[..., Site], s3: S3) -> None:
    site = make_site(TWO, **FEW)
    s3.put("feeds-bucket", "feeds/feed.rss", b"mine")
    for _ in range(2):
        assert upload(site).conflicts == (f"{OUT}/feed.rss",)
    assert s3.get("feeds-bucket", "feeds/feed.rss")[1] == b"mine"
    s3.client.delete_object(Bucket="feeds-bucket", Key="feeds/feed.rss")
    assert upload(site).conflicts == ()
    assert s3.files("feeds-bucket", "feeds/") == local(site)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command runs."""
    folder = tmp_path / "site"
    (folder / "records").mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG)
    Corpus(6).write(folder / "records")
    return folder


@pytest.mark.survives("a build into a bucket is killed")
def test_a_killed_build_is_finished_by_the_next(tmp_path: Path, folder: Path, s3: S3, full: bool) -> None:
    expected = undisturbed(tmp_path / "undisturbed", folder / "records", CONFIG)
    for moment in range(4, len(expected), 10) if full else (4,):
        done, ended = Semaphore(moment), Event()

        def hold(asked: Asked, done: Semaphore = done, ended: Event = ended) -> tuple[float, int | None]:
            """Let so many objects be uploaded, and no further one until the build is killed."""
            if asked.method == "PUT" and not asked.name.endswith(MANIFEST) and not done.acquire(blocking=False):
                assert ended.wait(PATIENCE)
                return 0, 0
            return 0, None

        s3.proxy.fault = hold
        process = start("build", "--out", OUT, cwd=folder)
        wait_until(lambda moment=moment: len(s3.files("feeds-bucket", "feeds/")) == moment)  # type: ignore[misc]
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        ended.set()
        s3.proxy.fault = lambda asked: (0, None)
        status, _, problems = command("build", "--out", OUT, cwd=folder)
        assert (status, s3.files("feeds-bucket", "feeds/") == expected) == (0, True), problems
        s3.reset()
        s3.client.create_bucket(Bucket="feeds-bucket")


@pytest.mark.parametrize("status", [503, 0])
@pytest.mark.survives("a store refuses, or drops connections")
def test_failing_requests_are_repeated(make_site: Callable[..., Site], s3: S3, status: int) -> None:
    site = make_site(TWO, **FEW)
    seen = Counter[Asked]()

    def fault(asked: Asked) -> tuple[float, int | None]:
        seen[asked] += 1
        return 0, status if seen[asked] == 1 else None

    s3.proxy.fault = fault
    upload(site)
    assert s3.files("feeds-bucket", "feeds/") == local(site)
    assert min(seen.values()) > 1


@pytest.mark.survives("a store keeps failing")
def test_a_store_that_keeps_failing_ends_the_build_without_losing_what_was_done(
    make_site: Callable[..., Site], s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, **FEW)
    monkeypatch.setattr(object_store, "ATTEMPTS", 2)
    s3.proxy.fault = lambda asked: (0, 500 if asked.method == "PUT" and asked.name.endswith("/feed.atom") else None)
    s3.proxy.passed.clear()
    with pytest.raises(OutputError, match=f"^{OUT}: .*; expected object storage that answers$"):
        upload(site)
    done = puts(s3).keys() - {MANIFEST}
    s3.proxy.fault = lambda asked: (0, None)
    upload(site)
    again = puts(s3).keys()
    assert done and "feed.atom" in again and done.isdisjoint(again)
    assert s3.files("feeds-bucket", "feeds/") == local(site)


@pytest.mark.survives("a store doesn't answer")
def test_a_request_that_isnt_answered_is_given_up(
    make_site: Callable[..., Site], s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, **FEW)
    monkeypatch.setattr(object_store, "TIMEOUT", 3)
    stalled = Counter[Asked]()

    def fault(asked: Asked) -> tuple[float, int | None]:
        stalled[asked] += asked.name.endswith("/feed.atom")
        return (20, 0) if stalled[asked] == 1 else (0, None)

    s3.proxy.fault = fault
    upload(site)
    assert stalled[Asked("PUT", "feeds/feed.atom")] >= 2  # on a slow machine, others may take too long as well
    assert s3.files("feeds-bucket", "feeds/") == local(site)
    monkeypatch.setattr(object_store, "ATTEMPTS", 2)
    s3.proxy.fault = lambda asked: (20, 0)
    with pytest.raises(OutputError, match=f"^{OUT}: .*imeout.*; expected object storage that answers$"):
        upload(site)


@pytest.mark.survives("two builds into one bucket at once")
def test_two_builds_at_once_end_well_and_the_next_one_has_it_right(tmp_path: Path, folder: Path, s3: S3) -> None:
    other = tmp_path / "other"
    (other / "records").mkdir(parents=True)
    (other / "config.toml").write_text(CONFIG)
    Corpus(6, seed=2).write(other / "records")
    build = ("build", "--out", OUT, "--accept-loss")  # of the other one's stories
    uploading, ended = Event(), Event()

    def hold(asked: Asked) -> tuple[float, int | None]:
        if asked.method == "PUT" and not asked.name.endswith(MANIFEST):
            uploading.set()
            assert ended.wait(PATIENCE)
        return 0, None

    s3.proxy.fault = hold
    held = start(*build, cwd=folder)
    assert uploading.wait(PATIENCE)
    s3.proxy.fault = lambda asked: (0, None)
    assert command(*build, cwd=other)[0] == 0  # amid the uploads of the first
    ended.set()
    shown, _ = held.communicate(timeout=PATIENCE)
    assert held.returncode == 0, shown
    assert command(*build, cwd=folder)[0] == 0
    expected = undisturbed(tmp_path / "undisturbed", folder / "records", CONFIG)
    assert s3.files("feeds-bucket", "feeds/") == expected


@pytest.mark.survives("no such bucket, wrong or no credentials, nobody there")
def test_a_bucket_that_isnt_there_and_wrong_credentials_are_errors_of_one_line(
    folder: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("build", "--out", "s3://no-such-bucket/x", cwd=folder) == (
        2, "", "feedsvc: s3://no-such-bucket/x: not found; expected a bucket that exists\n"
    )  # fmt: skip
    wanted = "; expected credentials with which objects can be listed, read, written and deleted there"
    s3.refuse(True)
    try:
        with pytest.raises(OutputError, match=f"^{OUT}: .*Access Key.*{wanted}$"):
            connect()
    finally:
        s3.refuse(False)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(OutputError, match=f"^{OUT}: Unable to locate credentials{wanted}$"):
        connect()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    with pytest.raises(OutputError, match=r"Could not connect.*; expected object storage that answers$"):
        connect()


@pytest.mark.parametrize("out", ["s3:/bucket/x", "s3://", "c:/x"])
def test_what_is_neither_a_folder_nor_an_address_is_an_error(tmp_path: Path, out: str) -> None:
    with pytest.raises(
        ConfigError,
        match=r"build.out: '.*' can't be used; expected a folder, or an address such as s3://BUCKET/PREFIX$",
    ):
        parse_config({"build": {"out": out}}, tmp_path)


def test_an_address_without_a_bucket_is_an_error() -> None:
    with pytest.raises(OutputError, match=r"^s3:///x: names no bucket; expected s3://BUCKET/PREFIX$"):
        open_output("s3:///x", parse_config({}, Path()))


@pytest.mark.parametrize(
    ("address", "module", "command"),
    [
        ("s3://b/x", "s3fs", r"pip install 'feedsvc\[object-storage\]'"),
        ("gs://b/x", "gcsfs", "pip install gcsfs"),
        ("az://b/x", "adlfs", "pip install 'adlfs>=2026.8'"),
        ("memory://x", "fsspec", r"pip install 'feedsvc\[object-storage\]'"),
    ],
)
def test_a_missing_library_is_an_error_that_names_the_command(
    address: str, module: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)  # as Python marks one that can't be imported
    with pytest.raises(OutputError, match=f"^{address}: {module} is not installed; expected it: {command}$"):
        open_output(address, parse_config({}, Path()))


def test_the_documented_configuration_builds_into_a_bucket(folder: Path, s3: S3) -> None:
    (folder / "config.toml").write_text(block("feedsvc/deploy/README.md", "As files in a bucket", "toml"))
    s3.client.create_bucket(Bucket="my-bucket")
    status, output, problems = command("build", cwd=folder)
    assert (status, problems) == (0, "")
    assert output.startswith("s3://my-bucket/feeds: ")
    assert s3.get("my-bucket", "feeds/feed.atom")[0]["content-encoding"] == "gzip"


def test_memory_holds_a_site_too(make_site: Callable[..., Site]) -> None:
    import fsspec

    site = make_site(TWO, **FEW)
    memory = fsspec.filesystem("memory")
    try:
        upload(site, "memory://site/feeds/")
        (site.config.records_folder / "1.md").unlink()
        site.sync()
        assert upload(site, "memory://site/feeds").removed == 4
        found = {path.removeprefix("/site/feeds/"): memory.cat_file(path) for path in memory.find("/site")}
        assert found.pop(MANIFEST)
        assert found == local(site)
    finally:
        memory.rm("/site", recursive=True)


def test_a_long_build_writes_the_manifest_in_between(
    make_site: Callable[..., Site], s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, **FEW)
    monkeypatch.setattr(bucket, "CHECKPOINT", 0)
    upload(site)
    assert puts(s3)[MANIFEST] > 2
