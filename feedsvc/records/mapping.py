"""Maps a record of any shape to the fields of feedsvc, by the expressions of its source."""

import re
from datetime import UTC, timedelta, tzinfo
from functools import lru_cache

from msgspec import Struct

from feedsvc.records.context import ContentKind
from feedsvc.records.expressions import MAX_ITEMS, Located, normal_key
from feedsvc.records.file_names import FileName, read_file_name
from feedsvc.records.kinds import STATES, Kind, at_page, is_attempt
from feedsvc.records.rules import Candidate, Plan
from feedsvc.records.sources import Source
from feedsvc.records.times import instant
from feedsvc.records.values import Fields, Items, is_absent

#: The offset at the end of a time: hours with their sign, and minutes.
_OFFSET = re.compile(r":\d\d.*([+-]\d\d):?(\d\d)\s*\Z")
#: The file of a page that is named after its folder, where its pictures are.
_BUNDLE = re.compile(r"(?:^|/)index\.(?:md|markdown|mdx|html?)\Z")


class Mapped(Struct):
    """A record of another shape."""

    #: It with the fields of feedsvc; their `origin` also has those of the provider, as `provider.name`.
    fields: Fields
    #: How its content is written, where its key says so.
    content: ContentKind | None = None
    #: The time that was meant for `publishedDateTime` and can't be used, where the file's name has given it.
    unusable_time: Located | None = None


def is_own_shape(fields: Fields) -> bool:
    """Return whether a record has the keys that feedsvc's own records have."""
    return "publishedDateTime" in fields and ("webUrl" in fields or "originalUrl" in fields)


class RecordScope(Struct):
    """One record, and what its expressions find."""

    record: Fields
    #: The mapping at the top of the file; None where that is the record.
    top: Fields | None
    #: The path of the record's file; empty for one that it says nothing of.
    file: str
    source: Source
    plan: Plan
    found: dict[str, Located | None] = {}

    def key(self, name: str) -> str | None:
        return name if name in self.record else self.plan.keys.get(normal_key(name))

    def name(self, name: str) -> str:
        if name.startswith("file."):
            return str(getattr(self._file_name(), name.removeprefix("file.")))
        if name == "site":
            return self.source.context.site.rstrip("/")
        if name == "slug":
            found = self.find("slug")
            return str(found[0][0]).strip().strip("/") if found else self._file_name().slug
        if name == "categories":
            return self._categories()
        found = self.find("publishedDateTime")
        return _date_part(str(found[0][0]), name, self.source.context.timezone) if found else ""

    def _file_name(self) -> FileName:
        return read_file_name(self.file, self.source.path) if self.file else FileName("", "", "", "")

    def _categories(self) -> str:
        """Return the categories of a post in lower case, joined by slashes, as Jekyll has them in addresses."""
        folders = self._file_name().parent.split("/")
        categories = folders[: folders.index("_posts")] if "_posts" in folders else []
        for name in ("categories", "category"):
            key = self.key(name)
            value = self.record[key][0] if key is not None else None
            if isinstance(value, str) and not is_absent(value):
                categories += [value] if name == "category" else value.replace(",", " ").split()
            elif isinstance(value, list):
                categories += [item for item, _ in value[:MAX_ITEMS] if isinstance(item, str)]
        return "/".join(dict.fromkeys(category.strip().lower() for category in categories))

    def find(self, name: str) -> Located | None:
        """Return the value of a field: the first one that can be used, else the first that was meant for it."""
        if name in self.found:
            return self.found[name]
        self.found[name] = None  # while it is looked for, so that no template needs itself
        planned = self.plan.fields.get(name)
        found = self.found[name] = self.choose(planned.kind, planned.candidates) if planned else None
        return found

    def choose(self, kind: Kind, candidates: tuple[Candidate, ...]) -> Located | None:
        """Return the value that the first of candidates gives which can be used; else the first meant for the field."""
        unusable, context = None, self.source.context
        for candidate in candidates:
            expression, key = candidate.expression, candidate.key
            if candidate.next_key is not None and key is not None:  # most such paths lead nowhere
                start = self.record[key][0]
                if isinstance(start, str) or (isinstance(start, Fields) and candidate.next_key not in start):
                    continue
            if expression is None and key is not None:
                found: Located | None = (self.record[key], key)
            else:
                found = expression.find(self, key) if expression else None
            if found is None:
                continue
            (value, line), origin = found
            if is_absent(value) and not (value is False and kind in STATES):
                if unusable and unusable[1] == key:  # {"rendered": ""} is a text that is empty
                    unusable = None
                continue
            used = kind(value, context)
            if used is value:
                return found
            if used is not None:
                # What is named as in our own records is read as there; but none of them has a list of providers.
                is_raw = candidate.is_own and not (expression and key and isinstance(self.record[key][0], list))
                return (value if is_raw and not isinstance(value, str) else used, line), origin
            if unusable is None and (candidate.is_meant or is_attempt(value, kind)):
                unusable = found
                if kind in STATES and candidate.is_meant and not candidate.is_own:
                    break  # what the configuration names decides
        return unusable


def map_record(
    fields: Fields, body: str, file: str, source: Source, top: Fields | None = None, is_mention: bool = False
) -> Mapped:
    """Return a record with the fields of feedsvc.

    body: the text after its front matter. file: the path of its file, below the source's folder. top: what holds the
    list that the record is in. is_mention: whether it is an item of another one's `related`, of which the file's name
    says nothing.
    """
    rules = source.mention_rules if is_mention else source.rules
    plan = rules.plan(tuple(fields), top is not None, bool(body.strip()))
    scope = RecordScope(fields, top, "" if is_mention else file, source, plan)
    mapped, provider = Fields(), Fields()
    mapped.line = provider.line = fields.line
    origin: dict[str, str] = {}
    provider_origin: dict[str, str] = {}
    for name in scope.plan.copied:
        mapped[name], origin[name] = fields[name], name
    for name, planned in scope.plan.fields.items():
        found = scope.found[name] if name in scope.found else scope.choose(planned.kind, planned.candidates)
        if found is None or name == "slug":
            continue
        placed, origin[name] = found
        if part := planned.provider_part:
            provider[part], provider_origin[part] = found
        else:
            mapped[name] = placed
    if "published" in mapped and origin.get("published") == origin.get("publishedDateTime"):
        del mapped["published"], origin["published"]  # a time, or what should be one
    if scope.file and _BUNDLE.search(scope.file):
        _add_pictures_of_bundle(mapped, origin, scope)
    if "images" in mapped and mapped["images"][0] == mapped.value_of("webUrl"):
        del mapped["images"], origin["images"]  # what news-please writes where it couldn't load the picture
    _add_provider(mapped, provider, provider_origin, scope)
    mapped.origin, provider.origin = origin, provider_origin
    repeated = fields.repeated or {}
    for name, key in origin.items() if repeated else ():
        if key in repeated:
            mapped.repeat(name, repeated[key])
    if isinstance(related := mapped.value_of("related"), list):
        mapped["related"] = _related(related, file, source), mapped["related"][1]
    from_file_name = "{file.date}" in origin.get("publishedDateTime", "")
    unusable_time = _time_of_keys(scope) if from_file_name else None
    return Mapped(mapped, _content_kind(origin.get("featuredContent", "")), unusable_time)


def _time_of_keys(scope: RecordScope) -> Located | None:
    """Return the time of a record by its keys alone, without the name of its file."""
    planned = scope.plan.fields["publishedDateTime"]
    keys = tuple(each for each in planned.candidates if not (each.expression and "{" in each.expression.text))
    return scope.choose(planned.kind, keys)


def _add_pictures_of_bundle(mapped: Fields, origin: dict[str, str], scope: RecordScope) -> None:
    """Add the pictures of a page that has a folder of its own: relative ones start at the page's address."""
    page = str(mapped.value_of("webUrl"))
    if not page.startswith(("https://", "http://")):
        return
    if planned := scope.plan.fields.get("images"):
        kind = planned.kind
        found = scope.choose(lambda value, context: kind(at_page(value, page), context), planned.candidates)
        if found:
            mapped["images"], origin["images"] = found
    if "images" in mapped:
        value, line = mapped["images"]
        mapped["images"] = at_page(value, page), line


def _add_provider(mapped: Fields, provider: Fields, origin: dict[str, str], scope: RecordScope) -> None:
    """Add the provider, whose fields are in a mapping of the record, in others, or in both."""
    key = scope.plan.keys.get("provider")
    own = scope.record[key][0] if key is not None else None
    if isinstance(own, Fields):
        for name, placed in own.items():
            if name not in provider:
                provider[name], origin[name] = placed, f"{key}.{name}"
        provider.repeated = own.repeated
    if provider:
        mapped["provider"] = (provider, provider.line)


def _related(items: Items, file: str, source: Source) -> Items:
    """Return related stories with the fields of feedsvc."""
    return [
        (map_record(item, "", file, source, is_mention=True).fields, line)
        if isinstance(item, Fields) and "webUrl" not in item and "originalUrl" not in item
        else (item, line)
        for item, line in items
    ]


def _date_part(time: str, name: str, timezone: tzinfo) -> str:
    """Return the year, month or day of a time in a time zone, in its own where that is UTC; empty if it is no time."""
    try:
        moment = instant(time, timezone).astimezone(timezone)
        if timezone is UTC and (offset := _OFFSET.search(time)):
            moment += timedelta(hours=int(offset[1]), minutes=int(offset[1][0] + offset[2]))
    except (ValueError, OverflowError):
        return ""
    return {"year": f"{moment.year:04}", "month": f"{moment.month:02}", "day": f"{moment.day:02}"}[name]


@lru_cache(1000)
def _content_kind(key: str) -> ContentKind | None:
    """Return how content is written, by the name of its key; None if that doesn't say it."""
    name = normal_key(key.rpartition(".")[2])
    if name.endswith(("html", "rendered")):
        return "html"
    if "markdown" in name:
        return "markdown"
    return "text" if name in ("contenttext", "plaintext", "textcontent", "rawtext", "maintext") else None
