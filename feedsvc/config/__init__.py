"""config.toml: its tables and keys, and how they become one frozen `Config`."""

from feedsvc.config.loading import DEFAULT_NAME, TABLES, Config, load_config, parse_config
from feedsvc.config.schema import Custom, Index

__all__ = ["DEFAULT_NAME", "TABLES", "Config", "Custom", "Index", "load_config", "parse_config"]
