"""Finds the languages of a Hugo site whose posts are in folders of their own, and the addresses of their posts."""

import re
from pathlib import Path

from msgspec import Struct

from feedsvc.languages import language_tag
from feedsvc.records.expressions import normal_key
from feedsvc.records.presets import find_preset
from feedsvc.records.values import Fields, Value


class SiteLanguage(Struct, frozen=True):
    """A language of a site: its folder, the expressions of addresses there, and its tag, empty if that is none."""

    folder: Path
    web_url: tuple[str, ...]
    tag: str
    is_default: bool
    #: Of the site in this language; empty if it has no other one.
    title: str


def hugo_languages(folder: Path, fields: Fields) -> tuple[SiteLanguage, ...]:
    """Return the languages with a `contentDir`, those in the folders of others first. fields: of Hugo's configuration.

    The addresses of a language begin with its name, but for those of `defaultContentLanguage`, unless that has
    `defaultContentLanguageInSubdir`.
    """
    settings = {normal_key(key): value for key, (value, _) in fields.items()}
    default = str(settings.get("defaultcontentlanguage", "en"))
    is_below = str(settings.get("defaultcontentlanguageinsubdir")).lower() == "true"
    languages = settings.get("languages")
    found = []
    for name, (table, _) in languages.items() if isinstance(languages, Fields) else ():
        path = _text(table, "contentdir")
        if path and (folder / path).is_dir() and re.fullmatch(r"[\w-]+", name, re.ASCII):
            start = f"/{name.lower()}" if is_below or name != default else ""
            template = f"{{site}}{start}/{_parent(path)}/{{slug}}/"
            web_url = with_keys("hugo", template)
            found.append(SiteLanguage(folder / path, web_url, known_tag(name), name == default, _text(table, "title")))
    return tuple(sorted(found, key=lambda each: len(each.folder.parts), reverse=True))


def _text(table: Value, name: str) -> str:
    """Return the text of a key in the table of a language; empty if there is none."""
    values = (
        (value for key, (value, _) in table.items() if normal_key(key) == name) if isinstance(table, Fields) else ()
    )
    return next((value for value in values if isinstance(value, str)), "")


def _parent(path: str) -> str:
    """Return the template of the folder of a post below a `contentDir`; `{file.parent}` begins below `content`."""
    parts = Path(path).parts
    below = len(parts) - parts.index("content") - 1 if "content" in parts else 0
    return f"{{file.parent{'|rest' * below}|lower}}"


def with_keys(preset: str, template: str) -> tuple[str, ...]:
    """Return the expressions of addresses that a preset has, with a template in place of its own."""
    texts = find_preset(preset).expressions["webUrl"]
    return *(text for text in texts if "{" not in text), template


def known_tag(name: str) -> str:
    """Return the language tag that a name or a locale such as en_US is; empty if it is none."""
    try:
        return language_tag(name.replace("_", "-"))
    except ValueError:
        return ""
