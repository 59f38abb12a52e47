"""Publish RSS, Atom and JSON feeds from a folder of article records.

import feedsvc

with feedsvc.open("config.toml") as site:
    site.sync()
    site.build("public")
"""

TYPE_CHECKING = False  # which type checkers know; `typing` would be loaded before the commands are
if TYPE_CHECKING:
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
else:

    def __getattr__(name):
        """Return a public name, whose module is loaded when it is first asked for.

        So the commands say what an interrupt does before most of the package, and its libraries, are loaded.
        """
        from importlib import import_module

        if name in __all__:
            for place in ("errors", "model.version", "api", "config"):  # `config` has another Site
                found = vars(import_module(f"feedsvc.{place}"))
                if name in found:
                    return globals().setdefault(name, found[name])
        raise AttributeError(f"module 'feedsvc' has no attribute {name!r}", name=name)


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
