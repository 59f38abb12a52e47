"""Opens the index that the configuration names."""

import os
from pathlib import Path

from feedsvc.config import Config
from feedsvc.config import Index as IndexTable
from feedsvc.errors import IndexLostError, IndexUnusableError
from feedsvc.index.database import Index, without_password
from feedsvc.index.others import keep
from feedsvc.index.owner import owner_of_file, owner_of_shared
from feedsvc.index.sqlite import SqliteDatabase
from feedsvc.index.sqlite_file import is_for_other, make_folder


def open_index(config: Config) -> Index:
    """Return the index that the configuration names, which may be empty. Raises IndexUnusableError."""
    if config.index.is_shared:
        return _open_postgres(config)
    file = _file(config)
    database = SqliteDatabase(file, owner_of_file(config, file))
    if is_for_other(file.parent):
        keep(file.parent, database)
    make_folder(file.parent)
    try:
        database.check()
    except IndexLostError:
        database.check()
    return database


def reopen_index(index: Index, config: Config) -> Index:
    """Return the index for a configuration that changed, but for its `index.url`.

    It is the same one, unless it would now be that of another owner (`index.owner`), as nodes that share it see. Then
    the one before is closed, but for the transactions that use it.
    """
    if not config.index.is_shared:
        return index
    other = _open_postgres(config)
    if other.owner == index.owner:
        return index
    index.close()
    return other


def check_url(config: Config) -> None:
    """Raise IndexUnusableError if `index.url` names no index."""
    _ = _open_postgres(config) if config.index.is_shared else _file(config)


def is_new(config: Config) -> bool:
    """Return whether no sync has filled the index that the configuration names. Raises IndexUnusableError."""
    if not config.index.is_shared:
        return not os.path.exists(_file(config))
    index = _open_postgres(config)
    try:
        return not index.is_filled()
    finally:
        index.close()


def copy_index(config: Config, folder: Path) -> IndexTable:
    """Return the configuration of an index in a folder: a copy of the one that a configuration names, if it is a file.

    Raises IndexUnusableError.
    """
    copy = folder / "index.sqlite3"
    if not config.index.is_shared and os.path.exists(file := _file(config)):
        SqliteDatabase(file, owner_of_file(config, file)).copy(copy, owner_of_file(config, copy))
    return IndexTable(url=f"sqlite:///{copy}")


def _file(config: Config) -> Path:
    """Return the file of the index that the configuration names. Raises IndexUnusableError."""
    url = config.index.url
    path = url.removeprefix("sqlite:///")
    if path == url or path in ("", ":memory:") or "?" in path:
        expected = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise IndexUnusableError(f"index.url: {without_password(url)!r} can't be used; expected {expected}")
    return config.folder / path


def _open_postgres(config: Config) -> Index:
    try:
        from feedsvc.index.postgres import PostgresDatabase
    except ImportError as error:
        raise IndexUnusableError(
            f"index.url: PostgreSQL needs psycopg ({error}); expected it installed: pip install 'feedsvc[postgres]'"
        ) from error
    return PostgresDatabase(config.index.url, owner_of_shared(config))
