"""The letters that a long list of names is grouped by."""

import pytest

from feedsvc.formats.initials import by_initial, initial
from feedsvc.model import FeedAddress, FeedSummary


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("forbes", "F"), ("Élan", "E"), ("“The Daily”", "T"), (".NET", "N"), ("9to5Mac", "#"), ("٣ أخبار", "#"), ("!?", "#"), ("", "#"),
        ("ßeta", "S"), ("ǆ", "D"), ("Œuvre", "Œ"), ("новости", "Н"), ("Ёлка", "Е"), ("Ώρα", "Ω"), ("عرب", "ع"), ("أخبار", "ا"), ("ידיעות", "י"),
        ("हिन्दी", "ह"), ("한겨레", "ㅎ"), ("カメラ", "か"), ("がんばれ", "か"), ("日本経済新聞", "漢字"), ("人民日报", "漢字"), ("ｆullwidth", "F"), ("🚀 Space", "S"),
    ],
)  # fmt: skip
def test_a_name_is_listed_under_its_first_letter_in_any_script(name: str, letter: str) -> None:
    assert initial(name) == letter


def test_names_are_in_order_under_their_letters_and_others_come_last() -> None:
    names = ("9to5", "écho", "Zeit", "echo", "Bild", "Eco", "日経", "人民")
    feeds = [FeedSummary(FeedAddress("providers", str(number)), name, 1) for number, name in enumerate(names)]
    assert [(letter, [feed.name for feed in some]) for letter, some in by_initial(feeds)] == [
        ("B", ["Bild"]),
        ("E", ["écho", "echo", "Eco"]),
        ("Z", ["Zeit"]),
        ("漢字", ["人民", "日経"]),
        ("#", ["9to5"]),
    ]
