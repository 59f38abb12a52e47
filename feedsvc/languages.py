"""Language tags (BCP 47), for records and configuration: which are registered, and which are written right to left."""

import re
from functools import lru_cache

_EXPECTED = "expected a language tag such as en or pt-BR"

#: Longer ones are refused before they are parsed.
_MAX_TAG = 100
#: The names of languages in English and in themselves, by which people write them where a tag is expected.
_NAMES = {
    "ar": "arabic العربية", "bg": "bulgarian български", "bn": "bengali বাংলা", "ca": "catalan català",
    "cs": "czech čeština", "da": "danish dansk", "de": "german deutsch", "el": "greek ελληνικά", "en": "english",
    "es": "spanish español castellano", "et": "estonian eesti", "eu": "basque euskara", "fa": "persian farsi فارسی",
    "fi": "finnish suomi", "fr": "french français", "ga": "irish gaeilge", "gl": "galician galego",
    "he": "hebrew עברית", "hi": "hindi हिन्दी", "hr": "croatian hrvatski", "hu": "hungarian magyar",
    "id": "indonesian", "is": "icelandic íslenska", "it": "italian italiano", "ja": "japanese 日本語",
    "ka": "georgian ქართული", "ko": "korean 한국어", "lt": "lithuanian lietuvių", "lv": "latvian latviešu",
    "ms": "malay melayu", "nb": "bokmål", "nl": "dutch nederlands", "no": "norwegian norsk", "pl": "polish polski",
    "pt": "portuguese português", "ro": "romanian română", "ru": "russian русский", "sk": "slovak slovenčina",
    "sl": "slovenian slovene slovenščina", "sr": "serbian српски srpski", "sv": "swedish svenska",
    "sw": "swahili kiswahili", "ta": "tamil தமிழ்", "th": "thai ไทย", "tr": "turkish türkçe",
    "uk": "ukrainian українська", "ur": "urdu اردو", "vi": "vietnamese", "zh": "chinese mandarin 中文",
}  # fmt: skip
_BY_NAME = {name: tag for tag, names in _NAMES.items() for name in names.split()}
#: Languages and scripts that are written from right to left.
_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "lrc", "mzn", "ps", "sd", "syr", "ug", "ur", "yi")
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset(("Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"))


def language_tag(value: str) -> str:
    """Return a language tag whose subtags are registered (RFC 5646), in its usual case: en-us is en-US.

    Raise ValueError, whose message names the nearest tag where there is one: cn is a region, whose language is zh.
    """
    # Most are one of these, and the registry takes a while to load.
    return value if value in _NAMES else _registered_tag(value)


@lru_cache(256)
def _registered_tag(value: str) -> str:
    tag = _parse(value)
    if tag:
        return tag
    near = nearest_tag(value)
    raise ValueError(f"{_EXPECTED}; did you mean {near}?" if near else _EXPECTED)


def _parse(value: str) -> str | None:
    """Return the tag that a text is, in its usual case; None if a subtag isn't registered."""
    from langcodes import Language  # takes a while to load
    from langcodes.tag_parser import LanguageTagError

    if len(value) > _MAX_TAG or not re.fullmatch("[A-Za-z0-9-]+", value):
        return None
    try:
        language = Language.get(value, normalize=False)
    except LanguageTagError:
        return None
    if not language.is_valid():
        return None
    tag = language.to_tag()
    return tag if tag.lower() == value.lower() else value.lower()  # it sorts variants, whose order says something


@lru_cache(256)
def nearest_tag(value: str) -> str | None:
    """Return the tag that must be meant by a text that is none: a name, a locale, an alias, the code of a country."""
    from langcodes import Language, standardize_tag
    from langcodes.tag_parser import LanguageTagError

    if len(value) > _MAX_TAG:
        return None
    for word in re.split(r"[\s()/,_-]+", value.lower()):
        if word in _BY_NAME:
            return _BY_NAME[word]
    locale = re.split("[.@]", value.strip())[0].replace("_", "-")  # en_US.UTF-8
    subtags = locale.split("-")
    for end in range(len(subtags), 0, -1):
        part = "-".join(subtags[:end])
        if tag := _parse(part):
            return tag
        try:  # eng and en-UK are aliases that are not registered
            tag = _parse(standardize_tag(part))
        except LanguageTagError:
            continue
        if tag and tag != "und":
            return tag
    country = Language.make(territory=locale.upper())
    is_country = re.fullmatch("(?!aa|q[m-z]|x|zz)[a-z]{2}", locale.lower()) and country.is_valid()
    return country.maximize().language if is_country else None


@lru_cache(256)
def is_right_to_left(tag: str) -> bool:
    """Return whether the language of a tag is written from right to left, by its script or else its language."""
    language, *rest = re.split("-[a-z0-9]-", tag, flags=re.IGNORECASE)[0].split("-")  # without extensions
    scripts = [subtag for subtag in rest if len(subtag) == 4 and subtag.isalpha()]
    return scripts[0].title() in _RIGHT_TO_LEFT_SCRIPTS if scripts else language.lower() in _RIGHT_TO_LEFT
