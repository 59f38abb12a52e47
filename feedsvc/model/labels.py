"""The words that feeds themselves show. To add a language, add a row to `_WORDS`."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct


class Label(NamedTuple):
    """Words that feeds show."""

    #: With a placeholder in braces, where a number or name belongs.
    text: str
    #: The tag of the language that they are in.
    language: str

    def filled(self, value: object) -> str:
        """Return the words with a value in place of the placeholder."""
        return re.sub("{[a-z]+}", lambda _: str(value), self.text)


class Labels(Struct, frozen=True):
    """The words that the feeds of a site show, in its language where that is known."""

    #: The heading of an entry's links to related stories.
    related: Label
    #: The heading of the coverage that belongs to a cluster.
    coverage: Label
    #: The end of a list of links that is cut.
    more: Label
    #: The descriptions of the feeds of a topic and a provider.
    stories_about: Label
    stories_by: Label
    #: The headings of the list of feeds.
    everything: Label
    topics: Label
    providers: Label
    custom: Label
    #: The description of a site that has none.
    description: Label
    #: What stands after a heading.
    colon: str


#: The placeholder of each label that has one.
PLACEHOLDERS = {"more": "{number}", "stories_about": "{name}", "stories_by": "{name}"}

#: The words of each language, in the order of Labels. ":" is the colon.
_WORDS = {
    "en": ("Related stories", "More coverage", "and {number} more",
           "Stories about {name}", "Stories by {name}",
           "Everything", "Topics", "Providers", "Custom", "Articles and their related stories", ":"),
    "de": ("Verwandte Artikel", "Weitere Berichte", "und {number} weitere",
           "Artikel zum Thema {name}", "Artikel von {name}",
           "Alles", "Themen", "Quellen", "Eigene Auswahl", "Artikel und verwandte Artikel", ":"),
    "es": ("Artículos relacionados", "Más cobertura", "y {number} más",
           "Artículos sobre {name}", "Artículos de {name}",
           "Todo", "Temas", "Fuentes", "Selecciones", "Artículos y artículos relacionados", ":"),
    "fr": ("Articles liés", "Autres articles sur ce sujet", "et {number} de plus",
           "Articles sur le thème «\xa0{name}\xa0»", "Articles publiés par {name}",
           "Tout", "Thèmes", "Sources", "Sélections", "Des articles et ceux qui leur sont liés", "\xa0:"),
    "it": ("Articoli correlati", "Altri articoli sul tema", "e altri {number}",
           "Articoli su {name}", "Articoli di {name}",
           "Tutto", "Argomenti", "Fonti", "Selezioni", "Articoli e articoli correlati", ":"),
    "ja": ("関連記事", "ほかの報道", "ほか{number}件",
           "「{name}」に関する記事", "{name}の記事",
           "すべて", "トピック", "配信元", "カスタム", "記事とその関連記事", "\uff1a"),
    "ko": ("관련 기사", "다른 보도", "외 {number}건",
           "“{name}” 관련 기사", "{name}의 기사",
           "전체", "주제", "출처", "맞춤", "기사와 관련 기사", ":"),
    "nl": ("Gerelateerde artikelen", "Meer berichtgeving", "en nog {number}",
           "Artikelen over {name}", "Artikelen van {name}",
           "Alles", "Onderwerpen", "Bronnen", "Selecties", "Artikelen en gerelateerde artikelen", ":"),
    "pl": ("Powiązane artykuły", "Więcej na ten temat", "i jeszcze {number}",
           "Artykuły na temat „{name}”", "Artykuły z serwisu {name}",
           "Wszystko", "Tematy", "Źródła", "Wybrane", "Artykuły i artykuły powiązane", ":"),
    "pt": ("Artigos relacionados", "Mais cobertura", "e mais {number}",
           "Artigos sobre {name}", "Artigos de {name}",
           "Tudo", "Temas", "Fontes", "Seleções", "Artigos e artigos relacionados", ":"),
    "ru": ("Материалы по теме", "Ещё по теме", "и ещё {number}",
           "Статьи по теме «{name}»", "Статьи издания «{name}»",
           "Всё", "Темы", "Источники", "Подборки", "Статьи и материалы по теме", ":"),
    "zh": ("相关文章", "更多报道", "另有 {number} 篇",
           "“{name}”相关文章", "{name} 发布的文章",
           "全部", "主题", "来源", "自定义", "文章及其相关文章", "\uff1a"),
    "zh-Hant": ("相關文章", "更多報導", "另有 {number} 篇",
                "「{name}」相關文章", "{name} 發布的文章",
                "全部", "主題", "來源", "自訂", "文章及其相關文章", "\uff1a"),
}  # fmt: skip
#: Where Chinese is written in traditional characters, if the tag has no script.
_TRADITIONAL = ("TW", "HK", "MO")


def make_labels(language: str, configured: Mapping[str, str]) -> Labels:
    """Return the labels of a site: those that are configured, which are in its language, and else built-in ones.

    language: the tag of its language. Where there are no words in it, they are English.
    """
    known = _known(language)
    *words, colon = _WORDS[known or "en"]
    built_in = zip(Labels.__struct_fields__, words, strict=False)
    labels = {name: Label(text, language if known else "en") for name, text in built_in}
    labels.update({name: Label(text, language) for name, text in configured.items()})
    return Labels(**labels, colon=colon)


def _known(language: str) -> str | None:
    """Return the tag of the words in a language, or None."""
    primary, *subtags = language.split("-")
    is_traditional = "Hant" in subtags or ("Hans" not in subtags and any(tag in subtags for tag in _TRADITIONAL))
    tag = "zh-Hant" if primary == "zh" and is_traditional else primary
    return tag if tag in _WORDS else None
