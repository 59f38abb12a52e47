"""Language tags: which are registered, what was meant by others, and which way they are written."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from feedsvc.languages import is_right_to_left, language_tag, nearest_tag
from feedsvc.model.labels import PLACEHOLDERS, Label, Labels, make_labels
from tests.conftest import Site, record


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"), ("EN", "en"), ("en-us", "en-US"), ("pt-BR", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"),
        ("de-1901", "de-1901"), ("ca-valencia", "ca-valencia"), ("sl-rozaj-biske", "sl-rozaj-biske"), ("ckb", "ckb"),
        ("iw", "iw"), ("zh-yue", "zh-yue"), ("und", "und"), ("x-Mine", "x-mine"), ("en-x-MINE", "en-x-mine"),
    ],
)  # fmt: skip
def test_a_registered_tag_is_written_in_its_usual_case(written: str, tag: str) -> None:
    assert language_tag(written) == tag


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("cn", "zh"), ("jp", "ja"), ("gr", "el"), ("dk", "da"), ("vn", "vi"), ("us", "en"), ("english", "en"), ("English (US)", "en"),
        ("Deutsch", "de"), ("français", "fr"), ("हिन्दी", "hi"), ("中文", "zh"), ("Simplified Chinese", "zh"), ("en_US", "en-US"),
        ("en_US.UTF-8", "en-US"), ("sr_RS@latin", "sr-RS"), ("en-UK", "en-GB"), ("eng", "en"), ("ger", "de"), ("pt-brazil", "pt"),
        ("de-Aaaa", "de"), ("en-foo12", "en"), ("i-klingon", "tlh"), ("en ", "en"),
        ("xx", None), ("", None), ("-", None), ("python", None), ("12", None), ("en-" * 40, None), ("x" * 10**6, None), ("root", None),
    ],
)  # fmt: skip
def test_a_tag_that_is_not_registered_is_refused_with_the_nearest(written: str, nearest: str | None) -> None:
    with pytest.raises(ValueError, match="expected a language tag such as en or pt-BR") as raised:
        language_tag(written)
    assert nearest_tag(written) == nearest
    assert str(raised.value).endswith(f"; did you mean {nearest}?" if nearest else "pt-BR")


def test_the_registry_is_loaded_for_rare_tags_alone() -> None:
    code = "import sys; from feedsvc.languages import language_tag; language_tag('de'); assert 'langcodes' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "tag", ["ar", "ar-EG", "he", "iw", "fa-IR", "ur", "ps", "sd", "ug", "yi", "dv", "ckb", "pa-Arab-PK", "en-Hebr"]
)
def test_languages_and_scripts_that_are_written_from_right_to_left(tag: str) -> None:
    assert is_right_to_left(tag)


@pytest.mark.parametrize("tag", ["en", "ja", "ar-Latn", "az", "pa", "ku-Latn", "zh-Hant", "en-x-arab", "x-ar"])
def test_languages_and_scripts_that_are_written_from_left_to_right(tag: str) -> None:
    assert not is_right_to_left(tag)


@pytest.mark.parametrize(
    "language", ["en", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt-BR", "ru", "zh", "zh-Hant", "zh-TW"]
)
def test_a_language_has_words_for_each_label_with_its_placeholder(language: str) -> None:
    labels = make_labels(language, {})
    for name in Labels.__struct_fields__[:-1]:
        label: Label = getattr(labels, name)
        assert label.language == language
        assert label.text.count("{") == (name in PLACEHOLDERS)
        assert PLACEHOLDERS.get(name, "") in label.text
        assert "<x>{name}" in label.filled("<x>{name}") or name not in PLACEHOLDERS
    words = (labels.related, labels.coverage, labels.stories_about, labels.stories_by, labels.topics, labels.providers)
    assert len(set(words)) == len(words)


def test_chinese_has_words_in_both_scripts() -> None:
    by_tag = {
        tag: make_labels(tag, {}).related.text for tag in ("zh", "zh-CN", "zh-Hans-HK", "zh-Hant", "zh-TW", "zh-HK")
    }
    assert by_tag == dict(zip(by_tag, ("相关文章",) * 3 + ("相關文章",) * 3, strict=True))


def test_a_language_without_words_has_english_ones_and_those_that_are_configured() -> None:
    labels = make_labels("ar", {"related": "مقالات ذات صلة"})
    assert labels.related == Label("مقالات ذات صلة", "ar")
    assert labels.more == Label("and {number} more", "en")


@pytest.mark.parametrize("language", ["English", "jp", "eng"])
def test_a_story_whose_language_is_not_registered_stays(make_site: Callable[..., Site], language: str) -> None:
    site = make_site({"1.md": record(language=language)})
    assert b"<title>" in site.body("/feed.rss").partition(b"<item>")[2]
    assert site.body("/feed.atom").count(b"xml:lang") == 1
