"""The breaker against a model of it: whatever happens, in whatever order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from isaacd.ai.routing.breaker import Breaker, Permit
from isaacd.config import BreakerConfig
from tests.fakes import FakeClock

CONFIG = BreakerConfig(failures=3, window_s=10, open_s=5)


class BreakerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = Breaker(CONFIG, self.clock.monotonic)
        self.permits: list[Permit] = []
        self.failed_at: list[float] = []
        self.opened_at: float | None = None

    @rule()
    def enter(self) -> None:
        probing = any(permit.probe and permit.generation == self.generation() for permit in self.permits)
        permit = self.breaker.enter()
        if self.opened_at is None:
            assert permit is not None
            assert not permit.probe
        elif self.clock.monotonic() < self.opened_at + CONFIG.open_s or probing:
            assert permit is None
        else:
            assert permit is not None
            assert permit.probe
        if permit is not None:
            self.permits.append(permit)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), how=st.sampled_from(["succeeded", "failed", "release"]))
    def end(self, data: st.DataObject, how: str) -> None:
        permit = self.permits.pop(data.draw(st.integers(0, len(self.permits) - 1)))
        counts = permit.generation == self.generation()
        now = self.clock.monotonic()
        getattr(permit, how)()
        if not counts or how == "release":
            return
        if how == "succeeded":
            self.failed_at = []
            self.opened_at = None if permit.probe else self.opened_at
            return
        self.failed_at = [*self.failed_at, now][-CONFIG.failures :]
        many = len(self.failed_at) == CONFIG.failures and now - self.failed_at[0] <= CONFIG.window_s
        if permit.probe or many:
            self.opened_at, self.failed_at = now, []

    @invariant()
    def the_state_is_that_of_the_model(self) -> None:
        now = self.clock.monotonic()
        expected = (
            "closed"
            if self.opened_at is None
            else "open"
            if now < self.opened_at + CONFIG.open_s
            else "half-open"
        )
        assert self.breaker.state == expected

    def generation(self) -> int:
        return self.breaker._generation


TestBreaker = BreakerMachine.TestCase
