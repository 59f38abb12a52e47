"""Compressed copies beside the files of the offline build."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard

from feedsvc.build import directory
from feedsvc.build.site import BuildResult, build
from feedsvc.config import parse_config
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.encodings import ENCODINGS, MIN_BYTES
from tests.conftest import Site, record

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
    ".zst": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
ON = {"precompress": True}
TWO = {"1.md": record(topics="[AI]"), "2.md": record("Two", "https://b.example/2")}


def run(site: Site, **settings: Any) -> BuildResult:
    """A build; settings: of [build], in place of the site's."""
    tables: dict[str, Any] = {"site": {"base_url": "https://feeds.example"}, "build": settings}
    config = parse_config(tables, site.folder) if settings else site.config
    return build(Documents(site.documents.index, config), site.config.out_folder)


def snapshot(out: Path) -> dict[str, tuple[bytes, int]]:
    """The visible files by name, as (bytes, mtime)."""
    return {
        path.relative_to(out).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def plain(out: Path) -> dict[str, bytes]:
    return {name: body for name, (body, _) in snapshot(out).items() if Path(name).suffix not in DECODERS}


def copies(out: Path) -> set[str]:
    return {name for name in snapshot(out) if Path(name).suffix in DECODERS}


def test_each_file_has_its_compressed_copies_with_its_time(make_site: Callable[..., Site]) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    result = run(site)
    found = snapshot(out)
    assert copies(out) == {
        name + suffix for name, body in plain(out).items() if len(body) >= MIN_BYTES for suffix in DECODERS
    }
    for name in copies(out):
        (copy, time), (body, own) = found[name], found[str(Path(name).with_suffix(""))]
        assert (DECODERS[Path(name).suffix](copy), time) == (body, own)
    assert result == BuildResult(len(found), 0, 0, ())


def test_the_same_files_are_compressed_to_the_same_bytes(make_site: Callable[..., Site]) -> None:
    first, second = make_site(TWO, build=ON), make_site(TWO, build=ON)
    run(first)
    run(second)
    bodies = [{name: body for name, (body, _) in snapshot(site.config.out_folder).items()} for site in (first, second)]
    assert bodies[0] == bodies[1]


def test_only_copies_of_changed_files_are_written(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    before = snapshot(out)
    with monkeypatch.context() as patch:
        patch.setattr(directory, "encode", None)  # nothing is compressed
        assert run(site) == BuildResult(0, len(before), 0, ())
    site.write("2.md", record("New", "https://b.example/2"))
    site.sync()
    run(site)
    after = snapshot(out)
    assert {name for name in after if name.endswith(".gz") and after[name] != before[name]} == {
        f"{name}.gz" for name in plain(out) if after[name] != before[name] and len(after[name][0]) >= MIN_BYTES
    }
    assert after["topics/ai.atom.gz"] == before["topics/ai.atom.gz"]
    assert gzip.decompress(after["feed.atom.gz"][0]) == site.body("/feed.atom")


def test_missing_and_outdated_copies_are_written(make_site: Callable[..., Site]) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    before = snapshot(out)
    (out / "feed.atom.gz").unlink()
    os.utime(out / "feed.rss.br", (1, 1))
    assert run(site).written == 2
    assert snapshot(out) == before


def test_a_build_that_was_killed_leaves_no_copy_of_an_older_body(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    site.write("1.md", record("New", topics="[AI]"))
    site.sync()

    def killed(body: bytes, encoding: str) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(directory, "encode", killed)
        run(site)
    assert run(site).conflicts == ()
    found = snapshot(out)
    for name in copies(out):
        assert DECODERS[Path(name).suffix](found[name][0]) == found[str(Path(name).with_suffix(""))][0]


def test_copies_go_with_their_file(make_site: Callable[..., Site]) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    assert "topics/ai.atom.gz" in copies(out)
    (site.config.records_folder / "1.md").unlink()
    site.sync()
    run(site)
    assert not (out / "topics").exists()


def test_copies_go_when_the_option_is_turned_off(make_site: Callable[..., Site]) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    (out / "mine.gz").write_text("mine")
    body, gone = plain(out), len(copies(out)) - 1
    assert run(site, precompress=False) == BuildResult(0, len(body), gone, ())
    assert (plain(out), copies(out)) == (body, {"mine.gz"})


def test_copies_go_when_their_library_or_size_is_gone(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    run(site)
    monkeypatch.delitem(ENCODINGS, "br")
    monkeypatch.setattr(directory, "MIN_BYTES", len(site.body("/feed.rss")) + 1)
    run(site)
    assert {Path(name).suffix for name in copies(out)} == {".gz", ".zst"}
    assert {"feed.rss.gz", "feed.rss.zst"}.isdisjoint(copies(out))
    assert run(site).written == 0


def test_foreign_files_stay_and_get_no_copies(make_site: Callable[..., Site]) -> None:
    site = make_site(TWO, build=ON)
    out = site.config.out_folder
    out.mkdir()
    (out / "index.html").write_text("mine")
    (out / "feed.atom.gz").write_text("mine")
    for _ in range(2):
        assert sorted(run(site).conflicts) == [out / "feed.atom.gz", out / "index.html"]
    assert {"index.html.gz", "index.html.br"}.isdisjoint(copies(out))
    assert (out / "feed.atom.gz").read_text() == "mine"
    assert (out / "feed.atom.br").exists()
    run(site, precompress=False)
    assert copies(out) == {"feed.atom.gz"}
