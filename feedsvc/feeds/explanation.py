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
from feedsvc.feeds.selection import archive_formats, published_formats, related_mode, story_query
from feedsvc.index.archives import older_in_month
from feedsvc.index.database import Connection
from feedsvc.index.entries import find_entries
from feedsvc.index.links import find_founder, find_joined
from feedsvc.index.query import StoryQuery, select_stories
from feedsvc.index.reader import find_feeds
from feedsvc.index.schema import OCCURRENCES_PER_FILE
from feedsvc.model import EVERYTHING, FILTERS, Archive, FeedAddress, Filters, Problem
from feedsvc.records.collection import Records
from feedsvc.records.files import spelled_out
from feedsvc.records.origins import Origins
from feedsvc.records.passed_over import why_passed_over
from feedsvc.records.sources import find_sources
from feedsvc.text import utc_text, web_url

#: The records of a cluster that are named at most.
_MAX_JOINED = 5
#: The occurrences that are a record's own, with their files.
_RECORDS = f"occurrences t JOIN files f ON f.id = t.id / {OCCURRENCES_PER_FILE} WHERE t.position = 0"


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
        f"WHERE f.path {connection.dialect.in_list} ORDER BY f.path, p.number",
        (connection.dialect.as_list(paths),),
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
    found = f"SELECT url FROM occurrences WHERE url {connection.dialect.in_list}"
    name = Path(subject).name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    files = "SELECT path FROM files WHERE path LIKE ? ESCAPE '\\' ORDER BY path"
    row = connection.execute(found, (connection.dialect.as_list(urls),)).fetchone()
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
    named = connection.execute("SELECT slug FROM story_topics WHERE url = ? ORDER BY slug", (shown.url,))
    topics = [slug for (slug,) in named]
    named = connection.execute("SELECT slug FROM clusters WHERE url = ? AND slug != '' ORDER BY slug", (shown.url,))
    united = [slug for (slug,) in named]  # over the records of its cluster, if it is the founder
    is_grouped = config.feeds.counted == "clusters" and shown.is_primary and founder == shown.url
    addresses = [EVERYTHING, *(FeedAddress("topics", slug) for slug in (united if is_grouped else topics))]
    addresses += [FeedAddress("providers", shown.provider), *(FeedAddress("custom", slug) for slug in config.custom)]
    suffix = published_formats(config)[0].suffix
    inside, outside = [], []
    archived = False
    for address in addresses:
        query = story_query(config, address)
        reasons = []
        if query.counted != "stories" and not shown.is_primary:
            reasons.append(f'it is a mention, and related is "{related_mode(config, address)}"')
        elif query.counted == "clusters" and founder != shown.url:
            reasons.append(f'it is in the cluster of {founder}, and related is "clusters"')
            outside.append(f"  not in {address.url(config.site.base_url, suffix)}: {reasons[0]}")
            continue
        elif address.kind in ("topics", "providers") and not find_feeds(connection, [address], config.feeds):
            reasons.append(f"its stories are fewer than feeds.min_stories, which is {config.feeds.min_stories}")
        asked = query if query.counted == "clusters" and shown.is_primary else StoryQuery()
        items = [item for filters in query.filters for item in filters.items if FILTERS[item[0]].column]
        for item in items:
            single = Filters((item,))
            chosen, values = select_stories(connection, address, replace(asked, filters=(single,)), "1")
            if not connection.execute(f"{chosen} AND o.url = ?", [*values, shown.url]).fetchone():
                column = FILTERS[item[0]].column
                compared = ", ".join(united if asked.counted == "clusters" else topics)
                value = compared if column == "topic" else _value(connection, column, shown.url)
                reasons.append(f"left out by {', '.join(single.labels)} (its {column}: {value})")
        if not reasons and asked.counted == "clusters":
            chosen, values = select_stories(connection, address, query, "1")
            if not connection.execute(f"{chosen} AND o.url = ?", [*values, shown.url]).fetchone():
                labels = ", ".join(Filters(tuple(items)).labels)
                reasons.append(f"left out by {labels}: no record of its cluster meets all of them")
        url = address.url(config.site.base_url, suffix)
        found = () if reasons else next(find_entries(connection, [(address, query)], config.feeds))
        if shown.url in (entry.story.url for entry in found):
            inside.append(f"  in {url}")
            continue
        if not reasons:
            reasons.append(f"older than its newest {query.limit}, which is its limit")
            if config.feeds.archives:
                archived = True
                archive = replace(address, archive=_archive(connection, address, query, shown))
                archive_suffix = archive_formats(config)[0].suffix
                reasons.append(f"it is in {archive.url(config.site.base_url, archive_suffix)}")
        outside.append(f"  not in {url}: {'; '.join(reasons)}")
    return inside + outside, bool(inside) or archived


def _archive(connection: Connection, address: FeedAddress, query: StoryQuery, shown: Shown) -> Archive:
    """Return the archive of a feed that holds a story."""
    in_month = replace(query, month=shown.month)
    older = older_in_month(connection, address, in_month, shown.url, shown.published)
    return Archive(shown.month, older // query.limit + 1)


def _value(connection: Connection, column: str, url: str) -> object:
    """Return the value of a story that a filter compares."""
    (value,) = connection.execute(f"SELECT {column} FROM stories WHERE url = ?", (url,)).fetchone()
    if column == "published":
        return utc_text(datetime.fromtimestamp(value, UTC))
    return "unknown" if value in (None, "") else value
