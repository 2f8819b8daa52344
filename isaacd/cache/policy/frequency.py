"""How often keys were asked for of late, for policies that admit by frequency.

TinyLFU keeps this in a count-min sketch. In Python an exact table of hashes is faster and no larger at the sizes of
a cache in memory, and it makes no mistakes.
"""

_MAX_COUNT = 15
# As in TinyLFU: all counts are halved after this many requests for each place in the cache.
_SAMPLE_PER_PLACE = 10


class FrequencyTable:
    """Counts from 0 to 15, halved every ten requests a place; a key whose count falls to 0 is forgotten."""

    __slots__ = ("_counts", "_left", "_sample")

    def __init__(self, capacity: int) -> None:
        self._counts: dict[int, int] = {}
        self._sample = self._left = _SAMPLE_PER_PLACE * capacity

    def add(self, key: str, times: int) -> None:
        """Count requests."""
        mark = hash(key)
        count = self._counts.get(mark, 0)
        self._counts[mark] = min(_MAX_COUNT, count + times)
        self._left -= times
        if self._left <= 0:
            self._left = self._sample // 2
            self._counts = {mark: count >> 1 for mark, count in self._counts.items() if count > 1}

    def count(self, key: str) -> int:
        """Return how often the key was asked for."""
        return self._counts.get(hash(key), 0)
