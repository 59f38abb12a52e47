"""Addresses and what is published there: documents, each of a feed in a format, or of a page.

- Addresses: `addresses` has all of them. `canonical` chooses the one form of filters, `spellings` knows what other
  spellings mean, and `missing` why there is nothing.
- Feeds: `settings` has what the configuration says of a feed, `selection` reads it, `archives` cuts it into parts, and
  `catalogue` lists all of them; `pages` adds what pages show.
- Documents: `documents` finds them, and `writing` writes them.
"""
