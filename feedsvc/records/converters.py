"""Converts the texts of single fields, each in the context of its record. A text that can't be raises ValueError."""

from datetime import datetime
from urllib.parse import urlsplit

from feedsvc.languages import language_tag
from feedsvc.records.content.cleaning import html_text
from feedsvc.records.context import Context, NoSite
from feedsvc.records.times import instant
from feedsvc.text import MAX_TEXT, host_name, plain_text, web_url

_MAX_INTEGER = 2**31 - 1


def text(value: str, context: Context) -> str:
    """Return plain text; where titles and excerpts may hold HTML, the text of it."""
    if len(value) > MAX_TEXT:
        raise ValueError(f"expected text of at most {MAX_TEXT:,} characters")
    return html_text(value) if context.html_in_text else plain_text(value)


def time(value: str, context: Context) -> datetime:
    """Return a time in UTC."""
    return instant(value, context.timezone)


def link(value: str, context: Context) -> str:
    """Return the normalised URL of a story; a relative one is resolved."""
    return web_url(value if value.startswith(("https://", "http://")) else context.absolute(value.strip()))


class SharedFault(ValueError):
    """A fault of a value that others of the file have, too: one problem speaks for all of them."""


def address(value: str, context: Context) -> str:
    """Return a normalised URL of less than a story; without a site, one problem speaks for all that are relative."""
    try:
        return link(value, context)
    except NoSite as error:
        raise SharedFault(str(error)) from error


def host(value: str, context: Context) -> str:
    """Return a host name; of an address, that of its host."""
    if "://" not in value:
        return host_name(value)
    host = (urlsplit(web_url(value)).hostname or "").removeprefix("www.")
    return f"[{host}]" if ":" in host else host  # of an IPv6 address, as URLs have it


def integer(value: str, context: Context) -> int:
    try:
        number = int(value if value.isdecimal() else value.strip().removesuffix(".0"))
    except ValueError as error:
        raise ValueError("expected a whole number") from error
    if abs(number) > _MAX_INTEGER:
        raise ValueError(f"expected a whole number up to {_MAX_INTEGER}")
    return number


def language(value: str, context: Context) -> str:
    """Return a language tag (BCP 47), also of one with the underscores of a locale."""
    return language_tag(value.strip().replace("_", "-"))


def pixels(value: str, context: Context) -> int:
    number = integer(value if value.isdecimal() else value.strip().removesuffix("px"), context)
    if number < 0:
        raise ValueError("expected a number of pixels")
    return number
