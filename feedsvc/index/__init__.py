"""The stories in a database: a cache of the records folder that can be deleted at any time."""
