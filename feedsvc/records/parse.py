"""Makes records of mappings: the meaning of every field, and a problem for each that can't be used."""

from functools import lru_cache
from urllib.parse import urlsplit

from feedsvc.model import Image, Provider, Record, Story, Topic
from feedsvc.records.context import NO_CONTEXT, Context
from feedsvc.records.fields import ABSENT, Converters, FieldReader
from feedsvc.records.problems import Problems
from feedsvc.records.values import Fields
from feedsvc.text import host_name, instant, plain_text, slug, web_url

_MAX_INTEGER = 2**31 - 1
#: Providers and topics of longer names, which hardly return, are not cached.
_MAX_CACHED = 200


def parse_record(fields: Fields, body: str, problems: Problems, context: Context = NO_CONTEXT) -> Record | None:
    """Return the record of a mapping, or None if its title, URL or time can't be used.

    body: the text after the front matter.
    problems: each fault is added to it; one in a related story, image or topic drops that part alone.
    context: where relative addresses start, the time zone of times without an offset, and how the content is written.
    """
    reader = FieldReader(fields, _STORY_KEYS, problems)
    story = _story(reader, body)
    if not story:
        return None
    related: dict[str, Story] = {}
    seen: set[int] = set()
    for mention in reader.mappings("related", _STORY_KEYS):
        if id(mention.fields) in seen:  # an alias of one before
            continue
        seen.add(id(mention.fields))
        mentioned = _story(mention, "")
        if mentioned and mentioned.url != story.url:
            related.setdefault(mentioned.url, mentioned)
    return Record(story, tuple(related.values()))


def _story(reader: FieldReader, body: str) -> Story | None:
    title, published, url = reader.read(_FIRST)
    if not url:
        if reader.fields.get("originalUrl", ABSENT)[0]:
            url = reader.read_one("originalUrl", web_url)
        elif reader.fields.get("webUrl", ABSENT)[0] in (None, ""):
            reader.problem("webUrl", "is missing; expected an address")
    updated = reader.read_one("updatedDateTime", instant)
    provider, authors, publishers = _provider(reader, url)
    topics: dict[str, Topic] = {}
    for name in reader.names("topics"):
        topic = _topic(name)
        topics.setdefault(topic.slug, topic)
    content = reader.content("featuredContent", body, url)
    images = _images(reader)
    kind, excerpt, quality, heat, amp_url, cdn_amp_url = reader.read(_REST)
    draft = not reader.flag("published", default=True, unclear=False)
    deleted = reader.flag("deleted", default=False, unclear=True)
    removed = reader.flag("removed", default=False, unclear=True)
    if not (title and published and url and provider):
        return None
    return Story(
        url=url,
        title=title,
        published=published,
        updated=updated or published,
        provider=provider,
        topics=tuple(topics.values()),
        excerpt=excerpt or "",
        content_html=content,
        image=images[0] if images else None,
        type=kind or "",
        quality=quality,
        heat=heat,
        amp_url=amp_url,
        cdn_amp_url=cdn_amp_url,
        authors=authors,
        publishers=publishers,
        draft=draft,
        deleted=deleted or removed,
    )


def _provider(reader: FieldReader, url: str | None) -> tuple[Provider | None, tuple[str, ...], tuple[str, ...]]:
    """Return (provider, authors, publishers). A provider without a name is named after the host of the URL."""
    value, _ = reader.fields.get("provider", ABSENT)
    if not isinstance(value, Fields):
        if value is not None:
            reader.problem("provider", "expected a mapping with a name", value)
        value = Fields()
    elif len(value) == 2 and "name" in value and "domain" in value and not value.repeated:
        name, domain = value["name"][0], value["domain"][0]
        if isinstance(name, str) and isinstance(domain, str) and len(name) + len(domain) <= _MAX_CACHED:
            try:
                return _named_provider(name, domain), (), ()
            except ValueError:
                pass  # it is read again below, for its problems
    nested = FieldReader(value, _PROVIDER_KEYS, reader.problems, reader, "provider")
    name, domain = nested.read(_PROVIDER)
    images = _images(nested)
    authors, publishers = nested.names("authors"), nested.names("publishers")
    if not name:
        name = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
        domain = domain or (f"[{name}]" if ":" in name else name)  # of an IPv6 address, as URLs have it
    if not name:
        return None, authors, publishers
    return Provider(slug(name), name, domain, images[0] if images else None), authors, publishers


@lru_cache(4096)
def _named_provider(name: str, domain: str) -> Provider:
    """Return a provider of a name and a domain alone, as most are. Raise ValueError if one of them can't be used."""
    cleaned = plain_text(name)
    if not (cleaned and domain):
        raise ValueError("expected a name and a domain")
    return Provider(slug(cleaned), cleaned, host_name(domain))


def _topic(name: str) -> Topic:
    return _cached_topic(name) if len(name) <= _MAX_CACHED else Topic(slug(name), name)


@lru_cache(4096)
def _cached_topic(name: str) -> Topic:
    return Topic(slug(name), name)


def _images(reader: FieldReader) -> list[Image]:
    if "images" not in reader.fields:
        return []
    images = []
    for item in reader.mappings("images", _IMAGE_KEYS):
        url, width, height, title = item.read(_IMAGE)
        if url:
            images.append(Image(url, width or None, height or None, title or ""))
    return images


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise ValueError("expected a whole number") from error
    if abs(number) > _MAX_INTEGER:
        raise ValueError(f"expected a whole number up to {_MAX_INTEGER}")
    return number


def _pixels(text: str) -> int:
    number = _integer(text)
    if number < 0:
        raise ValueError("expected a number of pixels")
    return number


#: The scalar fields of each mapping that are read together, in the order of their problems.
_FIRST: Converters = (
    ("title", plain_text, "a title"), ("publishedDateTime", instant, "a time such as 2020-06-13T01:29:00Z"),
    ("webUrl", web_url, ""),
)  # fmt: skip
_REST: Converters = (
    ("type", plain_text, ""), ("excerpt", plain_text, ""), ("quality", _integer, ""),
    ("heat", _integer, ""), ("ampWebUrl", web_url, ""), ("cdnAmpWebUrl", web_url, ""),
)  # fmt: skip
_PROVIDER: Converters = (("name", plain_text, ""), ("domain", host_name, ""))
_IMAGE: Converters = (
    ("url", web_url, "an address"), ("width", _pixels, ""), ("height", _pixels, ""),
    ("title", plain_text, ""),
)  # fmt: skip
_IMAGE_KEYS = frozenset(key for key, _, _ in _IMAGE)
_PROVIDER_KEYS = frozenset(("images", "authors", "publishers", *(key for key, _, _ in _PROVIDER)))
_STORY_KEYS = frozenset(
    (
        "originalUrl", "updatedDateTime", "provider", "topics", "images", "featuredContent", "published", "deleted",
        "removed", "related", *(key for key, _, _ in _FIRST + _REST),
    )
)  # fmt: skip
