"""A `Feed` to bytes: no clock, no request, no configuration, so the same feed gives the same bytes."""
