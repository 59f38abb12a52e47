"""feedsvc publishes RSS and Atom feeds from a folder of article records."""

from feedsvc.model.version import __version__

__all__ = ["__version__"]
