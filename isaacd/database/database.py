"""A file of records that somebody owns: opened at its first use, private, versioned, one transaction at a time."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.database.fault import Fault, classify
from isaacd.database.files import identity, make_private_file, move_aside, only_one, whole_copy
from isaacd.errors import StorageUnavailable, UnsupportedVersion
from isaacd.log import Log

BUSY_TIMEOUT_S = 5.0
# "Isac" in the header says that the file is ours; each kind of file adds a number of its own.
OURS = 0x49736100
_ROWS_A_PIECE = 256
_DAMAGED_IO = (sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
_CONNECTION = (
    "PRAGMA journal_mode = WAL",
    # A killed process loses nothing with NORMAL; only the machine's power can take the last transactions with it.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 16777216",
)

T = TypeVar("T")
Step = Callable[[aiosqlite.Connection], Awaitable[T]]
Row = tuple[Any, ...]


class Schema(msgspec.Struct, frozen=True):
    """What is in a kind of file: `what` names it to people, `number` (1 to 255) tells it from our other kinds.

    `versions` are the statements that lead from each version to the next; the first makes an empty file version 1.
    """

    what: str
    number: int
    versions: tuple[tuple[str, ...], ...]


class Database:
    """One SQLite file, in WAL mode, with mode 0600 whatever the umask.

    It opens itself. A damaged file is moved aside, `notices` says so, and a new one is begun; one of a newer version,
    or of something else, is left as it is and refused (UnsupportedVersion). All methods raise StorageUnavailable when
    the disk is full, the file cannot be written, or another process holds it for longer than five seconds.
    """

    def __init__(self, file: Path, schema: Schema, *, clock: Clock, log: Log | None = None) -> None:
        self.file = file
        self.notices: list[str] = []
        self._schema = schema
        self._clock = clock
        self._log = log
        self._connection: aiosqlite.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._turn = asyncio.Lock()

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a SELECT."""
        return await self._do(lambda connection: _rows(connection, sql, parameters))

    async def write(self, step: Step[T]) -> T:
        """Do all of `step` in one transaction, or nothing; what it returned is on disk when this returns.

        Cancellation waits for the end of the transaction.
        """

        async def transaction(connection: aiosqlite.Connection) -> T:
            await connection.execute("BEGIN IMMEDIATE")
            try:
                result = await step(connection)
                await connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    await connection.execute("ROLLBACK")
                raise
            return result

        return await self._do(transaction)

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Change something with one statement; return how many rows it changed."""

        async def step(connection: aiosqlite.Connection) -> int:
            async with connection.execute(sql, parameters) as cursor:
                return cursor.rowcount

        return await self.write(step)

    async def iterate(
        self, sql: str, parameters: Sequence[object] = (), *, key: int = 0
    ) -> AsyncGenerator[Row, None]:
        """Give the rows of a SELECT in constant memory, a few at a time, so that others can write in between.

        `sql` is `SELECT ... WHERE column > ? ... ORDER BY column LIMIT ?` over a unique column that is number `key` of
        the row; the last two parameters are added here, beginning below every value.
        """
        last: object = -(2**63)
        while True:
            rows = await self.read(sql, (*parameters, last, _ROWS_A_PIECE))
            for row in rows:
                yield row
            if len(rows) < _ROWS_A_PIECE:
                return
            last = rows[-1][key]

    async def answers(self) -> None:
        """Come back as soon as the file, if it is open, has answered a question; an error is an answer."""
        if self._connection is not None:
            with suppress(StorageUnavailable):
                await self.read("SELECT count(*) FROM sqlite_master")

    async def aclose(self) -> None:
        """Let go of the file; it may be used again."""
        async with self._turn:
            await self._close()

    async def _do(self, step: Step[T]) -> T:
        """Run a step alone, to its end even if the caller is cancelled: a statement goes on in its thread anyway."""
        task = asyncio.ensure_future(self._alone(step))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # A scope of anyio cancels again and again, and asyncio's own cancellation may come twice.
            with anyio.CancelScope(shield=True):
                while not task.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait((task,))
            if not task.cancelled():
                task.exception()  # it has been seen
            raise

    async def _alone(self, step: Step[T]) -> T:
        async with self._turn:
            try:
                try:
                    return await step(await self._ready())
                except sqlite3.Error as error:
                    if not _is_damage(error):
                        raise
                    await self._replace(error)
                    return await step(await self._ready())
            except (sqlite3.Error, OSError) as error:
                if isinstance(error, sqlite3.Error) and _is_ours(error):
                    raise
                raise StorageUnavailable(
                    f"{self._schema.what} cannot be used: {classify(error).value}",
                    hint=f"look at {self.file} and at the room on its disk",
                ) from error

    async def _ready(self) -> aiosqlite.Connection:
        """Return the connection, to the file that has its name now: another process may have moved the old one."""
        if self._connection is not None and identity(self.file) != self._identity:
            await self._close()
        return self._connection or await self._open()

    async def _open(self) -> aiosqlite.Connection:
        await asyncio.to_thread(make_private_file, self.file)
        # Who opens while another puts the file into WAL mode is refused by SQLite at once, so they take turns.
        turn = only_one(self.file)
        await asyncio.to_thread(turn.__enter__)
        try:
            return await self._connect()
        finally:
            turn.__exit__(None, None, None)

    async def _connect(self) -> aiosqlite.Connection:
        await asyncio.to_thread(make_private_file, self.file)  # it may have been moved while we waited
        self._identity = identity(self.file)
        connecting = aiosqlite.connect(self.file, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        # Its thread would keep the process from ending if somebody forgot `aclose`; before 0.22 it is the thread.
        thread: Any = getattr(connecting, "_thread", connecting)
        thread.daemon = True
        connection = await connecting
        try:
            await self._version(connection)  # what is not ours is not even put into WAL mode
            for statement in _CONNECTION:
                await connection.execute_fetchall(statement)
            await self._migrate(connection)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        return connection

    async def _migrate(self, connection: aiosqlite.Connection) -> None:
        """Bring the file to the newest version, all steps or none."""
        newest, owner = len(self._schema.versions), OURS + self._schema.number
        found = await self._version(connection)
        if found == newest:
            return
        if found:
            await self._keep_copy(connection, found)
        await connection.execute("BEGIN IMMEDIATE")
        try:
            version = await self._version(connection)  # another process may have been faster
            for statements in self._schema.versions[version:]:
                for statement in statements:
                    await connection.execute(statement)
            await connection.execute(f"PRAGMA application_id = {owner}")
            await connection.execute(f"PRAGMA user_version = {newest}")
            await connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                await connection.execute("ROLLBACK")
            raise

    async def _keep_copy(self, connection: aiosqlite.Connection, version: int) -> None:
        """Keep the file as an older Isaac can read it; without room for that, it is not migrated."""
        with whole_copy(self.file, version) as beside:
            await asyncio.to_thread(make_private_file, beside)
            copy = sqlite3.connect(beside, check_same_thread=False)
            try:
                await connection.backup(copy)
                await asyncio.to_thread(copy.execute, "PRAGMA journal_mode = DELETE")
            finally:
                await asyncio.to_thread(copy.close)
        if self._log is not None:
            self._log.info("records are migrated", what=self._schema.what, version=version)

    async def _version(self, connection: aiosqlite.Connection) -> int:
        """Return the version of the file, 0 for an empty one; raises UnsupportedVersion if it may not be touched."""
        begun = connection.in_transaction
        if not begun:
            await connection.execute(
                "BEGIN"
            )  # all three of one moment: another process may be making the file
        try:
            ((version,),) = await _rows(connection, "PRAGMA user_version")
            ((owner,),) = await _rows(connection, "PRAGMA application_id")
            ((objects,),) = await _rows(connection, "SELECT count(*) FROM sqlite_master")
        finally:
            if not begun:
                with suppress(sqlite3.Error):  # a disk that is full has ended the transaction already
                    await connection.execute("ROLLBACK")
        if not objects and not version and not owner:
            return 0
        what = self._schema.what
        if owner != OURS + self._schema.number:
            raise UnsupportedVersion(f"{self.file} is not the file of {what}", hint="move that file away")
        if version > len(self._schema.versions):
            raise UnsupportedVersion(
                f"{what} was written by a newer Isaac (version {version}, this one knows {len(self._schema.versions)})",
                hint=f"update Isaac, or move {self.file} away to begin anew",
            )
        return int(version)

    async def _replace(self, error: sqlite3.Error) -> None:
        """Move a damaged file aside; what can be read of it is still there for whoever knows how."""
        await self._close()

        def move() -> Path | None:
            with only_one(self.file):
                if identity(self.file) != self._identity:
                    return None  # another process has done it already
                return move_aside(self.file, self._clock.now())

        aside = await asyncio.to_thread(move)
        if aside is None:
            return
        notice = f"{self._schema.what} was damaged ({error}); it was moved to {aside} and begun anew"
        self.notices.append(notice)
        if self._log is not None:
            self._log.error("records were damaged", what=self._schema.what, moved_to=str(aside))

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                await connection.close()


def _is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file is damaged; a statement that SQLite refuses for another reason has met no damage.

    Records are not given up for a doubt: only what SQLite itself calls corrupt, or no database, is.
    """
    code = getattr(error, "sqlite_errorcode", None)
    known = code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return known or (code in _DAMAGED_IO)


def _is_ours(error: sqlite3.Error) -> bool:
    """Tell whether the statement is to blame, and not the file or the disk."""
    return classify(error) is Fault.CORRUPT and not _is_damage(error)


async def _rows(connection: aiosqlite.Connection, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    return [tuple(row) for row in await connection.execute_fetchall(sql, parameters)]
