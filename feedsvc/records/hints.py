"""What to write where a record lacks a required field: the keys of the record that look like it."""

from collections.abc import Iterator

from msgspec.structs import replace

from feedsvc.model import Problem
from feedsvc.records.context import Context
from feedsvc.records.expressions import Path, normal_key
from feedsvc.records.kinds import FIELDS, text
from feedsvc.records.sources import AUTO, Source
from feedsvc.records.values import Fields, Number, Value, is_absent

#: What is in the names of keys, in lower case, that look like a field but for their values; and what is not.
_WORDS = {
    "title": (
        ("title", "head", "name", "subject", "label"),
        ("id", "site", "author", "user", "file", "slug", "layout", "host", "namespace"),
    ),
    "webUrl": (
        ("url", "link", "href", "permalink", "uri", "slug", "path", "guid", "address"),
        ("image", "img", "icon", "logo", "thumb", "picture", "photo", "avatar", "media", "video", "audio", "file",
         "context", "namespace"),
    ),
    "publishedDateTime": (("date", "time", "publish", "created", "posted"), ("update", "modif", "expir")),
}  # fmt: skip
#: A record's keys that are looked at, and those that a message names.
_MOST_KEYS = 200
_MOST_NAMED = 3
_MAX_NAME = 60


def with_hint(problem: Problem, record: Fields, source: Source, mapped: Fields) -> Problem:
    """Return the problem of a missing field, with the keys of the record that look like it; any other as it is.

    mapped: the record with the fields of feedsvc.
    """
    name = problem.field
    if name not in _WORDS or not problem.message.startswith("is missing"):
        return problem
    needs_site = any("{site}" in text for text in source.preset_fields.get(name, ()))
    if needs_site and source.preset != AUTO and not source.site:
        return replace(problem, message=f"{problem.message}; set records.site to the address of your site")
    empty = [_quoted(key) for key in _empty(name, record, source)][:1]
    keys = [_quoted(key) for key in dict.fromkeys(_similar(name, record, source.context))][:_MOST_NAMED]
    if keys:
        # The configuration's keys come before the preset's: this one alone would count in all other records, too.
        value = keys[0] if len(keys) == 1 else "..." if empty else ""
        assigned = f" = [{empty[0]}, {value}]" if empty else f" = {value}" if value else ""
        hint = f"this record has {' and '.join(keys)}: set records.fields.{name}{assigned}"
        return replace(problem, message=f"{problem.message}; {hint}")
    hints = [f"{empty[0]} is empty: write it there"] if empty and empty[0] != _quoted(name) else []
    if name == "webUrl" and source.preset == AUTO and "publishedDateTime" in mapped:
        hints.append(f"for a site of your own, set {'' if source.site else 'records.site and '}records.preset")
    return replace(problem, message="; ".join((problem.message, ", or, ".join(hints)))) if hints else problem


def _quoted(key: str) -> str:
    return f'"{key[:_MAX_NAME]}"'


def _empty(name: str, record: Fields, source: Source) -> Iterator[str]:
    """Return the keys of a record that a field is read from, and that have no value in it."""
    empty = {normal_key(key): key for key, (value, _) in list(record.items())[:_MOST_KEYS] if is_absent(value)}
    for expression in source.rules.by_field[name].expressions:
        if isinstance(expression, Path) and expression.is_key and normal_key(expression.text) in empty:
            yield empty[normal_key(expression.text)]


def _similar(name: str, record: Fields, context: Context) -> Iterator[str]:
    """Return the paths of values that look like a field: those that can be used for it first, then those named so."""
    values = [
        (key, value) for key, value in _values(record) if normal_key(key) != normal_key(name) and not is_absent(value)
    ]
    wanted, unwanted = _WORDS[name]
    for key, value in values:
        lower = key.lower()
        if any(word in lower for word in unwanted) or (name == "title" and not any(word in lower for word in wanted)):
            continue
        is_number = isinstance(value, Number) and not any(word in lower for word in wanted)
        kind = FIELDS[name]
        if not is_number and (kind is not text or isinstance(value, str)) and kind(value, context) is not None:
            yield key
    for key, value in values:
        lower = key.lower()
        is_similar = any(word in lower for word in wanted) and not any(word in lower for word in unwanted)
        if is_similar and isinstance(value, str) and value.strip() and name != "publishedDateTime":
            yield key


def _values(record: Fields) -> Iterator[tuple[str, Value]]:
    """Return the values of a record and of the mappings in it, each with its path."""
    for key, (value, _) in list(record.items())[:_MOST_KEYS]:
        yield key, value
    for key, (value, _) in list(record.items())[:_MOST_KEYS]:
        if isinstance(value, Fields):
            yield from ((f"{key}.{name}", inner) for name, (inner, _) in list(value.items())[:_MOST_KEYS])
