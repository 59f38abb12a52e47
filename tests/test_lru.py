"""The cache that is bounded by bytes."""

from feedsvc.lru import LRUCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: LRUCache[str, bytes] = LRUCache(30, len)
    for key in "abc":
        cache.put(key, bytes(10))
    assert cache.get("a")
    cache.put("d", bytes(10))
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
    cache.put("e", bytes(25))
    assert [key for key in "abcde" if cache.get(key)] == ["e"]


def test_what_is_too_large_is_not_kept() -> None:
    cache: LRUCache[str, bytes] = LRUCache(30, len)
    cache.put("a", bytes(31))
    assert cache.get("a") is None
    cache.put("b", bytes(30))
    assert cache.get("b")


def test_a_value_that_is_put_twice_counts_once() -> None:
    cache: LRUCache[str, bytes] = LRUCache(30, len)
    for _ in range(3):
        cache.put("a", bytes(15))
    cache.put("b", bytes(15))
    assert cache.get("a")
    assert cache.get("b")
