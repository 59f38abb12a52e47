"""Maps a record of any shape to the fields of feedsvc, by the expressions of its source."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from feedsvc.records.context import ContentKind, Context
from feedsvc.records.expressions import MAX_ITEMS, Expression, Path, normal_key, parse_expression
from feedsvc.records.fields import is_absent
from feedsvc.records.kinds import FIELDS, Kind, flag, is_attempt, without_tags
from feedsvc.records.slugs import FileName, read_file_name
from feedsvc.records.sources import Source
from feedsvc.records.values import Fields, Items, Placed
from feedsvc.text import instant

#: A value with its line, and the key that it came from, as the file has it.
Located: TypeAlias = tuple[Placed, str]

_PROVIDER = "provider."
_FILE_NAMES = {"file.date": "date", "file.name": "name", "file.parent": "parent", "file.slug": "slug"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """A record with the fields of feedsvc."""

    fields: Fields
    #: For each field that has a value, such as `title` and `provider.name`: the key or expression that gave it.
    origin: dict[str, str]
    #: How its content is written, where its key says so.
    content: ContentKind | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one field gets its value."""

    name: str
    kind: Kind
    #: In order: those of the configuration, those of the preset, and the field's own name.
    expressions: tuple[Expression, ...]
    #: The number of those that no text after the front matter replaces.
    own: int


@dataclass(frozen=True, slots=True)
class Table:
    """The rules of a source, by field."""

    rules: dict[str, _Rule]
    context: Context


def is_own_shape(fields: Fields) -> bool:
    """Return whether a record has the keys that feedsvc's own records have."""
    return "publishedDateTime" in fields and ("webUrl" in fields or "originalUrl" in fields)


@lru_cache(64)
def table_of(source: Source) -> Table:
    """Return the rules of a source."""
    rules = {}
    configured, preset = dict(source.fields), dict(source.preset_fields)
    for name, kind in FIELDS.items():
        if name == "provider":  # a text is a provider's name
            continue
        keys = [name, "provider"] if name == "provider.name" else [name]
        first = [text for key in keys for text in configured.get(key, ())]
        texts = [*first, *(text for key in keys for text in preset.get(key, ())), *keys]
        expressions = tuple(map(parse_expression, dict.fromkeys(texts)))
        rules[name] = _Rule(name, kind, expressions, len(set(first)))
    return Table(rules, source.context)


@dataclass(slots=True)
class _Scope:
    """One record, and what its expressions find."""

    record: Fields
    top: Fields | None
    file: FileName
    source: Source
    table: Table
    has_body: bool = False
    found: dict[str, Located | None] = field(default_factory=dict)
    _keys: dict[str, str] | None = None

    def key(self, name: str) -> str | None:
        if name in self.record:
            return name
        if self._keys is None:
            self._keys = {normal_key(key): key for key in reversed(self.record)}
        return self._keys.get(normal_key(name))

    def name(self, name: str) -> str:
        if name in _FILE_NAMES:
            return str(getattr(self.file, _FILE_NAMES[name]))
        if name == "site":
            return self.table.context.site.rstrip("/")
        if name == "slug":
            found = self.find("slug")
            return str(found[0][0]).strip().strip("/") if found else self.file.slug
        if name == "categories":
            return self._categories()
        found = self.find("publishedDateTime")
        try:
            moment = instant(str(found[0][0] if found else ""), self.table.context.timezone).astimezone(
                self.table.context.timezone
            )
        except (ValueError, TypeError, OverflowError):
            return ""
        return {"year": f"{moment.year:04}", "month": f"{moment.month:02}", "day": f"{moment.day:02}"}[name]

    def _categories(self) -> str:
        """Return the categories of a post in lower case, joined by slashes, as Jekyll has them in addresses."""
        folders = self.file.parent.split("/")
        categories = folders[: folders.index("_posts")] if "_posts" in folders else []
        for name in ("categories", "category"):
            key = self.key(name)
            value = self.record[key][0] if key is not None else None
            if isinstance(value, str) and not is_absent(value):
                categories += [value] if name == "category" else value.replace(",", " ").split()
            elif isinstance(value, list):
                categories += [item for item, _ in value[:MAX_ITEMS] if isinstance(item, str)]
        return "/".join(dict.fromkeys(category.strip().lower() for category in categories))

    def find(self, name: str) -> Located | None:
        """Return the value of a field: the first one that can be used, else the first that was meant for it."""
        if name not in self.found:
            self.found[name] = None  # while it is looked for, so that no template needs itself
            self.found[name] = self._find(self.table.rules[name])
        return self.found[name]

    def _find(self, rule: _Rule) -> Located | None:
        expressions = rule.expressions
        if self.has_body and rule.name == "featuredContent":
            expressions = (*expressions[: rule.own], expressions[-1])
        unusable = None
        for position, expression in enumerate(expressions):
            found = expression.find(self)
            if found is None:
                continue
            (value, line), origin = found
            if is_absent(value) and not (rule.kind is flag and value is not None and value != ""):
                continue
            used = rule.kind(value, self.table.context)
            is_own_name = origin in (rule.name, rule.name.partition(".")[0])
            if used is not None:  # what is named as in our own records is read as there
                return (value if is_own_name and not isinstance(value, str) else used, line), origin
            is_named_so = is_own_name or position < rule.own
            if unusable is None and (is_named_so or is_attempt(value, rule.kind)):
                unusable = found
        if unusable and rule.kind is flag and (time := self.find("publishedDateTime")) and time[1] == unusable[1]:
            return None  # `published` is a time
        return unusable


def map_record(
    fields: Fields, body: str, file: str, source: Source, top: Fields | None = None, is_mention: bool = False
) -> Mapped:
    """Return a record with the fields of feedsvc.

    body: the text after its front matter. file: the path of its file, below the source's folder. top: what holds the
    list that the record is in. is_mention: whether it is an item of another one's `related`, of which the file's name
    says nothing.
    """
    table = _plain(table_of(source)) if is_mention else table_of(source)
    file_name = FileName("", "", "", "") if is_mention else read_file_name(file, source.path)
    scope = _Scope(fields, top, file_name, source, table, bool(body.strip()))
    mapped, provider = Fields(), Fields()
    mapped.line = provider.line = fields.line
    origin, own_origin, provider_origin = {}, {}, {}
    repeated = fields.repeated or {}
    for name in table.rules:
        found = scope.find(name)
        if found is None or name == "slug":
            continue
        placed, key = found
        origin[name] = key
        if name.startswith(_PROVIDER):
            name = name.removeprefix(_PROVIDER)
            provider[name], provider_origin[name] = placed, key
            continue
        mapped[name], own_origin[name] = placed, key
        if key in repeated:
            mapped.repeat(name, repeated[key])
    _add_provider(mapped, provider, provider_origin, scope)
    mapped.origin, provider.origin = own_origin, provider_origin
    title = mapped.get("title")
    if title and origin["title"].endswith("rendered") and isinstance(title[0], str):
        mapped["title"] = (without_tags(title[0]), title[1])
    if "related" in mapped and isinstance(mapped["related"][0], list):
        mapped["related"] = (_related(mapped["related"][0], file, source), mapped["related"][1])
    return Mapped(mapped, origin, _content_kind(origin.get("featuredContent", "")))


def _add_provider(mapped: Fields, provider: Fields, origin: dict[str, str], scope: _Scope) -> None:
    """Add the provider, whose fields are in a mapping of the record, in others, or in both."""
    key = scope.key("provider")
    own = scope.record[key][0] if key is not None else None
    if isinstance(own, Fields):
        for name, placed in own.items():
            if name not in provider:
                provider[name], origin[name] = placed, f"{key}.{name}"
        provider.repeated = own.repeated
    if provider:
        mapped["provider"] = (provider, provider.line)


def _related(items: Items, file: str, source: Source) -> Items:
    """Return related stories with the fields of feedsvc."""
    return [
        (map_record(item, "", file, source, is_mention=True).fields, line)
        if isinstance(item, Fields) and "webUrl" not in item and "originalUrl" not in item
        else (item, line)
        for item, line in items
    ]


@lru_cache(64)
def _plain_rules(source_fields: tuple[tuple[str, tuple[Expression, ...]], ...]) -> dict[str, _Rule]:
    return {
        name: _Rule(name, FIELDS[name], tuple(each for each in expressions if isinstance(each, Path)), 0)
        for name, expressions in source_fields
        if name != "related"
    }


def _plain(table: Table) -> Table:
    """Return a table without templates and constants, which speak of the record itself."""
    return Table(_plain_rules(tuple((name, rule.expressions) for name, rule in table.rules.items())), table.context)


def _content_kind(key: str) -> ContentKind | None:
    """Return how content is written, by the name of its key; None if that doesn't say it."""
    name = normal_key(key.rpartition(".")[2])
    if name.endswith(("html", "rendered")):
        return "html"
    if "markdown" in name:
        return "markdown"
    return "text" if name in ("contenttext", "plaintext", "textcontent", "rawtext", "maintext") else None
