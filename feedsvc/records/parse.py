"""Raw values to records: the meaning of every field, and a problem for each that can't be used."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from feedsvc.model import Image, Problem, Provider, Record, Story, Topic
from feedsvc.records import clean
from feedsvc.records.syntax import Fields, Items, Number, Placed, Value

#: Keys, what makes a value of each one's text, and what is expected of one that mustn't be missing.
Converters: TypeAlias = tuple[tuple[str, Callable[[str], Any], str], ...]

_MAX_INTEGER = 2**31 - 1
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAX_SHOWN = 80
_ABSENT: Placed = (None, 0)


class _Reader:
    """Reads the fields of one mapping, noting each problem with its place."""

    __slots__ = ("fields", "path", "prefix", "problems")

    def __init__(self, fields: Fields, prefix: str, path: str, problems: list[Problem]) -> None:
        self.fields = fields
        self.prefix = prefix
        self.path = path
        self.problems = problems

    def problem(self, key: str, message: str, value: Value = None, line: int | None = None) -> None:
        """Note that the value of a field can't be used; message says what is expected."""
        shown = "" if value is None else f"{_show(value)} can't be used: "
        at = line or (self.fields[key][1] if key in self.fields else self.fields.line)
        self.problems.append(Problem(self.path, at, self.prefix + key, shown + message))

    def read(self, converters: Converters) -> list[Any]:
        """The converted values of scalar fields, in one go; None for each that is absent, empty, or a problem."""
        values: list[Any] = []
        get = self.fields.get
        for key, convert, expected in converters:
            value, line = get(key, _ABSENT)
            converted = None
            try:
                if isinstance(value, str):
                    converted = convert(value) if value else None
                elif value is not None:
                    raise ValueError("expected text")
                if expected and not converted:
                    self.problem(key, f"is missing; expected {expected}")
            except ValueError as error:
                self.problem(key, str(error), value, line)
            values.append(converted)
        return values

    def read_one(self, key: str, convert: Callable[[str], Any], expected: str = "") -> Any:
        """As `read`, for a single field."""
        return self.read(((key, convert, expected),))[0]

    def content(self, key: str, body: str, url: str | None) -> str:
        """HTML from a field, else from the text after the front matter. url: what links are resolved against."""
        value, _ = self.fields.get(key, _ABSENT)
        own = value.strip() if isinstance(value, str) else value is not None
        if not url or not (own or body.strip()):
            return ""
        if own:
            return self.read_one(key, lambda text: clean.content_html(text, url)) or ""
        try:
            return clean.content_html(body, url)
        except ValueError as error:
            self.problem("(text)", str(error))
            return ""

    def flag(self, key: str, default: bool, unclear: bool) -> bool:
        """A boolean; one that can't be read counts as `unclear`, the choice that publishes less."""
        value, _ = self.fields.get(key, _ABSENT)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        known = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
        if known is None:
            self.problem(key, "expected true or false; left out until it is one of them", value)
            return unclear
        return known

    def items(self, key: str, expected: str) -> Items:
        """The items of a list, with their lines."""
        value, _ = self.fields.get(key, _ABSENT)
        if isinstance(value, list):
            return value
        if value is not None:
            self.problem(key, f"expected a list of {expected}", value)
        return []

    def nested(self, name: str, fields: Fields) -> "_Reader":
        """A reader for a mapping inside this one."""
        return _Reader(fields, f"{self.prefix}{name}.", self.path, self.problems)

    def mappings(self, key: str) -> "Iterator[_Reader]":
        """A reader for each mapping of a list."""
        for position, (item, line) in enumerate(self.items(key, "mappings")):
            if isinstance(item, Fields):
                yield self.nested(f"{key}[{position}]", item)
            else:
                self.problem(f"{key}[{position}]", f"expected a mapping, not {_show(item)}", line=line)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts, or of mappings with a `name`; what is neither is a problem and left out."""
        names = []
        for position, (item, line) in enumerate(self.items(key, "names")):
            name = item.get("name", _ABSENT)[0] if isinstance(item, Fields) else item
            text = clean.plain_text(name) if isinstance(name, str) and not isinstance(name, Number) else ""
            if text:
                names.append(text)
            else:
                self.problem(f"{key}[{position}]", f"expected a name, not {_show(item)}", line=line)
        return tuple(names)


def parse_record(fields: Fields, path: str, body: str, problems: list[Problem]) -> Record | None:
    """The record that a mapping tells of; None if its title, URL or time can't be used.

    path: the file's name in problems. body: the text after the front matter.
    problems: each fault is appended here; one in a related story, image or topic costs that part alone.
    """
    reader = _Reader(fields, "", path, problems)
    story = _story(reader, body)
    if not story:
        return None
    related: dict[str, Story] = {}
    seen: set[int] = set()
    for mention in reader.mappings("related"):
        if id(mention.fields) in seen:  # an alias of one before
            continue
        seen.add(id(mention.fields))
        told = _story(mention, "")
        if told and told.url != story.url:
            related.setdefault(told.url, told)
    return Record(story, tuple(related.values()))


def _story(reader: _Reader, body: str) -> Story | None:
    title, published = reader.read(_FIRST)
    has_original = reader.fields.get("originalUrl", _ABSENT)[0]
    url = reader.read_one("webUrl", clean.web_url, "" if has_original else "an address")
    if has_original and not url:
        url = reader.read_one("originalUrl", clean.web_url)
    updated = reader.read_one("updatedDateTime", clean.instant)
    provider, authors, publishers = _provider(reader, url)
    topics: dict[str, str] = {}
    for name in reader.names("topics"):
        topics.setdefault(clean.slug(name), name)
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
        topics=tuple(Topic(slug, name) for slug, name in topics.items()),
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


def _provider(reader: _Reader, url: str | None) -> tuple[Provider | None, tuple[str, ...], tuple[str, ...]]:
    """(provider, authors, publishers); a provider without a name is named after the URL's host."""
    value, _ = reader.fields.get("provider", _ABSENT)
    if not isinstance(value, Fields):
        if value is not None:
            reader.problem("provider", "expected a mapping with a name", value)
        value = Fields()
    told = reader.nested("provider", value)
    name, domain = told.read(_PROVIDER)
    images = _images(told)
    authors, publishers = told.names("authors"), told.names("publishers")
    if not name:
        name = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
        domain = domain or name
    if not name:
        return None, authors, publishers
    return Provider(clean.slug(name), name, domain, images[0] if images else None), authors, publishers


def _images(reader: _Reader) -> list[Image]:
    images = []
    for item in reader.mappings("images"):
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


def _show(value: Value) -> str:
    """A value as an error message shows it: short, on one line, and never the contents of a mapping."""
    if isinstance(value, Fields):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value).lower()
    return repr(str(value) if len(value) <= _MAX_SHOWN else value[:_MAX_SHOWN] + "…")


#: The fields of each mapping that are read together, in the order of their problems.
_FIRST: Converters = (
    ("title", clean.plain_text, "a title"), ("publishedDateTime", clean.instant, "a time such as 2020-06-13T01:29:00Z"),
)  # fmt: skip
_REST: Converters = (
    ("type", clean.plain_text, ""), ("excerpt", clean.plain_text, ""), ("quality", _integer, ""),
    ("heat", _integer, ""), ("ampWebUrl", clean.web_url, ""), ("cdnAmpWebUrl", clean.web_url, ""),
)  # fmt: skip
_PROVIDER: Converters = (("name", clean.plain_text, ""), ("domain", clean.host_name, ""))
_IMAGE: Converters = (
    ("url", clean.web_url, "an address"), ("width", _pixels, ""), ("height", _pixels, ""),
    ("title", clean.plain_text, ""),
)  # fmt: skip
