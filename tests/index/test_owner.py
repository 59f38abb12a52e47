"""An index belongs to one configuration: others get their own, or an error that says whose it is."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import feedsvc
from feedsvc.config import load_config
from feedsvc.errors import IndexUnusableError
from feedsvc.index.opening import open_index
from tests.cli.commands import result
from tests.conftest import Site, free_port, record, running_service
from tests.postgres import Postgres
from tests.services import entries

PREVIEW = "records.include_unpublished = true\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a record, a draft, and the configuration of a site."""
    folder = tmp_path / "site"
    (folder / "records").mkdir(parents=True)
    (folder / "records" / "a.md").write_text(record("One"))
    (folder / "records" / "b.md").write_text(record("Draft", "https://a.example/2", published="false"))
    (folder / "config.toml").write_text("build.out = 'public'\n")
    return folder


def titles(config: feedsvc.Config) -> list[str]:
    """The titles in the feed of everything."""
    with feedsvc.open(config) as site:
        site.sync()
        body = site.document("/feed.json").body.decode()
    return [title for title in ("Draft", "One") if f'"title": "{title}"' in body or f'"title":"{title}"' in body]


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_a_preview_beside_a_service_has_an_index_of_its_own(folder: Path) -> None:
    (folder / "preview.toml").write_text(PREVIEW)
    with running_service(folder) as service:
        assert result("build", "--config", "preview.toml", "--out", "preview", cwd=folder)[0] == 0
        assert "Draft" in (folder / "preview" / "feed.atom").read_text()
        assert entries(service) == ["One"]
    names = {path.name for path in (folder / ".feedsvc").glob("*.sqlite3")}
    assert names == {"index.sqlite3", "index-preview.sqlite3"}


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_other_rules_in_a_program_have_an_index_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert titles(load_config()) == ["One"]
    before = (folder / ".feedsvc" / "index.sqlite3").read_bytes()
    assert titles(load_config(tables={"records": {"include_unpublished": True}})) == ["Draft", "One"]
    assert (folder / ".feedsvc" / "index.sqlite3").read_bytes() == before


@pytest.mark.parametrize("command", ["build", "check", "serve", "feeds"])
@pytest.mark.survives("`index.url` names the index of another configuration")
def test_an_index_that_another_configuration_made_is_refused_and_stays(folder: Path, command: str) -> None:
    url = "index.url = 'sqlite:///.feedsvc/index.sqlite3'\n"
    (folder / "preview.toml").write_text(f"{PREVIEW}{url}serve.port = {free_port()}\n")
    assert result("check", cwd=folder)[0] == 0
    before = (folder / ".feedsvc" / "index.sqlite3").read_bytes()
    status, output, error = result(command, "--config", "preview.toml", cwd=folder)
    message = (
        f"feedsvc: {folder}/.feedsvc/index.sqlite3: the index of another configuration, {folder}/config.toml; "
        "expected one of its own: set index.url to another file\n"
    )
    assert (status, output, error) == (2, "", message)
    assert (folder / ".feedsvc" / "index.sqlite3").read_bytes() == before
    assert feedsvc.create_app(folder / "preview.toml").test_client().get("/feed.atom").status_code == 503
    with pytest.raises(IndexUnusableError), open_index(load_config(folder / "preview.toml")).reading():
        pass


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_an_edited_configuration_keeps_its_index_and_fills_it_anew(folder: Path) -> None:
    assert titles(load_config(folder / "config.toml")) == ["One"]
    (folder / "config.toml").write_text(PREVIEW)
    assert titles(load_config(folder / "config.toml")) == ["Draft", "One"]


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_a_configuration_that_is_made_later_has_the_index_that_there_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "config.toml").rename(folder / "later")
    assert titles(load_config()) == ["One"]
    (folder / "later").rename(folder / "config.toml")
    with feedsvc.open() as site:
        assert (site.sync().read, len(site.feeds())) == (0, 2)


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_a_site_that_moves_keeps_its_index(folder: Path, tmp_path: Path) -> None:
    assert titles(load_config(folder / "config.toml")) == ["One"]
    folder.rename(tmp_path / "moved")
    assert titles(load_config(tmp_path / "moved" / "config.toml")) == ["One"]
    # So does one whose index stays where it is, and one whose configuration is renamed.
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(f"records.path = 'moved/records'\nindex.url = 'sqlite:///{tmp_path}/kept/index'\n")
    (tmp_path / "b.toml").unlink()
    assert titles(load_config(tmp_path / "a.toml")) == ["One"]
    shutil.move(tmp_path / "a.toml", tmp_path / "b.toml")
    assert titles(load_config(tmp_path / "b.toml")) == ["One"]
    (tmp_path / "a.toml").write_text((tmp_path / "b.toml").read_text())
    with pytest.raises(IndexUnusableError, match=f"the index of another configuration, {tmp_path}/b.toml"):
        titles(load_config(tmp_path / "a.toml"))


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_a_preview_in_the_schema_of_its_site_is_refused_and_another_node_is_not(
    folder: Path, postgres: Postgres
) -> None:
    site = f"site.base_url = 'https://feeds.example'\nindex.url = '{postgres.url(schema='previewed')}'\n"
    for name, text in {"config": site, "node": site + "serve.workers = 1\n", "preview": site + PREVIEW}.items():
        (folder / f"{name}.toml").write_text(text)
    assert titles(load_config(folder / "config.toml")) == ["One"]
    assert titles(load_config(folder / "node.toml")) == ["One"]
    with pytest.raises(IndexUnusableError, match=f"the index of another configuration, {folder}/node.toml"):
        titles(load_config(folder / "preview.toml"))
    (folder / "node.toml").write_text(site + PREVIEW)
    assert titles(load_config(folder / "node.toml")) == ["Draft", "One"]


@pytest.mark.survives("`index.url` names the index of another configuration")
def test_two_sites_in_one_schema_are_refused(
    make_site: Callable[..., Site], postgres: Postgres, tmp_path: Path
) -> None:
    index: dict[str, Any] = {"url": postgres.url(schema="shared")}
    first = make_site({"1.md": record("First")}, index=index)
    with pytest.raises(
        IndexUnusableError,
        match=r"schema shared: the index of another configuration, https://feeds.example; expected one of its own: "
        "set index.url to another schema",
    ):
        make_site({"1.md": record("Second")}, index=index, site={"base_url": "https://other.example"})
    assert b"First" in first.body("/feed.atom")
    other = feedsvc.config.parse_config({"index": index, "site": {"base_url": "https://other.example"}}, tmp_path)
    with pytest.raises(IndexUnusableError, match="another configuration"), open_index(other).reading():
        pass
