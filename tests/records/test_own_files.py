"""A folder of records that holds feedsvc's own files."""

from pathlib import Path

import pytest

import feedsvc
from tests.conftest import record


def test_the_configuration_and_what_builds_write_are_no_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('records.path = "."\nbuild.out = "public [1]"\n')
    (tmp_path / "a.md").write_text(record())
    (tmp_path / "sub" / "public [1]").mkdir(parents=True)
    (tmp_path / "sub" / "config.toml").write_text(
        'title = "B"\nwebUrl = "https://b.example/"\npublishedDateTime = 2020-01-01\n'
    )
    (tmp_path / "sub" / "public [1]" / "c.md").write_text(record("C", "https://c.example/"))
    for _ in range(2):
        with feedsvc.open("config.toml") as site:
            result = site.sync()
            assert result.problems == ()
            assert result.counts.passed_over[".toml"] == 1
            site.build()
            assert site.feeds()[0].size == 3


def test_a_preset_whose_addresses_begin_at_the_site_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "2024-05-04-two.md").write_text("---\ntitle: Two\n---\nText\n")
    for preset in ("jekyll", "hugo", "zola", "pelican", "eleventy"):
        with feedsvc.open(feedsvc.load_config(tables={"records": {"preset": preset}})) as site:
            assert site.sync().problems[0].message == (
                "is missing; expected an address; set records.site to the address of your site"
            )
