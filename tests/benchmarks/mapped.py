"""Measure records of another shape, and Markdown, against records of feedsvc's own.

    python tests/benchmarks/mapped.py [--records 5000] [--runs 5]

The same records are read three times by `feedsvc check`, with no index, in turn: as they are; with other names for all of
their keys, also in their related stories, which the configuration's [records.fields] maps; and as they are with a body of
some 3 kB of Markdown. Before that, the first two are seen to publish the same.
"""

import random
import re
import subprocess
from collections.abc import Callable
from statistics import median

from measure import FEEDSVC, Site, Took, give_up, options, print_heading, print_table, ratio, spread, worked, workplace
from records import WORDS

#: Fields of our own, with the keys that stand for them.
NAMES = {
    "publishedDateTime": "released_on",
    "cdnAmpWebUrl": "cdn_amp_address",
    "ampWebUrl": "amp_address",
    "webUrl": "link",
    "excerpt": "teaser",
    "provider": "outlet",
    "quality": "score",
    "related": "see_also",
    "topics": "subjects",
    "images": "pictures",
    "title": "headline",
    "heat": "warmth",
    "type": "sort",
    "category": "desk",
}
#: What the record's mapping of its provider has under other names.
PROVIDER = {"name": "label", "domain": "host"}
CONFIG = "\n".join(
    [
        "[records.fields]",
        *(f'{field} = "{key}"' for field, key in NAMES.items() if field != "provider"),
        *(f'"provider.{field}" = "{NAMES["provider"]}.{key}"' for field, key in PROVIDER.items()),
    ]
)
#: What is reached for: the processor's time in that of records of our own.
REACH = {"by records.fields": "<= 1.3"}


def with_other_names(text: str) -> str:
    """A record with other names for its keys; those of pictures, which are addresses with their sizes, stay."""
    for field, key in NAMES.items():
        text = re.sub(rf"^( *(?:- )?){field}:", rf"\1{key}:", text, flags=re.MULTILINE)
    for field, key in PROVIDER.items():
        text = re.sub(rf"^( +){field}:", rf"\1{key}:", text, flags=re.MULTILINE)
    # The titles of pictures are titles in either.
    return re.sub(r"^( +isCached: true\n +)headline:", r"\1title:", text, flags=re.MULTILINE)


def with_markdown(text: str) -> str:
    """A record with a body; it begins with other words in each, so that none is like another."""
    rng = random.Random(text)

    def words(least: int, most: int) -> str:
        return " ".join(rng.choices([word for word in WORDS if word.isalpha()], k=rng.randint(least, most)))

    paragraphs = []
    for number in range(6):
        paragraphs += [
            f"## {words(3, 6)}",
            f"{words(20, 40)} **{words(2, 3)}** [{words(2, 4)}](https://a.example/{number})",
        ]
        paragraphs += ["\n".join(f"- {words(3, 9)} `{words(1, 1)}`" for _ in range(3))]
    return "\n\n".join([text, *paragraphs, ""])


def titles(site: Site) -> str:
    """The newest stories of all that a site publishes."""
    done = subprocess.run([FEEDSVC, "show", "/feed.json?limit=500"], cwd=site.folder, stdout=subprocess.PIPE, text=True)
    return re.sub(r"127\.0\.0\.1:\d+", "", done.stdout)


def main() -> None:
    arguments = options(__doc__, corpus=False).parse_args()
    changes: dict[str, tuple[str, Callable[[str], str]]] = {
        "of our own": ("", str),
        "by records.fields": (CONFIG, with_other_names),
        "with a body in Markdown": ("", with_markdown),
    }
    with workplace(arguments.records) as (folder, records):
        sites, kilobytes = {}, {}
        for number, (name, (config, change)) in enumerate(changes.items()):
            changed = folder / f"records-{number}"
            for path in records.rglob("*.md"):
                to = changed / path.relative_to(records)
                to.parent.mkdir(parents=True, exist_ok=True)
                kilobytes[name] = (
                    kilobytes.get(name, 0) + to.write_text(change(path.read_text("utf-8")), "utf-8") / 1000
                )
            sites[name] = Site(folder / f"site-{number}", changed, config)
        times: dict[str, list[Took]] = {name: [] for name in sites}
        for _ in range(arguments.runs):
            for name, site in sites.items():
                times[name].append(site.cold("check"))
        ours, mapped, _ = map(titles, sites.values())
        if ours != mapped:
            give_up("the records with other names are published otherwise")
    print_heading()
    own = times["of our own"]
    rows = [
        [
            name,
            f"{kilobytes[name] / arguments.records:.1f} kB",
            spread(found),
            f"{1000 * median(worked(found)) / arguments.records:.2f} ms",
            ratio(worked(found), worked(own)),
            REACH.get(name, ""),
        ]
        for name, found in times.items()
    ]
    head = (f"{arguments.records:,} records", "size of one", "first sync", "processor time of one", "in ours", "reach")
    print_table(head, rows)


if __name__ == "__main__":
    main()
