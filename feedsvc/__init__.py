"""Publish RSS, Atom and JSON feeds from a folder of article records.

import feedsvc

with feedsvc.open("config.toml") as site:
    site.sync()
    site.build("public")
"""

from feedsvc.api import Site, blueprint, create_app, open
from feedsvc.config import Config, load_config
from feedsvc.errors import (
    AddressError,
    ConfigError,
    FeedsvcError,
    FilterError,
    IndexUnusableError,
    LossError,
    OutputError,
    RecordsError,
    ServeError,
)
from feedsvc.model.version import __version__

__all__ = [
    "AddressError",
    "Config",
    "ConfigError",
    "FeedsvcError",
    "FilterError",
    "IndexUnusableError",
    "LossError",
    "OutputError",
    "RecordsError",
    "ServeError",
    "Site",
    "__version__",
    "blueprint",
    "create_app",
    "load_config",
    "open",
]
