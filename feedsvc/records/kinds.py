"""The fields that any record can be mapped to, and which values can be used for each.

A kind returns the value to use, or None for one that can't be used: then the field's next expression counts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TypeAlias

from feedsvc.records.expressions import MAX_ITEMS, matching_key
from feedsvc.records.values import Fields, Items, Number, Value
from feedsvc.text import host_name, instant, web_url

_FLAGS = frozenset(("true", "yes", "on", "false", "no", "off"))
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
#: Texts that programs write where they have no value; a title may be such a word.
_NO_VALUE = frozenset(("None", "null", "nan", "NaN", "undefined"))
#: The items of the lists that feed readers deliver as categories: labels, and states such as that of being read.
_READER_LABEL = re.compile(r"user/[^/]+/(?:label/(?P<label>.+)|state/.*)")
_TAG = re.compile(r"<[a-zA-Z/][^<>]*>")
#: Longer texts are not looked at for tags: the sanitiser's time grows with them.
_MAX_MARKUP = 20_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What the values of a source are read by."""

    #: Where relative addresses start, without the slash at its end; empty if that isn't known.
    site: str = ""
    timezone: tzinfo = UTC


Kind: TypeAlias = Callable[[Value, Frame], Value]


def text(value: Value, frame: Frame) -> Value:
    """Return a text, the first one of a list."""
    if isinstance(value, str):
        return value
    return _first(value, text, frame)


def excerpt(value: Value, frame: Frame) -> Value:
    """Return a text without HTML tags."""
    value = text(value, frame)
    return without_tags(value) if isinstance(value, str) else None


def without_tags(value: str) -> str:
    """Return the text of HTML, in which entities stand for the characters that they are."""
    if "<" not in value or len(value) > _MAX_MARKUP or not _TAG.search(value):
        return value
    import nh3  # takes a while to load

    return nh3.clean(re.sub(r"(?i)<(?:/p|/div|/li|br)\b", r" \g<0>", value), tags=set(), attributes={})


def time(value: Value, frame: Frame) -> Value:
    """Return the text of a time."""
    if isinstance(value, str):
        try:
            instant(value, frame.timezone)
        except ValueError:
            return None
        return value
    return _first(value, time, frame)


def address(value: Value, frame: Frame) -> Value:
    """Return the text of an http or https address, absolute where the site is known."""
    if isinstance(value, str):
        try:
            absolute = resolve(value, frame.site)
            web_url(absolute)
        except ValueError:
            return None
        return absolute
    return _first(value, address, frame)


def resolve(value: str, site: str) -> str:
    """Return an address as an absolute one. A path begins where the site does, in its folder if it has one.

    site: without the slash at its end. Raise ValueError for a relative address where it is empty.
    """
    value = value.strip()
    if re.match(r"(?i)https?://", value):
        return value
    if value.startswith("//"):
        return f"{site.partition(':')[0] or 'https'}:{value}"
    is_path = "/" in value and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|.*[{}]|.*/:", value)
    if not site or not is_path:
        raise ValueError("expected an http or https address")
    return f"{site}/{value.removeprefix('./').lstrip('/')}"


def host(value: Value, frame: Frame) -> Value:
    """Return a host name: of an address, its host."""
    if isinstance(value, str):
        name = value.partition("://")[2].partition("/")[0] or value
        try:
            host_name(name)
        except ValueError:
            return None
        return name
    return _first(value, host, frame)


def names(value: Value, frame: Frame) -> Value:
    """Return a text, or a list of texts and of mappings with a name."""
    if isinstance(value, str):
        return value if _is_name(value) else None
    if isinstance(value, Fields):
        return [(value, value.line)] if _is_name(value) else None
    if not isinstance(value, list) or not any(_is_name(item) for item, _ in value[:MAX_ITEMS]):
        return None
    if any(isinstance(item, str) and item.startswith("user/") for item, _ in value):
        labels: Items = []
        for item, line in value:
            match = _READER_LABEL.fullmatch(item) if isinstance(item, str) else None
            if not match or match["label"]:
                labels.append((match["label"] if match else item, line))
        return labels or None
    return value


def _is_name(value: Value) -> bool:
    if isinstance(value, Fields):
        value = value.get("name", (None, 0))[0]
    return isinstance(value, str) and not isinstance(value, Number) and "://" not in value and bool(value.strip())


def images(value: Value, frame: Frame) -> Value:
    """Return an address, or a list of addresses and of mappings with a `url`."""
    if isinstance(value, str):
        return address(value, frame)
    if isinstance(value, Fields):
        return [(value, value.line)] if _is_image(value, frame) else None
    if isinstance(value, list) and any(_is_image(item, frame) for item, _ in value[:MAX_ITEMS]):
        return value
    return None


def _is_image(value: Value, frame: Frame) -> bool:
    if isinstance(value, Fields):
        key = matching_key(value, "url")
        value = value[key][0] if key is not None else None
    return isinstance(value, str) and address(value, frame) is not None


def language(value: Value, frame: Frame) -> Value:
    """Return a language tag, with hyphens."""
    if isinstance(value, str):
        return value.strip().replace("_", "-") if _LANGUAGE.fullmatch(value.strip()) else None
    return _first(value, language, frame)


def number(value: Value, frame: Frame) -> Value:
    """Return a whole number."""
    return value if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value) else None


def flag(value: Value, frame: Frame) -> Value:
    """Return true or false."""
    return value if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _FLAGS) else None


def stories(value: Value, frame: Frame) -> Value:
    """Return a list, or what may be the only item of one."""
    return [(value, value.line)] if isinstance(value, Fields) else value if isinstance(value, list | str) else None


def _first(value: Value, kind: Kind, frame: Frame) -> Value:
    """Return the first item of a list that can be used."""
    if isinstance(value, list):
        for item, _ in value[:MAX_ITEMS]:
            if isinstance(item, str) and item.strip() and (found := kind(item, frame)) is not None:
                return found
    return None


def is_attempt(value: Value, kind: Kind) -> bool:
    """Return whether a value that can't be used was meant for a kind, so that it is a problem."""
    if not isinstance(value, str) or value in _NO_VALUE:
        return False
    return kind is time or (kind in (address, images) and "/" in value)


#: The fields of a story, each with its kind. `slug` is for templates alone.
FIELDS: dict[str, Kind] = {
    "title": text, "publishedDateTime": time, "webUrl": address, "originalUrl": address, "updatedDateTime": time,
    "provider": text, "provider.name": text, "provider.domain": host, "provider.images": images,
    "provider.authors": names, "provider.publishers": names, "authors": names, "topics": names, "images": images,
    "featuredContent": text, "excerpt": excerpt, "type": text, "category": text, "language": language,
    "quality": number, "heat": number, "ampWebUrl": address, "cdnAmpWebUrl": address, "published": flag, "draft": flag,
    "status": text, "deleted": flag, "removed": flag, "related": stories, "slug": text,
}  # fmt: skip
