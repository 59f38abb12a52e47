"""Finds the site generator whose configuration is in a folder, and the address of its site."""

import json
import os
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from feedsvc.records.detection.site_languages import SiteLanguage, hugo_languages, known_tag, with_keys
from feedsvc.records.expressions import follow, normal_key
from feedsvc.records.reading import read_values
from feedsvc.records.values import Fields, SyntaxProblem
from feedsvc.text import plain_text, web_url

#: Larger files are no configuration.
_MAX_BYTES = 256 * 1024
_HUGO = tuple(
    f"{folder}{name}.{suffix}"
    for folder in ("", "config/_default/") for name in ("hugo", "config") for suffix in ("toml", "yaml", "json")
)  # fmt: skip
#: The presets of site generators, each with its configuration files that are data, and the keys of the site's address,
#: one of which a file has to have.
_DATA_FILES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("jekyll", ("_config.yml", "_config.yaml"), ("url", "title", "permalink", "baseurl", "theme", "plugins")),
    ("zola", ("zola.toml", "config.toml"), ("base_url",)),
    ("hugo", _HUGO, ("baseurl",)),
)
#: Those whose configuration is a program, which is not run: its files, and the name that the address has in them.
_PROGRAMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("pelican", ("publishconf.py", "pelicanconf.py"), r"SITEURL\s*="),
    ("eleventy", ("astro.config.mjs", "astro.config.ts", "astro.config.js"), r"\bsite\s*:"),
    ("eleventy", (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs",
                  "eleventy.config.ts"), r"\burl\s*:"),
)  # fmt: skip
#: The folder of the pages of Eleventy, which is that of its configuration without it.
_ELEVENTY_INPUT = re.compile(
    r"^(?!\s*[/*])[^\n]*?\b(?:input\s*:|setInputDirectory\()\s*[\"']([^\"'\n]*)[\"']", re.MULTILINE
)
#: The settings of Pelican for the addresses and the times of articles.
_PELICAN_SETTING = re.compile(r"^(ARTICLE_URL|TIMEZONE)\s*=\s*[rf]?[\"']([^\"'\n]*)[\"']", re.MULTILINE)
#: The named styles of Jekyll's `permalink`, and of it and of ARTICLE_URL what parts stand for in templates.
_JEKYLL_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext", "pretty": "/:categories/:year/:month/:day/:title/",
    "none": "/:categories/:title:output_ext",
}  # fmt: skip
_JEKYLL_PARTS = {
    ":categories": "{categories}", ":year": "{year}", ":month": "{month}", ":day": "{day}", ":title": "{slug}",
    ":slug": "{slug|slug}", ":output_ext": ".html",
}  # fmt: skip
_PELICAN_PARTS = {"{date:%Y}": "{year}", "{date:%m}": "{month}", "{date:%d}": "{day}"}
#: Where configurations that are data have the language of the site.
_LANGUAGE_KEYS = ("languagecode", "locale", "lang", "defaultcontentlanguage", "defaultlanguage", "language")
#: The most settings of a program that are looked at, and characters of one that are shown.
_MAX_SETTINGS = 10
_MAX_SHOWN = 80
_UNPRINTABLE = re.compile(r"[^ -~]")


class Generator(Struct, frozen=True):
    """A site generator: the name of its preset, and the address of the site, empty if that isn't known."""

    preset: str
    site: str = ""
    #: The time zone of the site, where it isn't UTC, and the expressions of its posts' addresses; empty if the
    #: configuration has no such ones.
    timezone: str = ""
    web_url: tuple[str, ...] = ()
    #: What its configuration says of these that can't be followed.
    unfollowed: tuple[str, ...] = ()
    #: Those whose posts are in folders of their own.
    languages: tuple[SiteLanguage, ...] = ()
    #: The title of the site, and the tag of its language; empty if they aren't known.
    title: str = ""
    language: str = ""
    #: The folder whose pages have their path below it as their address; None where that is for the preset to say.
    pages: Path | None = None


#: That of a folder of posts without a configuration.
BARE_JEKYLL = Generator("jekyll")


def find_generator(folder: Path) -> Generator | None:
    """Return the generator whose configuration is right in a folder, or None. No file is run."""
    for preset, names, keys in _DATA_FILES:
        for name in names:
            if generator := _of_data(preset, folder, _read_data(folder / name), keys):
                return generator
    for preset, names, pattern in _PROGRAMS:
        if programs := [text for name in names if (text := _read_text(folder / name)) is not None]:
            generator = _of_programs(preset, programs, pattern)
            is_eleventy = preset == "eleventy" and "eleventy" in names[0]  # and not Astro
            return replace(generator, pages=_eleventy_pages(folder, programs)) if is_eleventy else generator
    return BARE_JEKYLL if folder.name == "_posts" or (folder / "_posts").is_dir() else None


def _of_data(preset: str, folder: Path, fields: Fields, keys: tuple[str, ...]) -> Generator | None:
    """Return the generator that a configuration with one of some keys is of, or None."""
    if {*map(normal_key, fields)}.isdisjoint(map(normal_key, keys)):
        return None
    if preset == "zola" and "base_url" not in fields:  # Hugo's is named baseURL
        return None
    texts = {normal_key(key): str(value) for key, (value, _) in fields.items() if isinstance(value, str)}
    address = (texts.get("url", "") if preset == "jekyll" else "") + texts.get("baseurl", "")
    languages = hugo_languages(folder, fields) if preset == "hugo" else ()
    title, language = _title(texts, languages)
    generator = Generator(preset, _address(address), languages=languages, title=title, language=language)
    return _with_settings(generator, _settings(preset, fields))


def _of_programs(preset: str, programs: list[str], pattern: str) -> Generator:
    """Return the generator whose configuration is in the texts of programs, where a pattern is before the address."""
    quoted = re.compile(rf"^[^#/\n]*{pattern}\s*[rf]?[\"']([^\"'\n]*)[\"']", re.MULTILINE)
    sites = (_address(match[1]) for text in programs for match in quoted.finditer(text))
    generator = Generator(preset, next(filter(None, sites), ""))
    if preset != "pelican":
        return generator
    matches = (match for text in programs for match in _PELICAN_SETTING.finditer(text))
    return _with_settings(generator, [(match[1], match[2]) for match in matches][:_MAX_SETTINGS])


def _eleventy_pages(folder: Path, programs: list[str]) -> Path:
    found = _ELEVENTY_INPUT.search("\n".join(programs))
    return Path(os.path.normpath(folder / (found[1] if found else ".")))


def _title(texts: dict[str, str], languages: tuple[SiteLanguage, ...]) -> tuple[str, str]:
    """Return (title, language) of a site. texts: those of its configuration."""
    tags = (known_tag(texts[key]) for key in _LANGUAGE_KEYS if key in texts)
    title, language = plain_text(texts.get("title", "")), next(filter(None, tags), "")
    for each in languages:
        if each.is_default:
            title, language = plain_text(each.title) or title, each.tag or language
    return title, language


def _settings(preset: str, fields: Fields) -> list[tuple[str, str]]:
    """Return (key, value) of each setting in a configuration for the addresses or the times of posts."""
    settings = []
    for name in ("timezone", "collections.posts.permalink", "permalink") if preset == "jekyll" else ():
        found = follow((fields, 1), tuple(name.split(".")))
        if found and isinstance(found[0], str):
            settings.append((name, found[0]))
    for key, (value, _) in fields.items() if preset == "hugo" else ():
        name = normal_key(key)
        if name == "timezone" and isinstance(value, str):
            settings.append((key, value))
        elif name in ("permalinks", "uglyurls") and value and value != "false":
            settings.append((key, ""))
    return settings


def _with_settings(generator: Generator, settings: list[tuple[str, str]]) -> Generator:
    """Return a generator with those settings that can be followed, and the names of the others."""
    timezone = template = ""
    unfollowed = []
    for key, value in settings:
        shown = f"{key} {_UNPRINTABLE.sub('?', json.dumps(value[:_MAX_SHOWN]))}" if value else key
        if key.lower() == "timezone":
            timezone = timezone or _known_timezone(value)
            if not timezone:
                unfollowed.append(f"{shown} is not followed: set records.timezone")
        elif not (template or any(each.endswith("webUrl") for each in unfollowed)):  # the first one counts
            template = _template(generator.preset, value)
            if not template:
                unfollowed.append(f"{shown} is not followed: set records.fields.webUrl")
    return replace(
        generator,
        timezone=timezone if timezone != "UTC" else "",
        web_url=with_keys(generator.preset, template) if template else (),
        unfollowed=tuple(dict.fromkeys(unfollowed)),
    )


def _template(preset: str, value: str) -> str:
    """Return the template of addresses that a setting stands for; empty if it can't be followed."""
    path = _JEKYLL_STYLES.get(value, value) if preset == "jekyll" else value
    parts = _JEKYLL_PARTS if preset == "jekyll" else _PELICAN_PARTS
    for part, name in parts.items():
        path = re.sub(rf"{re.escape(part)}(?!\w)", name, path)
    is_known = (
        re.fullmatch(r"(?:[\w/.-]|\{(?:categories|year|month|day|slug(?:\|slug)?)\})+", path, re.ASCII)
        and "{slug" in path
    )
    return f"{{site}}/{path.lstrip('/')}" if is_known else ""


def _known_timezone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, LookupError):
        return ""


def _read_data(path: Path) -> Fields:
    """Return the mapping in a data file; an empty one if it can't be read."""
    if text := _read_text(path):
        try:
            for value, _ in read_values(path.name, text.encode())[0]:
                if isinstance(value, Fields):
                    return value
        except SyntaxProblem:
            pass
    return Fields()


def _read_text(path: Path) -> str | None:
    """Return the text of a file, an empty one if it is too long or no text; None without a file that can be read."""
    try:
        if not path.is_file():
            return None
        return path.read_text("utf-8-sig") if path.stat().st_size <= _MAX_BYTES else ""
    except OSError:
        return None
    except UnicodeDecodeError:
        return ""


def _address(value: str) -> str:
    """Return the address of a site without the slash at its end; empty if it is none, or one of this machine."""
    try:
        address = web_url(value.strip()).rstrip("/")
    except ValueError:
        return ""
    is_local = re.match(r"https?://(localhost|127\.|0\.0\.0\.0|\[::1?\])", address)
    return "" if is_local or "?" in address or "#" in address else address
