"""Notes on disk: private, searched by their words, and nothing of a deleted one left behind."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import AsyncGenerator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from isaac_plugins.notes.note import Found, Note, check_tags, check_text
from isaacd.api import NotFound, Schema

if TYPE_CHECKING:
    from isaacd.api import Database

_INDEX = "notes_fts"
_AROUND_CHARS = 70

SCHEMA = Schema(
    what="the file of notes",
    number=201,
    versions=(
        (
            """CREATE TABLE notes (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                text TEXT NOT NULL,
                created_at REAL NOT NULL,
                changed_at REAL NOT NULL
            )""",
            """CREATE TABLE tags (
                note INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
                tag TEXT NOT NULL,
                PRIMARY KEY (note, tag)
            ) WITHOUT ROWID""",
            "CREATE INDEX tags_by_tag ON tags (tag)",
        ),
    ),
)


class NoteStore:
    """All notes of a person; `use_fts` False does without the index, as where SQLite has none."""

    def __init__(self, database: "Database", *, use_fts: bool = True) -> None:
        self._database = database
        self._use_fts = use_fts

    async def add(
        self, text: str, tags: Sequence[str], now: float, *, created_at: float | None = None
    ) -> Note:
        """Keep a note; it is on disk when this returns. Raises InvalidParams for an empty or very long one."""
        text, wanted = check_text(text), check_tags(tags)
        indexed = await self._indexed()

        async def step(connection: Any) -> int:
            cursor = await connection.execute(
                "INSERT INTO notes (text, created_at, changed_at) VALUES (?, ?, ?)",
                (text, now if created_at is None else created_at, now),
            )
            note = int(cursor.lastrowid)
            await _tag(connection, note, wanted)
            if indexed:
                await _index(connection, note)
            return note

        return await self.note(await self._database.write(step))

    async def note(self, number: int) -> Note:
        """Return one note; raises NotFound."""
        found = await self._notes("WHERE id = ?", (number,)) if 0 < number < 2**63 else []
        if found:
            return found[0]
        near = await self._notes("ORDER BY id DESC LIMIT 3")
        named = ", ".join(f"{note.id} ({note.title[:30]})" for note in near)
        raise NotFound(
            f"there is no note {number}",
            hint=f"the newest are {named}" if named else "there is none yet; isaacctl notes add keeps one",
        )

    async def notes(self, *, tags: Sequence[str] = (), limit: int = -1) -> list[Note]:
        """Return the notes that have all these tags, the one changed last first."""
        wanted = check_tags(tags)
        for tag in wanted:
            await self._known(tag)
        where = " AND ".join(["id IN (SELECT note FROM tags WHERE tag = ?)"] * len(wanted)) or "1"
        return await self._notes(f"WHERE {where} ORDER BY changed_at DESC, id DESC LIMIT ?", (*wanted, limit))

    async def every(self) -> AsyncGenerator[Note, None]:
        """Give all notes in the order of their numbers, a few at a time."""
        last = 0
        while found := await self._notes("WHERE id > ? ORDER BY id LIMIT 100", (last,)):
            for note in found:
                yield note
            last = found[-1].id

    async def change(self, number: int, now: float, *, text: str) -> Note:
        """Give a note another text."""
        text = check_text(text)
        await self.note(number)
        indexed = await self._indexed()

        async def step(connection: Any) -> None:
            if indexed:
                await _unindex(connection, number)
            await connection.execute(
                "UPDATE notes SET text = ?, changed_at = ? WHERE id = ?", (text, now, number)
            )
            if indexed:
                await _index(connection, number)

        await self._database.write(step)
        return await self.note(number)

    async def tag(self, number: int, add: Sequence[str], remove: Sequence[str]) -> Note:
        """Add and remove tags of a note."""
        adding, removing = check_tags(add), check_tags(remove)
        await self.note(number)
        for tag in removing:
            await self._known(tag)

        async def step(connection: Any) -> None:
            await connection.executemany(
                "DELETE FROM tags WHERE note = ? AND tag = ?", [(number, tag) for tag in removing]
            )
            await _tag(connection, number, adding)

        await self._database.write(step)
        return await self.note(number)

    async def tags(self) -> list[tuple[str, int]]:
        """Return all tags with how many notes have each, the most used first."""
        rows = await self._database.read(
            "SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY count(*) DESC, tag"
        )
        return [(tag, count) for tag, count in rows]

    async def delete(self, numbers: Sequence[int]) -> int:
        """Delete notes, all or none, from the index and the write-ahead log too; raises NotFound."""
        for number in numbers:
            await self.note(number)
        indexed = await self._indexed()

        async def step(connection: Any) -> None:
            for number in numbers:
                if indexed:
                    await _unindex(connection, number)
                await connection.execute("DELETE FROM notes WHERE id = ?", (number,))
            if indexed:
                # Else its words would stay in the index's older segments.
                await connection.execute(f"INSERT INTO {_INDEX} ({_INDEX}) VALUES ('optimize')")

        await self._database.write(step)
        await self._database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(numbers)

    async def search(self, words: Sequence[str], *, limit: int, every: bool = True) -> list[Found]:
        """Return the notes that have all words (or with `every` False any of them), best first.

        The last word may be the beginning of one. What is typed is never read as a query language.
        """
        words = [word for word in (word.replace("\0", "") for word in words) if word.strip()]
        if not words:
            return []
        if await self._indexed():
            quoted = [f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words]
            rows = await self._database.read(
                f"SELECT rowid, snippet({_INDEX}, 0, '**', '**', '…', 24) FROM {_INDEX} WHERE {_INDEX} MATCH ? "
                "ORDER BY rank, rowid DESC LIMIT ?",
                ((" " if every else " OR ").join(quoted) + "*", limit),
            )
            if rows:
                return [
                    Found(note=await self.note(row[0]), excerpt=" ".join(str(row[1]).split())) for row in rows
                ]
        # Parts of words, and languages without blanks between them.
        where = (" AND " if every else " OR ").join(["text LIKE ? ESCAPE '\\'"] * len(words))
        found = await self._notes(
            f"WHERE {where} ORDER BY changed_at DESC, id DESC LIMIT ?",
            (*(f"%{_escaped(word)}%" for word in words), limit),
        )
        return [Found(note=note, excerpt=_around(note.text, words)) for note in found]

    async def _notes(self, rest: str, values: Sequence[object] = ()) -> list[Note]:
        rows = await self._database.read(
            "SELECT id, text, created_at, changed_at, (SELECT json_group_array(tag) FROM "
            f"(SELECT tag FROM tags WHERE note = id ORDER BY tag)) FROM notes {rest}",
            values,
        )
        return [
            Note(
                id=row[0],
                text=row[1],
                created_at=row[2],
                changed_at=row[3],
                tags=msgspec.json.decode(row[4], type=tuple[str, ...]),
            )
            for row in rows
        ]

    async def _known(self, tag: str) -> None:
        names = [name for name, _ in await self.tags()]
        if tag not in names:
            near = get_close_matches(tag, names, 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "see: isaacctl notes tags"
            raise NotFound(f"no note has the tag {tag!r}", hint=hint)

    async def _indexed(self) -> bool:
        """Make sure that the index is there; False if this SQLite has no FTS5."""
        if not self._use_fts:
            return False
        rows = await self._database.read(
            "SELECT (SELECT count(*) FROM sqlite_master WHERE name = ?), "
            "(SELECT count(*) FROM pragma_module_list WHERE name = 'fts5')",
            (_INDEX,),
        )
        made, known = rows[0]
        if not made and known:
            await self._database.write(_make_index)
        return bool(known)


async def _make_index(connection: Any) -> None:
    await connection.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {_INDEX} USING fts5("
        "text, content = 'notes', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2')"
    )
    await connection.execute(f"INSERT INTO {_INDEX} ({_INDEX}) VALUES ('rebuild')")


async def _index(connection: Any, note: int) -> None:
    await connection.execute(
        f"INSERT INTO {_INDEX} (rowid, text) SELECT id, text FROM notes WHERE id = ?", (note,)
    )


async def _unindex(connection: Any, note: int) -> None:
    await connection.execute(
        f"INSERT INTO {_INDEX} ({_INDEX}, rowid, text) SELECT 'delete', id, text FROM notes WHERE id = ?",
        (note,),
    )


async def _tag(connection: Any, note: int, tags: Sequence[str]) -> None:
    await connection.executemany(
        "INSERT OR IGNORE INTO tags (note, tag) VALUES (?, ?)", [(note, tag) for tag in tags]
    )


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _around(text: str, words: Sequence[str]) -> str:
    """Return some text around the first place of the first word that is there."""
    folded = text.lower()
    places = [(folded.find(word.lower()), len(word)) for word in words]
    at, length = next(((at, length) for at, length in places if at >= 0), (0, 0))
    start, end = max(0, at - _AROUND_CHARS), at + length + _AROUND_CHARS
    middle = f"{text[start:at]}**{text[at : at + length]}**{text[at + length : end]}"
    return ("…" if start else "") + " ".join(middle.split()) + ("…" if end < len(text) else "")
