"""`feedsvc feeds` on a terminal: columns that fit it, by the width of what is shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.cli.columns import cut, display_width, in_columns
from tests.cli.commands import shown_on_terminal
from tests.conftest import record


def test_a_terminal_gets_columns_that_fit_it_and_whole_addresses(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.md").write_text(
        record(topics="[人工知能と社会の未来, Law and order in the land of plenty]")
    )
    assert shown_on_terminal("feeds", cwd=tmp_path, columns=200).splitlines()[:3] == [
        "Addresses begin with http://127.0.0.1:8000; also as .rss, .json",
        "STORIES  FEED                                 ADDRESS",
        "      1  feedsvc                              /feed.atom",
    ]
    assert shown_on_terminal("feeds", cwd=tmp_path, columns=80).splitlines()[1:] == [
        "STORIES  FEED                   ADDRESS",
        "      1  feedsvc                /feed.atom",
        "      1  Law and order in the…  /topics/law-and-order-in-the-land-of-plenty.atom",
        "      1  人工知能と社会の未来   /topics/人工知能と社会の未来.atom",
        "      1  a.example              /providers/a-example.atom",
    ]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("cafe\u0301s", 5, "cafe\u0301s"),
        ("cafe\u0301s", 4, "caf…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_a_text_is_cut_by_the_columns_that_it_takes(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@given(
    st.lists(st.tuples(st.text("1,", min_size=1, max_size=7), st.text(), st.text("/ab日", max_size=90)), min_size=1),
    st.integers(1, 300),
)
def test_lines_are_no_wider_than_the_terminal_unless_an_address_needs_it(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    numbers = max(len(number) for number, _, _ in rows)
    names = max(display_width(name) for _, name, _ in rows)
    for line, (_, name, address) in zip(in_columns(rows, width), rows, strict=True):
        assert line.endswith(f"  {address}")
        least = numbers + 4 + min(20, names) + max(display_width(each) for _, _, each in rows)
        assert display_width(line) <= max(width, least)
        if numbers + 4 + names + max(display_width(each) for _, _, each in rows) <= width:
            assert name in line
