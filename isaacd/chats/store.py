"""ChatStore: conversations in one SQLite file. Turns are written once; a conversation is a pointer into their tree."""

# ruff: noqa: S608 - only our own names are put into statements; values are parameters

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiosqlite
import msgspec

from isaacd.ai.chat import Message
from isaacd.chats import rows
from isaacd.chats.cards import Found, Listed
from isaacd.chats.index import Index
from isaacd.chats.names import check_free, check_name, free, made_of, unknown
from isaacd.chats.rows import Copy, NewTurn
from isaacd.chats.schema import CHAT_COLUMNS, PATH, SCHEMA, TURN_COLUMNS
from isaacd.chats.turn import Chat, Settings, Source, Turn
from isaacd.clock import Clock
from isaacd.database import Database
from isaacd.errors import NotFound
from isaacd.log import Log


class Added(msgspec.Struct, frozen=True):
    """A turn that was added, and the conversation it went to: another one (`branched`) if the first had gone on."""

    turn: Turn
    chat: Chat
    branched: bool = False


class ChatStore:
    """All conversations of a person.

    Each method is one transaction. A turn is added behind the turn that the caller has seen last. If another client
    has gone on from there meanwhile, the conversation branches: the turn begins a new one with the same beginning.
    """

    def __init__(self, file: Path, *, clock: Clock, log: Log | None = None, use_fts: bool = True) -> None:
        self._database = Database(file, SCHEMA, clock=clock, log=log)
        self._clock = clock
        self._index = Index(self._database, use_fts=use_fts)
        self._under_way: set[int | None] = set()

    @property
    def notices(self) -> list[str]:
        """What the person has to know of the file, such as that a damaged one was moved aside."""
        return self._database.notices

    async def answers(self) -> None:
        """Come back as soon as the file has answered."""
        await self._database.answers()

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()

    async def create(self, name: str | None, settings: Settings = Settings(), *, about: str = "") -> Chat:  # noqa: B008
        """Begin a conversation; without a name it gets one made of `about`. InvalidParams if the name is taken."""
        await self._index.ready()

        async def step(connection: aiosqlite.Connection) -> Chat:
            names = await rows.names(connection)
            found = free(made_of(about), names) if name is None else check_free(name, names)
            return await rows.insert(connection, found, settings, self._clock.now())

        return await self._database.write(step)

    async def find(self, name: str) -> Chat:
        """Return the conversation of that name; raises NotFound."""
        found = await self._database.read(f"SELECT {CHAT_COLUMNS} FROM chats WHERE name = ?", (name.strip(),))
        if not found:
            names = await self._database.read("SELECT name FROM chats ORDER BY used_at DESC LIMIT 1000")
            raise unknown(name, [row[0] for row in names])
        return Chat.of(found[0])

    async def latest(self) -> Chat | None:
        """Return the conversation that was used last."""
        found = await self._database.read(
            f"SELECT {CHAT_COLUMNS} FROM chats ORDER BY used_at DESC, id DESC LIMIT 1"
        )
        return Chat.of(found[0]) if found else None

    async def listed(self, limit: int) -> list[Listed]:
        """Return the conversations used last."""
        found = await self._database.read(
            """SELECT name, used_at, role, model,
                (SELECT count(*) FROM turns WHERE chat = chats.id AND turns.role = 'user'),
                (SELECT substr(content, 1, 200) FROM turns WHERE chat = chats.id AND turns.role = 'user'
                 ORDER BY number DESC LIMIT 1)
            FROM chats ORDER BY used_at DESC, id DESC LIMIT ?""",
            (limit,),
        )
        return [
            Listed(
                name=name, used_at=used_at, role=role, model=model, asked=asked, last_question=question or ""
            )
            for name, used_at, role, model, asked, question in found
        ]

    async def path(self, chat: Chat) -> list[Turn]:
        """Return the turns from the first one to the conversation's head."""
        return [Turn.of(row) for row in await self._database.read(PATH, (chat.head,))] if chat.head else []

    async def turns(self, chat: Chat) -> list[Turn]:
        """Return all turns, those of other branches too, in the order in which they were added."""
        found = await self._database.read(
            f"SELECT {TURN_COLUMNS} FROM turns WHERE chat = ? ORDER BY number", (chat.id,)
        )
        return [Turn.of(row) for row in found]

    async def add(
        self,
        chat: Chat,
        message: Message,
        source: Source = Source(),  # noqa: B008 - frozen
        files: Sequence[str] = (),
    ) -> Added:
        """Add a turn behind `chat.head`; where the conversation is elsewhere by now, a question branches.

        `files` are where its attachments come from. An answer is kept in any case, behind its question; the conversation moves there if it still waits for it.
        """
        await self._index.ready()

        async def step(connection: aiosqlite.Connection) -> Added:
            now = await rows.current(connection, chat)
            seen = chat.head
            if message.role == "user" and seen in self._under_way:
                ((seen,),) = await rows.read(connection, "SELECT parent FROM turns WHERE id = ?", (seen,))
            elsewhere = now.head != seen
            branched = elsewhere and message.role == "user"
            at = await self._forked(connection, now, seen, None) if branched else chat
            new = NewTurn.of(message, source, self._clock.now(), files)
            turn = await rows.append(connection, at.id, at.head, new)
            await self._index.added(connection, at.id, turn.id)
            if branched or not elsewhere:
                await rows.point(connection, at.id, turn.id, turn.at)
            return Added(turn, msgspec.structs.replace(at, head=turn.id), branched)

        return await self._database.write(step)

    @contextmanager
    def answering(self, question: int | None) -> Iterator[None]:
        """Say that a question is just being answered: what another client asks meanwhile goes beside it, not behind."""
        self._under_way.add(question)
        try:
            yield
        finally:
            self._under_way.discard(question)

    async def move(self, chat: Chat, head: int | None) -> Chat:
        """Go to another turn of the conversation, or before all of them; nothing is lost by it."""

        async def step(connection: aiosqlite.Connection) -> Chat:
            await rows.current(connection, chat)
            mine = "SELECT 1 FROM turns WHERE id = ? AND chat = ?"
            if head is not None and not await rows.read(connection, mine, (head, chat.id)):
                raise NotFound(f"{chat.name} has no such turn")
            await rows.point(connection, chat.id, head, self._clock.now())
            return msgspec.structs.replace(chat, head=head)

        return await self._database.write(step)

    async def fork(self, chat: Chat, at: int | None = None, name: str | None = None) -> Chat:
        """Copy the way to the turn with the id `at` (by default the head) into a new conversation."""
        await self._index.ready()

        async def step(connection: aiosqlite.Connection) -> Chat:
            now = await rows.current(connection, chat)
            return await self._forked(connection, now, chat.head if at is None else at, name)

        return await self._database.write(step)

    async def rename(self, name: str, new: str) -> Chat:
        """Give a conversation another name."""
        chat = await self.find(name)
        new = check_name(new)

        async def step(connection: aiosqlite.Connection) -> Chat:
            await rows.current(connection, chat)
            if new != chat.name:
                check_free(new, await rows.names(connection))
            await connection.execute("UPDATE chats SET name = ? WHERE id = ?", (new, chat.id))
            return msgspec.structs.replace(chat, name=new)

        return await self._database.write(step)

    async def lead(self, chat: Chat, settings: Settings) -> Chat:
        """Change how a conversation is led."""

        async def step(connection: aiosqlite.Connection) -> Chat:
            await rows.current(connection, chat)
            await connection.execute(
                "UPDATE chats SET role = ?, model = ?, system = ?, temperature = ? WHERE id = ?",
                (settings.role, settings.model, settings.system, settings.temperature, chat.id),
            )
            return msgspec.structs.replace(chat, settings=settings)

        return await self._database.write(step)

    async def delete(self, name: str) -> int:
        """Remove a conversation with all its branches, from the index and the write-ahead log too; return its turns."""
        chat = await self.find(name)
        await self._index.ready()

        async def step(connection: aiosqlite.Connection) -> int:
            counting = "SELECT count(*) FROM turns WHERE chat = ?"
            ((count,),) = await rows.read(connection, counting, (chat.id,))
            await self._index.removing(connection, chat.id)
            await connection.execute("DELETE FROM chats WHERE id = ?", (chat.id,))
            return int(count)

        count = await self._database.write(step)
        await self._database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    async def search(self, text: str, limit: int) -> list[Found]:
        """Return the turns that have all words of `text`, best first."""
        return await self._index.find(text, limit)

    async def summaries(self, chat: Chat) -> dict[int, str]:
        """Return the conversation's summaries by the id of the turn that each ends with."""
        found = await self._database.read(
            "SELECT turn, text FROM summaries JOIN turns ON turns.id = turn WHERE chat = ?", (chat.id,)
        )
        return {row[0]: row[1] for row in found}

    async def summarise(self, turn: Turn, text: str) -> None:
        """Keep a summary of all up to and with `turn`."""
        await self._database.execute(
            "INSERT OR REPLACE INTO summaries VALUES (?, ?, ?)", (turn.id, self._clock.now(), text)
        )

    def now(self) -> float:
        """Return the time, in seconds."""
        return self._clock.now()

    async def restore(self, name: str, settings: Settings, copy: Copy) -> Chat:
        """Take in a conversation from elsewhere; a taken name gets a number."""
        await self._index.ready()
        now = self._clock.now()
        # A moment that cannot be is not taken over.
        begun = copy.begun if copy.begun is not None and 0 <= copy.begun <= now else now

        async def step(connection: aiosqlite.Connection) -> Chat:
            found = free(check_name(name), await rows.names(connection))
            chat = await rows.insert(connection, found, settings, now, begun)
            return await rows.fill(connection, self._index, chat, copy, now)

        return await self._database.write(step)

    async def _forked(
        self, connection: aiosqlite.Connection, chat: Chat, at: int | None, name: str | None
    ) -> Chat:
        now = self._clock.now()
        names = await rows.names(connection)
        found = free(chat.name, names) if name is None else check_free(name, names)
        copy = await rows.copied(connection, chat, at)
        return await rows.fill(
            connection, self._index, await rows.insert(connection, found, chat.settings, now), copy, now
        )
