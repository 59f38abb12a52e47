"""A cache of what was used lately, bounded by bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """Values by key, of which the least recently used are dropped when there is too much. Threads may share it.

    max_bytes: of all values. size_of: returns the bytes of a value, about. That of `cachetools` takes several times as
    long, which a build would feel.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._values: OrderedDict[K, V] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """Return a value, or None."""
        try:
            self._values.move_to_end(key)
            return self._values[key]
        except KeyError:  # or another thread dropped it at this moment
            return None

    def put(self, key: K, value: V) -> None:
        """Add a value, unless there is one with the key."""
        with self._lock:
            if key in self._values:  # since another thread was faster
                return
            self._values[key] = value
            self._size += self._size_of(value)
            while self._size > self._max_bytes:
                _, dropped = self._values.popitem(last=False)
                self._size -= self._size_of(dropped)
