"""One opened database: a reader for the loop, and aiosqlite for all that may take longer."""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from isaacd.cache.sqlite.reader import Reader, connect_to_read
from isaacd.cache.sqlite.schema import CONNECTION, create, refuse_newer
from isaacd.database.files import identity, make_private_file, move_aside, only_one

BUSY_TIMEOUT_S = 5.0
T = TypeVar("T")


class Link:
    """A file that was found fit for use; `written_bytes` counts until the next collection."""

    def __init__(self, file: Path, reader: Reader, found: tuple[int, int] | None) -> None:
        self.reader = reader
        self.written_bytes = 0
        self._file = file
        self._identity = found
        self.read_only = not _can_be_written(file)
        self._connection: aiosqlite.Connection | None = None
        self._connecting = asyncio.Lock()

    @property
    def stale(self) -> bool:
        """Whether the name now belongs to another file or to none, or the file can be written at last."""
        return identity(self._file) != self._identity or (self.read_only and _can_be_written(self._file))

    async def connection(self) -> aiosqlite.Connection:
        """Return the connection for everything but point reads."""
        async with self._connecting:
            return self._connection or await self._connect()

    async def _connect(self) -> aiosqlite.Connection:
        uri = self.reader.uri if self.read_only else self._file.absolute().as_uri() + "?mode=rw"
        connecting = aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        # Its thread would keep the process from ending if somebody forgot `aclose`; before 0.22 it is the thread.
        thread: Any = getattr(connecting, "_thread", connecting)
        thread.daemon = True
        connection = await connecting
        try:
            connection.text_factory = bytes
            for statement in CONNECTION:
                await connection.execute_fetchall(statement)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        return connection

    async def transaction(self, step: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """Do all of a step or nothing; never to be cancelled, because a statement goes on in its thread."""
        connection = await self.connection()
        await connection.execute("BEGIN IMMEDIATE")
        try:
            ((version,),) = await connection.execute_fetchall("PRAGMA user_version")
            refuse_newer(version)
            result = await step(connection)
            await connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                await connection.execute("ROLLBACK")
            raise
        return result

    async def aclose(self) -> None:
        """Let go of the file; whoever is last removes its write-ahead log."""
        # The reader first: a read-only connection cannot empty the log into the database.
        self.reader.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                await connection.close()


def _can_be_written(file: Path) -> bool:
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def connect(file: Path) -> Link:
    """Open the file, or make it; to be called in a thread.

    Raises UnsupportedVersion, OSError and sqlite3.Error.
    """
    make_private_file(file)
    reader = Reader(file)
    if reader.new:
        reader.close()
        with only_one(file):
            connection = sqlite3.connect(file, isolation_level=None, timeout=BUSY_TIMEOUT_S)
            try:
                create(connection)
                return Link(file, Reader(file), identity(file))
            finally:
                connection.close()
    return Link(file, reader, identity(file))


def replace_damaged(file: Path, damaged: tuple[int, int] | None, now: float) -> Path | None:
    """Move a damaged database aside unless another process did so before; to be called in a thread.

    Raises UnsupportedVersion if it only looks damaged, because a newer Isaac has changed its tables.
    """
    with only_one(file):
        if damaged is None or identity(file) != damaged:
            return None
        with suppress(sqlite3.Error), closing(connect_to_read(file)[0]) as connection:
            refuse_newer(connection.execute("PRAGMA user_version").fetchone()[0])
        return move_aside(file, now)
