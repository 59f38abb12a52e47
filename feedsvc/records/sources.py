"""Sources: folders of records, each of one shape, as the configuration names them."""

import os
import re
from datetime import UTC
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from glob import escape
from pathlib import Path
from typing import TypeAlias, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import Config, RecordSource, nearest, unusable
from feedsvc.errors import ConfigError, shown_value
from feedsvc.records.context import ContentKind, Context
from feedsvc.records.expressions import normal_key, parse_expression
from feedsvc.records.kinds import FIELDS
from feedsvc.records.presets import find_preset, preset_names
from feedsvc.records.rules import Table, make_table

#: The expressions of fields, by name.
Expressions: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

#: The preset that knows all others' keys.
AUTO = "auto"


class Source(Struct, frozen=True, dict=True):
    """A folder of records of one shape."""

    folder: Path = Path()
    preset: str = "auto"
    #: The URL that relative addresses start at; empty if that isn't known.
    site: str = ""
    #: The path of the list of records in a file; empty where they are found without it.
    items: str = ""
    timezone: str = "UTC"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    #: The globs of `include` that the configuration itself has; none where they are those of the preset.
    own_include: tuple[str, ...] = ()
    #: What the configuration says of fields, and what the preset says of them after that.
    fields: Expressions = ()
    preset_fields: Expressions = ()
    #: How messages name it.
    where: str = "records"
    #: What comes before the path of each file below the folder to make its name, where there are several sources.
    prefix: str = ""

    @property
    def path(self) -> str:
        """The folder's path, as text."""
        return self.folder.as_posix()

    @cached_property
    def start(self) -> str:
        """What the path of each file below the folder begins with."""
        return os.path.join(self.folder, "")

    @cached_property
    def context(self) -> Context:
        """What the values of its records mean where they don't say it themselves."""
        return Context(self.site, UTC if self.timezone == "UTC" else ZoneInfo(self.timezone))

    @cached_property
    def mapped_contexts(self) -> dict[ContentKind, Context]:
        """The contexts of its records of another shape, by how their content is written."""
        kinds: tuple[ContentKind, ...] = get_args(ContentKind)
        return {kind: replace(self.context, content=kind, html_in_text=True) for kind in kinds}

    @cached_property
    def table(self) -> Table:
        """What gives fields their values."""
        return make_table(dict(self.fields), dict(self.preset_fields), self.context)

    @cached_property
    def mention_table(self) -> Table:
        """What gives the fields of related stories their values."""
        return self.table.of_mentions()

    @property
    def is_selective(self) -> bool:
        """Whether some files below the folder may be none of the source's."""
        return bool(self.include or self.exclude)

    def claims(self, path: str) -> bool:
        """Return whether a file is one of the source's. path: below the folder.

        A glob without a slash is compared with the names of the file and of each folder that it is in, one with a slash
        with the whole path; `*` stands for any characters, `**/` for any folders, or none.
        """
        if not self.is_selective:
            return True
        if self.include and not any(matches_glob(glob, path) for glob in self.include):
            return False
        return not any(matches_glob(glob, path) for glob in self.exclude)


@lru_cache(256)
def _pattern(glob: str) -> tuple[bool, re.Pattern[str]]:
    path = glob.strip("/")
    whole = path.removeprefix("./")
    flat = whole.replace("**/", "")
    pattern = translate(whole) if flat == whole else f"{translate(flat)}|{translate(whole)}"
    return "/" in path.replace("**/", ""), re.compile(pattern)


def matches_glob(glob: str, path: str) -> bool:
    """Return whether a path matches a glob, as `Source.claims` says."""
    is_path, pattern = _pattern(glob)
    return any(map(pattern.match, (path,) if is_path else path.split("/")))


def find_sources(config: Config) -> tuple[Source, ...]:
    """Return the sources that a configuration names. Raise ConfigError, before any record is read."""
    tables = config.sources
    is_only = len(tables) == 1
    sources = []
    for number, table in enumerate(tables, 1):
        where = f"records.source {number}" if config.records.source else "records"
        prefix = "" if is_only else f"{Path(table.path).as_posix()}/".removeprefix("./")
        try:
            source = _source(table, where, config.folder / table.path, prefix)
            sources.append(replace(source, exclude=(*source.exclude, *_own_files(config, source.folder))))
        except ConfigError as error:
            raise ConfigError(f"{config.name}: {error}") from error
    return tuple(sources)


def _own_files(config: Config, folder: Path) -> tuple[str, ...]:
    """Return globs of feedsvc's own files in a folder of records: its configuration, and what builds write."""
    folder = Path(os.path.abspath(folder))
    own = [(Path(config.name), ""), *([] if "://" in config.build.out else [(config.out_folder, "/*")])]
    found = []
    for path, below in own:
        absolute = Path(os.path.abspath(path))
        if absolute != folder and absolute.is_relative_to(folder):
            found.append(f"./{escape(absolute.relative_to(folder).as_posix())}{below}")
    return tuple(found)


@cache
def default_source() -> Source:
    """Return the source of records whose configuration says nothing."""
    return _source(RecordSource(), "records", Path(), "")


def _source(table: RecordSource, where: str, folder: Path, prefix: str) -> Source:
    """Return a source with the keys of its table, and of its presets after them. Raise ConfigError."""
    presets = _presets(table.preset, where)
    tables = [table, *presets]
    names = [where, *(f"preset {name}" for name in (table.preset, *(preset.preset for preset in presets[:-1])))]
    for each, name in zip(tables, names, strict=True):
        _check_expressions(each, name)
    fields: dict[str, tuple[str, ...]] = {}
    for preset in presets:
        for name, texts in _as_expressions(preset):
            fields[name] = fields.get(name, ()) + texts
    return Source(
        folder=folder,
        preset=table.preset,
        site=next((each.site for each in tables if each.site), ""),
        items=next((each.items for each in tables if each.items), ""),
        timezone=next((each.timezone for each in tables if each.timezone != "UTC"), "UTC"),
        include=next((each.include for each in tables if each.include), ()),
        exclude=tuple(glob for each in tables for glob in each.exclude),
        own_include=table.include,
        fields=_as_expressions(table),
        preset_fields=tuple(fields.items()),
        where=where,
        prefix=prefix,
    )


def _presets(name: str, where: str) -> list[RecordSource]:
    """Return the presets that count, in order: one, the one that it names, and so on to `auto`."""
    names, found = [name], []
    while True:
        try:
            found.append(find_preset(names[-1]))
        except LookupError as error:
            message = f"{where}.preset: {shown_value(names[-1])} can't be used{nearest(names[-1], preset_names())}"
            raise ConfigError(message) from error
        if names[-1] == AUTO:
            return found
        names.append(found[-1].preset if found[-1].preset not in names else AUTO)


def _check_expressions(table: RecordSource, where: str) -> None:
    """Raise ConfigError for the name of no field, and for a malformed path or template."""
    for name, texts in _as_expressions(table):
        key = f"{where}.fields.{name}"
        if name not in FIELDS and name != "provider":
            raise ConfigError(f"{key} is not a field that feedsvc knows{_nearest_field(name)}")
        for text in texts:
            _check_expression(key, text)
    if table.items:
        _check_expression(f"{where}.items", table.items)


def _nearest_field(name: str) -> str:
    """Return the end of the message for the name of no field: the field that has it as a usual key, or the nearest."""
    for field, texts in find_preset(AUTO).fields.items():
        if normal_key(name) in map(normal_key, (texts,) if isinstance(texts, str) else texts):
            return f"; did you mean {field}?"
    return nearest(name, FIELDS)


def _check_expression(key: str, text: str) -> None:
    try:
        parse_expression(text)
    except ValueError as error:
        raise ConfigError(unusable(key, text, str(error).removeprefix("expected "))) from error


def _as_expressions(table: RecordSource) -> Expressions:
    return tuple((name, (texts,) if isinstance(texts, str) else texts) for name, texts in table.fields.items())
