"""The ledger and kill -9: what was set aside is never forgotten, and what has ended is lost for a moment at most."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio.to_thread
import pytest

from isaacd.errors import BudgetExceeded
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ledger

pytestmark = pytest.mark.anyio

NOON = "2026-11-23 12:00"
# Reserves twice, settles once, says so, and waits to be killed.
VICTIM = """
import asyncio, sys
from pathlib import Path
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

async def main():
    book = ledger(Path(sys.argv[1]), FakeClock(at(sys.argv[2])))
    meter = book.view(config(day_usd=float(sys.argv[3])) if sys.argv[3] else config(), "victim")
    first = await meter.reserve(call())
    second = await meter.reserve(call())
    await meter.settle(first, ended())
    if sys.argv[4] == "flush":
        await book.flush()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def run_and_kill(
    folder: Path, budget: str, flush: str = "", until: Callable[[], bool] = lambda: True
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(folder), NOON, budget, flush],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        try:
            give_up = time.monotonic() + 90
            while not until() and time.monotonic() < give_up:
                time.sleep(0.05)  # another process writes; there is no event of it
        finally:
            victim.send_signal(signal.SIGKILL)


async def test_what_was_set_aside_is_charged_in_full_after_a_kill(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "0.009", "flush")
    book = ledger(tmp_path, FakeClock(at(NOON)), patience_s=3600)
    settings = config(day_usd=0.008)
    meter = book.view(settings, "isaacctl")
    # 0.002 were settled, 0.003045 are charged for the other: another 0.003045 would be too much, and at once.
    with pytest.raises(BudgetExceeded, match=r"\$0.005045 are spent, so that"):
        await meter.reserve(call())
    total = (await book.desk(settings).report("caller", None, None)).total
    assert (total.calls, total.unsettled) == (2, 1)
    assert total.cost_usd == pytest.approx(0.005045)
    await book.aclose()


async def test_a_kill_right_after_settling_never_makes_a_call_cheaper_than_it_was(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "0.009")
    book = ledger(tmp_path, FakeClock(at(NOON)))
    settings = config(day_usd=1)
    spent = (await book.desk(settings).budgets())[0]
    assert spent.spent_usd + spent.reserved_usd >= 0.002 + 0.003045 - 1e-9
    await book.aclose()


def rows(folder: Path) -> tuple[int, int | None]:
    """Return how many calls are in the file, and what they cost."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'data' / 'ledger.sqlite'}?mode=ro", uri=True)) as file:
            found: tuple[int, int | None] = file.execute("SELECT count(*), sum(cost) FROM calls").fetchone()
            return found
    except sqlite3.Error:
        return 0, None  # not made yet


async def test_without_a_budget_what_has_ended_is_written_while_nobody_asks_for_it(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "", until=lambda: rows(tmp_path)[0] > 0)
    assert rows(tmp_path) == (1, 2_000_000)


def run_three(code: str, folder: Path) -> int:
    """Run three processes at once, and add up what they print."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), NOON, f"p{number}"],
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        for number in range(3)
    ]
    printed = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    return sum(map(int, printed))


async def test_processes_together_never_spend_more_than_the_budget(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from isaacd.errors import BudgetExceeded
from tests.fakes import FakeClock
from tests.ledgers import at, call, config, ended, ledger

async def ask(meter):
    try:
        item = await meter.reserve(call())
    except BudgetExceeded:
        return 0
    await meter.settle(item, ended())
    return 1

async def main():
    book = ledger(Path(sys.argv[1]), FakeClock(at(sys.argv[2])), patience_s=120)
    meter = book.view(config(day_usd=0.01), sys.argv[3])
    print(sum(await asyncio.gather(*(ask(meter) for _ in range(50)))))
    await book.aclose()

asyncio.run(main())
"""
    answered = await anyio.to_thread.run_sync(run_three, code, tmp_path)
    assert answered == 4
    book = ledger(tmp_path, FakeClock(at(NOON)))
    state = (await book.desk(config(day_usd=0.01)).budgets())[0]
    assert (state.spent_usd, state.reserved_usd) == (pytest.approx(0.008), 0)
    await book.aclose()
