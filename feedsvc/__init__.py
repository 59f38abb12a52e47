"""feedsvc publishes RSS and Atom feeds from a folder of article records."""

__version__ = "0.1.0"
