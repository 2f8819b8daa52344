"""Collection: what is of no more use goes first, then what is cheapest to compute anew for each byte it takes."""

from collections.abc import Callable
from functools import partial
from operator import itemgetter

import aiosqlite
import msgspec

from isaacd.cache.sqlite.link import Link
from isaacd.cache.sqlite.statements import INFLATION

# Collection stops this far below the limit, so that the next write does not start it again.
_LOW_WATER = 0.9
_CHUNK_ROWS = 500
# An index by score would make every write and every reading dearer, only to tell the cheapest of all exactly.
_SAMPLE_ROWS = 1000
_SAMPLE = (
    "SELECT id, score, length(body) + 2 * length(key) + 100 FROM entry WHERE id {} ? ORDER BY id LIMIT ?"
)
_CHUNK_PAGES = 1000


class Collected(msgspec.Struct, frozen=True):
    """What one collection did."""

    expired: int = 0
    evicted: int = 0
    freed_bytes: int = 0


async def used_bytes(connection: aiosqlite.Connection) -> int:
    """Return how much of the file is in use."""
    found = [
        next(iter(await connection.execute_fetchall(f"PRAGMA {name}")))[0]
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return int((found[0] - found[1]) * found[2])


async def collect(
    link: Link,
    randbits: Callable[[int], int],
    *,
    now: float,
    max_bytes: int,
) -> Collected:
    """Bring the file below its limit, in short transactions so that other writers get in between."""
    connection = await link.connection()
    before_bytes = await used_bytes(connection)
    expired = evicted = 0
    while True:
        removed = await link.transaction(partial(_remove_dead, now=now))
        expired += removed
        if removed < _CHUNK_ROWS:
            break
    if await used_bytes(connection) > max_bytes:
        while (excess := await used_bytes(connection) - int(max_bytes * _LOW_WATER)) > 0:
            removed = await link.transaction(
                partial(_remove_cheapest, start=randbits(64) - 2**63, excess_bytes=excess)
            )
            evicted += removed
            if not removed:
                break
    if expired or evicted:
        await link.transaction(_remove_stale_tags)
    await connection.execute_fetchall(f"PRAGMA incremental_vacuum({_CHUNK_PAGES})")
    freed_bytes = before_bytes - await used_bytes(connection)
    return Collected(expired, evicted, max(0, freed_bytes))


async def _remove_dead(connection: aiosqlite.Connection, *, now: float) -> int:
    cursor = await connection.execute(
        "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE dies_at <= ? LIMIT ?)", (now, _CHUNK_ROWS)
    )
    removed: int = cursor.rowcount
    return removed


async def _remove_cheapest(connection: aiosqlite.Connection, *, start: int, excess_bytes: int) -> int:
    """Remove the cheapest of some entries; ids are hashes, so that neighbours from anywhere are a fair sample."""
    sample = list(await connection.execute_fetchall(_SAMPLE.format(">="), (start, _SAMPLE_ROWS)))
    if len(sample) < _SAMPLE_ROWS:
        sample += await connection.execute_fetchall(_SAMPLE.format("<"), (start, _SAMPLE_ROWS - len(sample)))
    rows = sorted(sample, key=itemgetter(1))[: max(1, len(sample) // 8)]
    chosen: list[tuple[int]] = []
    highest = 0.0
    for row_id, score, size_bytes in rows:
        if excess_bytes <= 0:
            break
        chosen.append((row_id,))
        highest = max(highest, score)
        excess_bytes -= size_bytes
    await connection.executemany("DELETE FROM entry WHERE id = ?", chosen)
    if not chosen:
        return 0
    await connection.execute(
        """INSERT INTO counter (name, value) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)""",
        (INFLATION, highest),
    )
    return len(chosen)


async def _remove_stale_tags(connection: aiosqlite.Connection) -> None:
    await connection.execute("DELETE FROM tag WHERE id NOT IN (SELECT id FROM entry)")
