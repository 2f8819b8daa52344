"""The rows of conversations, within a transaction that somebody else has begun."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import Mapping, Sequence
from typing import Any

import aiosqlite
import msgspec

from isaacd.ai.chat import Message
from isaacd.chats.index import Index
from isaacd.chats.schema import CHAT_COLUMNS, PATH, TURN_COLUMNS
from isaacd.chats.turn import Chat, Extras, Settings, Source, Turn, extras_of
from isaacd.errors import NotFound


class NewTurn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A turn to be written; without a `number` it gets the next one. In a Copy, `parent` is the number that it follows."""

    at: float
    role: str
    content: str
    extras: Extras = Extras()
    source: Source = Source()
    number: int | None = None
    parent: int | None = None

    @classmethod
    def of(cls, message: Message, source: Source, at: float, files: Sequence[str] = ()) -> "NewTurn":
        """Make one of a message."""
        return cls(
            at=at, role=message.role, content=message.content, extras=extras_of(message, files), source=source
        )


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a conversation, in which turns are known by their numbers; each comes after its parent.

    `begun` is when it began, if that was elsewhere.
    """

    turns: Sequence[NewTurn]
    head: int | None
    summaries: Mapping[int, str] = {}
    begun: float | None = None


async def read(
    connection: aiosqlite.Connection, sql: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    return [tuple(row) for row in await connection.execute_fetchall(sql, parameters)]


async def names(connection: aiosqlite.Connection) -> set[str]:
    """Return all names that are taken."""
    return {row[0] for row in await read(connection, "SELECT name FROM chats")}


async def current(connection: aiosqlite.Connection, chat: Chat) -> Chat:
    """Return the conversation as it is now; raises NotFound if it was deleted meanwhile."""
    found = await read(connection, f"SELECT {CHAT_COLUMNS} FROM chats WHERE id = ?", (chat.id,))
    if not found:
        raise NotFound(f"the conversation {chat.name!r} was deleted meanwhile", hint="begin a new one")
    return Chat.of(found[0])


async def insert(
    connection: aiosqlite.Connection, name: str, settings: Settings, now: float, begun: float | None = None
) -> Chat:
    """Begin a conversation under a name that is free; one from elsewhere has `begun` earlier."""
    row = (
        name,
        now if begun is None else begun,
        now,
        None,
        settings.role,
        settings.model,
        settings.system,
        settings.temperature,
    )
    # Not RETURNING: SQLite has it from 3.35 on, and there are older ones around.
    inserted = await connection.execute_insert(
        f"INSERT INTO chats ({CHAT_COLUMNS}) VALUES (NULL{', ?' * 8})", row
    )
    assert inserted is not None
    return Chat.of((inserted[0], *row))


async def append(connection: aiosqlite.Connection, chat: int, parent: int | None, new: NewTurn) -> Turn:
    """Write a turn behind another one."""
    number = new.number
    if number is None:
        highest = "SELECT coalesce(max(number), 0) + 1 FROM turns WHERE chat = ?"
        ((number,),) = await read(connection, highest, (chat,))
    packed = msgspec.json.encode(new.extras).decode() if new.extras != Extras() else None
    # Halves of surrogate pairs, as in the names of some files, cannot be stored.
    content = new.content.encode(errors="replace").decode()
    row = (chat, number, parent, new.at, new.role, content, packed, *msgspec.structs.astuple(new.source))
    inserted = await connection.execute_insert(
        f"INSERT INTO turns ({TURN_COLUMNS}) VALUES (NULL{', ?' * 14})", row
    )
    assert inserted is not None
    return Turn.of((inserted[0], *row))


async def point(connection: aiosqlite.Connection, chat: int, head: int | None, now: float) -> None:
    """Move a conversation's head."""
    await connection.execute(
        "UPDATE chats SET head = ?, used_at = max(used_at, ?) WHERE id = ?", (head, now, chat)
    )


async def copied(connection: aiosqlite.Connection, chat: Chat, at: int | None) -> Copy:
    """Return a copy of the way to the turn `at`; raises NotFound if that is not in this conversation."""
    turns = [Turn.of(row) for row in await read(connection, PATH, (at,))] if at is not None else []
    if at is not None and (not turns or turns[-1].chat != chat.id):
        raise NotFound(f"{chat.name} has no such turn")
    numbers = {turn.id: turn.number for turn in turns}
    kept = await read(
        connection,
        "SELECT turn, text FROM summaries JOIN turns ON turns.id = turn WHERE turns.chat = ?",
        (chat.id,),
    )
    return Copy(
        turns=[again(turn, numbers) for turn in turns],
        head=turns[-1].number if turns else None,
        summaries={numbers[turn]: text for turn, text in kept if turn in numbers},
    )


async def fill(connection: aiosqlite.Connection, index: Index, chat: Chat, copy: Copy, now: float) -> Chat:
    """Put turns into an empty conversation."""
    ids: dict[int, int] = {}
    for new in copy.turns:
        parent = None if new.parent is None else ids[new.parent]
        added = await append(connection, chat.id, parent, new)
        ids[added.number] = added.id
    for number, text in copy.summaries.items():
        await connection.execute("INSERT INTO summaries VALUES (?, ?, ?)", (ids[number], now, text))
    if ids:
        await index.added(connection, chat.id, min(ids.values()))
    head = None if copy.head is None else ids[copy.head]
    await point(connection, chat.id, head, now)
    return msgspec.structs.replace(chat, head=head)


def again(turn: Turn, numbers: Mapping[int, int]) -> NewTurn:
    """Return a turn as a new one with the same number; `numbers` are those of turns by their ids."""
    return NewTurn(
        at=turn.at,
        role=turn.role,
        content=turn.content,
        extras=turn.extras,
        source=turn.source,
        number=turn.number,
        parent=None if turn.parent is None else numbers[turn.parent],
    )
