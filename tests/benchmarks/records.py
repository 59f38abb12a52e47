"""A deterministic folder of records of the sample's shape, which both feedsvc and Hugo read as it is.

    python tests/benchmarks/records.py OUT [--records 5000]

A record is a Markdown file of YAML front matter, 4 KB on average. Providers follow Zipf's law, each record has 1 to 3
of 21 topics and 0 to 12 related stories. Two things are there for Hugo: `providers`, a list that its taxonomy needs and
feedsvc ignores; and no `published: true`, which Hugo takes for a date. No related story is listed twice, or has a record
of its own unless that is asked for: feedsvc would link back from it, Hugo wouldn't.
"""

import argparse
import json
import os
import random
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

TOPICS = (
    "AI", "Machine Learning", "Computer Vision", "Natural Language Processing", "AI Ethics", "AI Hardware", "Robots",
    "AI in Autos", "AI in Healthcare", "AI in Finance", "AI in Marketing", "AI in Sales", "AI in Education", "Privacy",
    "AI in Security", "Chatbots", "Cloud", "Law", "Startups", "TensorFlow", "Math for AI",
)  # fmt: skip
WORDS = (
    "facial recognition police ban law congress technology market report robot car chip vision language model data cloud "
    "health hospital bank school privacy ethics startup funding launch study research university protest council vote "
    "film energy climate São naïve café Zürich 北京 東京 “smart” ‘edge’ R&D <beta> AT&T 5G – — … émigré coördinate"
).split()
PROVIDERS = 1500
#: How many records back those are, at most, that a record lists.
LISTED_BACK = 200

#: The lines of YAML of a story.
Lines: TypeAlias = list[str]


def write_records(
    folder: Path, records: int, seed: int = 1, first: int = 0, listed: float = 0, minutes: int = 37
) -> None:
    """Write records as files, in folders of months; each file's time is that of its story, so none looks new.

    first: the number of the first of them. listed: the share of related stories that are earlier records of these.
    minutes: between two records, the first of which is of 2020; those that are not due yet would be left out.
    """
    rng = random.Random(seed)
    written: deque[Lines] = deque(maxlen=LISTED_BACK)
    for number in range(first, first + records):
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes * number + rng.randint(0, minutes - 1))
        path = folder / f"{moment:%Y/%m/%Y-%m-%d}-{number:06d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text, own = _record(rng, number, moment, written if listed else (), listed)
        written.append(own)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def _record(
    rng: random.Random, number: int, moment: datetime, earlier: Sequence[Lines], listed: float
) -> tuple[str, Lines]:
    """Return a record, and the lines that say of its story what others do that list it."""
    name, lines = _story(rng, f"{number:06d}", moment, 60)
    own = lines[:]
    lines += ["category: news", f"heat: {rng.randint(-1, 150)}", f"providers: [{_quoted(name)}]", "topics:"]
    lines += [f"  - {topic}" for topic in [TOPICS[0], *rng.sample(TOPICS[1:], rng.randint(0, 2))]]
    count = rng.choice((0, 0, 0, 1, 2, 3, 4, 6, 8, 12))
    if count:
        lines.append("related:")
    for position in range(count):
        when = moment + timedelta(minutes=rng.randint(-4000, 4000))
        if earlier and rng.random() < listed:
            first, *others = rng.choice(earlier)
        else:
            first, *others = _story(rng, f"{number:06d}-{position}", when, 45)[1]
        lines += [f"  - {first}", *(f"    {line}" for line in others)]
    secured = b64encode(rng.randbytes(360)).decode()
    return "\n".join(["---", *lines, f'secured: "{secured};{secured[:22]}=="', "---", ""]), own


def _story(rng: random.Random, slug: str, moment: datetime, longest: int) -> tuple[str, list[str]]:
    """A story's provider, and its lines of YAML; longest: words of the excerpt."""
    rank = round(PROVIDERS ** rng.random())
    name, domain = f"The Daily {rank} & Co" if rank % 7 == 0 else f"Provider {rank}", f"provider-{rank}.example"
    url, title = f"https://{domain}/{moment:%Y/%m/%d}/{slug}", _sentence(rng, 6, 14)
    lines = [
        f"title: {_quoted(title)}",
        f"excerpt: {_quoted(_sentence(rng, 15, longest))}",
        f"publishedDateTime: {moment:%Y-%m-%dT%H:%M:%SZ}",
        f"webUrl: {_quoted(url)}",
        "type: article",
        f"quality: {rng.randint(20, 120)}",
        "provider:",
        f"  name: {_quoted(name)}",
        f"  domain: {domain}",
    ]
    if rng.random() < 0.5:
        amp = f"https://cdn.ampproject.example/c/s/{url[8:]}/amp/"
        lines += [f"ampWebUrl: {_quoted(f'{url}/amp/')}", f"cdnAmpWebUrl: {_quoted(amp)}"]
    if rng.random() < 0.8:
        lines += [
            "images:",
            f"  - url: {_quoted(f'https://img.{domain}/{slug}.jpg?w={rng.randint(300, 2000)}&fit=crop')}",
            f"    width: {rng.randint(300, 3000)}",
            f"    height: {rng.randint(200, 2000)}",
            "    isCached: true",
            f"    title: {_quoted(title)}",
        ]
    return name, lines


def _sentence(rng: random.Random, low: int, high: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(low, high))).capitalize()


def _quoted(text: str) -> str:
    """Text as a scalar of YAML, whose quoted strings JSON's are."""
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a folder of generated records.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--records", type=int, default=5000)
    options = parser.parse_args()
    write_records(options.out, options.records)
