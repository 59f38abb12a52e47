"""A `Feed` to bytes: no clock, no request, no configuration, so the same feed gives the same bytes."""

#: Of each format, without parameters.
MEDIA_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
