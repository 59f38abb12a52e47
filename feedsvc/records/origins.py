"""Explains which values the fields of a file's records have, and which keys of the file they come from."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from msgspec import Struct

from feedsvc.model import Problem, Record
from feedsvc.records.context import Context, content_kind
from feedsvc.records.mapping import is_own_shape
from feedsvc.records.parse import parse_record
from feedsvc.records.problems import Problems
from feedsvc.records.reading import read_record, read_values
from feedsvc.records.searching import find_records
from feedsvc.records.sources import Source
from feedsvc.records.values import Fields, Found, SyntaxProblem, is_absent
from feedsvc.text import plain_text, utc_text

#: The most characters of a value, and names of keys, that a line shows; a key's name is as long at most.
_MAX_SHOWN = 70
_MAX_KEYS = 12
#: The most records that can't be used which are explained.
_MAX_REFUSED = 20

#: What stands in for the required fields of a record that lacks them, so that its others can be read.
_STAND_INS = {"title": "-", "publishedDateTime": "2000-01-01", "webUrl": "https://stand-in.invalid/"}

#: For each line of an explanation: its name, the fields that may have given its value, and the value as the story has
#: it; that is empty where there is none.
_LINES: tuple[tuple[str, tuple[str, ...], Callable[[Record], str]], ...] = (
    ("title", ("title",), lambda record: _quoted(record.story.title)),
    ("webUrl", ("webUrl", "originalUrl"), lambda record: record.story.url),
    ("publishedDateTime", ("publishedDateTime",), lambda record: utc_text(record.story.published)),
    ("updatedDateTime", ("updatedDateTime",), lambda record: utc_text(record.story.updated)),
    ("provider.name", ("provider.name", "provider"), lambda record: _quoted(record.story.provider.name)),
    ("provider.domain", ("provider.domain",), lambda record: record.story.provider.domain or ""),
    ("provider.images", ("provider.images",), lambda record: getattr(record.story.provider.image, "url", "")),
    ("authors", ("authors", "provider.authors"), lambda record: ", ".join(record.story.authors)),
    ("topics", ("topics",), lambda record: ", ".join(topic.name for topic in record.story.topics)),
    ("images", ("images",), lambda record: getattr(record.story.image, "url", "")),
    ("featuredContent", ("featuredContent",), lambda record: _beginning(record.story.content_html)),
    ("excerpt", ("excerpt",), lambda record: _quoted(record.story.excerpt)),
    ("language", ("language",), lambda record: record.story.language),
    ("type", ("type",), lambda record: record.story.type),
    ("category", ("category",), lambda record: record.story.category),
    ("quality", ("quality",), lambda record: _number(record.story.quality)),
    ("heat", ("heat",), lambda record: _number(record.story.heat)),
    ("draft", ("draft", "status", "published"), lambda record: "true" if record.story.draft else ""),
    ("deleted", ("deleted", "removed"), lambda record: "true" if record.story.deleted else ""),
    ("related", ("related",), lambda record: f"{len(record.related)} of them" if record.related else ""),
)
#: Those that are named where they are missing.
_WANTED = ("authors", "topics", "images", "featuredContent", "excerpt")


#: What gives a field its value that no key gives.
_FALLBACKS = {
    "featuredContent": "the text after the front matter",
    "provider.name": "the host of webUrl",
    "provider.domain": "the host of webUrl",
}


class Origins(Struct, frozen=True):
    """Lines on the fields of a file's records."""

    #: For each record that can be used, in order.
    records: tuple[tuple[str, ...], ...] = ()
    #: For those that can't be, each with a line that names it.
    refused: tuple[str, ...] = ()


def explain_file(name: str, data: bytes, source: Source) -> Origins:
    """Return lines on the fields of the records in the bytes of a file. name: see `parse_file`.

    Only values that are read are shown. Of a record of feedsvc's own shape that can be used, a field is only shown if
    its value isn't that of the key named so.
    """
    try:
        items, body = read_values(name, data)
    except SyntaxProblem:
        return Origins()
    return explain_values(name, items, body, source)


def explain_values(name: str, items: Found, body: str, source: Source) -> Origins:
    """Return lines on the fields of the records among the values of a file. body: the text after the front matter."""
    records, refused = list[tuple[str, ...]](), list[str]()
    number_refused = 0
    found = list(find_records(items, body, source))
    for number, (value, line, top) in enumerate(found, 1):
        if not isinstance(value, Fields):
            continue
        problems = Problems(name)
        fields, record = read_record(value, body, top, problems, source)
        if record:
            records.append(tuple(_lines(value, fields, record)))
            continue
        number_refused += 1
        if number_refused > _MAX_REFUSED:
            continue
        place = f"record {number}, line {line}" if len(found) > 1 else f"line {line}"
        refused.append(f"{name} ({place}): can't be used")
        context = source.contexts[content_kind(name), not is_own_shape(value)]
        refused += _refused(value, fields, body, problems.found, context)
    if number_refused > _MAX_REFUSED:
        refused.append(f"{name}: {number_refused - _MAX_REFUSED} more records can't be used")
    return Origins(tuple(records), tuple(refused))


def _lines(raw: Fields, fields: Fields, record: Record, without: Sequence[str] = ()) -> Iterator[str]:
    """Return a line for each field of a record that can be used.

    raw, fields: the record as the file has it, and with the fields of feedsvc. without: lines that are left out.
    """
    is_own = is_own_shape(raw)
    missing = []
    for name, fields_of_line, value_of in _LINES:
        key = _origin(fields_of_line, fields)
        value = value_of(record)
        if name in without or (name == "updatedDateTime" and not key):
            continue
        if not value:
            missing.append(name)
        elif not is_own or without or (key and (key not in fields_of_line or key == "originalUrl")):
            yield f"    {name}: {_short(value)}{_source(key, name)}"
    missing = [name for name in missing if name in _WANTED]
    if missing and not is_own:
        unread = _unread(raw, fields)
        keys = f"; no field is read from {', '.join(unread)}" if unread else ""
        yield f"    not found: {', '.join(missing)}{keys}"


def _refused(raw: Fields, fields: Fields, body: str, problems: list[Problem], context: Context) -> Iterator[str]:
    """Return a line for each required field that a record lacks, and for each that it has."""
    for number in range(1, len(_STAND_INS) + 1):
        for lacking in combinations(_STAND_INS, number):
            complete = Fields(fields)
            complete.line, complete.origin = fields.line, fields.origin
            complete.update((name, (_STAND_INS[name], fields.line)) for name in lacking)
            record = parse_record(complete, body, Problems(""), context)
            if record:
                for name in lacking:
                    yield f"    {name}: {_lack(name, fields, problems)}"
                without = (*lacking, *(("provider.name", "provider.domain") if "webUrl" in lacking else ()))
                yield from _lines(raw, fields, record, without)
                return


def _lack(name: str, fields: Fields, problems: list[Problem]) -> str:
    """Return why a required field has no value, with the keys that look like it."""
    key = _origin((name,), fields)
    problem = next((each for each in problems if each.field in (name, key)), None)
    if not problem or not problem.message.startswith("is missing"):
        return f"can't be used; from {_described(key)}" if key else "not found"
    hint = problem.message.split("; ", 2)[2:]
    return "; ".join(("not found", *hint))


def _origin(names: tuple[str, ...], fields: Fields) -> str:
    """Return the key or expression that the first of some fields has its value from; empty if none has one."""
    for name in names:
        outer, _, inner = name.partition(".")
        value = fields.value_of(outer)
        if inner:
            if isinstance(value, Fields) and inner in value:
                return (value.origin or {}).get(inner) or name
        elif value not in (None, ""):
            return (fields.origin or {}).get(name) or name
    return ""


def _described(key: str) -> str:
    """Return what a key or expression is."""
    key = _short(key)
    if key.startswith("="):
        return f"the constant {key}"
    if key.startswith("$."):
        return f"{key}, at the top of the file"
    if "{" not in key:
        return key
    is_file_name = all(name.startswith("file.") for name in re.findall(r"\{([^{}]*)\}", key))
    return f"the file's name, {key}" if is_file_name else f"the template {key}"


def _source(key: str, name: str) -> str:
    """Return the end of the line of a field: what has given it its value."""
    found = _described(key) if key else _FALLBACKS.get(name, "")
    return f"; from {found}" if found else ""


def _unread(raw: Fields, fields: Fields) -> list[str]:
    """Return the keys of a record that have a value, which no field is read from, in quotes."""
    origins = set((fields.origin or {}).values())
    provider = fields.value_of("provider")
    if isinstance(provider, Fields):
        origins.update((provider.origin or {}).values())
    read = {name.strip() for key in origins for name in re.findall(r"\{([^{}|]*)", key)} | origins
    read |= {key.partition(".")[0] for key in read}
    keys = [f'"{key[:_MAX_SHOWN]}"' for key, (value, _) in raw.items() if key not in read and not is_absent(value)]
    return keys[:_MAX_KEYS] + (["..."] if len(keys) > _MAX_KEYS else [])


def _beginning(html: str) -> str:
    """Return the length and the first words of HTML."""
    if not html:
        return ""
    words = plain_text(re.sub(r"<[^<>]*>", " ", html[: 20 * _MAX_SHOWN]))
    return f"{len(html):,} characters" + (f", {_quoted(words)}" if words else "")


def _quoted(text: str) -> str:
    return f'"{_short(text)}"' if text else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN + 30 else f"{text[:_MAX_SHOWN]}…"
