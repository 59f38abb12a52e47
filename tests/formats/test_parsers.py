"""What other people's parsers make of the feeds: the same as the records say, in every format.

Those in JavaScript are installed by `npm install --prefix tests/formats/parsers`, those in Python by
`pip install '.[parsers]'`. What one of them gives otherwise is in parsers/differences.py, with its reason.
"""

import html
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import feedsvc
from feedsvc.text import slug
from tests.formats.parsers import python
from tests.formats.parsers.differences import ANYTHING, DIFFERENCES, NOT_A_FORMAT, SORTING, is_markup
from tests.formats.parsers.records import TITLES, Entry, ParsedCorpus

HERE = Path(__file__).parent / "parsers"
IN_JAVASCRIPT = json.loads((HERE / "package.json").read_text())["dependencies"]
PARSERS = [*(f"npm:{name}" for name in IN_JAVASCRIPT), *(f"pypi:{name}" for name in python.PARSERS)]
FORMATS = ("atom", "rss", "json")
BASE, SITE = "https://feeds.example", "A & B <news>"
FIELDS = ("title", "link", "published", "updated", "authors", "categories", "summary", "content")
#: The most disagreements of a field that are shown.
SHOWN = 5


@dataclass(frozen=True)
class Feed:
    """A feed as it should be read."""

    title: str
    #: Of its page.
    link: str
    #: In its order.
    entries: list[Entry]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Feed]:
    """Feeds in every format, by their files."""
    folder = tmp_path_factory.mktemp("parsers")
    corpus = ParsedCorpus(500)
    corpus.write(folder / "records")
    entries = corpus.entries()
    expected = {"/feed": Feed(SITE, f"{BASE}/", entries[:500])}
    for kind, name in (("topics", "AT&T <beta>"), ("topics", "日本語"), ("providers", "The Daily 7 & Co")):
        address = f"/{kind}/{slug(name)}"
        some = [entry for entry in entries if name in (entry.categories if kind == "topics" else entry.authors)]
        expected[address] = Feed(f"{name} - {SITE}", f"{BASE}{quote(address)}/", some[:500])
    config = folder / "config.toml"
    config.write_text(f'site = {{ base_url = "{BASE}", title = "{SITE}", author = "feedsvc" }}\nfeeds.limit = 500\n')
    files = {}
    with feedsvc.open(config) as site:
        assert site.sync().problems == ()
        for number, (address, feed) in enumerate(expected.items()):
            for format in FORMATS:
                file = folder / f"{number}.{format}"
                file.write_bytes(site.document(f"{address}.{format}").body)
                files[file] = feed
    return files


@pytest.fixture(scope="module")
def read_in_javascript(feeds: dict[Path, Feed]) -> dict[str, dict[str, Any]]:
    """What each parser in JavaScript reads, by file."""
    node = shutil.which("node")
    if not node:
        pytest.skip("needs node")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("needs parsers in JavaScript: npm install --prefix tests/formats/parsers")
    run = subprocess.run([node, HERE / "parse.mjs", *feeds], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


def read(parser: str, file: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what a parser reads in a file; see parse.mjs. Skips where it isn't installed."""
    kind, _, name = parser.partition(":")
    if kind == "npm":
        return dict(request.getfixturevalue("read_in_javascript")[name][str(file)])
    try:
        return python.parse(name, file)
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}: pip install '.[parsers]'")


@pytest.mark.filterwarnings("ignore")  # what parsers warn of is theirs
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("parser", PARSERS)
def test_a_parser_reads_what_the_records_say(
    parser: str, format: str, feeds: dict[Path, Feed], request: pytest.FixtureRequest
) -> None:
    for file, feed in feeds.items():
        if file.suffix == f".{format}":
            parsed = read(parser, file, request)
            if format in NOT_A_FORMAT.get(parser, ()):
                assert not parsed.get("entries")
            else:
                found = "\n".join(disagreements(parser, format, parsed, feed))
                assert not found, found


def disagreements(parser: str, format: str, parsed: dict[str, Any], feed: Feed) -> Iterator[str]:
    """Yield what a parser reads otherwise than it should."""
    if "error" in parsed:
        yield parsed["error"]
        return
    title = wanted(parser, format, "title", replace(feed.entries[0], title=feed.title))
    for field, value in (("title", title), ("link", feed.link)):
        if parsed[field] != value:
            yield f"the feed's {field} is {parsed[field]!r}, not {value!r}"
    ids, urls = [entry["id"] for entry in parsed["entries"]], [entry.url for entry in feed.entries]
    if (sorted(ids) != sorted(urls)) if parser in SORTING else (ids != urls):
        yield f"the ids of {len(ids)} entries are other ones, or in another order, than those of {len(urls)}"
        return
    given = {entry["id"]: entry for entry in parsed["entries"]}
    empty = [url for url, entry in given.items() if not (entry.get("summary") or entry.get("content"))]
    if format == "atom" and empty and not reason(parser, format, "summary"):
        yield f"{len(empty)} entries such as {empty[0]} have neither summary nor content"
    for field in FIELDS:
        values = [
            (entry.url, comparable(field, given[entry.url].get(field)), wanted(parser, format, field, entry))
            for entry in feed.entries
            # Where there is no excerpt, RSS has the content in its place, and some parsers have it in all formats.
            if entry.summary or field not in ("summary", "content")
        ]
        different = [each for each in values if not agrees(field, *each[1:])]
        for url, value, other in different[:SHOWN]:
            yield f"{field} of {url}: {value!r}, not {other!r}, as of {len(different)}{reason(parser, format, field)}"


def wanted(parser: str, format: str, field: str, entry: Entry) -> Any:
    """Return what a parser gives for a field of an entry; None where that is nothing."""
    if difference := DIFFERENCES.get((parser, format), {}).get(field):
        return difference.value(entry)
    if field == "updated" and format == "rss" and entry.updated == entry.published:
        return None
    return getattr(entry, {"link": "url", "content": "summary"}.get(field, field))


def reason(parser: str, format: str, field: str) -> str:
    """Return why a parser gives a field otherwise than the records; empty where it shouldn't."""
    difference = DIFFERENCES.get((parser, format), {}).get(field)
    return f"; known: {difference.reason}" if difference else ""


def comparable(field: str, value: Any) -> Any:
    """Return a value of a parser as `wanted` returns it."""
    if field in ("published", "updated"):
        return datetime.fromisoformat(value) if value else None
    if field in ("authors", "categories"):
        return (sorted(value) if field == "categories" else value) if value else None
    return html.unescape(value or "") or None if field in ("summary", "content") else value


def agrees(field: str, value: Any, other: Any) -> bool:
    """Return whether a value is the other; content only has to have it in it."""
    if other is ANYTHING:
        return bool(value)
    return str(other) in (value or "") if field == "content" and other else (value or None) == (other or None)


def test_titles_that_are_hard_to_read_are_in_the_feeds(feeds: dict[Path, Feed]) -> None:
    titles = {entry.title for feed in feeds.values() for entry in feed.entries}
    assert set(TITLES) <= titles
    assert any(map(is_markup, titles))
