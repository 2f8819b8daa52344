"""Laws of jobs: run when due, never beside themselves, remembered over a restart, and cancelled at the end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from isaacd.errors import StorageUnavailable
from isaacd.log import open_log
from isaacd.plugin.runs import LastRun, Runs
from isaacd.plugin.timetable import AGAIN_S, Timetable
from isaacd.plugin.unasked import Timed
from tests.fake_sleep import FakeSleep
from tests.fake_time import FakeTime, chance, settle

pytestmark = pytest.mark.anyio
DAY_S = 86_400.0


class Memory:
    """Last runs that outlive a daemon, and no more."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], LastRun] = {}
        self.full = False

    async def all(self) -> dict[tuple[str, str], LastRun]:
        return dict(self.known)

    async def put(self, plugin: str, job: str, run: LastRun) -> None:
        if self.full:
            raise StorageUnavailable("the disk is full")
        self.known[plugin, job] = run

    async def aclose(self) -> None:
        pass


class Clockwork:
    """A timetable, with a clock in the hand of the test."""

    def __init__(self, folder: Path, time: FakeTime | None = None, runs: Memory | None = None) -> None:
        self.time = time or FakeTime()
        self.log_file = folder / "log"
        log = open_log(self.log_file)
        self.runs = runs or Memory()
        self.table = Timetable(
            self.runs, clock=self.time, log=log, random=chance(0.0), sleep=FakeSleep(self.time)
        )
        self.count = 0
        self.running = 0

    def job(
        self,
        every_s: float,
        call: Callable[[], Awaitable[object]] | None = None,
        *,
        name: str = "tidy",
        timeout_s: float = 600.0,
    ) -> Timed:
        return Timed(
            plugin="p",
            name=name,
            every_s=every_s,
            jitter=0.1,
            timeout_s=timeout_s,
            call=call or self.work,
        )

    async def work(self) -> None:
        self.count += 1

    @asynccontextmanager
    async def going(self, *jobs: Timed) -> AsyncIterator[None]:
        self.table.replace("p", jobs)
        async with anyio.create_task_group() as group:
            group.start_soon(self.table.keep)
            await settle()
            yield
            await settle()
            group.cancel_scope.cancel()
        await self.table.aclose()

    async def pass_(self, seconds: float) -> None:
        await self.time.pass_(seconds)


async def test_a_new_job_runs_soon_and_then_once_a_period(tmp_path: Path) -> None:
    clock = Clockwork(tmp_path)
    async with clock.going(clock.job(DAY_S)):
        assert clock.count == 1
        await clock.pass_(DAY_S - 1)
        assert clock.count == 1
        await clock.pass_(2)
        assert clock.count == 2


async def test_a_daily_job_does_not_run_at_each_start(tmp_path: Path) -> None:
    time, runs = FakeTime(), Memory()
    for start in range(5):
        clock = Clockwork(tmp_path, time, runs)
        async with clock.going(clock.job(DAY_S)):
            await clock.pass_(3600)
        assert clock.count == (1 if start == 0 else 0)
    time.advance(3 * DAY_S)
    late = Clockwork(tmp_path, time, runs)
    async with late.going(late.job(DAY_S)):
        await late.pass_(3600)
    assert late.count == 1, "what was due while no daemon ran is made up for once"


async def test_runs_of_one_job_never_overlap(tmp_path: Path) -> None:
    clock = Clockwork(tmp_path)
    most = 0
    go = anyio.Event()

    async def slow() -> None:
        nonlocal most
        clock.running += 1
        clock.count += 1
        most = max(most, clock.running)
        await go.wait()
        clock.running -= 1

    async with clock.going(clock.job(10.0, slow)):
        for _ in range(10):
            await clock.pass_(10)
        assert (clock.count, most) == (1, 1)
        go.set()
        await settle()
        assert clock.count == 1, "what came due meanwhile is left out"
        await clock.pass_(10)
        assert (clock.count, most) == (2, 1)


async def test_a_job_that_fails_or_hangs_is_logged_and_runs_again(tmp_path: Path) -> None:
    clock = Clockwork(tmp_path)
    given_up = anyio.Event()

    async def bad() -> None:
        clock.count += 1
        if clock.count == 1:
            raise ValueError("broken")
        if clock.count == 2:
            raise SystemExit(1)
        try:
            await anyio.sleep_forever()
        finally:
            given_up.set()

    async with clock.going(clock.job(100.0, bad, timeout_s=0.01)):
        await clock.pass_(100)
        await clock.pass_(100)
        await given_up.wait()
        await settle()
        last = clock.table.states()[0].last
        assert last is not None
        assert last.error == "took longer than 0.01 s"
        await clock.pass_(100)
    text = clock.log_file.read_text()
    assert text.count("job failed") == 2
    assert "job took too long" in text
    assert '"tidy"' in text
    assert clock.count == 4


async def test_the_end_cancels_what_runs_and_the_next_start_waits_before_it_tries_again(
    tmp_path: Path,
) -> None:
    time, runs = FakeTime(), Memory()
    clock = Clockwork(tmp_path, time, runs)
    stopped = []

    async def endless() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append(True)

    async with clock.going(clock.job(DAY_S, endless)):
        pass
    assert stopped == [True]
    again = Clockwork(tmp_path, time, runs)
    async with again.going(again.job(DAY_S)):
        await again.pass_(AGAIN_S - 1)
        assert again.count == 0, "it may be what ended the daemon"
        await again.pass_(2)
        assert again.count == 1


async def test_a_job_that_is_exchanged_keeps_its_time_and_one_that_is_gone_is_cancelled(
    tmp_path: Path,
) -> None:
    clock = Clockwork(tmp_path)
    stopped = []

    async def endless() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append(True)

    async with clock.going(clock.job(DAY_S), clock.job(DAY_S, endless, name="long")):
        clock.table.replace("p", [clock.job(DAY_S), clock.job(DAY_S, endless, name="long")])
        await clock.pass_(3600)
        assert (clock.count, stopped) == (1, [])
        clock.table.replace("p", [clock.job(DAY_S)])
        await settle()
        assert (clock.count, stopped) == (1, [True])
        clock.table.replace("p", [clock.job(60.0)])
        await clock.pass_(61)
        assert clock.count == 2, "a shorter period counts from now"


async def test_a_clock_that_was_set_back_keeps_no_job_waiting(tmp_path: Path) -> None:
    clock = Clockwork(tmp_path)
    await clock.runs.put("p", "tidy", LastRun(clock.time.now() + 1e6, clock.time.now() + 1e6))
    async with clock.going(clock.job(3600.0)):
        await clock.pass_(4000)
    assert clock.count == 1


async def test_a_full_disk_stops_no_job(tmp_path: Path) -> None:
    clock = Clockwork(tmp_path)
    clock.runs.full = True
    async with clock.going(clock.job(DAY_S)):
        await clock.pass_(DAY_S + 1)
        assert clock.count == 2
    assert clock.log_file.read_text().count("cannot be remembered") == 1


async def test_last_runs_are_found_again(tmp_path: Path) -> None:
    time, log = FakeTime(), open_log(tmp_path / "log")
    runs = Runs(tmp_path / "jobs.sqlite", clock=time, log=log)
    assert await runs.all() == {}
    assert not (tmp_path / "jobs.sqlite").exists(), "who only looks makes no file"
    await runs.put("p", "tidy", LastRun(1.0))
    await runs.put("p", "tidy", LastRun(2.0, 3.0, "broken"))
    await runs.put("q", "tidy", LastRun(4.0, 5.0))
    await runs.aclose()
    again = Runs(tmp_path / "jobs.sqlite", clock=time, log=log)
    assert await again.all() == {
        ("p", "tidy"): LastRun(2.0, 3.0, "broken"),
        ("q", "tidy"): LastRun(4.0, 5.0),
    }
    await again.aclose()
