"""Finds the site generator whose configuration is in a folder, and the address of its site."""

import re
from dataclasses import dataclass
from pathlib import Path

from feedsvc.records.expressions import normal_key
from feedsvc.records.reading import read_values
from feedsvc.records.values import Fields, SyntaxProblem
from feedsvc.text import web_url

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


@dataclass(frozen=True, slots=True)
class Generator:
    """A site generator: the name of its preset, and the address of the site, empty if that isn't known."""

    preset: str
    site: str = ""


def find_generator(folder: Path) -> Generator | None:
    """Return the generator whose configuration is right in a folder, or None. No file is run."""
    for preset, names, keys in _DATA_FILES:
        for name in names:
            fields = _read_data(folder / name)
            found = {normal_key(key): str(value) for key, (value, _) in fields.items() if isinstance(value, str)}
            if preset == "zola" and "base_url" not in fields:  # Hugo's is named baseURL
                continue
            if any(normal_key(key) in {normal_key(each) for each in fields} for key in keys):
                address = found.get("url", "") + found.get("baseurl", "") if preset == "jekyll" else found["baseurl"]
                return Generator(preset, _address(address))
    for preset, names, pattern in _PROGRAMS:
        present = [folder / name for name in names if (folder / name).is_file()]
        if present:
            quoted = re.compile(rf"^[^#/\n]*{pattern}\s*[rf]?[\"']([^\"'\n]*)[\"']", re.MULTILINE)
            sites = [_address(match[1]) for path in present for match in quoted.finditer(_read_text(path))]
            return Generator(preset, next(filter(None, sites), ""))
    return Generator("jekyll") if folder.name == "_posts" or (folder / "_posts").is_dir() else None


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


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig") if path.is_file() and path.stat().st_size <= _MAX_BYTES else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _address(value: str) -> str:
    """Return the address of a site without the slash at its end; empty if it is none, or one of this machine."""
    try:
        address = web_url(value.strip()).rstrip("/")
    except ValueError:
        return ""
    is_local = re.match(r"https?://(localhost|127\.|0\.0\.0\.0|\[::1?\])", address)
    return "" if is_local or "?" in address or "#" in address else address
