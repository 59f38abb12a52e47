"""What is kept as far as memory allows."""

from feedsvc.kept import Kept


def test_what_was_used_longest_ago_goes_first() -> None:
    kept: Kept[str, bytes] = Kept(30, len)
    for key in "abc":
        kept.keep(key, bytes(10))
    assert kept.get("a")
    kept.keep("d", bytes(10))
    assert [key for key in "abcd" if kept.get(key)] == ["a", "c", "d"]
    kept.keep("e", bytes(25))
    assert [key for key in "abcde" if kept.get(key)] == ["e"]


def test_what_is_too_large_is_not_kept() -> None:
    kept: Kept[str, bytes] = Kept(30, len)
    kept.keep("a", bytes(31))
    assert kept.get("a") is None
    kept.keep("b", bytes(30))
    assert kept.get("b")


def test_a_value_that_is_kept_twice_counts_once() -> None:
    kept: Kept[str, bytes] = Kept(30, len)
    for _ in range(3):
        kept.keep("a", bytes(15))
    kept.keep("b", bytes(15))
    assert kept.get("a")
    assert kept.get("b")
