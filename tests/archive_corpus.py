"""A deterministic archive of records, with the figures of real ones.

    python tests/archive_corpus.py OUT [--records 10000] [--seed 1]

A record lists 32 stories in the mean and 14 in the median, at most 197: new mentions, others that many records list, and
earlier records. It has topics that are frequent and some of its own: most topics are on one record alone. Its content is
HTML of 2 to 30 kB, as content management systems write it. Some records are drafts, some in other languages than English.
"""

import argparse
import html
import random
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))

from tests.corpus import WORDS, yaml_text

#: Links of a record, by Weibull's distribution: few have many.
MOST_LINKS, LINKS_SCALE, LINKS_SHAPE = 197, 25.3, 0.66
#: Bytes of a record's content; their logarithms are spread evenly.
LEAST_CONTENT, MOST_CONTENT = 2_000, 30_000
#: What a listed story is: an earlier record, or a mention that others list, too; else a new mention.
LISTED_RECORDS, LISTED_AGAIN = 0.3, 0.15
#: How many records back those are that a record lists, in the mean, and the mentions that others list, too: what was
#: news then, and not the same ones throughout all years.
LISTED_BACK = 80
DRAFTS = 0.04
FREQUENT_TOPICS, PROVIDERS = 300, 1500
LANGUAGES = ("de", "fr", "ja", "ar", "pt-BR")
START, DAYS = datetime(2016, 1, 1, tzinfo=UTC), 5 * 365


@dataclass(frozen=True)
class Archive:
    """Records by their number, each made by itself: what they list is that which the other one says of itself.

    has_content: whether they have any; what else there is stays the same.
    """

    records: int = 10_000
    seed: int = 1
    has_content: bool = True

    def write(self, folder: Path) -> None:
        """Write each record as a file of its own, in folders of months."""
        for number in range(self.records):
            path = folder / self.name(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text(number), encoding="utf-8")

    def name(self, number: int) -> str:
        return f"{self._moment(number):%Y/%m/%Y-%m-%d}-{number:06d}.md"

    def text(self, number: int) -> str:
        """Return a record's file: YAML between lines of dashes."""
        return f"---\n{yaml_text(self.record(number))}---\n"

    def record(self, number: int) -> dict[str, Any]:
        rng, data = self._story("record", number, self._moment(number))
        if rng.random() < DRAFTS:
            data["published"] = False
        if rng.random() < 0.1:
            data["language"] = rng.choice(LANGUAGES)
        data |= {"category": "news", "heat": rng.randint(-1, 150), "topics": self._topics(rng, number)}
        if self.has_content:
            data["featuredContent"] = _content(random.Random(f"{self.seed} content {number}"))
        count = min(MOST_LINKS, int(rng.weibullvariate(LINKS_SCALE, LINKS_SHAPE)))
        listed: dict[str, dict[str, Any]] = {}
        while len(listed) < count:
            story = self._listed(rng, number)
            listed[story["webUrl"]] = story
        if listed:
            data["related"] = list(listed.values())
        return data

    def _topics(self, rng: random.Random, number: int) -> list[str]:
        frequent = [f"Topic {_rank(rng, FREQUENT_TOPICS)}" for _ in range(rng.randint(1, 3))]
        own = [f"Tag {rng.randrange(4 * self.records)} of {self.records}" for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        return list(dict.fromkeys([*frequent, *own]))

    def _listed(self, rng: random.Random, number: int) -> dict[str, Any]:
        """Return what a record says of a story that it lists."""
        kind, back = rng.random(), 1 + int(rng.expovariate(1 / LISTED_BACK))
        if kind < LISTED_RECORDS and back <= number:
            return self._story("record", number - back, self._moment(number - back))[1]
        if kind < LISTED_RECORDS + LISTED_AGAIN:
            # Half of these listings share each second number, a quarter each fourth, and so on.
            share = 2 ** (1 + int(rng.expovariate(log(2))))
            first = (number - back) // share * share
            return self._story("mention", first, self._moment(max(first, 0)))[1]
        moment = self._moment(number) + timedelta(minutes=rng.randint(-4000, 4000))
        return self._story("new", rng.randrange(10**12), moment)[1]

    def _moment(self, number: int) -> datetime:
        return START + timedelta(minutes=number * DAYS * 24 * 60 // self.records)

    def _story(self, kind: str, number: int, moment: datetime) -> tuple[random.Random, dict[str, Any]]:
        """Return what every record says of a story, and the numbers that go on from there."""
        rng = random.Random(f"{self.seed} {kind} {number}")
        rank = _rank(rng, PROVIDERS)
        domain, slug = f"provider-{rank}.example", f"{kind}-{number:06d}"
        url = f"https://{domain}/{moment:%Y/%m/%d}/{slug}/"
        data: dict[str, Any] = {
            "title": _sentence(rng, 6, 14),
            "excerpt": _sentence(rng, 15, 45),
            "publishedDateTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "webUrl": url,
            "type": "article",
            "quality": rng.randint(20, 120),
            "provider": {"name": f"Provider {rank}", "domain": domain},
        }
        if rng.random() < 0.5:
            data |= {"ampWebUrl": f"{url}amp/", "cdnAmpWebUrl": f"https://cdn.ampproject.example/c/s/{url[8:]}amp/"}
        if rng.random() < 0.8:
            picture = f"https://img.{domain}/{slug}.jpg?w={rng.randint(300, 2000)}&fit=crop"
            data["images"] = [{"url": picture, "width": rng.randint(300, 3000), "height": rng.randint(200, 2000)}]
        return rng, data


def _rank(rng: random.Random, most: int) -> int:
    """Return a number from 1 on, by Zipf's law: half as often as another that is half as large."""
    return int(most ** rng.random())


def _sentence(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(least, most))).capitalize()


def _content(rng: random.Random) -> str:
    """Return an article: paragraphs with links, and between them headings, pictures, lists, tables, quotations."""
    size = LEAST_CONTENT * (MOST_CONTENT / LEAST_CONTENT) ** rng.random()
    blocks, bytes_ = ["<!-- article -->"], 0
    while True:
        block = rng.choices(_BLOCKS, _WEIGHTS)[0](rng)
        bytes_ += len(block.encode()) + 1
        if bytes_ > size and len(blocks) > 3:
            return "\n".join(blocks)
        blocks.append(block)


def _text(rng: random.Random, least: int, most: int) -> str:
    return html.escape(_sentence(rng, least, most), quote=False)


def _paragraph(rng: random.Random) -> str:
    address = f"https://provider-{_rank(rng, PROVIDERS)}.example/{rng.randrange(10**6)}?utm_source=archive&amp;page=2"
    linked = rng.choice((address, f"/topics/{rng.randrange(100)}/", f"#section-{rng.randrange(9)}"))
    return (
        f'<p class="text" style="margin: 0">{_text(rng, 10, 40)} <a href="{linked}" target="_blank" data-id="{rng.randrange(10**6)}">'
        f"{_text(rng, 2, 5)}</a> {_text(rng, 5, 30)} <strong>{_text(rng, 1, 3)}</strong> {_text(rng, 1, 20)}.</p>"
    )


def _heading(rng: random.Random) -> str:
    return f'<h2 id="section-{rng.randrange(9)}"><span>{_text(rng, 3, 8)}</span></h2>'


def _picture(rng: random.Random) -> str:
    source = f"https://img.provider-{_rank(rng, PROVIDERS)}.example/{rng.randrange(10**6)}"
    return (
        f'<figure class="wp-block-image size-large"><img loading="lazy" src="{source}.jpg" width="1024" height="683" '
        f'srcset="{source}-300.jpg 300w, {source}-768.jpg 768w" alt="{html.escape(_sentence(rng, 3, 9))}"/>'
        f"<figcaption>{_text(rng, 4, 15)}</figcaption></figure>"
    )


def _list(rng: random.Random) -> str:
    items = "".join(f"<li>{_text(rng, 3, 15)}</li>" for _ in range(rng.randint(3, 9)))
    name = rng.choice(("ul", "ol"))
    return f"<{name}>{items}</{name}>"


def _table(rng: random.Random) -> str:
    columns = rng.randint(2, 5)
    head = "".join(f"<th>{_text(rng, 1, 3)}</th>" for _ in range(columns))
    cells = ("".join(f"<td>{_text(rng, 1, 4)}</td>" for _ in range(columns)) for _ in range(rng.randint(3, 12)))
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<table class="data"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _quotation(rng: random.Random) -> str:
    return f"<blockquote><p>{_text(rng, 10, 40)}</p><cite>{_text(rng, 2, 4)}</cite></blockquote>"


def _advertisement(rng: random.Random) -> str:
    return f'<div class="ad" id="ad-{rng.randrange(99)}"><script>show({rng.randrange(99)})</script></div>'


_BLOCKS = (_paragraph, _heading, _picture, _list, _table, _quotation, _advertisement)
_WEIGHTS = (60, 10, 8, 6, 2, 5, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    Archive(options.records, options.seed).write(options.out)


if __name__ == "__main__":
    main()
