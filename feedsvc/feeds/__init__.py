"""From an address to a `Feed`, and from an address to the `Document` that is published there."""
