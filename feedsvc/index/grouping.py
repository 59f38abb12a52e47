"""Groups the primary stories into clusters: a story with those that cover the same event, each in exactly one.

In the order of time, ties by URL: a record joins the earliest founder among the earlier records that it lists or that
list it, within a week; but not one that is full. If there is none, it is a founder itself. So nothing joins through a
third one.

Whether a record joins depends on earlier ones alone. A change computes those that it reaches, earliest first, and goes
on from a record to later ones where these may now do otherwise: so clusters depend on the records, never on history.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from feedsvc.index.database import Connection

#: Seconds between a record and one that joins it, at most.
WINDOW = 7 * 86_400
#: The records that join a founder at most.
MOST_JOINED = 100
#: The records whose neighbours are read together.
_TOGETHER = 200

#: Its time and URL, by which records are ordered.
_Key: TypeAlias = tuple[int, str]

#: All records that are neighbours: the later one of two, with its time, and the earlier one, in the order of both.
_ALL_PAIRS = f"""
    SELECT
        CASE WHEN pair.is_later THEN pair.published ELSE pair.other_published END AS published,
        CASE WHEN pair.is_later THEN pair.url ELSE pair.other END AS later,
        CASE WHEN pair.is_later THEN pair.other ELSE pair.url END AS earlier
    FROM (
        SELECT a.published, a.url, b.published AS other_published, b.url AS other,
            (a.published, a.url) > (b.published, b.url) AS is_later
        FROM stories b JOIN occurrences m ON m.url = b.url AND m.position > 0
        JOIN stories a ON a.url = m.mentioned_by AND a.is_primary
        WHERE b.is_primary AND a.url != b.url
            AND a.published BETWEEN b.published - {WINDOW} AND b.published + {WINDOW}
    ) pair
    ORDER BY published, later, CASE WHEN pair.is_later THEN pair.other_published ELSE pair.published END, earlier
"""
#: The neighbours of records, each with the founder that it has joined before the change.
_NEIGHBOURS = f"""
    SELECT s.url, n.published, n.url, j.founder
    FROM (
        SELECT mentioned_by AS url, url AS other FROM occurrences WHERE mentioned_by = ANY(?)
        UNION SELECT url, mentioned_by FROM occurrences WHERE url = ANY(?) AND position > 0
    ) pair
    JOIN stories s ON s.url = pair.url AND s.is_primary
    JOIN stories n ON n.url = pair.other AND n.is_primary
    LEFT JOIN joined j ON j.url = n.url
    WHERE n.url != s.url AND n.published BETWEEN s.published - {WINDOW} AND s.published + {WINDOW}
"""
#: Founders that are full, of which a record that changed may leave.
_FULL = """
    SELECT founder FROM joined
    WHERE founder IN (SELECT founder FROM joined WHERE url IN (SELECT url FROM affected))
    GROUP BY founder HAVING count(*) >= ?
"""


class Grouping:
    """Computes which records join which founder."""

    def __init__(self, connection: Connection, is_first: bool) -> None:
        self._connection = connection
        self._is_first = is_first
        #: The founders of records that have joined one: before the change, as far as known; and where it differs since.
        self.before: dict[str, str] = {}
        self.after: dict[str, str | None] = {}
        #: The records to compute, as a heap; and all that were ever in it.
        self._queue: list[_Key] = []
        self._queued: set[str] = set()
        #: Neighbours of records that come soon.
        self._neighbours: dict[str, list[_Key]] = {}
        #: Those that have joined a founder.
        self._members: dict[str, set[_Key]] = defaultdict(set)

    def run(self) -> None:
        """Compute all records that the change reaches."""
        if self._is_first:
            self._compute_all()
            return
        sql = "SELECT published, url FROM stories WHERE is_primary AND url IN (SELECT url FROM affected)"
        self._queue = [(published, url) for published, url in self._connection.execute(sql)]
        self._queued = {url for _, url in self._queue}
        heapify(self._queue)
        full = [founder for (founder,) in self._connection.execute(_FULL, (MOST_JOINED,))]
        self._read(full)
        for founder in full:
            self._push(self._neighbours.pop(founder))
        while self._queue:
            self._compute(heappop(self._queue))

    def _compute_all(self) -> None:
        """Compute all records, none of which has joined any yet: what is asked of earlier ones is known by then."""
        for published, url, founder in self._connection.execute(_ALL_PAIRS):
            key = published, url
            if url not in self.after and self._is_founder(founder) and not self._is_full(founder, key):
                self._members[founder].add(key)
                self.after[url] = founder

    def _compute(self, key: _Key) -> None:
        _, url = key
        if url not in self._neighbours:  # the beginning of a heap has its smallest keys, or nearly so
            self._read([url, *(other for _, other in self._queue[:_TOGETHER])])
        neighbours = self._neighbours.pop(url)
        earlier = sorted(other for other in neighbours if other < key)
        new = next((each for _, each in earlier if self._is_founder(each) and not self._is_full(each, key)), None)
        old = self.before.get(url)
        if old:
            self._members[old].discard(key)
        if new:
            self._members[new].add(key)
        if new == old:
            return
        self.after[url] = new
        reached = neighbours if not (old and new) else []
        for founder in (old, new):
            if founder and len(self._members[founder]) + (founder == old) >= MOST_JOINED:
                if founder not in self._neighbours:
                    self._read([founder])
                reached = [*reached, *self._neighbours[founder]]
        self._push(other for other in reached if other > key)

    def _push(self, keys: Iterable[_Key]) -> None:
        for key in keys:
            if key[1] not in self._queued:
                self._queued.add(key[1])
                heappush(self._queue, key)

    def _is_founder(self, url: str) -> bool:
        return not (self.after[url] if url in self.after else self.before.get(url))

    def _is_full(self, founder: str, key: _Key) -> bool:
        """Return whether no record at a key can join a founder."""
        members = self._members[founder]
        return len(members) >= MOST_JOINED and sum(member < key for member in members) >= MOST_JOINED

    def _read(self, urls: Iterable[str]) -> None:
        """Read the neighbours of records, their founders, and which have joined those."""
        wanted = [url for url in urls if url not in self._neighbours]
        self._neighbours |= {url: [] for url in wanted}
        founders = set()
        for url, published, other, founder in self._connection.execute(_NEIGHBOURS, [wanted, wanted]):
            self._neighbours[url].append((published, other))
            founders.add(other)
            if founder:
                self.before[other] = founder
        own = self._connection.execute("SELECT url, founder FROM joined WHERE url = ANY(?)", [wanted])
        self.before.update(own)
        founders.update(self.before[url] for url in wanted if url in self.before)
        unknown = founders - self._members.keys()
        joined = self._connection.execute(
            "SELECT j.founder, s.published, s.url FROM joined j JOIN stories s ON s.url = j.url AND s.is_primary "
            "WHERE j.founder = ANY(?)",
            [list(unknown)],
        )
        for founder in unknown:
            self._members[founder] = set()
        for founder, *key in joined:
            self._members[founder].add(tuple(key))
