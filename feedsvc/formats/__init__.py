"""A `Feed` to bytes: no clock, no request, no configuration, so the same feed gives the same bytes."""

from pathlib import Path

#: The files that pages load, by address, with their media types.
ASSETS = {
    "/assets/style.css": "text/css; charset=utf-8",
    "/assets/script.js": "text/javascript; charset=utf-8",
    "/assets/icon.svg": "image/svg+xml; charset=utf-8",
}


def read_asset(address: str) -> bytes:
    """The bytes of one of ASSETS."""
    return (Path(__file__).parent / address.removeprefix("/")).read_bytes()
