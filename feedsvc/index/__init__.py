"""The stories in a database: a cache of the records folder that can be deleted at any time.

- Databases: `opening` opens the configured one; `database` says what they have in common, `schema` their tables.
- Writing: `sync` reads files into the rows of `occurrences`; `resolve` makes stories, topics and feeds of them, with
  `clusters`, `names` and `facets`; `guard`, `revisions`, `counts` and `status` note what came of it.
- Reading: `query` writes the SQL that selects the stories of a feed; `feeds` reads what is counted of each, `stories`
  the numbers and URLs of its stories, and `entries` all that it shows of them, with the links of `links`.
"""
