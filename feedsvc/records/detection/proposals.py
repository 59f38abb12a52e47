"""Proposes, for a folder of files, the preset that reads most records there."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.config import parse_config
from feedsvc.errors import ConfigError
from feedsvc.records.detection.site_generators import BARE_JEKYLL, Generator, find_generator
from feedsvc.records.detection.site_languages import SiteLanguage, with_keys
from feedsvc.records.detection.surveys import FileValues, Survey
from feedsvc.records.files import find_file, path_of
from feedsvc.records.presets import preset_names
from feedsvc.records.reading import read_bytes, read_values
from feedsvc.records.registry import suffixes
from feedsvc.records.sources import Source, find_sources
from feedsvc.records.values import SyntaxProblem

#: The most files that are looked at, of all presets and of the best; and records of each file, likewise.
_MOST_FILES, _MOST_RECORDS = 500, 1000
_FEW_FILES, _FEW_RECORDS = 60, 20
#: The most files that are listed, bytes that are read of all files, and bytes of one where there are smaller ones.
_MOST_LISTED, _MOST_BYTES, _MOST_BYTES_OF_ONE = 50_000, 64 * 2**20, 2**20
#: Seconds after which no more folders are listed, and no more files looked at.
_LISTING_SECONDS, _READING_SECONDS = 3.0, 10.0
#: Presets that are compared on all files.
_BEST = 3
#: Folders of programs, and of what they make, which hold no records where they are in the folder of a whole site.
_NOT_RECORDS = (
    "node_modules", "vendor", "themes", "public", "_site", "dist", "build", "target", "output", "venv", "test", "tests",
    "layouts", "_layouts", "_includes", "templates",
)  # fmt: skip
#: Folders that site generators know as those of all posts or pages.
_CONTENT_FOLDERS = ("_posts", "content")
#: How far above a folder of records the configuration of its site is looked for.
_LEVELS_ABOVE = 3
#: Which preset to propose of those that read as much, after `auto`.
_IN_DOUBT = ("jekyll", "hugo", "eleventy", "zola", "pelican")
#: The characters of the text after the front matter that are looked at.
_BODY = 200
#: Stands for the address of a site that isn't known.
_ANY_SITE = "https://site.invalid"

Item = TypeVar("Item")


class Proposal(Struct, frozen=True):
    """The keys of [records] that read most records of a folder, and what they read."""

    folder: Path
    preset: str
    #: The address of the site; empty if the preset doesn't need it, or it isn't known.
    site: str
    needs_site: bool
    survey: Survey
    #: The names of folders in it that hold no records.
    exclude: tuple[str, ...] = ()
    #: The expressions of addresses, where the preset's are others.
    web_url: tuple[str, ...] = ()
    #: The languages that have folders of their own in it.
    languages: tuple[SiteLanguage, ...] = ()
    #: What the configuration of the site says, if that is one of the preset.
    generator: Generator = Generator("")


def propose(folder: Path, is_whole_site: bool = False) -> Proposal | None:
    """Return the preset that reads most records of a folder; None if there are no record files.

    folder: absolute. is_whole_site: whether it may hold much else, as the folder of a site generator does, whose files
    are found; then the folder below it that holds all records is proposed.
    """
    started = time.monotonic()
    generator = find_generator(folder)
    is_whole_site = is_whole_site or generator is not None
    if is_whole_site and not generator:
        folder, generator = _site_below(folder)
    paths = _list_files(folder, _NOT_RECORDS if is_whole_site else ())
    values = _read(folder, _spread(paths, _MOST_FILES), started)
    if not values:
        return None
    generator = _nearest(generator, folder)
    source, survey = _best(values, _sources(folder, generator), generator, started)
    below = _common_folder(survey.names) if is_whole_site else ""
    if below:  # what was read is the same there
        inside = {name: each for name, each in values.items() if path_of(name).startswith(f"{below}/")}
        [survey] = _compare(inside, [source], _MOST_RECORDS, time.monotonic())
    survey.is_sample = survey.files < sum(path.startswith(os.path.join(folder, below, "")) for path in paths)
    needs_site = _needs_site(source)
    exclude = [name for name in _NOT_RECORDS if is_whole_site and not below and (folder / name).is_dir()]
    if not generator or generator.preset != source.preset:
        generator = Generator(source.preset)
    web_url = generator.web_url or _web_url_below(generator, folder / below)
    is_usual = not web_url or web_url[-1] in source.preset_fields["webUrl"]
    return Proposal(
        folder=folder / below,
        preset=source.preset,
        site=source.site if needs_site and source.site != _ANY_SITE else "",
        needs_site=needs_site,
        survey=survey,
        exclude=tuple(exclude),
        web_url=() if is_usual else web_url,
        languages=tuple(each for each in generator.languages if each.folder.is_relative_to(folder / below)),
        generator=generator,
    )


def _web_url_below(generator: Generator, folder: Path) -> tuple[str, ...]:
    """Return the expressions of addresses where the records are in a folder of those of all pages; else none.

    `{file.parent}` begins below the records, unless they are in a folder `content`.
    """
    if not generator.pages or not folder.is_relative_to(generator.pages) or "content" in folder.parts:
        return ()
    path = folder.relative_to(generator.pages).as_posix()
    if path == "." or "{" in path or "}" in path:
        return ()
    return with_keys(generator.preset, f"{{site}}/{path}/{{file.parent}}/{{slug}}/")


def _site_below(folder: Path) -> tuple[Path, Generator | None]:
    """Return (folder, generator) of the only site in the folders right below one; else (the folder itself, None)."""
    try:
        below = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in _NOT_RECORDS]
    except OSError:
        return folder, None
    sites = [(path, generator) for path in below if path.is_dir() and (generator := find_generator(path))]
    return sites[0] if len(sites) == 1 else (folder, None)


def _nearest(generator: Generator | None, folder: Path) -> Generator | None:
    """Return the generator of a folder, or else of those above it: where there is one, one that has a configuration."""
    found = [each for each in (generator, *map(find_generator, folder.parents[:_LEVELS_ABOVE])) if each]
    configured = [each for each in found if each != BARE_JEKYLL and each.preset == found[0].preset]
    return next(iter(configured or found), None)


def _sources(folder: Path, generator: Generator | None) -> list[Source]:
    """Return a source for each preset."""
    sources = []
    for preset in preset_names():
        try:
            [source] = find_sources(parse_config({"records": {"path": ".", "preset": preset}}, folder))
        except ConfigError:  # another package's
            continue
        if _needs_site(source):
            source = replace(source, site=generator.site if generator and generator.site else _ANY_SITE)
        sources.append(source)
    return sources


def _needs_site(source: Source) -> bool:
    """Return whether a preset makes addresses of that of the site."""
    return any("{site}" in text for text in source.preset_fields.get("webUrl", ()))


def _list_files(folder: Path, passed_over: Sequence[str]) -> list[str]:
    """Return the sorted paths of files that are named as record files are."""
    endings, end = suffixes(), time.monotonic() + _LISTING_SECONDS
    paths: list[str] = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in passed_over)
        paths += [
            os.path.join(path, name) for name in names if name.lower().endswith(endings) and not name.startswith(".")
        ]
        if len(paths) > _MOST_LISTED or time.monotonic() > end:
            break
    return sorted(paths[:_MOST_LISTED])


def _spread(items: Sequence[Item], number: int) -> list[Item]:
    """Return some of many items, evenly spread."""
    if len(items) <= number:
        return list(items)
    return [items[position * len(items) // number] for position in range(number)]


def _read(folder: Path, paths: Sequence[str], started: float) -> dict[str, FileValues]:
    """Return the values of files by name."""
    files = [file for path in paths if (file := find_file(folder, path))]
    small = [file for file in files if file.size <= _MOST_BYTES_OF_ONE] or files[:1]
    values: dict[str, FileValues] = {}
    size = 0
    for file in small:
        size += file.size
        if values and (size > _MOST_BYTES or time.monotonic() > started + _READING_SECONDS / 2):
            break
        try:
            items, body = read_values(file.name, read_bytes(file))
            values[file.name] = items, body[:_BODY]
        except (SyntaxProblem, OSError):
            values[file.name] = None
    return values


def _compare(
    files: dict[str, FileValues], sources: Iterable[Source], most_records: int, started: float
) -> list[Survey]:
    """Return what each of several sources reads in the same files."""
    surveys = [(source, Survey(source.preset)) for source in sources]
    for number, (name, values) in enumerate(files.items()):
        if number and time.monotonic() > started + _READING_SECONDS:
            break
        for source, survey in surveys:
            survey.add(name, values, source, most_records)
    return [survey for _, survey in surveys]


def _best(
    files: dict[str, FileValues], sources: list[Source], generator: Generator | None, started: float
) -> tuple[Source, Survey]:
    """Return the source that reads most records in files, and what it reads."""
    few = dict(_spread(list(files.items()), _FEW_FILES))
    best = {survey.preset for survey in _ranked(_compare(few, sources, _FEW_RECORDS, started), generator)[:_BEST]}
    chosen = [source for source in sources if source.preset in best]
    survey = _ranked(_compare(files, chosen, _MOST_RECORDS, started), generator)[0]
    return next(source for source in chosen if source.preset == survey.preset), survey


def _ranked(surveys: list[Survey], generator: Generator | None) -> list[Survey]:
    """Return surveys in order: that of the generator's preset if it reads about as much as others, then by records."""
    most = max(survey.usable for survey in surveys)

    def rank(survey: Survey) -> tuple[bool, int, bool, int, int]:
        is_generators = generator is not None and generator.preset == survey.preset
        is_good = is_generators and survey.usable * 10 >= most * 8
        order = _IN_DOUBT.index(survey.preset) if survey.preset in _IN_DOUBT else len(_IN_DOUBT)
        return is_good, survey.usable, survey.preset == "auto", survey.native, -order

    return sorted(surveys, key=rank, reverse=True)


def _common_folder(names: Sequence[str]) -> str:
    """Return the path of the folder that all files are in, or will be; empty where that is the top."""
    common = os.path.commonpath([os.path.dirname(path_of(name)) for name in names]) if names else ""
    parts = common.split("/")
    for name in _CONTENT_FOLDERS:
        if name in parts:
            return "/".join(parts[: parts.index(name) + 1])
    return common
