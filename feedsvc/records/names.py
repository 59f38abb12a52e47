"""Finds the names in one text that holds several: of topics, and of authors."""

import re

_BY = re.compile(r"by:?\s+", re.IGNORECASE)
_SEPARATOR = re.compile(r",\s+(?:and|&)\s+|,\s*|\s+(?:and|&)\s+")
_NAME_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019.-])*")
#: Words of names that are written small.
_PARTICLES = frozenset(
    ("al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "ten",
     "ter", "van", "von", "zu")
)  # fmt: skip
#: Words that are capital letters alone, in names that aren't.
_SUFFIXES = frozenset(("II", "III", "IV"))
#: Words of what isn't the name of a person: offices, and those who publish.
_NO_NAME_WORDS = frozenset(
    ("agency", "bureau", "company", "contributor", "contributors", "correspondent", "desk", "editor", "editors",
     "foundation", "gmbh", "inc", "institute", "journal", "llc", "ltd", "magazine", "media", "network", "news", "post",
     "press", "reporter", "reporters", "senior", "special", "staff", "team", "the", "times", "university", "writer",
     "writers")
)  # fmt: skip


def topics_in(text: str) -> list[str]:
    """Return the topics in a text, which semicolons separate, or commas where it has none.

    trafilatura joins by semicolons what a page says of its topics in several places: "AI;Law;AI, Law" are two topics,
    and so are "AI,Law;AI,Law". But in "AI;Washington, D.C." the comma belongs to a name.
    """
    parts = list(dict.fromkeys(_parts(text.split(";"))))
    if len(parts) == 1:
        return _parts(parts[0].split(","))
    topics = []
    for part in parts:
        names = _parts(part.split(","))
        topics += [part] if set(names).isdisjoint(parts) else names
    return topics


def persons_in(text: str) -> list[str]:
    """Return the persons in a byline, which semicolons separate, and which may start with "By".

    Commas, `and` and `&` do so only where each part looks like the name of a person, of two words or more: so "Jonas
    Weber, Ann Lee and Lin Hao" are three, but "Maria Ortiz, AP", "Ortiz, Maria" and "Marks & Spencer" are one.
    """
    persons = []
    text = text.strip()
    by = _BY.match(text)
    for part in _parts(text[by.end() if by else 0 :].split(";")):
        names = _parts(_SEPARATOR.split(part))
        persons += names if all(map(_looks_like_a_person, names)) else [part]
    return persons


def _parts(texts: list[str]) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _looks_like_a_person(name: str) -> bool:
    words = name.split()
    return (
        2 <= len(words) <= 5
        and all(map(_NAME_WORD.fullmatch, words))
        and not any(word.lower().strip(".") in _NO_NAME_WORDS for word in words)
        and all(word in _PARTICLES or not word[0].islower() for word in words)
        and words[0] not in _PARTICLES
        and (name.isupper() or not any(_is_abbreviation(word) for word in words))
    )


def _is_abbreviation(word: str) -> bool:
    return len(word) > 2 and word.isupper() and "." not in word and word not in _SUFFIXES
