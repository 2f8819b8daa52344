"""Where a plugin's state lies: one SQLite file for each plugin, so that none waits for another or takes its room."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aiosqlite
import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.database import Database, Schema
from isaacd.database.database import Row
from isaacd.errors import QuotaExceeded
from isaacd.log import Log

QUOTA_BYTES = 16 * 1024 * 1024
SCHEMA = Schema(
    what="the state of a plugin",
    number=16,
    versions=(
        (
            "CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
            "CREATE TABLE used (bytes INTEGER NOT NULL)",
            "INSERT INTO used VALUES (0)",
            "CREATE TRIGGER added AFTER INSERT ON state BEGIN"
            " UPDATE used SET bytes = bytes + length(CAST(new.key AS BLOB)) + length(new.value); END",
            "CREATE TRIGGER removed AFTER DELETE ON state BEGIN"
            " UPDATE used SET bytes = bytes - length(CAST(old.key AS BLOB)) - length(old.value); END",
            "CREATE TRIGGER changed AFTER UPDATE ON state BEGIN"
            " UPDATE used SET bytes = bytes + length(new.value) - length(old.value); END",
        ),
    ),
)
_SET = "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class StateFile:
    """Keeps the state of `plugin` in `file` (the port StateKeeper); it opens itself, and may be closed at any time."""

    def __init__(
        self, plugin: str, file: Path, *, clock: Clock, log: Log, quota_bytes: int = QUOTA_BYTES
    ) -> None:
        self.turn = anyio.Lock()
        self._plugin = plugin
        self._file = file
        self._quota_bytes = quota_bytes
        schema = msgspec.structs.replace(SCHEMA, what=f"the state of the plugin {plugin}")
        self._database = Database(file, schema, clock=clock, log=log)

    async def load(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those keys that have one."""
        found: dict[str, bytes] = {}
        for key in keys:
            for (value,) in await self._read("SELECT value FROM state WHERE key = ?", (key,)):
                found[key] = bytes(value)
        return found

    async def scan(self, prefix: str, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Return up to `limit` keys that begin with `prefix` and come after `after`, in order, with their values."""
        rows = await self._read(
            "SELECT key, value FROM state WHERE key > ? AND key >= ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?",
            (after, prefix, len(prefix), prefix, limit),
        )
        return [(str(key), bytes(value)) for key, value in rows]

    async def apply(self, expected: Mapping[str, bytes | None], changes: Mapping[str, bytes | None]) -> bool:
        """Make all changes if all that is expected is so; raises QuotaExceeded over the quota."""

        async def step(connection: aiosqlite.Connection) -> bool:
            for key, value in expected.items():
                rows = await connection.execute_fetchall("SELECT value FROM state WHERE key = ?", (key,))
                if next((bytes(row[0]) for row in rows), None) != value:
                    return False
            before = await _used(connection)
            for key, value in changes.items():
                if value is None:
                    await connection.execute("DELETE FROM state WHERE key = ?", (key,))
                else:
                    await connection.execute(_SET, (key, value))
            after = await _used(connection)
            if after > self._quota_bytes and after > before:  # what makes room is never refused
                raise QuotaExceeded(
                    f"the state of the plugin {self._plugin} would take {after} bytes, and {self._quota_bytes} is the most",
                    hint="let the plugin delete what it no longer needs, or keep it in context.database(...)",
                )
            return True

        return await self._database.write(step)

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()

    async def _read(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """Read, unless there is nothing to read: who only looks makes no file."""
        return await self._database.read(sql, parameters) if self._file.exists() else []


async def _used(connection: aiosqlite.Connection) -> int:
    (row,) = await connection.execute_fetchall("SELECT bytes FROM used")
    return int(row[0])
