"""Everything of this room, put together over one file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from isaacd.clock import Clock
from isaacd.config import JobsConfig
from isaacd.database import Database
from isaacd.errors import IsaacError
from isaacd.jobs.cards import Kind
from isaacd.jobs.ports import Executor, House
from isaacd.jobs.schema import SCHEMA
from isaacd.jobs.store import TaskStore
from isaacd.jobs.workshop import Workshop
from isaacd.ledger.owner import is_gone, this_process
from isaacd.log import Log

FILE_NAME = "jobs.sqlite"


class Jobs:
    """The tasks and schedules of one daemon."""

    def __init__(
        self,
        file: Path,
        *,
        executors: Mapping[Kind, Executor],
        config: Callable[[], JobsConfig],
        clock: Clock,
        log: Log,
        house: House,
        owner: str | None = None,
        gone: Callable[[str], bool] = is_gone,
    ) -> None:
        self._log = log
        self._database = Database(file, SCHEMA, clock=clock, log=log)
        store = TaskStore(self._database, clock, owner=owner or this_process(), is_gone=gone)
        self.workshop = Workshop(store, executors=executors, config=config, clock=clock, log=log, house=house)

    async def wake(self) -> None:
        """Go on with what an earlier daemon left; a file that cannot be used is told in the log and to who asks next."""
        try:
            await self.workshop.recover()
        except IsaacError as error:
            self._log.error("tasks cannot be read", reason=error.message)

    async def answers(self) -> None:
        """Come back as soon as the file has answered."""
        await self._database.answers()

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()
