"""Each kind of write as statements inside a transaction that somebody else begins and ends."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import aiosqlite
import msgspec

from isaacd.cache.backlog import Batch, Wipe
from isaacd.cache.entry import Entry
from isaacd.cache.glob import known_prefix, matcher
from isaacd.cache.row import Damaged, body_of, checksum, key_bytes, key_id, key_text, span_of
from isaacd.cache.sqlite.schema import BEGINNING
from isaacd.cache.sqlite.worth import dies_at, price_of

# The score that the last collected entries had; newer scores build on it, so that what was once popular ages.
INFLATION = b"\x00inflation"
_PUT = """INSERT INTO entry (id, key, crc, dies_at, score, hits, price, tags, body) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET key = excluded.key, crc = excluded.crc, dies_at = excluded.dies_at,
    score = excluded.score + hits * excluded.price, hits = hits + 1, price = excluded.price, tags = excluded.tags,
    body = excluded.body"""
_TOUCH = "UPDATE entry SET hits = hits + ?, score = ? + (hits + ?) * price WHERE id = ?"
SPAN = f"FROM entry WHERE {BEGINNING} >= ? AND {BEGINNING} < ? AND key >= ? AND key < ?"
_LISTED_KEYS = 256
_KEPT_CHANGES = 1000
_CHUNK_KEYS = 5000


async def write_batch(
    connection: aiosqlite.Connection, batch: Batch, writer: int, *, inflation: float, max_age_s: float
) -> None:
    """Put and remove what the batch says."""
    puts = [entry for entry in batch.changes.values() if entry is not None]
    removed = [key for key, entry in batch.changes.items() if entry is None]
    # Generators, so that the rows are made in the connection's thread and not on the loop.
    if removed:
        ids = ((key_id(raw), raw) for raw in map(key_bytes, removed))
        await connection.executemany("DELETE FROM entry WHERE id = ? AND key = ?", ids)
    if puts:
        await connection.executemany(_PUT, _rows(puts, inflation, max_age_s))
    tagged = [(key_bytes(tag), key_id(key_bytes(entry.key))) for entry in puts for tag in entry.tags]
    if tagged:
        await connection.executemany("INSERT OR IGNORE INTO tag (tag, id) VALUES (?, ?)", tagged)
    await note_change(connection, writer, list(batch.changes))


def _rows(puts: Iterable[Entry], inflation: float, max_age_s: float) -> Iterator[tuple[object, ...]]:
    for entry in puts:
        raw = key_bytes(entry.key)
        body = body_of(entry)
        price = price_of(entry)
        tags = msgspec.msgpack.encode(entry.tags) if entry.tags else None
        died = dies_at(entry, max_age_s)
        yield key_id(raw), raw, checksum(raw, body), died, inflation + price, price, tags, body


async def note_change(connection: aiosqlite.Connection, writer: int, keys: Sequence[str] | None) -> None:
    """Tell other processes which keys are not what they were; many, or None, is all."""
    listed = None
    if keys is not None and len(keys) <= _LISTED_KEYS:
        listed = msgspec.msgpack.encode([key_bytes(key) for key in keys])
    added = await connection.execute("INSERT INTO change (writer, keys) VALUES (?, ?)", (writer, listed))
    sequence = added.lastrowid or 0
    if sequence % (_KEPT_CHANGES // 10) == 0:
        await connection.execute("DELETE FROM change WHERE seq <= ?", (sequence - _KEPT_CHANGES,))


async def write_touched(
    connection: aiosqlite.Connection, touched: Mapping[int, int], inflation: float
) -> None:
    """Add which rows were read how often."""
    rows = ((times, inflation, times, row_id) for row_id, times in touched.items())
    await connection.executemany(_TOUCH, rows)


async def read_inflation(connection: aiosqlite.Connection) -> float:
    """Return the score that a new entry starts from."""
    found = await connection.execute_fetchall("SELECT value FROM counter WHERE name = ?", (INFLATION,))
    return float(next(iter(found))[0]) if found else 0.0


async def wipe(connection: aiosqlite.Connection, order: Wipe, *, writer: int, now: float) -> int:
    """Remove what a wipe covers; return how many entries that were still of use."""
    if order.kind == "all":
        removed = await _remove_span(connection, "", now)
        await connection.execute("DELETE FROM tag")
    elif order.kind == "prefix":
        removed = await _remove_span(connection, order.text, now)
    elif order.kind == "glob":
        removed = await _remove_glob(connection, order.text, now)
    else:
        removed = await _remove_tag(connection, order.text, now)
    await note_change(connection, writer, None)
    return removed


async def _remove_span(connection: aiosqlite.Connection, prefix: str, now: float) -> int:
    span = span_of(prefix)
    await connection.execute(f"DELETE {SPAN} AND dies_at <= ?", (*span, now))
    cursor = await connection.execute(f"DELETE {SPAN}", span)
    removed: int = cursor.rowcount
    return removed


async def _remove_glob(connection: aiosqlite.Connection, glob: str, now: float) -> int:
    matches = matcher(glob)
    chosen: list[int] = []
    removed = 0
    async with connection.execute(f"SELECT key, id, dies_at {SPAN}", span_of(known_prefix(glob))) as cursor:
        while rows := list(await cursor.fetchmany(_CHUNK_KEYS)):
            taken = [row for row in rows if _matches(row[0], matches)]
            chosen.extend(row[1] for row in taken)
            removed += sum(row[2] is None or row[2] > now for row in taken)
    await _remove_ids(connection, chosen)
    return removed


def _matches(raw: bytes, matches: Callable[[str], bool]) -> bool:
    try:
        return matches(key_text(raw))
    except Damaged:
        return True


async def _remove_tag(connection: aiosqlite.Connection, tag: str, now: float) -> int:
    rows = await connection.execute_fetchall(
        "SELECT entry.id, entry.tags, entry.dies_at FROM tag JOIN entry ON entry.id = tag.id WHERE tag.tag = ?",
        (key_bytes(tag),),
    )
    chosen = [row for row in rows if row[1] is not None and tag in msgspec.msgpack.decode(row[1])]
    await _remove_ids(connection, [row[0] for row in chosen])
    await connection.execute("DELETE FROM tag WHERE tag = ?", (key_bytes(tag),))
    return sum(row[2] is None or row[2] > now for row in chosen)


async def _remove_ids(connection: aiosqlite.Connection, ids: Iterable[int]) -> None:
    await connection.executemany("DELETE FROM entry WHERE id = ?", [(row_id,) for row_id in ids])
