"""Output schemes, as other packages register them, and the manifest."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import feedsvc
from feedsvc.build import build, open_output, output, register, site, writing
from feedsvc.build.bucket import Bucket
from feedsvc.build.manifest import MANIFEST, Manifest, ManifestEntry
from feedsvc.build.objects import Headers
from feedsvc.build.output import OutputScheme
from feedsvc.config import Config, parse_config
from feedsvc.errors import OutputError
from feedsvc.feeds.documents import Documents
from feedsvc.workers import Workers
from tests.build.test_site import FEW, files, local, run
from tests.conftest import ROOT, Site, record

TWO = {"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2", topics="[Law]")}


class Shelf:
    """An object store in a dict, as another package would write it."""

    def __init__(self, address: str, bodies: dict[str, bytes]) -> None:
        self.address = address
        self.bodies = bodies

    def list(self) -> dict[str, tuple[int, str]]:
        return {name: (len(body), "") for name, body in self.bodies.items()}

    def read(self, name: str) -> bytes:
        return self.bodies[name]

    def write(self, name: str, body: bytes, headers: Headers) -> str:
        self.bodies[name] = body
        return ""

    def remove(self, name: str) -> None:
        del self.bodies[name]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What builds write to shelf://a, whose scheme is registered from outside."""
    bodies: dict[str, bytes] = {}
    monkeypatch.setattr(output, "_schemes", output._schemes.copy())
    register(OutputScheme(name="shelf", open=lambda address, config: Bucket(Shelf(address, bodies), config)))
    return bodies


def visible(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in objects.items() if name != MANIFEST}


def test_a_build_writes_to_a_scheme_that_was_registered_from_outside(
    make_site: Callable[..., Site], shelf: dict[str, bytes]
) -> None:
    made = make_site(TWO, build={"out": "shelf://a"})
    for _ in range(2):
        result = build(made.documents, made.config.out)
        assert visible(shelf) == local(made)
        (made.config.records_folder / "1.md").unlink(missing_ok=True)
        made.sync()
    assert result.removed > 0


@pytest.mark.parametrize("out", ["ftp://host/x", "S3://bucket", "shelf://a"])
def test_an_unknown_scheme_is_an_error_that_lists_the_known_ones(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    made = make_site(TWO)
    monkeypatch.setattr(Documents, "listing", None)  # nothing is read before
    with pytest.raises(OutputError) as caught:
        build(made.documents, out)
    scheme = out.partition("://")[0]
    assert str(caught.value) == (
        f"{out}: {scheme}:// is not a scheme that feedsvc knows; expected a folder, or an address that begins with one of "
        "az://, gs://, memory://, s3://"
    )


def _never(address: str, config: Config) -> Bucket:
    raise AssertionError(address)


def test_a_scheme_names_what_it_needs_installed(shelf: dict[str, bytes], config: Config) -> None:
    register(OutputScheme(name="shelf", open=_never, module="no_such_module", install="pip install it"))
    with pytest.raises(OutputError, match=r"^shelf://a: no_such_module is not installed; expected it: pip install it$"):
        open_output("shelf://a", config)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse_config({}, tmp_path)


def test_a_build_in_processes_leaves_the_index_in_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    for number in range(70):
        (tmp_path / "records" / f"{number}.md").write_text(record(url=f"https://{number}.example/"))
    with feedsvc.open(parse_config({}, tmp_path), processes=True) as made:
        made.sync()
        for out in ("first", "second"):
            assert made.build(tmp_path / out).written > 70
    assert [path.name for path in (tmp_path / ".feedsvc").glob("index*")] == ["index.sqlite3"]


def test_processes_and_this_process_write_the_same(make_site: Callable[..., Site]) -> None:
    made = make_site({f"{number}.md": record(url=f"https://{number}.example/") for number in range(70)})
    with Workers() as workers:
        build(made.documents, made.folder / "other", mapping=workers.map)
    assert files(made.folder / "other") == local(made)


def test_without_a_mapping_the_given_documents_are_written(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_site(TWO)
    monkeypatch.setattr(writing, "open_index", None)  # an index in memory can't be opened again
    assert run(made).written == len(made.addresses())


@pytest.mark.parametrize("name", [MANIFEST, ".feedsvc.lock"])
def test_a_pipe_in_place_of_a_file_of_its_own_is_an_error_not_a_wait(make_site: Callable[..., Site], name: str) -> None:
    site = make_site({"1.md": record()})
    site.config.out_folder.mkdir()
    os.mkfifo(site.config.out_folder / name)
    with pytest.raises(OutputError, match=f"{name}: not a file; expected one that feedsvc wrote, or none"):
        run(site)


def test_the_files_of_an_older_versions_manifest_are_ours(make_site: Callable[..., Site]) -> None:
    made = make_site({}, **FEW)
    out = made.config.out_folder
    (out / "topics").mkdir(parents=True)
    for name in ("feed.atom", "topics/gone.atom", "topics/begun.atom", "mine.atom"):
        (out / name).write_text("old")
    (out / MANIFEST).write_text(
        '{"stamp": "1", "claimed": ["topics/begun.atom", "never.atom"], "made": {\n'
        ' "/feed.atom": [7, {"feed.atom": [3, 1]}], "/topics/gone.atom": [8, {"topics/gone.atom": [3, 1]}]}}\n'
    )
    result = run(made)
    assert (result.removed, result.conflicts) == (2, ())
    assert sorted(files(out)) == [".well-known/feeds", "feed.atom", "feed.rss", "feeds.opml", "mine.atom"]
    assert (out / "mine.atom").read_text() == "old"
    assert (out / "feed.atom").read_bytes() == made.body("/feed.atom")


def test_the_names_in_a_stored_manifest_stay() -> None:
    manifest = Manifest("1", {"/feed.atom": ManifestEntry(7, {"feed.atom": (3, 1)})}, {"x.atom"})
    text = '{"claimed":["x.atom"],"made":{"/feed.atom":[7,{"feed.atom":[3,1]},""]},"stamp":"1"}'
    assert "".join(manifest.text().decode().split()) == text
    without_outline = text.replace(',""', "")
    assert Manifest.parse(text.encode(), "") == Manifest.parse(without_outline.encode(), "") == manifest


@pytest.mark.parametrize("is_empty", [False, True])
def test_objects_of_a_build_that_ended_meanwhile_are_removed_by_the_next(
    make_site: Callable[..., Site], shelf: dict[str, bytes], is_empty: bool
) -> None:
    first, second = make_site(TWO, **FEW), make_site({"3.md": record(topics="[Film]")}, **FEW)

    def upload(each: Site) -> None:
        build(each.documents, "shelf://a")

    def overtake() -> None:
        first.write("4.md", record("Four", "https://d.example/4", topics="[Robots]"))
        first.sync()
        upload(first)

    class Overtaken(Shelf):
        """One that is slow: a build into an empty one has listed it, another is about to write for the first time."""

        reads = lists = 0

        def list(self) -> dict[str, tuple[int, str]]:
            self.lists += 1
            found = super().list()
            if is_empty and self.lists == 1:
                overtake()
            return found

        def read(self, name: str) -> bytes:
            self.reads += 1
            if not is_empty and self.reads == 2:
                overtake()
            return super().read(name)

    if not is_empty:
        upload(first)
    overtaken = Overtaken("shelf://a", shelf)
    register(OutputScheme(name="overtaken", open=lambda address, config: Bucket(overtaken, config)))
    build(second.documents, "overtaken://a")
    assert "topics/robots.atom" in shelf
    upload(second)
    assert visible(shelf) == local(second)


def test_a_change_of_any_file_of_the_package_changes_the_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    assert site.PACKAGE == ROOT / "feedsvc"
    copy = tmp_path / "feedsvc"
    shutil.copytree(site.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(site, "PACKAGE", copy)
    shutil.rmtree(copy / "deploy")  # which has no part in any document
    changed = [path for path in copy.rglob("*") if path.is_file()]
    names = {path.relative_to(copy).as_posix() for path in changed}
    assert {"formats/templates/feed.html", "formats/assets/style.css", "index/query.py", "cli/commands.py"} < names
    stamps = {site._stamp(config)}
    for path in changed:
        path.write_bytes(path.read_bytes() + b"\n")
        stamps.add(site._stamp(config))
    assert len(stamps) == len(changed) + 1
    (copy / "formats" / "__pycache__").mkdir()
    (copy / "formats" / "__pycache__" / "pages.cpython-311.pyc").write_bytes(b"")
    assert site._stamp(config) in stamps
