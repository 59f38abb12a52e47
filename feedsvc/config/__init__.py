"""config.toml: its tables and keys, and how they become one frozen `Config`."""

from feedsvc.config.changes import differences, reload_config, restart_keys, without_restart
from feedsvc.config.checks import nearest, unusable
from feedsvc.config.loading import load_config, parse_config
from feedsvc.config.records import read_source
from feedsvc.config.schema import DEFAULT_NAME, TABLES, Config, Custom, Feeds, Index, LabelTexts, RecordSource, Site

__all__ = [
    "DEFAULT_NAME",
    "TABLES",
    "Config",
    "Custom",
    "Feeds",
    "Index",
    "LabelTexts",
    "RecordSource",
    "Site",
    "differences",
    "load_config",
    "nearest",
    "parse_config",
    "read_source",
    "reload_config",
    "restart_keys",
    "unusable",
    "without_restart",
]
