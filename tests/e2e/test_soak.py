"""A day of a daemon's life, with a clock that does not wait: what is due comes in time and once, and nothing grows.

Two hours of it around midnight here, a whole day in `make test-long`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import soak

HOURS = int(os.environ.get("ISAAC_SOAK_HOURS", "2"))
GROWTH = 1.04


def lived(hours: int, *how: str) -> dict[str, Any]:
    """Let it live in a process of its own, and return what was seen."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", str(hours), *how],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "ResourceWarning" not in done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def everything_scheduled_ran_in_time_and_once(lived: dict[str, Any]) -> None:
    assert lived["ticks"] == lived["expected_ticks"] > 0


def kept_values_live_as_long_as_they_may(lived: dict[str, Any]) -> None:
    assert (lived["early"], lived["late"]) == (0, 0)


def a_budget_holds_until_midnight_and_begins_anew(lived: dict[str, Any]) -> None:
    days = {row["key"]: row["cost_usd"] for row in lived["days"]["rows"]}
    assert len(days) == 2
    assert all(0 < spent <= soak.DAY_USD for spent in days.values())
    assert set(lived["errors"]) == {"budget_exceeded"}  # and nothing else went wrong
    assert lived["cached"] > 0  # what is kept needs no money


def nothing_grows(lived: dict[str, Any]) -> None:
    before, after = lived["early_on"], lived["end"]
    assert after["rss_kib"] <= before["rss_kib"] * GROWTH
    assert after["files"] <= before["files"]
    assert after["tasks"] <= before["tasks"]
    assert after["log_bytes"] <= 2 * soak.MAX_LOG_BYTES
    assert lived["status"]["house"]["lines_dropped"] == 0


def the_watchdog_is_fed_all_the_time(lived: dict[str, Any]) -> None:
    assert lived["watchdog"] >= lived["lived_s"] / soak.WATCHDOG_S


def it_leaves_once_nobody_needs_it(lived: dict[str, Any]) -> None:
    assert lived["left_after_s"] == pytest.approx(soak.IDLE_S, abs=5)
    assert lived["socket_left"] is False


def test_a_day_passes_and_leaves_nothing_behind() -> None:
    """One test, since the life of one daemon is looked at from all sides."""
    told = lived(HOURS)
    print(json.dumps({name: told[name] for name in ("early_on", "end", "lived_s", "watchdog")}))
    everything_scheduled_ran_in_time_and_once(told)
    kept_values_live_as_long_as_they_may(told)
    a_budget_holds_until_midnight_and_begins_anew(told)
    nothing_grows(told)
    the_watchdog_is_fed_all_the_time(told)
    it_leaves_once_nobody_needs_it(told)


def test_a_wall_clock_that_is_set_forth_and_back_silences_nothing_and_doubles_nothing() -> None:
    told = lived(3, "jumps")
    # When the clock is set, what was just due is due later or at once: one run for each time, and no more.
    assert abs(told["ticks"] - told["expected_ticks"]) <= len(soak.JUMPS)
    assert (
        told["early"] == 0
    )  # what is kept is there as long as it was promised, by the time that really passes
    assert set(told["errors"]) <= {"budget_exceeded"}
    assert told["status"]["house"]["lines_dropped"] == 0
    the_watchdog_is_fed_all_the_time(told)
    it_leaves_once_nobody_needs_it(told)
