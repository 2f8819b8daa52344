"""What can be told about a shelf: the shapes of the answers of the `cache` commands."""

from typing import Any

import msgspec

from isaacd.cache.figures import CacheStats
from isaacd.cache.hot import HotQuery

ASKED = "asked"


class Sum(msgspec.Struct):
    """Answers of one kind on one day; `usd` is what they saved, or cost if they were asked for.

    `unpriced` are those whose price is not known: they count nothing in `usd`, which is not to say nothing.
    """

    count: int = 0
    usd: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    unpriced: int = 0


class Day(msgspec.Struct, frozen=True):
    """One day's answers by kind: asked, exact, slot, knowledge."""

    day: str
    kinds: dict[str, Sum]

    @property
    def hits(self) -> int:
        """How many answers were not asked for."""
        return sum(item.count for kind, item in self.kinds.items() if kind != ASKED)

    @property
    def total(self) -> int:
        """How many answers there were."""
        return sum(item.count for item in self.kinds.values())


class Item(msgspec.Struct, frozen=True):
    """One kept value, as people see it; `expires_s` counts from now."""

    key: str
    kind: str
    age_s: float
    expires_s: float | None
    size_bytes: int
    tags: tuple[str, ...]
    value: Any = None


class Report(msgspec.Struct, frozen=True):
    """All figures: the cache's since the daemon's start, and the book of savings by day."""

    cache: CacheStats
    days: tuple[Day, ...]
    hot: tuple[HotQuery, ...]
    troubles: tuple[str, ...]


class Collected(msgspec.Struct, frozen=True):
    """What cleaning removed."""

    expired: int = 0
    evicted: int = 0
    freed_bytes: int = 0


class Finding(msgspec.Struct, frozen=True):
    """One thing that was examined."""

    what: str
    ok: bool
    detail: str


class Moved(msgspec.Struct, frozen=True):
    """How many entries came in, how many were of no more use, and how many lines were no entries."""

    kept: int
    expired: int
    refused: int
