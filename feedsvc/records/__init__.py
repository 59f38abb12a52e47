"""Turns record files into stories: finds, reads, parses and cleans them. It doesn't know the index.

The way of a record through the modules:

- `collection`: where records come from, a folder (`files`) or memory (`memory`).
- `reading`: a file to records and problems. Its syntax (`registry`, syntaxes/) gives raw `values`; `searching` finds
  the records among them.
- `mapping`: a record of another shape to the fields of feedsvc, by the `rules` that its source (`sources`, presets/)
  makes of `expressions`; `kinds` says which values can be used for each field.
- `parse`: fields to a story, by `fields` and `converters`; content/ cleans HTML and Markdown.

Besides, `origins`, `hints`, `warnings` and `passed_over` explain to people what was read and what wasn't, and
detection/ finds what `feedsvc init` proposes.
"""
