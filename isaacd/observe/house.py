"""What `status --full` shows beyond the usual: nothing of it is computed before somebody asks."""

import asyncio
import resource
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from isaacd.cache.figures import CacheStats
from isaacd.context import CommandTimes, HouseCard, PluginCard
from isaacd.observe.lag import LoopLag
from isaacd.trace import Tally

_MOST = 8


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What is described; `rooms` are those that are in use."""

    tallies: Mapping[str, Tally]
    lag: LoopLag | None
    plugins: Sequence[PluginCard]
    rooms: tuple[str, ...]
    cache: CacheStats | None
    lines_dropped: int


def describe(house: House) -> HouseCard:
    """Describe it now."""
    most = sorted(house.tallies.items(), key=lambda item: -item[1].seconds)[:_MOST]
    lag, cache = house.lag, house.cache
    return HouseCard(
        loop_lag_ms=0.0 if lag is None else round(lag.last_s * 1000, 3),
        worst_loop_lag_ms=0.0 if lag is None else round(lag.worst_s * 1000, 3),
        peak_rss_kib=_peak_rss_kib(),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
        open_files=_open_files(),
        plugins=dict(sorted(Counter(card.state for card in house.plugins).items())),
        commands=tuple(
            CommandTimes(
                command=name,
                count=tally.count,
                failed=tally.failed,
                mean_ms=round(tally.seconds / max(tally.count, 1) * 1000, 3),
            )
            for name, tally in most
        ),
        rooms=house.rooms,
        cache_hits=0 if cache is None else sum(sum(kinds.values()) for kinds in cache.hits.values()),
        cache_misses=0 if cache is None else cache.misses,
        lines_dropped=house.lines_dropped,
    )


def _peak_rss_kib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def _open_files() -> int:
    """Count the descriptors; 0 where that cannot be known."""
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1  # without the one that looks
    except OSError:
        return 0
