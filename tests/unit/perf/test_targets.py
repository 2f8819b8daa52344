"""Targets: each has a room that is there, says what became of it, and is open if nothing measured it."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest
from harness import Row
from peers import SECTIONS
from targets import TARGETS, outcomes, summary

PERF = Path(__file__).resolve().parents[3] / "perf"


def test_every_target_has_a_room() -> None:
    loader = importlib.machinery.SourceFileLoader("perf_run", str(PERF / "run"))
    spec = importlib.util.spec_from_loader("perf_run", loader)
    assert spec is not None
    run = importlib.util.module_from_spec(spec)
    loader.exec_module(run)
    rooms = {*run.ALL, *(f"peers {name}" for name in SECTIONS)}
    assert {target.room for target in TARGETS} <= rooms
    assert len({(target.what, target.row) for target in TARGETS}) == len(TARGETS)


@pytest.mark.parametrize(("ours", "met"), [([1.0, 1.02, 1.04], True), ([1.2, 1.3, 1.1], False)])
def test_a_target_is_met_by_its_row(ours: list[float], met: bool) -> None:
    row = Row("isaacctl status", "python -c pass", ours, [1.0, 1.0, 1.0], target=1.05)
    found = {outcome.target.row: outcome for outcome in outcomes([row])}
    assert found[row.title].met is met
    assert found[row.title].figure == f"{sorted(ours)[1]:.3g}"
    assert sum(outcome.met is not None for outcome in found.values()) == 1


def test_the_worst_of_several_rows_counts() -> None:
    rows = [
        Row(f"points that the memory is below LRU of 1100, {trace}", ours=[points], unit="integer", target=2)
        for trace, points in (("one", 0.0), ("two", 3.0))
    ]
    (found,) = [outcome for outcome in outcomes(rows) if outcome.figure]
    assert found.met is False
    assert found.figure == "0, 3"


def test_what_was_not_measured_is_said() -> None:
    text = summary([Row("alias look-up in us", ours=[0.1], unit="integer", target=1)], ["router"])
    assert text.startswith("1 of 3 targets are met")
    assert text.count("not measured") == 2
