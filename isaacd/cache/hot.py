"""Which queries are asked again and again: decayed frequency and recency, counted in queries and not in hours."""

from heapq import nlargest, nsmallest

import msgspec

# After so many other queries, a sighting counts half, and a query is half as recent: a night or a holiday in
# between changes nothing.
_HALF_LIFE = 200
MAX_QUERIES = 5_000


class HotQuery(msgspec.Struct, frozen=True):
    """A query, how often it was asked in all, and how hot it is between 0 and 1."""

    query: str
    count: int
    score: float


class _Record(msgspec.Struct, array_like=True):
    count: int
    weight: float
    last: int


class HotQueries(msgspec.Struct, array_like=True):
    """The records of the queries, at most MAX_QUERIES; `now` counts all that were ever tracked."""

    records: dict[str, _Record] = {}
    now: int = 0

    def track(self, query: str) -> None:
        """Count a query."""
        self.now += 1
        found = self.records.get(query)
        if found is None:
            self.records[query] = _Record(1, 1.0, self.now)
            if len(self.records) > MAX_QUERIES:
                self._drop_coldest()
            return
        found.weight = self._decayed(found) + 1.0
        found.count += 1
        found.last = self.now

    def top(self, number: int, min_count: int, recency_weight: float) -> list[HotQuery]:
        """Return the hottest queries asked at least `min_count` times, the hottest first.

        The score is (1 - recency_weight) * decayed frequency, relative to the highest, + recency_weight * recency.
        """
        known = [(query, item) for query, item in self.records.items() if item.count >= min_count]
        most = max((self._decayed(item) for _, item in known), default=1.0)
        scored = (
            HotQuery(
                query,
                item.count,
                (1 - recency_weight) * self._decayed(item) / most + recency_weight * self._recency(item),
            )
            for query, item in known
        )
        return nlargest(number, scored, key=lambda hot: hot.score)

    def forget(self, query: str) -> None:
        """Forget a query."""
        self.records.pop(query, None)

    def _recency(self, item: _Record) -> float:
        return float(0.5 ** ((self.now - item.last) / _HALF_LIFE))

    def _decayed(self, item: _Record) -> float:
        return item.weight * self._recency(item)

    def _drop_coldest(self) -> None:
        coldest = nsmallest(
            MAX_QUERIES // 10, self.records.items(), key=lambda pair: (self._decayed(pair[1]), pair[1].last)
        )
        for query, _ in coldest:
            del self.records[query]
