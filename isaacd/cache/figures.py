"""What the cache counts, exactly: every request is one hit or one miss."""

from collections import Counter

import msgspec

from isaacd.cache.entry import Entry, StoreStats


class LevelStats(msgspec.Struct, frozen=True):
    """One level in memory; `size_bytes` is of the encoded values."""

    name: str
    capacity: int
    entries: int
    size_bytes: int


class CacheStats(msgspec.Struct, frozen=True):
    """All figures since the start.

    `hits` are by level ("L1", "L2", or the name of the store) and kind; `stale_hits` and `error_hits` are among
    them. `saved_usd` and `saved_s` are what the hits would have cost and how long they would have taken. `joined`
    are misses that waited for a computation that was already under way.
    """

    hits: dict[str, dict[str, int]]
    misses: int
    stale_hits: int
    error_hits: int
    saved_usd: float
    saved_s: float
    sets: int
    invalidated: int
    evictions: int
    computed: int
    joined: int
    refreshed: int
    failed: int
    voided: int
    levels: tuple[LevelStats, ...]
    stores: tuple[StoreStats, ...]

    @property
    def requests(self) -> int:
        """How many keys were asked for."""
        return self.misses + sum(sum(kinds.values()) for kinds in self.hits.values())

    @property
    def hit_rate(self) -> float:
        """The share of requests that were answered from any level; 0 without requests."""
        return 1 - self.misses / self.requests if self.requests else 0.0


class Tally:
    """The running counters behind `CacheStats`."""

    def __init__(self) -> None:
        self.hits: Counter[tuple[str, str]] = Counter()
        self.events: Counter[str] = Counter()
        self.saved_usd = 0.0
        self.saved_s = 0.0

    def hit(self, level: str, entry: Entry, times: int = 1) -> None:
        """Count hits on one entry and what they saved."""
        self.hits[level, entry.kind] += times
        self.saved_usd += entry.cost * times
        self.saved_s += entry.took_s * times

    def stats(self, levels: tuple[LevelStats, ...], stores: tuple[StoreStats, ...]) -> CacheStats:
        """Return the figures as of now."""
        hits: dict[str, dict[str, int]] = {}
        for (level, kind), count in self.hits.items():
            hits.setdefault(level, {})[kind] = count
        names = (
            "misses", "stale_hits", "error_hits", "sets", "invalidated", "evictions", "computed", "joined",
            "refreshed", "failed", "voided",
        )  # fmt: skip
        counts = {name: self.events[name] for name in names}
        return CacheStats(
            hits=hits, saved_usd=self.saved_usd, saved_s=self.saved_s, levels=levels, stores=stores, **counts
        )
