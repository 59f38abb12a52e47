"""The version of feedsvc, for the generator of feeds, the fingerprint of the index, and the User-Agent."""

__version__ = "0.1.0"
