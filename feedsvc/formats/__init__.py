"""From a `Feed` to bytes: without a clock, request or configuration, so the same feed has the same bytes."""

from pathlib import Path

#: The files that pages load, and the icon that browsers ask for unasked: the content type of each, by address.
ASSETS = {
    "/favicon.ico": "image/vnd.microsoft.icon",
    "/assets/style.css": "text/css; charset=utf-8",
    "/assets/script.js": "text/javascript; charset=utf-8",
    "/assets/filters.js": "text/javascript; charset=utf-8",
    "/assets/search.js": "text/javascript; charset=utf-8",
    "/assets/icon.svg": "image/svg+xml; charset=utf-8",
}


def read_asset(address: str) -> bytes:
    """Return the bytes of the file at an address of ASSETS."""
    return (Path(__file__).parent / "assets" / address.rpartition("/")[2]).read_bytes()
