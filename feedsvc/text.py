"""Cleans single values, for records, configuration and addresses: plain text, URLs, host names and slugs.

Each function returns the clean value, or raises ValueError, whose message says what is expected.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit

#: Longer URLs are refused, as sitemaps and the address bars of most browsers do.
MAX_URL = 2048
#: The most characters of a text of a record; the content of an entry has its own limit.
MAX_TEXT = 2**20
#: Longer ones are refused before they are parsed: entities and white space make a URL longer than it is.
_MAX_WRITTEN_URL = 10 * MAX_URL
#: The most characters of a slug.
MAX_SLUG = 80
#: The characters of a name that its slug is made of, at most.
_MAX_NAME = 1000
#: Longer host names are refused before they are parsed: IDNA drops some characters, but no valid name has as many.
_MAX_HOST = 1000
#: Slugs of longer names, which hardly return, are not cached.
_MAX_CACHED = 200
#: The most bytes of a slug in UTF-8. A file name has at most 255: the rest is for a suffix.
MAX_SLUG_BYTES = 240

# Spelled out, since the complement takes ten times as long to compile, and twice as long to search for.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
#: Longer numbers stand for no character, and Python refuses to read those of thousands of digits.
_MAX_ENTITY = 40
_BROKEN_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_URL_CHARS = "[a-zA-Z0-9/:?@!$&'()*+,=._~-]*"
#: URLs that are normal already. Rarer ones, such as with a port or a `;`, may be normal without a match.
_NORMAL_URL = re.compile(
    rf"https?://(?![^/?]{{254}}){_LABEL}(?:\.{_LABEL})*\.?(?:[/?]{_URL_CHARS}(?:%[0-9a-fA-F]{{2}}{_URL_CHARS})*)?(?<!\?)"
)
#: The characters besides letters and digits that are legal in a path or query (RFC 3986). Each `%` is valid by then.
_LEGAL = "%/:?@!$&'()*+,;=-._~"


def xml_text(value: str) -> str:
    """Return a text without the characters that XML 1.0 can't hold (section 2.2), and without control characters.

    XML can hold some of the latter, but feed readers replace them, and terminals obey them. White space is not
    removed, and U+0085 (next line) is white space.
    """
    if value.isprintable():  # as most text of one line is, and what XML can't hold is not
        return value
    return _NOT_XML.sub("", value)


def unescaped(value: str) -> str:
    """Return a text with its HTML entities unescaped once, and only those that end in `;`: `&copy=1` is a parameter.

    Those of characters that XML can't hold are dropped.
    """
    return _ENTITY.sub(_character, value) if "&" in value else value


def _character(match: re.Match[str]) -> str:
    import html  # the table of entities takes a while to load
    from html.entities import html5

    entity = match[0]
    if entity[1] != "#":
        return html5.get(entity[1:], entity)
    # html.unescape has U+FFFD for what is no character of Unicode.
    return html.unescape(entity).replace("\ufffd", "") if len(entity) <= _MAX_ENTITY else ""


def plain_text(value: str) -> str:
    """Return plain text on one line: HTML entities unescaped as `unescaped` does, white space collapsed."""
    value = unescaped(value)
    if value.isprintable() and "  " not in value:  # the only white space that is printable is the space
        return value.strip()
    return " ".join(_NOT_XML.sub("", value).split())


def host_name(value: str) -> str:
    """Return a host name in lower case and in ASCII (IDNA 2008, UTS 46)."""
    host = value.strip().lower() if len(value) <= _MAX_HOST else ""
    if not host.isascii():
        import idna  # takes a while to load, and few records need it

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError("expected a host name such as example.com") from error
    if not _HOST.fullmatch(host):
        raise ValueError("expected a host name such as example.com")
    return host


def web_url(value: str) -> str:
    """Return a normalised http or https URL, in ASCII: the identity of a story.

    The host is in lower case and IDNA; illegal characters are percent-encoded; the fragment is dropped; entities are
    unescaped only if they end in `;`, since `&copy=1` is a parameter. A URL with a user name is refused: it holds a
    secret, or disguises another host.
    """
    return value if len(value) <= MAX_URL and _NORMAL_URL.fullmatch(value) else _normalised(value)


def _normalised(value: str) -> str:
    if len(value) > _MAX_WRITTEN_URL:
        raise ValueError(f"expected an address of at most {MAX_URL} characters")
    text = unescaped(value.strip())
    try:
        parts = urlsplit(xml_text(text).strip())
        port = parts.port
    except ValueError as error:  # whose text may hold all of the value
        raise ValueError("expected an http or https address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an http or https address")
    if "@" in parts.netloc:
        raise ValueError("expected an address without user name and password")
    ip_address = parts.netloc.startswith("[")
    host = f"[{parts.hostname}]" if ip_address else host_name(parts.hostname)
    url = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    url += _encoded(parts.path) + (f"?{_encoded(parts.query)}" if parts.query else "")
    if len(url) > MAX_URL:
        raise ValueError(f"expected an address of at most {MAX_URL} characters")
    return url


def _encoded(part: str) -> str:
    return quote(_BROKEN_PERCENT.sub("%25", part), safe=_LEGAL)


def slug(name: str) -> str:
    """Return the slug of a name, for addresses: letters of any script, digits, and single hyphens.

    Where a name has no letter or digit, its slug is made of the Unicode names of its characters. Only the beginning of
    a very long name counts.
    """
    name = name[:_MAX_NAME]
    return _slug(name) if len(name) <= _MAX_CACHED else _slug.__wrapped__(name)


@lru_cache(maxsize=4096)
def _slug(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).lower().replace("+", " plus ").replace("#", " sharp ")
    words = _words(text) or _words(" ".join(unicodedata.name(char, f"u{ord(char):x}") for char in name).lower())
    cut = "-".join(words)[:MAX_SLUG].encode()[:MAX_SLUG_BYTES].decode(errors="ignore")
    return cut.strip("-") or "unnamed"


def _words(text: str) -> list[str]:
    # Marks are part of a word in Indic scripts, which is why \w won't do.
    characters = (char if unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return "".join(characters).split()
