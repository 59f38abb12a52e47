"""Says why no record is read from a file below a folder of records."""

import json
import os
from pathlib import Path

from feedsvc.config import Config, RecordSource
from feedsvc.records.files import spelled_out
from feedsvc.records.registry import find_syntax, suffixes
from feedsvc.records.sources import Source, find_sources


def why_passed_over(config: Config, path: Path) -> str:
    """Return why no record is read from a file at a path; empty if it isn't below a folder of records, or gone."""
    if not path.exists() or path.is_dir():
        return ""
    reasons = []
    tables = config.sources
    for number, (table, source) in enumerate(zip(tables, find_sources(config), strict=True), 1):
        # Links are not followed, so that one can be named.
        name = os.path.relpath(os.path.join(os.path.realpath(path.parent), path.name), os.path.realpath(source.folder))
        if name.startswith(".."):
            continue
        kind = _of_another_kind(name, path)
        if kind:
            return f"passed over: {kind}"
        where = f"records.source {number}" if len(tables) > 1 else "records"
        reasons.append(_unclaimed(source, spelled_out(name), where, table))
    return "; ".join(filter(None, reasons))


def _of_another_kind(name: str, path: Path) -> str:
    if any(part.startswith(".") for part in name.split(os.sep)):
        return "its name, or that of a folder that it is in, begins with a dot"
    if path.is_symlink():
        return "it is a symbolic link"
    if not path.is_file():
        return "it is not a regular file"
    if not find_syntax(name):
        return f"its name ends in none of {', '.join(suffixes())}"
    return ""


def _unclaimed(source: Source, name: str, where: str, table: RecordSource) -> str:
    """Return which key keeps a file out of a source; empty if none does. table: of the source, named `where`."""
    for glob in source.exclude:
        if not Source(exclude=(glob,)).claims(name):
            key = f"{where}.exclude" if glob in table.exclude else f"exclude of the preset {source.preset}"
            return f"excluded by {key} = {json.dumps(glob)}"
    if source.include and not Source(include=source.include).claims(name):
        key = f"{where}.include" if table.include else f"include of the preset {source.preset}"
        return f"not included by {key} = {json.dumps(source.include)}"
    return ""
