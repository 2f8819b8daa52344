"""When each job of each plugin ran last: durable, so that a daily job does not run at each start of the daemon."""

from pathlib import Path
from typing import Protocol

import msgspec

from isaacd.clock import Clock
from isaacd.database import Database, Schema
from isaacd.log import Log

SCHEMA = Schema(
    what="the last runs of plugins' jobs",
    number=17,
    versions=(
        (
            "CREATE TABLE runs (plugin TEXT NOT NULL, job TEXT NOT NULL, started REAL NOT NULL, ended REAL,"
            " error TEXT, PRIMARY KEY (plugin, job)) WITHOUT ROWID",
        ),
    ),
)


class LastRun(msgspec.Struct, frozen=True):
    """The last run of a job, in seconds since the epoch; `ended` is None if it was broken off, `error` if it went well."""

    started: float
    ended: float | None = None
    error: str | None = None


class RunKeeper(Protocol):
    """Remembers the last run of every job; raises StorageUnavailable where it cannot."""

    async def all(self) -> dict[tuple[str, str], LastRun]:
        """Return the last runs by plugin and job."""
        ...

    async def put(self, plugin: str, job: str, run: LastRun) -> None:
        """Remember the last run of a job."""
        ...

    async def aclose(self) -> None:
        """Let go of what it keeps them in."""
        ...


class Runs:
    """The last run of every job in `file`, which opens itself (a RunKeeper)."""

    def __init__(self, file: Path, *, clock: Clock, log: Log) -> None:
        self._file = file
        self._database = Database(file, SCHEMA, clock=clock, log=log)

    async def all(self) -> dict[tuple[str, str], LastRun]:
        """Return the last runs by plugin and job."""
        if not self._file.exists():
            return {}
        rows = await self._database.read("SELECT plugin, job, started, ended, error FROM runs")
        return {(plugin, job): LastRun(*rest) for plugin, job, *rest in rows}

    async def put(self, plugin: str, job: str, run: LastRun) -> None:
        """Remember the last run of a job."""
        await self._database.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
            (plugin, job, run.started, run.ended, run.error),
        )

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()
