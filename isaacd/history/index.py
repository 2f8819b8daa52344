"""The full-text index of all lines (SQLite FTS5); where SQLite has none, every line is looked through."""

import aiosqlite

from isaacd.database import Database

_MAKE = """CREATE VIRTUAL TABLE IF NOT EXISTS lines_fts USING fts5(
    text, content = 'lines', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
)"""


class Index:
    """Finds lines by their words."""

    def __init__(self, database: Database, *, use_fts: bool = True) -> None:
        self._database = database
        self._use_fts = use_fts
        self._ready: bool | None = None

    async def ready(self) -> bool:
        """Make sure that the index is there and complete; False if this SQLite has no FTS5."""
        if self._ready is None:
            # Asked for first: a statement that SQLite calls wrong would pass for a damaged file.
            modules = await self._database.read("PRAGMA module_list") if self._use_fts else []
            self._ready = any(row[0] == "fts5" for row in modules)
            if self._ready:
                await self._database.write(self._make)
        return self._ready

    async def added(self, connection: aiosqlite.Connection, since: int) -> None:
        """Take the lines whose id is above `since` into the index."""
        if not self._ready:
            await connection.execute("INSERT OR REPLACE INTO notes VALUES ('unindexed', '1')")
            return
        # The file may have been replaced since `ready`, by a new one without an index.
        if not await self._make(connection):
            await connection.execute(
                "INSERT INTO lines_fts (rowid, text) SELECT id, text FROM lines WHERE id > ?", (since,)
            )

    async def removing_unused(self, connection: aiosqlite.Connection) -> None:
        """Take lines that nobody has run out of the index, and rewrite it, so that no word of them stays."""
        if not self._ready:
            return
        await connection.execute(
            "INSERT INTO lines_fts (lines_fts, rowid, text) SELECT 'delete', id, text FROM lines WHERE uses <= 0"
        )
        await connection.execute("INSERT INTO lines_fts (lines_fts) VALUES ('optimize')")

    async def _make(self, connection: aiosqlite.Connection) -> bool:
        """Make the index of all lines, if it is not there, or not complete; say whether it had to be made."""
        tables = await connection.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'lines_fts'")
        notes = await connection.execute_fetchall("SELECT 1 FROM notes WHERE key = 'unindexed'")
        if list(tables) and not list(notes):
            return False
        await connection.execute(_MAKE)
        await connection.execute("INSERT INTO lines_fts (lines_fts) VALUES ('rebuild')")
        await connection.execute("DELETE FROM notes WHERE key = 'unindexed'")
        return True
