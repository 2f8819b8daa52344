"""The circuit: a first failure costs no wait, more in a row ever longer ones, and time heals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.errors import PluginFailed
from isaacd.plugin.isolation.circuit import PATIENCE_S, Circuit
from tests.fakes import FakeClock


def test_a_first_crash_costs_nobody_a_wait() -> None:
    circuit = Circuit("dice", FakeClock().monotonic)
    assert circuit.wait_s() == 0
    circuit.crashed("it left")
    assert circuit.wait_s() == 0


def test_a_wait_that_is_longer_than_callers_have_patience_is_refused_with_the_cause_and_the_time() -> None:
    clock = FakeClock()
    circuit = Circuit("dice", clock.monotonic)
    for _ in range(5):
        circuit.crashed("it left")
    with pytest.raises(PluginFailed) as refused:
        circuit.wait_s()
    assert "it left" in refused.value.message
    assert refused.value.retry_after_ms is not None
    clock.advance(refused.value.retry_after_ms / 1000)
    assert circuit.wait_s() == 0


def test_time_without_a_crash_heals() -> None:
    clock = FakeClock()
    circuit = Circuit("dice", clock.monotonic)
    for _ in range(9):
        circuit.crashed("it left")
    clock.advance(121)
    assert circuit.crashes == 0
    circuit.crashed("it left")
    assert circuit.wait_s() == 0


def test_what_fails_after_a_call_that_worked_begins_a_row_of_its_own() -> None:
    circuit = Circuit("dice", FakeClock().monotonic)
    for _ in range(9):
        circuit.crashed("it left")
        circuit.worked()
    circuit.crashed("it left")
    assert circuit.wait_s() == 0


@given(st.lists(st.floats(0, 200), max_size=30))
def test_no_wait_is_longer_than_a_minute_and_none_is_granted_that_is_longer_than_patience(
    gaps: list[float],
) -> None:
    clock = FakeClock()
    circuit = Circuit("dice", clock.monotonic)
    for gap in gaps:
        circuit.crashed("it left")
        clock.advance(gap)
        wait_s, told_ms = _wait(circuit)
        assert 0 <= wait_s <= PATIENCE_S
        assert told_ms <= 60_001


def _wait(circuit: Circuit) -> tuple[float, int]:
    try:
        return circuit.wait_s(), 0
    except PluginFailed as refused:
        return 0.0, refused.retry_after_ms or 10**9
