"""The version of feedsvc: in generators, in what the index was built by, and in what a hub is asked by."""

__version__ = "0.1.0"
