"""Finds out, for `feedsvc init`, which preset reads the records in a folder, and what its site generator says."""
