"""The first sentence of an excerpt, in the scripts of the world."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.formats.sentences import MAX_SENTENCE, first_sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("Is it? Yes!", "Is it?"),
        ("No! Yes.", "No!"),
        ("Well… Perhaps.", "Well…"),
        ('He said "no." Then he left.', 'He said "no."'),
        ("Er sagte: „Nein.“ Dann ging er.", "Er sagte: „Nein.“ Dann ging er."),
        ("Il dit : « Non ! » Puis il part.", "Il dit : « Non !"),
        ("Спорили долго. Потом ушли.", "Спорили долго."),
        ("これは文です。次の文です。", "これは文です。"),
        ("なに？！ほんとう。", "なに？！"),
        ("「なぜ？」と彼は尋ねた。次の文。", "「なぜ？」と彼は尋ねた。"),
        ("他走了！然后呢？", "他走了！"),
        ("هل وصل؟ نعم.", "هل وصل؟"),
        ("وہ آیا۔ پھر گیا۔", "وہ آیا۔"),
        ("बिल पास हुआ। अब क्या?", "बिल पास हुआ।"),
        ("회의가 끝났다. 다음은?", "회의가 끝났다."),
    ],
)  # fmt: skip
def test_a_sentence_ends_as_its_script_ends_it(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "George W. Bush and J.K. Rowling met.",
        "The U.S. Senate voted.",
        "It costs 3.5 dollars.",
        "Version 2.0.1 is out.",
        "Am 13. Juni kam er.",
        "Yahoo! bought it.",
        "Inc. and etc. are short.",
        "See example.com for more.",
        "Dr. Who met Mrs. Hughes.",
        "Wait... what?",
    ],
)
def test_other_full_stops_do_not_end_a_sentence(sentence: str) -> None:
    assert first_sentence(f"{sentence} The next one.") == sentence


@pytest.mark.parametrize("text", ["", "x", "No end of a sentence", "日本語", "Ends in a title: Dr."])
def test_a_text_without_an_end_is_the_sentence(text: str) -> None:
    assert first_sentence(text) == text


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("word, " * 100, "word, " * 32 + "word…"),
        ("x" * 300, "x" * 199 + "…"),
        ("日" * 300, "日" * 199 + "…"),
        ("AI " + "日" * 300, "AI " + "日" * 196 + "…"),
        ("e\u0301" * 200, "e\u0301" * 99 + "…"),
        ("\U0001f469\u200d\U0001f469" * 100, "\U0001f469\u200d\U0001f469" * 66 + "…"),
        ("a" + "\u0301" * 300, "a…"),
    ],
)
def test_a_longer_sentence_is_cut_after_a_word_or_a_character(text: str, cut: str) -> None:
    assert first_sentence(text) == cut


@given(st.text('aB9. !?…。」"日\u0301\u200d', max_size=250).map(lambda text: " ".join(text.split())))
def test_a_first_sentence_is_the_beginning_of_its_text(text: str) -> None:
    sentence = first_sentence(text)
    assert len(sentence) <= MAX_SENTENCE
    assert bool(sentence) == bool(text)
    assert text.startswith(sentence) or (sentence.endswith("…") and text.startswith(sentence[:-1]))
    assert len(text) > MAX_SENTENCE or text.startswith(sentence)
