"""Begins what is due: never twice, never in silence too late, whatever the clock does meanwhile."""

from collections.abc import Callable

import anyio
import anyio.to_thread

from isaacd.clock import Clock
from isaacd.config import JobsConfig
from isaacd.errors import InvalidParams, IsaacError
from isaacd.jobs.cards import Outcome, Work
from isaacd.jobs.schedule import Schedule
from isaacd.jobs.schedules import ScheduleStore
from isaacd.jobs.shells import NO_RUNNER
from isaacd.jobs.times.rule import count_between
from isaacd.jobs.workshop import Workshop
from isaacd.log import Log

# Not longer, because the clock on the wall may be set, and a laptop may sleep, without anybody telling.
LOOK_EVERY_S = 20.0
# A clock that goes back further than this is taken to have been wrong before; times that come again then count again.
BACK_S = 3 * 3600.0
_JUMP_S = 30.0
# A runner that has just been begun, or has lost its daemon, is there within seconds.
_RUNNER_LOOK_S = 1.0

Fired = tuple[Outcome, float, int, str]


class Alarm:
    """Watches the schedules of one file; other daemons may do so too. `may_run` says why something must not begin."""

    def __init__(
        self,
        store: ScheduleStore,
        workshop: Workshop,
        *,
        config: Callable[[], JobsConfig],
        clock: Clock,
        log: Log,
        may_run: Callable[[Schedule], str | None],
    ) -> None:
        self._store = store
        self._workshop = workshop
        self._config = config
        self._clock = clock
        self._log = log
        self._may_run = may_run
        self._changed = anyio.Event()
        self._seen: tuple[float, float] | None = None
        self._put_off: set[int] = set()
        self.pending = False

    def changed(self) -> None:
        """Look again: something was scheduled, paused or removed; until it has looked, something may be due."""
        self.pending = True
        self._changed.set()

    async def main(self) -> None:
        """Watch for ever; a file that cannot be used is looked at again later."""
        while True:
            self._changed = anyio.Event()
            try:
                wait_s = await self.tick()
            except IsaacError as error:
                self._log.error("schedules cannot be looked at", reason=error.message)
                wait_s = LOOK_EVERY_S
            except Exception:  # noqa: BLE001 - it must not end the daemon, nor the watch
                self._log.exception("schedules cannot be looked at")
                wait_s = LOOK_EVERY_S
            with anyio.move_on_after(wait_s):
                await self._changed.wait()

    async def tick(self) -> float:
        """Begin everything that is due now; return how many seconds to wait before looking again."""
        now = self._clock.now()
        await self._mind_jumps(now)
        found = await self._store.due(now)
        self._put_off &= {schedule.id for schedule in found}
        for schedule in found:
            if self._waits_for_runner(schedule, now):
                self._put_off.add(schedule.id)
                continue
            try:
                await self._fire(schedule, now)
            except LookupError:
                continue  # another daemon was faster, or the person has just paused it
            except (InvalidParams, ValueError) as error:
                # One that nobody can understand any more must not keep the others from their time.
                await self._store.hold(schedule, f"it cannot be understood any more: {error}; it is paused")
        due = await self._store.next_at()
        self.pending = due is not None
        if self._put_off:
            return _RUNNER_LOOK_S
        return LOOK_EVERY_S if due is None else min(LOOK_EVERY_S, max(0.0, due - self._clock.now()))

    async def run_now(self, schedule: Schedule) -> int:
        """Begin a schedule's work now, beside its times."""
        task = await self._store.run_now(schedule, schedule.work)
        self._workshop.enqueue(task)
        return task

    def _waits_for_runner(self, schedule: Schedule, now: float) -> bool:
        """Say whether a line for a shell is still in time, and only its runner is not there yet."""
        assert schedule.next_at is not None
        in_time = now - schedule.next_at <= self._config().grace_s
        return in_time and self._may_run(schedule) == NO_RUNNER

    async def _fire(self, schedule: Schedule, now: float) -> None:
        assert schedule.next_at is not None
        rule, due = schedule.rule, schedule.next_at
        # In a thread: after a long absence there are many to count.
        times = 1 + await anyio.to_thread.run_sync(count_between, rule, due, now)
        firings, work = await self._decide(schedule, now, times)
        next_at = rule.next_after(max(now, due))
        task = await self._store.fire(schedule, next_at, firings, work)
        for outcome, _, count, note in firings:
            if outcome != "ran":
                told = self._log.warning if outcome in ("missed", "held") else self._log.info
                told("schedule", schedule=schedule.id, outcome=outcome, count=count, note=note)
        if task is not None:
            self._workshop.enqueue(task)

    async def _decide(self, schedule: Schedule, now: float, times: int) -> tuple[list[Fired], Work | None]:
        """Say what to do with a schedule that was due `times` times up to now, the first at its `next_at`."""
        assert schedule.next_at is not None
        due, late_s = schedule.next_at, now - schedule.next_at
        in_time = late_s <= self._config().grace_s or schedule.id in self._put_off
        if not in_time and not schedule.catch_up:
            return [("missed", due, times, _how_late(late_s))], None
        firings: list[Fired] = []
        if times > 1:
            firings.append(("missed", due, times - 1, _how_late(late_s)))
        if await self._store.is_under_way(schedule.id):
            return [*firings, ("skipped", due, 1, "its last run is still under way")], None
        held = self._may_run(schedule)
        if held is not None:
            return [*firings, ("held", due, 1, held)], None
        if in_time:
            return [*firings, ("ran", due, 1, "")], schedule.work
        return [*firings, ("late", due, 1, f"caught up, {_how_late(late_s)}")], schedule.work

    async def _mind_jumps(self, now: float) -> None:
        """Bring back what would be due only after a clock that was ahead has been set back."""
        mono = self._clock.monotonic()
        before, self._seen = self._seen, (now, mono)
        if before is not None and (now - before[0]) - (mono - before[1]) > -_JUMP_S:
            return
        for schedule in await self._store.active():
            assert schedule.next_at is not None
            if schedule.spec.startswith("once"):
                continue
            last = schedule.last_at or schedule.created_at
            since = last if now <= last <= now + BACK_S else now
            if schedule.spec.startswith("every"):
                period = float(schedule.spec.partition(" ")[2])
                due: float | None = now + period if schedule.next_at > since + period else schedule.next_at
            else:
                due = schedule.rule.next_after(since)
            if due is not None and due < schedule.next_at:
                self._log.warning("the clock was set back", schedule=schedule.id)
                await self._store.move(schedule.id, due)


def _how_late(late_s: float) -> str:
    if late_s < 120:
        return f"{late_s:.0f} s late"
    return f"{late_s / 60:.0f} min late" if late_s < 7200 else f"{late_s / 3600:.0f} h late"
