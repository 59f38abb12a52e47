"""config.toml to a frozen `Config`. Every key is checked; a faulty one is an error that names it."""

import dataclasses
import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from feedsvc.config.schema import Build, Custom, Feeds, Index, Records, Serve, Site, Table
from feedsvc.errors import ConfigError, FilterError
from feedsvc.formats.registry import find_format
from feedsvc.model import EPOCH, FILTERS, parse_filters
from feedsvc.text import plain_text, slug, web_url

DEFAULT_NAME = "config.toml"
AnyTable = TypeVar("AnyTable", bound=Table)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked and complete: a field for each table of config.toml.

    >>> config = feedsvc.load_config()
    >>> (config.site.title, config.feeds.limit, config.serve.port)
    ('feedsvc', 50, 8000)
    """

    site: Site
    records: Records
    index: Index
    feeds: Feeds
    build: Build
    serve: Serve
    #: The saved filters by slug.
    custom: dict[str, Custom]
    #: The folder that relative paths start from.
    folder: Path
    #: When the configuration last changed, and every feed with it.
    changed: datetime
    #: Whether `site.base_url` is set, not derived from where the service listens.
    has_base_url: bool

    @property
    def records_folder(self) -> Path:
        return self.folder / self.records.path

    @property
    def out(self) -> Path | str:
        """The folder that builds write to, or the address of one in object storage."""
        return self.build.out if "://" in self.build.out else self.out_folder

    @property
    def out_folder(self) -> Path:
        return self.folder / self.build.out


TABLES: dict[str, type[Table]] = {
    item.name: item.type for item in fields(Config) if isinstance(item.type, type) and issubclass(item.type, Table)
}


def load_config(
    path: Path | str | None = None,
    *,
    records: Path | str | None = None,
    out: Path | str | None = None,
    tables: Mapping[str, Any] | None = None,
) -> Config:
    """Return the configuration in a file, completed with defaults.

    path: the file; without it `config.toml` in the current folder, if there is one.
    records, out: folders, relative to the current one, that replace those of the file; out may be an address, too.
    tables: more keys, which replace those of the file; under `custom`, a list of tables. Raise ConfigError.

        >>> config = feedsvc.load_config(tables={"site": {"title": "News"}, "feeds": {"limit": 20}})
        >>> config.feeds.limit
        20
    """
    path = Path(path) if path else None
    if path is None and Path(DEFAULT_NAME).exists():
        path = Path(DEFAULT_NAME)
    data, folder, changed = _read(path) if path else ({}, Path.cwd(), EPOCH)
    for name, keys in (tables or {}).items():
        known = data.get(name)
        data[name] = {**known, **keys} if isinstance(known, dict) and isinstance(keys, Mapping) else keys
    table = data.get("records")
    usual_records = table.get("path", Records().path) if isinstance(table, dict) else Records().path
    for name, key, value in (("records", "path", records), ("build", "out", out)):
        if value is not None and isinstance(data.setdefault(name, {}), dict):
            data[name][key] = str(Path.cwd() / value) if value != "" and "://" not in str(value) else str(value)
    try:
        config = parse_config(data, folder, changed)
    except ConfigError as error:
        raise ConfigError(f"{path or 'options'}: {error}") from error
    usual = folder / usual_records if isinstance(usual_records, str) else None
    if records is None or config.records_folder.resolve() == (usual and usual.resolve()):
        return config
    # Another folder has an index of its own, so that a running service keeps the one of its folder.
    name = hashlib.sha256(str(config.records_folder).encode()).hexdigest()[:12]
    other = f"{config.index.url}-{name}"
    if config.index.is_shared:
        other = f"{config.index.url}{'&' if '?' in config.index.url else '?'}schema=feedsvc_{name}"
    return dataclasses.replace(config, index=Index(url=other))


def _read(path: Path) -> tuple[dict[str, Any], Path, datetime]:
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
        changed = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a configuration file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; expected a configuration file in TOML") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    return data, path.parent.absolute(), changed


def parse_config(data: dict[str, Any], folder: Path, changed: datetime = EPOCH) -> Config:
    """Return the configuration that tables of keys and values make. Raise ConfigError."""
    for name in data:
        if name not in TABLES and name != "custom":
            raise ConfigError(f"[{name}] is not a table that feedsvc knows{_nearest(name, [*TABLES, 'custom'])}")
    tables: dict[str, Any] = {name: _table(name, kind, data.get(name, {})) for name, kind in TABLES.items()}
    tables["site"] = _complete_site(tables["site"], tables["serve"])
    if tables["feeds"].hub:
        tables["feeds"] = replace(tables["feeds"], hub=_address("feeds.hub", tables["feeds"].hub))
    _check_formats(tables["feeds"].formats)
    return Config(
        **tables,
        custom=_custom(data.get("custom", [])),
        folder=folder,
        changed=changed,
        has_base_url=bool(data.get("site", {}).get("base_url")),
    )


def _check_formats(names: tuple[str, ...]) -> None:
    """Raise ConfigError for the name of no format, and for two formats with the same addresses."""
    suffixes = set()
    for name in names:
        try:
            suffix = find_format(name).suffix
        except LookupError as error:
            raise ConfigError(_unusable("feeds.formats", name, str(error).removeprefix("expected "))) from error
        if suffix in suffixes:
            raise ConfigError(_unusable("feeds.formats", name, f"one format for {suffix}, once"))
        suffixes.add(suffix)


def _table(name: str, kind: type[AnyTable], data: Any) -> AnyTable:
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: {data!r} can't be used; expected a table, [{name}]")
    expected = get_type_hints(kind, include_extras=True)
    for key in data:
        if key not in expected:
            raise ConfigError(f"{name}.{key} is not a key that feedsvc knows{_nearest(key, expected)}")
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        key = str(error).rpartition(" - at `$.")[2].rstrip("`").partition("[")[0]
        raise ConfigError(_unusable(f"{name}.{key}", data[key], _description(expected[key]))) from error


def _complete_site(site: Site, serve: Serve) -> Site:
    """Return the table [site] with clean texts, and values in place of those that are missing."""
    local = "localhost" if serve.host in ("0.0.0.0", "::") else f"[{serve.host}]" if ":" in serve.host else serve.host
    if site.base_url:
        base_url = _address("site.base_url", site.base_url)
    else:
        base_url = _address("serve.host", f"http://{local}:{serve.port}")
    if "?" in base_url or "#" in site.base_url:
        raise ConfigError(_unusable("site.base_url", base_url, "an address without a query or fragment"))
    title = plain_text(site.title) or "feedsvc"
    return replace(
        site,
        title=title,
        description=plain_text(site.description) or title,
        base_url=base_url.rstrip("/"),
        author=plain_text(site.author) or title,
    )


def _address(key: str, value: str) -> str:
    try:
        return web_url(value)
    except ValueError as error:
        raise ConfigError(_unusable(key, value, str(error).removeprefix("expected "))) from error


def _custom(tables: Any) -> dict[str, Custom]:
    """Return the saved filters of [[custom]] tables by slug."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"custom: {tables!r} can't be used; expected tables, [[custom]]")
    found: dict[str, Custom] = {}
    for number, table in enumerate(tables, 1):
        where = f"custom {number}"
        known = ("name", "description", *FILTERS)
        for key in table:
            if key not in known:
                raise ConfigError(f"{where}: {key} is not a key that feedsvc knows{_nearest(key, known)}")
        name, description = table.get("name", ""), table.get("description", "")
        if not isinstance(name, str) or not plain_text(name):
            raise ConfigError(_unusable(f"{where}: name", name, "a name"))
        if not isinstance(description, str):
            raise ConfigError(_unusable(f"{where}: description", description, "some text"))
        try:
            filters = parse_filters(table.items())
        except FilterError as error:
            raise ConfigError(f"{where}: {error}") from error
        custom = Custom(slug(name), plain_text(name), plain_text(description), filters)
        if custom.slug in found:
            raise ConfigError(
                f"{where}: {name!r} has the address of {found[custom.slug].name!r}; expected another name"
            )
        found[custom.slug] = custom
    return found


def _unusable(key: str, value: object, expected: str) -> str:
    return f"{key}: {value!r} can't be used; expected {expected}"


def _description(annotation: Any) -> str:
    """Return the description of an annotated type; of a union, that of its first member."""
    annotated = annotation if hasattr(annotation, "__metadata__") else get_args(annotation)[0]
    return str(annotated.__metadata__[0].description)


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(known)}"
