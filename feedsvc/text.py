"""Cleans single values, for records, configuration and addresses: plain text, URLs, host names and slugs.

A function raises ValueError for what is none of these, with a message that says what is expected.
"""

import hashlib
import re
import unicodedata
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

#: Longer URLs are refused, as sitemaps and the address bars of most browsers do.
MAX_URL = 2048
#: The most characters of a text of a record; the content of an entry has its own limit.
MAX_TEXT = 2**20
#: Longer ones are refused before they are parsed: entities and white space make a URL longer than it is.
_MAX_WRITTEN_URL = 10 * MAX_URL
#: The most characters of a slug.
MAX_SLUG = 80
#: The characters of the hash that the slug of a longer name ends in.
_HASH = 8
#: The characters of a name that its words are taken from; in the rest of a longer one, only case and white space are
#: no difference.
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
#: In capitals, and not of an unreserved character, which stands for itself.
_ESCAPE = "%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])"
#: What normal URLs begin with, up to the path, and the rest of those that are normal if no segment of their path begins
#: with a dot. Rarer ones, such as with a port, a `;` or a fragment, may be normal without a match.
_NORMAL_START = re.compile(rf"https?://(?=.{{1,254}}\Z){_LABEL}(?:\.{_LABEL})*\.?/")
_NORMAL_REST = re.compile(rf"{_URL_CHARS}(?:{_ESCAPE}{_URL_CHARS})*(?<!\?)")
#: The most characters of such a beginning.
_MAX_START = len("https://") + 254
_ANY_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": 80, "https": 443}
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


def utc_text(moment: datetime) -> str:
    """Return the text of a time in UTC, as RFC 3339 has it: 2020-06-13T01:29:00Z."""
    return moment.isoformat().replace("+00:00", "Z")


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
    """Return an http or https URL, in ASCII, normalised by RFC 3986, 6.2.2 and 6.2.3: the identity of a story.

    Scheme and host are in lower case, the host in IDNA; a default port and an empty query are dropped; an empty path is
    `/`, and dot segments are resolved; what need not be percent-encoded isn't, and what is illegal is. A fragment is
    kept, as an application's `#/post/7`, but for a text directive (`#:~:text=...`). Entities are unescaped only if they
    end in `;`, since `&copy=1` is a parameter. A URL with a user name is refused: it holds a secret, or disguises
    another host.
    """
    path = value.find("/", len("https://")) + 1
    is_normal = (
        0 < path <= _MAX_START
        and len(value) <= MAX_URL
        and _is_normal_start(value[:path])
        and "/." not in value
        and _NORMAL_REST.fullmatch(value, path)
    )
    return value if is_normal else _normalised(value)


@lru_cache(maxsize=4096)
def _is_normal_start(start: str) -> bool:
    """Return whether what a URL begins with is normal: most have the host of others."""
    return _NORMAL_START.fullmatch(start) is not None


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
    host = _ip_address(parts.hostname) if parts.netloc.startswith("[") else host_name(unquote(parts.hostname))
    url = f"{parts.scheme}://{host}"
    if port not in (None, _DEFAULT_PORTS[parts.scheme]):
        url += f":{port}"
    url += _without_dots(_encoded(parts.path))
    if parts.query:
        url += f"?{_encoded(parts.query)}"
    fragment = _encoded(parts.fragment).partition(":~:")[0]
    if fragment:
        url += f"#{fragment}"
    if len(url) > MAX_URL:
        raise ValueError(f"expected an address of at most {MAX_URL} characters")
    return url


def _ip_address(value: str) -> str:
    """Return an IPv6 address in brackets, without a zone, which is of one machine's network."""
    import ipaddress  # takes a while to load, and hardly a URL needs it

    try:
        address = ipaddress.IPv6Address(value)
    except ValueError as error:
        raise ValueError("expected an http or https address") from error
    if address.scope_id:
        raise ValueError("expected an IP address without a zone")
    return f"[{address.compressed}]"


def _encoded(part: str) -> str:
    """Return a path, query or fragment with all that is illegal percent-encoded, and nothing that is unreserved."""
    quoted = quote(_BROKEN_PERCENT.sub("%25", part), safe=_LEGAL)
    return _ANY_ESCAPE.sub(_normal_escape, quoted) if "%" in quoted else quoted


def _normal_escape(match: re.Match[str]) -> str:
    char = chr(int(match[0][1:], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _without_dots(path: str) -> str:
    """Return a path without `.` and `..` (RFC 3986, 5.2.4): `/` for none."""
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def slug(name: str) -> str:
    """Return the slug of a name, for addresses: letters of any script, digits, and single hyphens.

    Where a name has no letter or digit, its slug is made of the Unicode names of its characters. A slug that would be
    too long is cut, and ends in a hash of the whole: so names that begin alike have slugs of their own.
    """
    return _slug(name) if len(name) <= _MAX_CACHED else _slug.__wrapped__(name)


@lru_cache(maxsize=4096)
def _slug(name: str) -> str:
    name, rest = name[:_MAX_NAME], name[_MAX_NAME:]  # which could take long to be normalised
    text = unicodedata.normalize("NFKC", name).lower().replace("+", " plus ").replace("#", " sharp ")
    words = _words(text) or _words(" ".join(unicodedata.name(char, f"u{ord(char):x}") for char in name).lower())
    whole = "-".join([*words, *rest.lower().split()])
    if not rest and len(whole) <= MAX_SLUG and len(whole.encode()) <= MAX_SLUG_BYTES:
        return whole or "unnamed"
    hash = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:_HASH]
    cut = "-".join(words)[: MAX_SLUG - _HASH - 1].encode()[: MAX_SLUG_BYTES - _HASH - 1].decode(errors="ignore")
    return f"{cut.strip('-')}-{hash}"


def _words(text: str) -> list[str]:
    # Marks are part of a word in Indic scripts, which is why \w won't do.
    characters = (char if unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return "".join(characters).split()
