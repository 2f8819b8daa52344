"""Everything of this room, put together over one file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from isaacd.clock import Clock
from isaacd.config import JobsConfig
from isaacd.database import Database
from isaacd.errors import IsaacError
from isaacd.jobs.alarm import Alarm
from isaacd.jobs.cards import Kind
from isaacd.jobs.ports import Executor, House
from isaacd.jobs.schedule import Schedule
from isaacd.jobs.schedules import ScheduleStore
from isaacd.jobs.schema import SCHEMA
from isaacd.jobs.shells import Judge, Shells
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
        executor: Executor,
        judge: Judge,
        config: Callable[[], JobsConfig],
        clock: Clock,
        log: Log,
        house: House,
        owner: str | None = None,
        gone: Callable[[str], bool] = is_gone,
    ) -> None:
        self.config = config
        self.shells = Shells(judge, house.draining)
        self._log = log
        self._house = house
        self._watching = False
        self._database = Database(file, SCHEMA, clock=clock, log=log)
        store = TaskStore(self._database, clock, owner=owner or this_process(), is_gone=gone)
        executors: Mapping[Kind, Executor] = {"isaac": executor, "shell": self.shells}
        self.workshop = Workshop(store, executors=executors, config=config, clock=clock, log=log, house=house)
        self.schedules = ScheduleStore(self._database, store, clock)
        self.alarm = Alarm(
            self.schedules, self.workshop, config=config, clock=clock, log=log, may_run=self.may_run
        )

    @property
    def holds_open(self) -> bool:
        """Whether the daemon must not leave although nobody asks anything: something is still due."""
        return self.alarm.pending or self.workshop.busy

    @property
    def busy(self) -> bool:
        """Whether something is done just now that an end of the daemon would cut off."""
        return self.workshop.busy

    def may_run(self, schedule: Schedule) -> str | None:
        """Say why a schedule's work must not begin now; None if it may."""
        if schedule.work.kind != "shell":
            return None
        if not schedule.is_approved:
            return "it is not what was agreed to; remove it, and make it anew"
        return self.shells.why_not(schedule.work, schedule.tier)

    def watch(self) -> None:
        """Begin to watch the schedules, unless that is done already."""
        if not self._watching:
            self._watching = True
            self._house.spawn(self.alarm.main)

    async def wake(self) -> None:
        """Go on with what an earlier daemon left; a file that cannot be used is told in the log and to who asks next."""
        try:
            await self.workshop.recover()
        except IsaacError as error:
            self._log.error("tasks cannot be read", reason=error.message)
        self.watch()

    async def answers(self) -> None:
        """Come back as soon as the file has answered."""
        await self._database.answers()

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._database.aclose()
