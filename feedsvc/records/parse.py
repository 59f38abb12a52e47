"""Makes records of mappings: the meaning of every field, and a problem for each that can't be used."""

from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from feedsvc.model import Image, Provider, Record, Story, Topic
from feedsvc.records.context import Context
from feedsvc.records.converters import address, host, integer, language, link, pixels, text, time
from feedsvc.records.fields import IMAGE_KEYS, FieldReader, Scalar, scalar
from feedsvc.records.names import persons_in, topics_in
from feedsvc.records.problems import Problems
from feedsvc.records.values import ABSENT, Fields, is_absent, is_no_value
from feedsvc.text import host_name, plain_text, slug, utc_text, web_url

_MIDNIGHT = datetime.min.time()
#: Providers and topics of longer names, which hardly return, are not cached.
_MAX_CACHED = 200
#: The values of `status` of a record that isn't published.
_DRAFT_STATUSES = frozenset(("draft", "private", "hidden", "pending", "trash", "unpublished", "auto-draft"))


def parse_record(fields: Fields, body: str, problems: Problems, context: Context) -> Record | None:
    """Return the record of a mapping, or None if its title, URL or time can't be used.

    body: the text after the front matter.
    problems: each fault is added to it; one in a related story, image or topic drops that part alone.
    context: where relative addresses start, the time zone of times without an offset, and how the content is written.
    """
    reader = FieldReader(fields, _STORY_KEYS, problems, context)
    story = _story(reader, body)
    if not story:
        return None
    related: dict[str, Story] = {}
    seen: set[int] = set()
    for mention in reader.mappings("related", _RELATED_KEYS, "webUrl"):
        if id(mention.fields) in seen:  # an alias of one before
            continue
        seen.add(id(mention.fields))
        mentioned = _mention(mention, story)
        if (
            mentioned
            and mentioned.url != story.url
            and (mentioned.url not in related or (related[mentioned.url].is_link and not mentioned.is_link))
        ):
            related[mentioned.url] = mentioned
    return Record(story, tuple(related.values()))


def _mention(reader: FieldReader, story: Story) -> Story | None:
    """Return a related story of a story. Without a time, it is a link."""
    if not is_no_value(reader.fields.value_of("publishedDateTime")):
        return _story(reader, "")
    title, url = reader.read(_LINK)
    provider, _, _ = _provider(reader, url)
    draft, deleted = _state(reader)
    if not (url and provider):
        return None
    title = title or url.partition("://")[2].removeprefix("www.").rstrip("/")
    return Story(url, title, story.published, story.published, provider, draft=draft, deleted=deleted, is_link=True)


def _story(reader: FieldReader, body: str) -> Story | None:
    """Return the story of a mapping, or None if its title, URL or time can't be used."""
    title, published, url = reader.read(_FIRST)
    if not url:
        if not is_no_value(reader.fields.value_of("originalUrl")):
            url = reader.read_one("originalUrl", link)
        elif is_no_value(reader.fields.value_of("webUrl")):
            reader.problem("webUrl", "is missing; expected an address")
    updated = _updated(reader, published)
    provider, provider_authors, publishers = _provider(reader, url)
    authors = reader.names("authors", persons_in, persons_in) if "authors" in reader.fields else ()
    topics: dict[tuple[str, str], Topic] = {}  # several names of one are noted
    for name in reader.names("topics", topics_in) if "topics" in reader.fields else ():
        topic = _topic(name)
        topics.setdefault((topic.slug, name.casefold()), topic)
    content = reader.content("featuredContent", body, url)
    images = _images(reader, "images")
    kind, category, excerpt, quality, heat, amp_url, cdn_amp_url, tag = reader.read(_REST)
    draft = deleted = False
    if not reader.fields.keys().isdisjoint(_STATE_KEYS):
        draft, deleted = _state(reader)
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
        category=category or "",
        quality=quality,
        heat=heat,
        amp_url=amp_url,
        cdn_amp_url=cdn_amp_url,
        authors=tuple(dict.fromkeys(authors + provider_authors)),
        publishers=publishers,
        language=tag or "",
        draft=draft,
        deleted=deleted,
    )


def _updated(reader: FieldReader, published: datetime | None) -> datetime | None:
    """Return when a story was updated; None where that can't be, since it was before its time or is still to come."""
    updated: datetime | None = reader.read_one("updatedDateTime", time)
    if not updated or not published or updated == published:
        return None
    value = reader.fields["updatedDateTime"][0]
    if updated < published:
        is_date = ":" not in str(value) or updated.time() == _MIDNIGHT
        if not (is_date and published - updated < timedelta(days=1)):  # else it may be later that day
            since = utc_text(published)
            reader.problem("updatedDateTime", f"expected a time not before it was published, {since}", value)
        return None
    if reader.problems.is_to_come(updated):
        reader.problem("updatedDateTime", "expected a time that has come; left out until then", value)
        return None
    return updated


def _state(reader: FieldReader) -> tuple[bool, bool]:
    """Return (whether a record is a draft, whether it is deleted)."""
    published = reader.flag("published", default=True, may_be_time=True)
    draft = reader.flag("draft", default=False)
    status = reader.fields.value_of("status")
    is_draft_status = isinstance(status, str) and status.strip().lower() in _DRAFT_STATUSES
    deleted = reader.flag("deleted", default=False)
    removed = reader.flag("removed", default=False)
    return draft or is_draft_status or not published, deleted or removed


def _provider(reader: FieldReader, url: str | None) -> tuple[Provider | None, tuple[str, ...], tuple[str, ...]]:
    """Return (provider, authors, publishers). A provider without a name is named after the host of the URL.

    A text is its name, or its address, which is named after its host. Of several providers, the first counts.
    """
    value, line = reader.fields.get("provider", ABSENT)
    if isinstance(value, list):
        value, line = next((placed for placed in value if not is_absent(placed[0])), ABSENT)
    if isinstance(value, str) and not is_absent(value):
        value = _provider_of_text(value, line)
    elif not isinstance(value, Fields):
        if not is_absent(value):
            reader.problem("provider", "expected a name, or a mapping with a name", value)
        value = Fields()
    if "name" in value and "domain" in value and len(value) == 2 and not value.repeated:
        name, domain = value["name"][0], value["domain"][0]
        if isinstance(name, str) and isinstance(domain, str) and len(name) + len(domain) <= _MAX_CACHED:
            try:
                return _named_provider(name, domain), (), ()
            except ValueError:
                pass  # it is read again below, for its problems
    nested = reader.nested(value, _PROVIDER_KEYS, "provider")
    name, domain = nested.read(_PROVIDER)
    images = _images(nested, nested.first("images", "logo", "image")[0])
    authors, publishers = nested.names("authors", persons_in, persons_in), nested.names("publishers", None)
    if not name:
        name = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
        domain = domain or (f"[{name}]" if ":" in name else name)  # of an IPv6 address, as URLs have it
    if not name:
        return None, authors, publishers
    return Provider(slug(name), name, domain, images[0] if images else None), authors, publishers


def _provider_of_text(text: str, line: int) -> Fields:
    """Return the mapping that a text stands for: a provider's name, or its address."""
    fields = Fields(name=(text, line))
    fields.line = line
    if text.strip().lower().startswith(("http://", "https://")):
        try:
            name = (urlsplit(web_url(text)).hostname or "").removeprefix("www.")
        except ValueError:
            return fields
        if ":" not in name:  # as it is in an IPv6 address
            fields.update(name=(name, line), domain=(name, line))
    return fields


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


def _images(reader: FieldReader, key: str) -> list[Image]:
    if key not in reader.fields:
        return []
    images = []
    for item in reader.mappings(key, _IMAGE_KEYS, "url"):
        url, width, height, title = item.read(_IMAGE)
        if url:
            images.append(Image(url, width or None, height or None, title or ""))
    return images


#: The scalar fields of each mapping that are read together, in the order of their problems.
_FIRST = (
    scalar(text, "title", expected="a title"),
    scalar(time, "publishedDateTime", expected="a time such as 2020-06-13T01:29:00Z"),
    scalar(link, "webUrl"),
)
_REST = (
    scalar(text, "type"),
    scalar(text, "category"),
    scalar(text, "excerpt"),
    scalar(integer, "quality"),
    scalar(integer, "heat"),
    scalar(address, "ampWebUrl"),
    scalar(address, "cdnAmpWebUrl"),
    scalar(language, "language"),
)
#: Of a related story without a time. A mapping may carry its address alone.
_LINK = (
    scalar(text, "title", "name", "headline"),
    scalar(link, "webUrl", "originalUrl", "url", "link", "href", "@id", expected="an address"),
)
_PROVIDER = (scalar(text, "name", "title", "label"), scalar(host, "domain", "url", "href"))
_IMAGE = (
    scalar(address, *IMAGE_KEYS, expected="an address"),
    scalar(pixels, "width"),
    scalar(pixels, "height"),
    scalar(text, "title"),
)


def _keys(*tables: tuple[Scalar, ...]) -> frozenset[str]:
    return frozenset(name for table in tables for key, _, _, others in table for name in (key, *others))


_IMAGE_KEYS = _keys(_IMAGE)
_PROVIDER_KEYS = _keys(_PROVIDER) | {"images", "logo", "image", "authors", "publishers"}
#: The fields that say whether a record is published.
_STATE_KEYS = frozenset(("published", "draft", "status", "deleted", "removed"))
_STORY_KEYS = _keys(_FIRST, _REST) | _STATE_KEYS | {
    "originalUrl", "updatedDateTime", "provider", "topics", "authors", "images", "featuredContent", "related",
}  # fmt: skip
_RELATED_KEYS = _STORY_KEYS | _keys(_LINK)
