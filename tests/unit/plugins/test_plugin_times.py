"""`plugins timings`: a table, and a line for each plugin that was imported, in the order of time."""

import pytest

from isaac_plugins import plugins
from isaacd.context import TTY, PluginSteps, PluginTimes, StepCard
from tests.fake_caller import Caller

TIMES = PluginTimes(
    load="concurrent",
    plugins=(
        PluginSteps(name="idle", state="ready", steps=(StepCard(name="discovery", at_ms=1, took_ms=0.02),)),
        PluginSteps(
            name="late",
            state="loaded",
            steps=(
                StepCard(name="discovery", at_ms=1, took_ms=0.02),
                StepCard(name="import", at_ms=9_000_000, took_ms=10, memory_kib=64),
                StepCard(name="setup", at_ms=9_000_010, took_ms=30),
            ),
        ),
        PluginSteps(
            name="early", state="failed", steps=(StepCard(name="import", at_ms=20, took_ms=40, memory_kib=8),)
        ),
    ),
)


@pytest.fixture
def caller() -> Caller:
    made = Caller(plugins.plugin)
    made.services.daemon.times = TIMES
    return made


def test_programs_get_sums_and_steps(caller: Caller) -> None:
    told = caller.type("plugins", "timings", "--json").json
    costs = {item["name"]: item for item in told["plugins"]}
    assert (told["load"], told["total_ms"]) == ("concurrent", 80.04)
    assert (costs["late"]["import_ms"], costs["late"]["setup_ms"], costs["late"]["memory_kib"]) == (
        10,
        30,
        64,
    )
    assert [step["name"] for step in costs["late"]["steps"]] == ["discovery", "import", "setup"]


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_people_get_a_picture_without_pauses_that_fits(caller: Caller, columns: int) -> None:
    shown = caller.type("plugins", "timings", tty=TTY(stdout=True, columns=columns)).out
    early, late = (line for line in shown.splitlines() if "|" in line)
    assert early.startswith("early |█")
    assert late.startswith("late")
    assert early.count("█") > late.count("█")
    assert late.index("█") > early.index("█")
    assert late.count("▒") > late.count("█")
    assert max(len(early), len(late)) <= columns
    assert "load = concurrent" in shown


def test_where_nothing_was_imported_that_is_said(caller: Caller) -> None:
    caller.services.daemon.times = PluginTimes(load="lazy", plugins=TIMES.plugins[:1])
    assert "no plugin has been imported" in caller.type("plugins", "timings").out
    caller.services.daemon.times = PluginTimes(load="lazy")
    assert caller.type("plugins", "timings").out == "no plugin has cost anything yet\n"
