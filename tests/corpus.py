"""A deterministic corpus of wild records, and the stories that feeds should have.

    python tests/corpus.py OUT [--records 5000] [--seed 1]

Records come in every file format, with and without front matter, in several scripts, with entities, markup, strange
names, offsets, drafts and deleted ones; and each has up to 12 related stories, some of them other records.
"""

import argparse
import html
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

TOPICS = (
    "AI", "Machine Learning", "Computer Vision", "C++", "C#", "R&D", "日本語", "हिन्दी समाचार", "Zürich", "AT&T <beta>",
    "Natural Language Processing", "AI Ethics", "Robots", "5G", "Politics/Law", "Économie", "🚀", "What? Why!",
    "Новости", "TensorFlow", "Math for AI",
)  # fmt: skip
WORDS = (
    "facial recognition police ban law congress market report robot car chip vision language model data cloud health "
    "São naïve café Zürich 北京 東京 “smart” ‘edge’ R&D <beta> AT&T 5G – — … émigré coördinate ]]> {{x}} %s 👩‍🚀 עברית"
).split()


@dataclass
class Expected:
    """A story as feeds should have it."""

    url: str
    title: str
    provider: str
    published: datetime
    topics: set[str] = field(default_factory=set)
    related: list[str] = field(default_factory=list)


class Corpus:
    """Record files, by name, with their primary stories and mentions by URL, without drafts and deleted ones."""

    def __init__(self, records: int, seed: int = 1, providers: int = 60) -> None:
        self.rng = random.Random(seed)
        self.providers = providers
        self.stories: dict[str, Expected] = {}
        self.mentions: dict[str, Expected] = {}
        self.files: dict[str, bytes] = {}
        self._mention_data: dict[str, dict[str, object]] = {}
        self._pending: dict[str, Expected] = {}
        batch: list[dict[str, object]] = []
        for number in range(records):
            data = self._record(number)
            if self.rng.random() < 0.1:
                batch.append(data)
            else:
                self._write(number, data)
        for start in range(0, len(batch), 7):
            name = f"lists/{start:05d}.json"
            value = batch[start : start + 7]
            self.files[name] = json.dumps(value if start % 2 else {"value": value}, indent=1).encode()

    def related(self, story: Expected) -> list[str]:
        """The stories that an entry links to: those that its record lists, then those whose records list it."""
        shown = self.mentions.keys() | self.stories.keys()
        listed = [url for url in story.related if url in shown] if story.url in self.stories else []
        listing = [other for other in self.stories.values() if story.url in other.related]
        listing.sort(key=lambda other: (-other.published.timestamp(), other.url))
        return list(dict.fromkeys([*listed, *(other.url for other in listing)]))

    def write(self, folder: Path) -> None:
        """Write the record files, in random order."""
        for name in self.rng.sample(sorted(self.files), len(self.files)):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[name])

    def _sentence(self, low: int, high: int) -> str:
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(low, high)))

    def _story(self, number: str, moment: datetime) -> tuple[Expected, dict[str, object]]:
        rng = self.rng
        rank = max(1, round(self.providers ** rng.random()))
        provider = f"Provider {rank}" if rank % 7 else f"The Daily {rank} & Co"
        url = f"https://www.provider-{rank}.example/{moment:%Y/%m}/{number}"
        story = Expected(url, self._sentence(4, 12), provider, moment)
        offset = rng.choice((None, timedelta(0), timedelta(hours=5, minutes=30), timedelta(hours=-8)))
        shown = moment if offset is None else moment.astimezone(timezone(offset))
        data: dict[str, object] = {
            "title": html.escape(story.title) if rng.random() < 0.5 else story.title.replace("&", "&amp;"),
            "publishedDateTime": shown.strftime("%Y-%m-%dT%H:%M:%S")
            + ("Z" if offset is None else shown.strftime("%z")),
            "webUrl": url.replace("www.", "WWW.") + rng.choice(("", "#:~:text=top")),
            "type": rng.choice(("article", "video", "course")),
            "provider": {"name": provider, **({"domain": f"provider-{rank}.example"} if rank % 3 else {})},
            "secured": "canary;" + "x" * 100,
        }
        if rng.random() < 0.8:
            data["excerpt"] = html.escape(self._sentence(10, 40))
        if rng.random() < 0.7:
            data["quality"] = rng.randint(0, 120)
        if rng.random() < 0.7:
            image = f"https://img.example/{number} a.jpg?w={rng.randint(1, 9)}&copy=1&apos;"
            data["images"] = [{"url": image, "width": rng.choice((0, 640)), "title": story.title}]
        return story, data

    def _record(self, number: int) -> dict[str, object]:
        rng = self.rng
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * number + rng.randint(0, 36))
        story, data = self._story(f"{number:06d}", moment)
        topics = rng.sample(TOPICS[1:], rng.randint(0, 3)) + (["AI"] if rng.random() < 0.8 else [])
        story.topics = set(topics)
        data["topics"] = topics
        hidden = rng.random()
        if hidden < 0.1:
            data["published" if hidden < 0.05 else "deleted"] = hidden >= 0.05
        if rng.random() < 0.2:
            data["featuredContent"] = (
                '<p>Hello <b>you</b><script>x()</script></p><iframe src="https://video.example/1">'
            )
        related = []
        for position in range(rng.choice((0, 0, 0, 1, 2, 3, 4, 6, 8, 12))):
            url, mention = self._related(f"{number:06d}-{position}", moment, topics)
            if url not in story.related:
                story.related.append(url)
                related.append(mention)
        if related:
            data["related"] = related
        if hidden >= 0.1:
            self.stories[story.url] = story
            for url in story.related:
                if url in self.mentions:
                    self.mentions[url].topics |= set(topics)
                elif url not in self.stories:
                    self.mentions[url] = self._pending[url]
                    self.mentions[url].topics |= set(topics)
        return data

    def _related(self, number: str, moment: datetime, topics: list[str]) -> tuple[str, dict[str, object]]:
        rng = self.rng
        known = list(self._mention_data)
        if known and rng.random() < 0.1:
            url = rng.choice(known[-200:])
            return url, self._mention_data[url]
        if self.stories and rng.random() < 0.1:
            url = rng.choice(list(self.stories)[-200:])
            story = self.stories[url]
            shown = story.published.strftime("%Y-%m-%d %H:%M:%S")
            return url, {"title": "Another title", "publishedDateTime": shown, "originalUrl": url}
        story, data = self._story(number, moment + timedelta(minutes=rng.randint(-4000, 4000)))
        self._mention_data[story.url] = data
        self._pending[story.url] = story
        return story.url, data

    def _write(self, number: int, data: dict[str, object]) -> None:
        rng = self.rng
        text = yaml_text(data)
        suffix = rng.choice((".md", ".markdown", ".txt", ".yaml", ".yml", ".json"))
        if suffix == ".json":
            text = json.dumps(data, ensure_ascii=bool(number % 2))
        elif suffix in (".yaml", ".yml"):
            text = rng.choice(("", "---\n")) + text
        elif rng.random() < 0.8:
            text = f"---\n{text}---\n" + rng.choice(("", "\nSome text.\n\nMore of it & so on.\n"))
        if rng.random() < 0.2:
            text = text.replace("\n", "\r\n")
        body = text.encode("utf-8-sig" if rng.random() < 0.2 else "utf-8")
        self.files[f"{number % 12:02d}/{rng.choice(('', 'ü ', 'a+b '))}{number:06d}{suffix}"] = body


def yaml_text(value: object, indent: str = "") -> str:
    """A mapping as YAML in block style, its scalars quoted (JSON's strings are YAML's)."""
    text = ""
    assert isinstance(value, dict)
    for key, item in value.items():
        if isinstance(item, dict):
            text += f"{indent}{key}:\n{yaml_text(item, indent + '  ')}"
        elif isinstance(item, list):
            text += f"{indent}{key}:\n" if item else f"{indent}{key}: []\n"
            for each in item:
                nested = (
                    yaml_text(each, indent + "    ")[len(indent) + 4 :]
                    if isinstance(each, dict)
                    else f"{_scalar(each)}\n"
                )
                text += f"{indent}  - {nested}"
        else:
            text += f"{indent}{key}: {_scalar(item)}\n"
    return text


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    Corpus(options.records, options.seed, providers=1500).write(options.out)


if __name__ == "__main__":
    main()
