"""Sources: folders of records, each of one shape, as the configuration names them."""

import os
import re
from datetime import UTC
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from glob import escape
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import Config, RecordSource, nearest, unusable
from feedsvc.errors import ConfigError, shown_value
from feedsvc.records.context import ContentKind, Context
from feedsvc.records.expressions import normal_key, parse_expression
from feedsvc.records.kinds import FIELDS
from feedsvc.records.presets import find_preset, preset_names
from feedsvc.records.rules import Rules, make_rules

#: The preset that knows all others' keys.
AUTO = "auto"


class Source(Struct, frozen=True, dict=True):
    """A folder of records of one shape."""

    folder: Path = Path()
    preset: str = AUTO
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
    fields: dict[str, tuple[str, ...]] = {}
    preset_fields: dict[str, tuple[str, ...]] = {}
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
    def contexts(self) -> dict[tuple[ContentKind, bool], Context]:
        """The same for records by how their content is written, and whether they are of another shape than ours."""
        return {
            (kind, is_mapped): replace(self.context, content=kind, html_in_text=is_mapped)
            for kind in get_args(ContentKind)
            for is_mapped in (False, True)
        }

    @cached_property
    def rules(self) -> Rules:
        """What gives fields their values."""
        return make_rules(self.fields, self.preset_fields)

    @cached_property
    def mention_rules(self) -> Rules:
        """What gives the fields of related stories their values."""
        return self.rules.of_mentions()

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
    # Of a part `**`, a character that no glob holds is left, which goes through the translation as it is.
    parts = re.sub(r"(?<![^/])\*\*/", "\0", path)
    pattern = translate(parts.removeprefix("./")).replace("\0", "(?:.*/)?")
    return "/" in parts, re.compile(pattern)


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
    tables = {where: table, **{f"preset {name}": preset for name, preset in presets.items()}}
    for name, each in tables.items():
        _check_expressions(each, name)
    preset_fields: dict[str, tuple[str, ...]] = {}
    for preset in presets.values():
        for name, texts in preset.expressions.items():
            preset_fields[name] = preset_fields.get(name, ()) + texts

    def first(key: str) -> Any:
        """Return the value of a key in the first table that sets it."""
        default = getattr(RecordSource(), key)
        return next((value for each in tables.values() if (value := getattr(each, key)) != default), default)

    return Source(
        folder=folder,
        preset=table.preset,
        site=first("site"),
        items=first("items"),
        timezone=first("timezone"),
        include=first("include"),
        exclude=tuple(glob for each in tables.values() for glob in each.exclude),
        own_include=table.include,
        fields=table.expressions,
        preset_fields=preset_fields,
        where=where,
        prefix=prefix,
    )


def _presets(name: str, where: str) -> dict[str, RecordSource]:
    """Return the presets that count, by name and in order: one, the one that it names, and so on to `auto`."""
    found: dict[str, RecordSource] = {}
    while True:
        try:
            found[name] = find_preset(name)
        except LookupError as error:
            message = f"{where}.preset: {shown_value(name)} can't be used{nearest(name, preset_names())}"
            raise ConfigError(message) from error
        if name == AUTO:
            return found
        name = found[name].preset if found[name].preset not in found else AUTO


def _check_expressions(table: RecordSource, where: str) -> None:
    """Raise ConfigError for the name of no field, and for a malformed path or template."""
    for name, texts in table.expressions.items():
        key = f"{where}.fields.{name}"
        if name not in FIELDS and name != "provider":
            raise ConfigError(f"{key} is not a field that feedsvc knows{_nearest_field(name)}")
        for text in texts:
            _check_expression(key, text)
    if table.items:
        _check_expression(f"{where}.items", table.items)


def _nearest_field(name: str) -> str:
    """Return the end of the message for the name of no field: the field that has it as a usual key, or the nearest."""
    for field, texts in find_preset(AUTO).expressions.items():
        if normal_key(name) in map(normal_key, texts):
            return f"; did you mean {field}?"
    return nearest(name, FIELDS)


def _check_expression(key: str, text: str) -> None:
    try:
        parse_expression(text)
    except ValueError as error:
        raise ConfigError(unusable(key, text, str(error).removeprefix("expected "))) from error
