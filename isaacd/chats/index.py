"""The full-text index of all turns (SQLite FTS5); where SQLite has none, every turn is looked through."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import Sequence

import aiosqlite
import msgspec

from isaacd.chats.cards import Found
from isaacd.database import Database

_TABLE = "turns_fts"
_MAKE = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {_TABLE} USING fts5(
    content, content = 'turns', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
)"""
_COLUMNS = "chats.name, turns.number, turns.role, turns.at"
_FROM = "turns JOIN chats ON chats.id = turns.chat"
_AROUND_CHARS = 60


class Index:
    """Finds turns by their words. What a person types is never read as a query language."""

    def __init__(self, database: Database, *, use_fts: bool = True) -> None:
        self._database = database
        self._use_fts = use_fts
        self._ready: bool | None = None

    async def ready(self) -> bool:
        """Make sure that the index is there and complete; False if this SQLite has no FTS5."""
        if self._ready is None:
            # Asked for first: a statement that SQLite calls wrong would pass for a damaged file.
            modules = await self._database.read("PRAGMA module_list") if self._use_fts else []
            if any(row[0] == "fts5" for row in modules):
                await self._database.write(self._make)
                self._ready = True
            else:
                self._ready = False
        return self._ready

    async def added(self, connection: aiosqlite.Connection, chat: int, since: int) -> None:
        """Take the turns of a conversation whose id is `since` or higher into the index."""
        if not self._ready:
            await connection.execute("INSERT OR REPLACE INTO notes VALUES ('unindexed', '1')")
            return
        await connection.execute(
            f"INSERT INTO {_TABLE} (rowid, content) SELECT id, content FROM turns WHERE chat = ? AND id >= ?",
            (chat, since),
        )

    async def removing(self, connection: aiosqlite.Connection, chat: int) -> None:
        """Take the turns of a conversation out, and rewrite the index, so that no word of them stays in the file."""
        if not self._ready:
            return
        await connection.execute(
            f"INSERT INTO {_TABLE} ({_TABLE}, rowid, content) SELECT 'delete', id, content FROM turns WHERE chat = ?",
            (chat,),
        )
        await connection.execute(f"INSERT INTO {_TABLE} ({_TABLE}) VALUES ('optimize')")

    async def find(self, text: str, limit: int) -> list[Found]:
        """Return the turns that have all words, best first; the last word may be the beginning of one."""
        words = text.replace("\0", " ").split()
        if not words:
            return []
        if await self.ready():
            rows = await self._database.read(
                f"SELECT {_COLUMNS}, snippet({_TABLE}, 0, '**', '**', '…', 24) FROM {_TABLE} "
                f"JOIN turns ON turns.id = {_TABLE}.rowid JOIN chats ON chats.id = turns.chat "
                f"WHERE {_TABLE} MATCH ? ORDER BY rank, turns.id DESC LIMIT ?",
                (_query(words), limit),
            )
            if rows:
                return [_found(row) for row in rows]
        # Parts of words, and languages without blanks between them.
        where = " AND ".join(["turns.content LIKE ? ESCAPE '\\'"] * len(words))
        rows = await self._database.read(
            f"SELECT {_COLUMNS}, turns.content FROM {_FROM} WHERE {where} ORDER BY turns.id DESC LIMIT ?",
            (*(f"%{_escaped(word)}%" for word in words), limit),
        )
        return [_found((*row[:-1], _around(row[-1], words[0]))) for row in rows]

    async def _make(self, connection: aiosqlite.Connection) -> None:
        tables = await connection.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,))
        notes = await connection.execute_fetchall("SELECT 1 FROM notes WHERE key = 'unindexed'")
        if list(tables) and not list(notes):
            return
        await connection.execute(_MAKE)
        await connection.execute(f"INSERT INTO {_TABLE} ({_TABLE}) VALUES ('rebuild')")
        await connection.execute("DELETE FROM notes WHERE key = 'unindexed'")


def _query(words: Sequence[str]) -> str:
    """Quote every word, so that no sign of the query language is one."""
    quoted = [f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words]
    return " ".join(quoted) + "*"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _around(content: str, word: str) -> str:
    """Return some text around the first place of a word."""
    at = content.lower().find(word.lower())
    if at < 0:
        return content[: 2 * _AROUND_CHARS]
    start, end = max(0, at - _AROUND_CHARS), at + len(word) + _AROUND_CHARS
    middle = f"{content[start:at]}**{content[at : at + len(word)]}**{content[at + len(word) : end]}"
    return ("…" if start else "") + middle + ("…" if end < len(content) else "")


def _found(row: Sequence[object]) -> Found:
    chat, number, role, at, text = row
    return msgspec.convert(
        {"chat": chat, "turn": number, "role": role, "at": at, "text": " ".join(str(text).split())}, Found
    )
