"""The circuit breaker: who keeps failing is left alone, and then tried by exactly one call."""

import pytest

from isaacd.ai.routing.breaker import Breaker
from isaacd.config import BreakerConfig
from tests.fakes import FakeClock

CONFIG = BreakerConfig(failures=3, window_s=60, open_s=30)


class Circuit:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.breaker = Breaker(CONFIG, self.clock.monotonic)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            permit = self.breaker.enter()
            assert permit is not None
            permit.failed()


@pytest.fixture
def circuit() -> Circuit:
    return Circuit()


def test_enough_failures_in_a_row_open_it(circuit: Circuit) -> None:
    circuit.fail(2)
    assert circuit.breaker.state == "closed"
    circuit.fail()
    assert circuit.breaker.state == "open"
    assert circuit.breaker.enter() is None
    assert circuit.breaker.closed_for_s() == 30


def test_a_success_in_between_forgives(circuit: Circuit) -> None:
    circuit.fail(2)
    permit = circuit.breaker.enter()
    assert permit is not None
    permit.succeeded()
    circuit.fail(2)
    assert circuit.breaker.state == "closed"


def test_failures_that_are_long_ago_do_not_count(circuit: Circuit) -> None:
    circuit.fail(2)
    circuit.clock.advance(61)
    circuit.fail(2)
    assert circuit.breaker.state == "closed"
    circuit.fail()
    assert circuit.breaker.state == "open"


def test_half_open_lets_exactly_one_probe_through(circuit: Circuit) -> None:
    circuit.fail(3)
    circuit.clock.advance(30)
    assert circuit.breaker.state == "half-open"
    probe = circuit.breaker.enter()
    assert probe is not None
    assert probe.probe
    assert circuit.breaker.enter() is None
    assert circuit.breaker.closed_for_s() is None
    probe.succeeded()
    assert circuit.breaker.state == "closed"


def test_a_probe_that_fails_opens_it_for_as_long_again(circuit: Circuit) -> None:
    circuit.fail(3)
    circuit.clock.advance(31)
    circuit.fail()
    assert circuit.breaker.state == "open"
    assert circuit.breaker.closed_for_s() == 30


def test_a_probe_that_tells_nothing_makes_way_for_the_next(circuit: Circuit) -> None:
    circuit.fail(3)
    circuit.clock.advance(30)
    probe = circuit.breaker.enter()
    assert probe is not None
    probe.release()
    assert circuit.breaker.state == "half-open"
    assert circuit.breaker.enter() is not None


def test_calls_from_before_a_change_say_nothing_about_now(circuit: Circuit) -> None:
    old = [circuit.breaker.enter() for _ in range(3)]
    circuit.fail(3)
    circuit.clock.advance(30)
    for permit in old[:2]:
        assert permit is not None
        permit.failed()
    assert circuit.breaker.state == "half-open"
    assert old[2] is not None
    old[2].succeeded()
    assert circuit.breaker.state == "half-open"


def test_only_the_first_word_about_a_call_counts(circuit: Circuit) -> None:
    for _ in range(2):
        permit = circuit.breaker.enter()
        assert permit is not None
        permit.failed()
        permit.failed()
        permit.release()
    assert circuit.breaker.state == "closed"
