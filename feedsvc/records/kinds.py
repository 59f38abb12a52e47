"""The fields that any record can be mapped to, and which values can be used for each.

A kind returns the value to use, or None for one that can't be used: then the field's next expression counts.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urljoin

from feedsvc.languages import nearest_tag
from feedsvc.records import converters
from feedsvc.records.context import RELATIVE, Context
from feedsvc.records.expressions import MAX_ITEMS
from feedsvc.records.fields import IMAGE_KEYS, NAME_KEYS
from feedsvc.records.times import instant
from feedsvc.records.values import Fields, Items, Number, Value, is_absent
from feedsvc.text import host_name, web_url

#: Hosts in longer texts, which hardly return, are not cached.
_MAX_CACHED = 200
#: The words that leave a record out: visibilities, and the address that NewsAPI.org gives to what is gone.
_LEAVES_OUT = frozenset(("true", "yes", "on", "private", "https://removed.com"))
#: Those that say that it isn't published, as `build.render` of Hugo has them, too.
_UNPUBLISHED = frozenset(("false", "no", "off", "never"))
_PLACEHOLDER = re.compile("[{}]|/:")
#: Texts that programs write where they have no value; a title may be such a word.
_NO_VALUE = frozenset(("None", "null", "nan", "NaN", "undefined"))
#: The items of the lists that feed readers deliver as categories: labels, and states such as that of being read.
_READER_LABEL = re.compile(r"user/[^/]+/(?:label/(?P<label>.+)|state/.*)")


Kind: TypeAlias = Callable[[Value, Context], Value]


def text(value: Value, context: Context) -> Value:
    """Return a text, the first one of a list."""
    if isinstance(value, str):
        return value
    return _first(value, text, context)


def label(value: Value, context: Context) -> Value:
    """Return a text that is no address."""
    if isinstance(value, str):
        return None if "://" in value else value
    return _first(value, label, context)


def time(value: Value, context: Context) -> Value:
    """Return the text of a time."""
    if isinstance(value, str):
        try:
            instant(value, context.timezone)
        except ValueError:
            return None
        return value
    return _first(value, time, context)


def address(value: Value, context: Context) -> Value:
    """Return the text of an http or https address, absolute where the site is known.

    A relative one has a slash, and no placeholders such as those of permalinks: `/:year/{{ slug }}/`.
    """
    if isinstance(value, str):
        absolute = value
        try:
            if not value.startswith(("https://", "http://")):
                if "://" not in value and ("/" not in value or _PLACEHOLDER.search(value)):
                    return None
                absolute = context.absolute(value.strip())
            web_url(absolute)
        except ValueError:
            return None
        return absolute
    return _first(value, address, context)


def host(value: Value, context: Context) -> Value:
    """Return a host name: of an address, its host."""
    if isinstance(value, str):
        return _host(value) if len(value) <= _MAX_CACHED else _host.__wrapped__(value)
    return _first(value, host, context)


@lru_cache(4096)
def _host(value: str) -> str | None:
    name = value.partition("://")[2].partition("/")[0] or value
    try:
        host_name(name)
    except ValueError:
        return None
    return name


def names(value: Value, context: Context) -> Value:
    """Return a text, which may hold several names, or a list of texts and of mappings with a name."""
    if isinstance(value, str):
        return value if _is_name(value) else None
    if isinstance(value, Fields):
        return [(value, value.line)] if _is_name(value) else None
    if not isinstance(value, list) or not value:
        return None
    if isinstance(value[0][0], str) and value[0][0].startswith("user/"):
        return _reader_labels(value) or None
    for item, _ in value[:MAX_ITEMS]:
        if _is_name(item):
            return value
    return None


def topics(value: Value, context: Context) -> Value:
    """Return names. Of a list with texts that may hold several, as the keywords of a page, the texts as one."""
    found = names(value, context)
    if not isinstance(found, list) or len(found) > MAX_ITEMS:
        return found
    texts = [item for item, _ in found if isinstance(item, str) and _is_name(item) and not is_absent(item)]
    if len(texts) != len(found) or not any("," in text for text in texts):
        return found
    return found if len(texts) == 1 and texts[0].count(",") == 1 else ";".join(texts)  # ["Washington, D.C."]


def _reader_labels(items: Items) -> Items:
    """Return the labels among the categories of a feed reader's item, without the states."""
    labels: Items = []
    for item, line in items:
        match = _READER_LABEL.fullmatch(item) if isinstance(item, str) else None
        if not match or match["label"]:
            labels.append((match["label"] if match else item, line))
    return labels


def _is_name(value: Value) -> bool:
    if isinstance(value, Fields):
        return any(isinstance(name := value.value_of(key), str) and _is_name(name) for key in NAME_KEYS)
    return isinstance(value, str) and not isinstance(value, Number) and "://" not in value and not value.isspace()


def images(value: Value, context: Context) -> Value:
    """Return an address, or a list of addresses and of mappings with a `url`."""
    if isinstance(value, str):
        return address(value, context)
    if isinstance(value, Fields):
        return [(value, value.line)] if _is_image(value, context) else None
    if isinstance(value, list) and any(_is_image(item, context) for item, _ in value[:MAX_ITEMS]):
        return value
    return None


def _is_image(value: Value, context: Context) -> bool:
    if isinstance(value, Fields):
        return any(address(value[key][0], context) is not None for key in IMAGE_KEYS if key in value)
    return isinstance(value, str) and address(value, context) is not None


def at_page(value: Value, page: str) -> Value:
    """Return pictures with those addresses that begin with neither a slash nor a scheme resolved against a page's."""
    if isinstance(value, str):
        is_relative = RELATIVE.fullmatch(value) and not value.startswith("/") and not _PLACEHOLDER.search(value)
        return urljoin(page, value) if is_relative else value
    if isinstance(value, list):
        return [(at_page(item, page), line) for item, line in value[:MAX_ITEMS]]
    if not isinstance(value, Fields):
        return value
    resolved = Fields(value)
    resolved.line, resolved.origin, resolved.repeated = value.line, value.origin, value.repeated
    for key in IMAGE_KEYS:
        if key in value and isinstance(value[key][0], str):
            resolved[key] = at_page(value[key][0], page), value[key][1]
    return resolved


def language(value: Value, context: Context) -> Value:
    """Return a language tag, with hyphens."""
    if isinstance(value, str):
        try:
            return converters.language(value, context)
        except ValueError:
            return None
    return _first(value, language, context)


def number(value: Value, context: Context) -> Value:
    """Return a whole number."""
    return value if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value) else None


def leaves_out(value: Value, context: Context) -> Value:
    """Return true for what leaves a record out. Any other value leaves it to the next expressions."""
    return True if value is True or (isinstance(value, str) and value.lower() in _LEAVES_OUT) else None


def published(value: Value, context: Context) -> Value:
    """Return false for what says that a record isn't published. Any other value leaves it to the next expressions."""
    return False if value is False or (isinstance(value, str) and value.lower() in _UNPUBLISHED) else None


def stories(value: Value, context: Context) -> Value:
    """Return a list, or what may be the only item of one."""
    return [(value, value.line)] if isinstance(value, Fields) else value if isinstance(value, list | str) else None


def _first(value: Value, kind: Kind, context: Context) -> Value:
    """Return the first item of a list that can be used."""
    if isinstance(value, list):
        for item, _ in value[:MAX_ITEMS]:
            if isinstance(item, str) and item.strip() and (found := kind(item, context)) is not None:
                return found
    return None


def is_attempt(value: Value, kind: Kind) -> bool:
    """Return whether a value that can't be used was meant for a kind, so that it is a problem."""
    if not isinstance(value, str) or value in _NO_VALUE:
        return False
    if kind is language:
        return nearest_tag(value) is not None
    return kind is time or (kind in (address, images) and "/" in value)


#: The fields of a story, each with its kind. `slug` is for templates alone.
FIELDS: dict[str, Kind] = {
    "title": text, "publishedDateTime": time, "webUrl": address, "originalUrl": address, "updatedDateTime": time,
    "provider": text, "provider.name": label, "provider.domain": host, "provider.images": images,
    "provider.authors": names, "provider.publishers": names, "authors": names, "topics": topics, "images": images,
    "featuredContent": text, "excerpt": text, "type": text, "category": text, "language": language,
    "quality": number, "heat": number, "ampWebUrl": address, "cdnAmpWebUrl": address, "published": published,
    "draft": leaves_out, "status": text, "deleted": leaves_out, "removed": leaves_out, "related": stories, "slug": text,
}  # fmt: skip
#: The kinds of the fields that say whether a record is published: of several values, one is enough to leave it out.
STATES = (leaves_out, published)
