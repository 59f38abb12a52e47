"""The built-in formats: a module for each, which has the name of the format, and the `Format` as FORMAT."""
