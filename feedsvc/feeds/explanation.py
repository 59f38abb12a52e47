"""Why a story is in some feeds and not in others, in words for the person who wrote its record."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.errors import FeedsvcError, shown_value
from feedsvc.feeds.explained_occurrences import Shown, explain_occurrences
from feedsvc.feeds.settings import archive_formats, published_formats, related_mode, story_query
from feedsvc.index.database import Connection
from feedsvc.index.feeds import find_feeds
from feedsvc.index.links import find_founder, find_joined
from feedsvc.index.query import StoryQuery, select_stories
from feedsvc.index.schema import file_of
from feedsvc.index.stories import count_older, find_urls
from feedsvc.model import EVERYTHING, FILTERS, KINDS, Archive, FeedAddress, Filters, Problem
from feedsvc.records.collection import Records
from feedsvc.records.files import spelled_out
from feedsvc.records.origins import Origins
from feedsvc.records.passed_over import why_passed_over
from feedsvc.records.sources import find_sources
from feedsvc.text import utc_text, web_url

#: The records of a cluster that are named at most.
_MAX_JOINED = 5
#: The occurrences that are a record's own, with their files.
_RECORDS = f"occurrences t {file_of('t')} WHERE t.position = 0"


class Explanation(Struct, frozen=True):
    """Why stories are in some feeds and not in others."""

    lines: tuple[str, ...]
    #: Whether there are such stories, and each is in a feed or an archive.
    published: bool


def explain(connection: Connection, config: Config, subject: str, records: Records) -> Explanation:
    """Return where the story with a URL, or each story of a record file, is published, and why not elsewhere.

    subject: the URL, or the file's path: absolute, from the current folder, or from the records folder.
    records: those that were synced.
    Of a file, the lines also say which of its keys the fields of its records come from.
    Raises FeedsvcError if there is no such story or file.
    """
    path, origins = "", Origins()
    if re.match("https?://", subject, re.IGNORECASE):
        urls, paths = [_known_url(connection, subject)], set()
    else:
        path = _record_file(connection, config, subject)
        if not path:
            return Explanation((_passed_over(connection, config, subject),), published=False)
        if file := records.file(path):
            origins = records.origins(file)
        own = connection.execute(f"SELECT t.url FROM {_RECORDS} AND f.path = ? ORDER BY t.record", (path,))
        urls, paths = list(dict.fromkeys(url for (url,) in own)), {path}
    lines = [] if urls else [f"{subject}: no story in this file can be used"]
    published = bool(urls)
    for url in urls:
        occurrences, shown = explain_occurrences(connection, config, records, url, path, origins)
        feeds, found = _feeds(connection, config, shown) if shown else ([], False)
        lines += [url, *occurrences, *_cluster(connection, config, url), *feeds]
        published &= found
        paths.update(path for (path,) in connection.execute(f"SELECT f.path FROM {_RECORDS} AND t.url = ?", (url,)))
    lines += origins.refused
    faults = connection.execute(
        "SELECT f.path, p.line, p.field, p.message FROM problems p JOIN files f ON f.id = p.file "
        "WHERE f.path = ANY(?) ORDER BY f.path, p.number",
        [list(paths)],
    )
    lines += [f"problem: {Problem(*fault)}" for fault in faults]
    return Explanation(tuple(lines), published)


def _known_url(connection: Connection, subject: str) -> str:
    try:
        url = web_url(subject)
    except ValueError as error:
        raise FeedsvcError(f"{shown_value(subject)} can't be used; {error}") from error
    if not connection.execute("SELECT 1 FROM occurrences WHERE url = ?", (url,)).fetchone():
        expected = "a record's, or a related story's where neither it nor its record is a draft, deleted or not due yet"
        raise FeedsvcError(f"{url}: no story has this URL; expected {expected}")
    return url


def _record_file(connection: Connection, config: Config, subject: str) -> str:
    """Return the name in the index of the record file at a path; empty if there is none."""
    for source in find_sources(config):
        for path in (Path(subject), source.folder / subject):
            name = os.path.relpath(os.path.realpath(path), os.path.realpath(source.folder))
            for known in (source.prefix + spelled_out(name), subject):
                if connection.execute("SELECT 1 FROM files WHERE path = ?", (known,)).fetchone():
                    return known
    return ""


def _passed_over(connection: Connection, config: Config, subject: str) -> str:
    """Return why no record is read from a file. Raises FeedsvcError if it is none below a folder of records."""
    paths = (Path(subject), *(folder / subject for folder in config.record_folders))
    for path in paths:
        if why := why_passed_over(config, path):
            return f"{subject}: {why}"
    found = [path for path in paths if path.exists()]
    wrong = "no such file" if not found else "a folder" if found[0].is_dir() else "not below a folder of records"
    folders = " or ".join(map(str, config.record_folders))
    meant = _similar(connection, subject)
    expected = f"did you mean {meant}?" if meant else f"expected a story's URL, or the file of a record in {folders}"
    raise FeedsvcError(f"{subject}: {wrong}; {expected}")


def _similar(connection: Connection, subject: str) -> str:
    """Return the URL that lacks its scheme, or the file of that name in another folder; empty if there is neither."""
    urls = [f"{scheme}://{subject}" for scheme in ("https", "http")]
    found = "SELECT url FROM occurrences WHERE url = ANY(?)"
    name = Path(subject).name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    files = "SELECT path FROM files WHERE path LIKE ? ESCAPE '\\' ORDER BY path"
    row = connection.execute(found, [urls]).fetchone()
    row = row or connection.execute(files, (f"%/{name}",)).fetchone()
    return str(row[0]) if row else ""


def _cluster(connection: Connection, config: Config, url: str) -> list[str]:
    """Return which other records are in the cluster of one, if there are some, and a feed holds clusters."""
    if not config.has_clusters:
        return []
    founder = find_founder(connection, url)
    joined = [record.url for record in find_joined(connection, [founder]).get(founder, ())]
    if founder != url:
        return [f"  in the cluster of {founder}, as one of {len(joined)} that joined it"]
    more = len(joined) - _MAX_JOINED
    named = [*joined[:_MAX_JOINED], *([f"{more} more"] if more > 0 else [])]
    return [f"  in its cluster: {', '.join(named)}"] if joined else []


def _feeds(connection: Connection, config: Config, shown: Shown) -> tuple[list[str], bool]:
    """Return (each feed that might hold a story, with the reason if it doesn't; whether a feed or an archive does)."""
    founder = find_founder(connection, shown.url)
    is_grouped = config.feeds.counted == "clusters" and shown.is_primary and founder == shown.url
    addresses = [EVERYTHING]
    addresses += [FeedAddress("topics", slug) for slug in _topics(connection, shown.url, is_grouped)]
    addresses += [FeedAddress("providers", shown.provider), *(FeedAddress("custom", slug) for slug in config.custom)]
    base_url, suffix = config.site.base_url, published_formats(config)[0].suffix
    inside, outside = [], []
    is_archived = False
    for address in addresses:
        query, url = story_query(config, address), address.url(base_url, suffix)
        reasons = _reasons(connection, config, address, query, shown, founder)
        if not reasons and shown.url in find_urls(connection, address, query):
            inside.append(f"  in {url}")
            continue
        if not reasons:
            reasons.append(f"older than its newest {query.limit}, which is its limit")
            if config.feeds.archives:
                is_archived = True
                archive = replace(address, archive=_archive(connection, address, query, shown))
                reasons.append(f"it is in {archive.url(base_url, archive_formats(config)[0].suffix)}")
        outside.append(f"  not in {url}: {'; '.join(reasons)}")
    return inside + outside, bool(inside) or is_archived


def _reasons(
    connection: Connection, config: Config, address: FeedAddress, query: StoryQuery, shown: Shown, founder: str
) -> list[str]:
    """Return why a feed leaves a story out, old or new; nothing if it doesn't. founder: of the story's cluster."""
    is_cluster = query.counted == "clusters" and shown.is_primary
    if is_cluster and founder != shown.url:
        return [f'it is in the cluster of {founder}, and related is "clusters"']
    reasons = []
    if query.counted != "stories" and not shown.is_primary:
        reasons.append(f'it is a mention, and related is "{related_mode(config, address)}"')
    elif address.kind in KINDS.values() and not find_feeds(connection, [address], config.feeds):
        reasons.append(f"its stories are fewer than feeds.min_stories, which is {config.feeds.min_stories}")
    compared = [(filter.name, value) for filter, value in query.compared()]
    for each in compared:
        single = Filters((each,))
        asked = StoryQuery((single,), "clusters" if is_cluster else "stories")
        if not _is_chosen(connection, address, asked, shown.url):
            column = FILTERS[each[0]].column
            value = _value(connection, column, shown.url, is_cluster)
            reasons.append(f"left out by {', '.join(single.labels)} (its {column}: {value})")
    if is_cluster and not reasons and not _is_chosen(connection, address, query, shown.url):
        labels = ", ".join(Filters(tuple(compared)).labels)
        reasons.append(f"left out by {labels}: no record of its cluster meets all of them")
    return reasons


def _is_chosen(connection: Connection, address: FeedAddress, query: StoryQuery, url: str) -> bool:
    """Return whether a query of a feed selects a story, whatever its limit."""
    chosen, values = select_stories(connection, address, query, "1")
    return connection.execute(f"{chosen} AND o.url = ?", [*values, url]).fetchone() is not None


def _topics(connection: Connection, url: str, is_cluster: bool) -> list[str]:
    """Return the slugs of the topics of a story, or of all records of the cluster that it founded."""
    table = "clusters" if is_cluster else "story_topics"
    rows = connection.execute(f"SELECT slug FROM {table} WHERE url = ? AND slug != '' ORDER BY slug", (url,))
    return [slug for (slug,) in rows]


def _archive(connection: Connection, address: FeedAddress, query: StoryQuery, shown: Shown) -> Archive:
    """Return the archive of a feed that holds a story."""
    in_month = replace(query, month=shown.month)
    older = count_older(connection, address, in_month, shown.url, shown.published)
    return Archive(shown.month, older // query.limit + 1)


def _value(connection: Connection, column: str, url: str, is_cluster: bool) -> object:
    """Return the value of a story that a filter compares. is_cluster: as in `_topics`."""
    if column == "topic":
        return ", ".join(_topics(connection, url, is_cluster))
    (value,) = connection.execute(f"SELECT {column} FROM stories WHERE url = ?", (url,)).fetchone()
    if column == "published":
        return utc_text(datetime.fromtimestamp(value, UTC))
    return "unknown" if value in (None, "") else value
