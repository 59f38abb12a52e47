"""Warns of sources that can't mean what they say: files that two of them claim, globs and paths that find nothing."""

from collections.abc import Iterator
from difflib import get_close_matches

from feedsvc.records.collection import RecordFolders
from feedsvc.records.expressions import TEMPLATE_NAMES, Path, Template, follow, parse_expression
from feedsvc.records.files import RecordFile, find_files
from feedsvc.records.mapping import RecordScope, is_own_shape
from feedsvc.records.searching import find_records
from feedsvc.records.sources import Source, matches_glob
from feedsvc.records.values import Fields, Found, SyntaxProblem

#: The most files of a source, and keys of their records, that are looked at.
MAX_FILES = 200
_MAX_KEYS = 1000


def source_warnings(records: RecordFolders) -> list[str]:
    """Return a warning for each source, glob, path and template that finds nothing. Raise RecordsError."""
    warnings: list[str] = []
    for number, source in enumerate(records.sources):
        others = records.sources[:number]
        if not (source.own_include or source.items or source.fields or others):
            continue
        files = [file for file in find_files(source.folder) if not file.is_unreadable_folder]
        files.sort(key=lambda file: file.name)
        warnings += _unmatched(source, files)
        claimed = [file for file in files if source.claims(file.name)]
        for other in others:
            warnings += _overlaps(source, other, claimed)
        warnings += _leading_nowhere(source, claimed)
    return warnings


def _unmatched(source: Source, files: list[RecordFile]) -> Iterator[str]:
    for glob in source.own_include:
        if not any(matches_glob(glob, file.name) for file in files):
            yield f"{source.where}.include: no record file in {source.folder} matches {glob!r}"


def _overlaps(source: Source, other: Source, claimed: list[RecordFile]) -> Iterator[str]:
    both = [
        file.name
        for file in claimed
        if file.path.startswith(other.start) and other.claims(file.path.removeprefix(other.start))
    ]
    if both:
        files = f"{both[0]} is" if len(both) == 1 else f"{both[0]} and {len(both) - 1} more files are"
        yield f"{source.where}: {files} of {other.where}, too, which has them as the first of the two"


def _leading_nowhere(source: Source, files: list[RecordFile]) -> Iterator[str]:
    """Return a warning for each path and name of the configuration that no record has a value for."""
    paths = {
        (f"fields.{field}", path.text): path
        for field, texts in source.fields.items()
        for text in texts
        if text not in source.preset_fields.get(field, ())  # which name what a record may have
        for path in _paths(text)
    }
    keys = set[str]()
    has_items = not source.items
    number = 0
    for values, body in _read(files[:MAX_FILES]):
        number += 1
        if not has_items:
            has_items = any(
                isinstance(top, Fields) and follow((top, 1), tuple(source.items.split("."))) for top, _ in values
            )
        for record, _, top in find_records(values, body, source):
            if paths and isinstance(record, Fields) and not is_own_shape(record) and len(keys) < _MAX_KEYS:
                keys.update(record)
                plan = source.rules.plan(tuple(record), top is not None, False)
                scope = RecordScope(record, top, "", source, plan)
                paths = {name: path for name, path in paths.items() if not path.find(scope, scope.key(path.keys[0]))}
    if not number:
        return
    where = "any record" if len(files) <= MAX_FILES else f"the records of {MAX_FILES} files"
    if not has_items:
        yield f"{source.where}.items: {source.items} leads to nothing in {where.replace('record', 'file', 1)}"
    for key, name in paths if keys else ():
        close = get_close_matches(name, [*keys, *TEMPLATE_NAMES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"{source.where}.{key}: {name} leads to nothing in {where}{hint}"


def _paths(text: str) -> Iterator[Path]:
    """Return the paths in an expression."""
    expression = parse_expression(text)
    if isinstance(expression, Path):
        yield expression
    elif isinstance(expression, Template):
        yield from (path for name, path, _ in expression.names if name not in TEMPLATE_NAMES)


def _read(files: list[RecordFile]) -> Iterator[tuple[Found, str]]:
    from feedsvc.records.reading import read_bytes, read_values  # takes a while to load

    for file in files:
        try:
            values, body = read_values(file.name, read_bytes(file))
        except (OSError, SyntaxProblem):
            continue
        yield values, body
