"""The corpus that parsers read: records in the family's shape, and what each entry of their feeds must say."""

import html
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedsvc.text import slug
from tests.corpus import Corpus, Expected

#: Titles that some writer or parser of feeds gets wrong.
TITLES = (
    "R&D", "A & B < C > D", "AT&T", "<b>bold</b> as text", "Fish &amp; Chips", "&lt;i&gt; is a tag", "a < b and b > a",
    "\"Double\" and 'single' quotes", "“Curly” ‘quotes’ — and dashes…", "日本語の見出し", "عنوان عربي", "👩‍🚀 in space 🚀", "C++", "C# & F#",
    "x &copy= y", "5 > 3 & 2 < 4", "</title>", "<!-- not a comment -->", "]]>", "AT&T; and more", "100 %", "\\n is no line break",
)  # fmt: skip
PERSONS = ("Ana Gómez", "O'Brien", "李雷", "Smith & Sons", "Dr. Ada <Countess> Byron", "نور", "Jo-Ann de la Cruz")


@dataclass
class Written:
    """What a record says of a story beside what `Expected` holds."""

    updated: datetime
    persons: list[str]
    excerpt: str


@dataclass(frozen=True)
class Entry:
    """An entry as every parser should read it."""

    url: str
    title: str
    published: datetime
    updated: datetime
    #: The persons, then the provider.
    authors: list[str]
    categories: list[str]
    #: Empty where the record has none.
    summary: str

    @property
    def slugs(self) -> list[str]:
        """The slugs of the categories."""
        return sorted(slug(name) for name in self.categories)


class ParsedCorpus(Corpus):
    """Records with titles, bylines and times that are hard to write and to parse."""

    def __init__(self, records: int) -> None:
        self.written: dict[str, Written] = {}
        super().__init__(records)

    def _story(self, number: str, moment: datetime) -> tuple[Expected, dict[str, object]]:
        story, data = super()._story(number, moment)
        rng = self.rng
        if rng.random() < 0.3:
            story.title = rng.choice(TITLES)
            data["title"] = html.escape(story.title, quote=rng.random() < 0.5)
        persons = rng.sample(PERSONS, rng.choice((0, 0, 1, 1, 2, 3)))
        if persons:
            data["authors"] = [html.escape(name, quote=False) for name in persons]
        updated = moment + timedelta(minutes=rng.choice((0, 0, 0, 5, 100_000)))
        if updated != moment:
            data["updatedDateTime"] = updated.isoformat()
        data["category"] = "news"
        excerpt = html.unescape(str(data.get("excerpt", "")))
        self.written[story.url] = Written(updated, persons, excerpt)
        return story, data

    def entries(self) -> list[Entry]:
        """Return the entries of the feed of everything, in its order."""
        stories = {**self.mentions, **self.stories}
        entries = (self._entry(story) for story in stories.values())
        return sorted(entries, key=lambda entry: (-entry.published.timestamp(), entry.url))

    def _entry(self, story: Expected) -> Entry:
        written = self.written[story.url]
        return Entry(
            url=story.url,
            title=story.title,
            published=story.published,
            updated=written.updated,
            authors=[*written.persons, story.provider],
            categories=sorted(story.topics),
            summary=written.excerpt,
        )
