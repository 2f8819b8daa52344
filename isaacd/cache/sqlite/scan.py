"""Reads that go through aiosqlite: large values, and everything in order, a little at a time."""

from collections.abc import AsyncIterator, Iterator

from isaacd.cache.glob import known_prefix
from isaacd.cache.row import Damaged, key_id, key_text, span_of
from isaacd.cache.sqlite.link import Link
from isaacd.cache.sqlite.statements import SPAN

_CHUNK_ROWS = 32
_BODIES = "SELECT key, crc, body FROM entry WHERE seq IN ({})"


async def read_large(link: Link, raw_key: bytes) -> tuple[object, object] | None:
    """Return checksum and body of a key."""
    connection = await link.connection()
    rows = await connection.execute_fetchall(
        "SELECT key, crc, body FROM entry WHERE id = ?", (key_id(raw_key),)
    )
    for key, crc, body in rows:
        if key == raw_key:
            return crc, body
    return None


async def rows_of(link: Link, glob: str) -> AsyncIterator[tuple[str, bytes, object, object]]:
    """Give key, its bytes, checksum and body of all rows that may match now, in the order they came.

    No transaction stays open between two steps, so that a slow consumer keeps nobody waiting.
    """
    connection = await link.connection()
    wanted = await connection.execute_fetchall(f"SELECT seq {SPAN} ORDER BY seq", span_of(known_prefix(glob)))
    for chunk in _chunks([row[0] for row in wanted]):
        marks = ",".join("?" * len(chunk))
        for raw, crc, body in await connection.execute_fetchall(_BODIES.format(marks), chunk):
            try:
                yield key_text(raw), raw, crc, body
            except Damaged:
                continue


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    """Give the numbers in chunks whose rows fit into memory even if they are large."""
    for start in range(0, len(numbers), _CHUNK_ROWS):
        yield numbers[start : start + _CHUNK_ROWS]
