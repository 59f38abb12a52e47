"""The documentation and the demo's configuration name all commands, options, keys, addresses, filters and presets."""

import re
import subprocess
from typing import get_args

import click
import flask
import pytest
from msgspec.structs import fields

import feedsvc
from feedsvc.cli import main
from feedsvc.config import TABLES
from feedsvc.feeds.addresses import SITE_PATHS
from feedsvc.formats import ASSETS
from feedsvc.model import FILTERS, Image, Kind, Provider, Story, Topic
from feedsvc.records.registry import suffixes
from tests.conftest import ROOT, SAMPLE

README = (ROOT / "README.md").read_text()
RECORDS = (ROOT / "feedsvc" / "records" / "README.md").read_text()
CONFIG = (ROOT / "config.toml").read_text()


@pytest.mark.parametrize("name", main.commands)
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"`feedsvc {name}" in README
    for parameter in main.commands[name].params:
        name = parameter.human_readable_name if isinstance(parameter, click.Argument) else parameter.opts[0]
        assert name in README


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_in_the_readme_and_in_the_demos_configuration(table: str) -> None:
    section = re.search(rf"^\[{table}\]\n(.*?)(?=^\[|\Z)", CONFIG, re.DOTALL | re.MULTILINE)
    assert section
    for key in fields(TABLES[table]):
        assert f"`{table}.{key.name}`" in README
        assert re.search(rf"^(# )?{key.name} = ", section[1], re.MULTILINE)


def test_the_demos_addresses_are_those_of_the_port_that_it_is_served_at() -> None:
    assert not feedsvc.load_config(ROOT / "config.toml").has_base_url


def test_every_address_is_in_the_readme() -> None:
    own = flask.Flask("own", static_folder=None)
    with feedsvc.open(records=[]) as site:
        own.register_blueprint(feedsvc.blueprint(site))
    answered = [rule.rule for rule in own.url_map.iter_rules() if "<" not in rule.rule]
    assert len(answered) >= 3
    for address in (*SITE_PATHS, *ASSETS, *answered):
        assert f"`{address}`" in README
    for kind in get_args(Kind):
        assert f"`/{kind}." in README or f"`/{kind}/<slug>." in README


def test_every_filter_is_in_the_readme() -> None:
    table = README[README.index("| parameter | stories |") :].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(FILTERS)


def test_every_preset_is_in_the_page_of_records() -> None:
    for path in (ROOT / "feedsvc" / "records" / "presets").glob("*.toml"):
        assert f"`{path.stem}`" in RECORDS


def test_every_suffix_of_records_is_in_the_page_of_records() -> None:
    for suffix in suffixes():
        assert f"`{suffix}`" in RECORDS


def test_every_metric_is_in_the_page_of_deployments() -> None:
    page = (ROOT / "feedsvc" / "deploy" / "README.md").read_text()
    names = set(re.findall(r'"(feedsvc_\w+)"', (ROOT / "feedsvc" / "web" / "metrics.py").read_text()))
    assert len(names) > 5
    for name in names:
        assert f"`{name}" in page


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 250


def test_the_set_up_lines_are_complete_and_the_second_is_run_as_it_stands() -> None:
    lines = [line.strip() for line in README.splitlines() if "python3 -m venv" in line]
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/feedsvc serve",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
    ]
    (grep,) = re.findall(r"^test_line=\$\((.*)\)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert subprocess.check_output(["bash", "-c", grep], cwd=ROOT, text=True).strip() == lines[1]


def test_a_story_has_no_field_for_what_is_never_read() -> None:
    names = [field.name for struct in (Story, Provider, Image, Topic) for field in fields(struct)]
    assert {"secured", "isCached", "is_cached"}.isdisjoint(names)


def test_every_key_of_the_sample_is_in_the_table_of_fields_but_for_those_never_read() -> None:
    (sample,) = SAMPLE.iterdir()
    keys = set(re.findall(r"^ *(?:- )?(\w+):(?= |$)", sample.read_text(), re.MULTILINE))
    table = RECORDS[RECORDS.index("| field | meaning |") :].partition("\n\n")[0]
    read = set(re.findall(r"`(\w+)(?:: \w+)?`", table))
    assert keys - read == {"secured", "isCached"}
