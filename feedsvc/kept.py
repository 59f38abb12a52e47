"""Keeps what was used lately, as far as memory allows."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key, of which those that were used longest ago go when there is too much. Threads may share it.

    most: the bytes of all values. size_of: returns those of a value, about. `cachetools`, whose LRUCache does the same,
    takes several times as long, which a build would feel.
    """

    def __init__(self, most: int, size_of: Callable[[V], int]) -> None:
        self._most = most
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

    def keep(self, key: K, value: V) -> None:
        """Keep a value that wasn't kept."""
        with self._lock:
            if key in self._values:  # since another thread was faster
                return
            self._values[key] = value
            self._size += self._size_of(value)
            while self._size > self._most:
                _, dropped = self._values.popitem(last=False)
                self._size -= self._size_of(dropped)
