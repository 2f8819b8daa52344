"""A house with room for tasks, and work that ends when the test says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel

from isaacd.config import JobsConfig
from isaacd.errors import IsaacError, StorageUnavailable
from isaacd.jobs.cards import Judged, Work
from isaacd.jobs.jobs import Jobs
from isaacd.jobs.ports import House, Show, Write
from isaacd.log import open_log
from tests.fakes import FakeClock


class FakeExecutor:
    """Begins work, writes what it is told to, and ends with the code or error that the test gives."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.works: list[Work] = []
        self.writes: dict[str, Write] = {}
        self._ends: dict[str, tuple[anyio.Event, list[int | Exception]]] = {}

    async def run(self, work: Work, write: Write, show: Show) -> int:
        name = work.argv[-1]
        self.begun.append(name)
        self.works.append(work)
        self.writes[name] = write
        show(f"{name} is under way")
        event, result = self._ends.setdefault(name, (anyio.Event(), []))
        await event.wait()
        del self._ends[name]
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def end(self, name: str, result: "int | IsaacError | Exception" = 0) -> None:
        event, kept = self._ends.setdefault(name, (anyio.Event(), []))
        kept.append(result)
        event.set()


class DeadDatabase:
    """The file as a process that was killed sees it: not at all."""

    def __getattr__(self, name: str) -> Any:
        raise StorageUnavailable("this process is gone")


class FakeHouse:
    """One life of a daemon after the other over the same file."""

    def __init__(self, file: Path, group: anyio.abc.TaskGroup, config: JobsConfig | None = None) -> None:
        self.clock = FakeClock()
        self.config = config or JobsConfig()
        self.events: list[tuple[str, dict[str, object]]] = []
        self.counted = 0
        self.draining = False
        self._file = file
        self._group = group
        self._lives = 0
        self.gone: set[str] = set()
        self.tier = "2"  # as which lines for a shell are judged now
        self.begin()

    def begin(self) -> None:
        """Start a daemon over what the last one left."""
        self._lives += 1
        self.owner = f"life {self._lives}"
        self._scopes: list[anyio.CancelScope] = []
        self.executor = FakeExecutor()
        self.counted = 0
        self.jobs = Jobs(
            self._file,
            executor=self.executor,
            judge=self.judge,
            config=lambda: self.config,
            clock=self.clock,
            log=open_log(Path("/dev/null"), level="error", stderr=False),
            house=House(
                spawn=self._spawn,
                tell=lambda name, data: self.events.append((name, data)),
                began=lambda: self._count(1),
                left=lambda: self._count(-1),
                draining=lambda: self.draining,
            ),
            owner=self.owner,
            gone=lambda owner: owner in self.gone,
        )

    def judge(self, work: Work) -> Judged:
        return Judged(self.tier, ("/bin/sh", "-c", work.argv[0]), "it may change things")

    async def kill(self) -> None:
        """End the daemon as kill -9 does: it writes nothing any more."""
        database, self.jobs.workshop.store.database = self.jobs.workshop.store.database, DeadDatabase()  # type: ignore[assignment]
        self.gone.add(self.owner)
        for scope in self._scopes:
            scope.cancel()
        await database.aclose()
        self.begin()

    async def stop(self) -> None:
        """End the daemon as SIGTERM does."""
        self.draining = True
        for scope in self._scopes:
            scope.cancel()
        while self.counted:
            await anyio.lowlevel.checkpoint()
        await self.jobs.aclose()
        self.gone.add(self.owner)
        self.draining = False
        self.begin()

    def _spawn(self, main: Callable[..., Any], *args: object) -> None:
        scope = anyio.CancelScope()
        self._scopes.append(scope)

        async def within() -> None:
            with scope:
                await main(*args)

        self._group.start_soon(within)

    def _count(self, change: int) -> None:
        self.counted += change


def work(name: str, **fields: Any) -> Work:
    return Work(argv=("ask", name), **fields)


async def settled(look: Callable[[], object]) -> None:
    """Let others go on until something is so."""
    with anyio.fail_after(90):
        while not look():  # noqa: ASYNC110 - what is looked at has no event
            await anyio.sleep(0.001)
