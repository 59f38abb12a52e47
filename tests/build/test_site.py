"""The offline build: the same bytes as over HTTP, and no file of others touched."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.build import directory
from feedsvc.build.manifest import MANIFEST, file_name
from feedsvc.build.site import BuildResult, build
from feedsvc.errors import OutputError
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.writing import Document, write_feed, write_site
from feedsvc.web import create_app
from tests.conftest import Site, record
from tests.corpus import Corpus

#: A site with few files.
FEW: dict[str, Any] = {"feeds": {"formats": ["atom", "rss"], "archives": False}, "build": {"pages": False}}


def run(site: Site, out: Path | None = None) -> BuildResult:
    return build(site.documents, out or site.config.out_folder)


def local(site: Site) -> dict[str, bytes]:
    """The files that a build into a new folder writes, by name."""
    out = site.folder / "local"
    shutil.rmtree(out, ignore_errors=True)
    run(site, out)
    return files(out)


def files(out: Path) -> dict[str, bytes]:
    """The visible files by name."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_every_file_is_byte_for_byte_what_http_serves(make_site: Callable[..., Site]) -> None:
    site = make_site(Corpus(40).files, custom=[{"name": "Saved", "min_quality": 60}])
    result = run(site)
    client = create_app(site.config).test_client()
    served = {file_name(address): client.get(address).data for address in site.addresses()}
    assert files(site.config.out_folder) == served
    assert (result.written, result.unchanged, result.removed, result.conflicts) == (len(served), 0, 0, ())


def test_only_what_changed_is_written(make_site: Callable[..., Site]) -> None:
    site = make_site(
        {"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2", topics="[Law]")}, **FEW
    )
    run(site)
    out = site.config.out_folder
    for path in out.rglob("*"):
        os.utime(path, (1, 1))
    site.write("2.md", record("New", "https://b.example/2", topics="[Law]"))
    site.sync()
    result = run(site)
    untouched = {name for name in files(out) if (out / name).stat().st_mtime == 1}
    assert untouched == {
        "feeds.opml", ".well-known/feeds", "topics/ai.atom", "topics/ai.rss", "providers/a-example.atom", "providers/a-example.rss",
    }  # fmt: skip
    assert (result.written, result.unchanged) == (6, 6)
    assert run(site).written == 0


def note_made(monkeypatch: pytest.MonkeyPatch, write: Callable[..., Document]) -> list[str]:
    """The paths of the documents that a function of `feeds.writing` makes from now on."""
    made: list[str] = []

    def write_and_note(connection: Any, config: Any, address: Address, source: Any) -> Document:
        made.append(address.path)
        return write(connection, config, address, source)

    monkeypatch.setattr(f"feedsvc.feeds.documents.{write.__name__}", write_and_note)
    return made


def test_documents_that_show_none_of_what_changed_are_not_made(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    def story(day: int, title: str) -> str:
        return record(title, f"https://a.example/{day}", publishedDateTime=f"2020-06-{day:02}T00:00:00Z", topics="[AI]")

    few = {"feeds": {"formats": ["atom"], "limit": 2}, "build": {"pages": False}}
    site = make_site({f"{day}.md": story(day, "Old") for day in range(1, 10)}, **few)
    run(site)
    made = note_made(monkeypatch, write_feed)
    site.write("4.md", story(4, "New"))
    site.sync()
    assert run(site).written == 3
    assert sorted(made) == ["/feed/2020-06-2.atom", "/providers/a-example/2020-06-2.atom", "/topics/ai/2020-06-2.atom"]
    made.clear()
    (site.config.records_folder / "1.md").unlink()  # all later ones move
    site.sync()
    assert run(site).written == 12
    made.clear()
    assert run(site).written == len(made) == 0


def test_the_home_page_is_made_only_if_what_it_shows_changed(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    def story(day: int, title: str) -> str:
        return record(title, f"https://a.example/{day}", publishedDateTime=f"2020-06-{day:02}T00:00:00Z")

    site = make_site({f"{day}.md": story(day, "Old") for day in range(1, 21)})
    run(site)
    made = note_made(monkeypatch, write_site)
    for name, text, is_made in (
        ("4.md", story(4, "Not among the newest"), False),
        ("20.md", story(20, "Newest"), True),
        ("5.md", story(5, "Another topic").replace("title:", "topics: [Law]\ntitle:"), True),
        ("0.md", story(21, "One more"), True),
    ):
        made.clear()
        site.write(name, text)
        site.sync()
        run(site)
        assert ("/" in made) == is_made, name
        assert files(site.config.out_folder)["index.html"] == site.body("/")


def test_files_of_vanished_feeds_are_removed_and_nothing_else(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2")}, **FEW)
    out = site.config.out_folder
    run(site)
    (out / "mine.txt").write_text("mine")
    (out / "topics" / "mine.atom").write_text("mine")
    (site.config.records_folder / "1.md").unlink()
    site.sync()
    assert run(site).removed == 4
    assert sorted(files(out)) == [
        ".well-known/feeds", "feed.atom", "feed.rss", "feeds.opml", "mine.txt", "providers/b-example.atom", "providers/b-example.rss",
        "topics/mine.atom",
    ]  # fmt: skip
    (out / "topics" / "mine.atom").unlink()


def test_a_foreign_file_is_a_conflict_and_stays(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record()})
    out = site.config.out_folder
    (out / "feed.rss").mkdir(parents=True)
    (out / "providers").write_text("mine")
    (out / "index.html").write_text("mine")
    for _ in range(2):
        conflicts = {path.relative_to(out).as_posix() for path in run(site).conflicts}
        assert {"feed.rss", "index.html"} < conflicts
        assert all(name.startswith("providers/") for name in conflicts - {"feed.rss", "index.html"})
    assert files(out)["index.html"] == files(out)["providers"] == b"mine"
    (out / "index.html").unlink()
    (out / "providers").unlink()
    assert run(site).conflicts == (out / "feed.rss",)
    assert not list(out.glob(".*.tmp"))
    assert files(out)["index.html"] == site.body("/")


def test_a_build_that_was_killed_is_finished_by_the_next(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site({"1.md": record(topics="[AI]")})
    original = os.replace

    def killed(source: Path, target: Path) -> None:
        if Path(target).name == "feed.rss":
            raise KeyboardInterrupt
        original(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(directory.os, "replace", killed)
        run(site)
    site.write("1.md", record("New", topics="[Law]"))
    site.sync()
    assert run(site).conflicts == ()
    assert not list(site.config.out_folder.glob(".*.tmp"))
    other = site.folder / "other"
    run(site, other)
    assert files(site.config.out_folder) == files(other)


def test_what_others_changed_after_a_build_was_killed_stays_where_it_had_nothing_to_write(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site({"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2", topics="[Law]")})
    run(site)
    site.write("2.md", record("New", "https://b.example/2", topics="[Law]"))
    site.sync()

    def killed(writer: object, address: str, document: Document) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("feedsvc.build.directory.FileWriter.put", killed)
        run(site)
    path = site.config.out_folder / "topics" / "ai.atom"
    path.write_text("Mine")
    assert run(site).conflicts == (path,)
    assert path.read_text() == "Mine"
    assert "New" in (site.config.out_folder / "topics" / "law.atom").read_text()


def test_an_output_folder_that_cant_be_written_is_an_error_that_names_it(make_site: Callable[..., Site]) -> None:
    site = make_site({})
    (site.folder / "file").write_text("")
    with pytest.raises(
        OutputError, match=r"file: (File exists|Not a directory); expected a folder that can be written"
    ):
        run(site, site.folder / "file")
    with pytest.raises(OutputError, match="expected a folder that can be written"):
        run(site, Path("/proc/feeds"))


@pytest.mark.parametrize(
    "text",
    ["{}", "[1]", *(f'{{"stamp":"","made":{{}},"claimed":["{name}"]}}' for name in ("../x", "/x", "x\\u0000")), "["],
)
def test_a_manifest_that_was_tampered_with_removes_nothing(make_site: Callable[..., Site], text: str) -> None:
    site = make_site({})
    site.config.out_folder.mkdir()
    (site.config.out_folder / MANIFEST).write_text(text)
    with pytest.raises(OutputError, match="not a list of feedsvc's files"):
        run(site)


def test_a_foreign_file_that_equals_a_document_is_never_removed(make_site: Callable[..., Site]) -> None:
    site = make_site({"1.md": record(topics="[AI]")}, **FEW)
    mine = site.config.out_folder / "topics" / "ai.atom"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(site.body("/topics/ai.atom"))
    run(site)
    (site.config.records_folder / "1.md").unlink()
    site.sync()
    run(site)
    assert mine.exists()


def test_the_well_known_list_of_feeds_is_a_file(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site({"1.md": record()})
    out = tmp_path / "out"
    build(site.documents, out)
    assert (out / ".well-known" / "feeds").read_bytes() == (out / "feeds.opml").read_bytes()
    assert (out / "favicon.ico").read_bytes()[:4] == b"\0\0\1\0"
