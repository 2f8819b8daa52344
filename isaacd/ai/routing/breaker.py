"""A circuit breaker: who keeps failing is left alone for a while, and then tried by one call only."""

from collections import deque
from collections.abc import Callable
from typing import Literal

from isaacd.config import BreakerConfig

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The circuit to one model of one provider (after Nygard, "Release It!").

    Closed, it lets every call through. `failures` in a row within `window_s` open it: then no call is let through
    for `open_s`. After that it is half-open: one call, the probe, is let through and decides; a success closes the
    circuit, a failure opens it again.
    """

    __slots__ = ("_config", "_failed_at", "_generation", "_now", "_opened_at", "_probing")

    def __init__(self, config: BreakerConfig, now: Callable[[], float]) -> None:
        self._config = config
        self._now = now
        self._failed_at: deque[float] = deque(maxlen=config.failures)
        self._opened_at: float | None = None
        self._probing = False
        self._generation = 0

    @property
    def state(self) -> State:
        """The state now."""
        if self._opened_at is None:
            return "closed"
        return "open" if self._opened_at + self._config.open_s > self._now() else "half-open"

    def closed_for_s(self) -> float | None:
        """Return the seconds until a call may be let through: 0 now, None while a probe decides."""
        if self._opened_at is None:
            return 0.0
        left = self._opened_at + self._config.open_s - self._now()
        if left > 0:
            return left
        return None if self._probing else 0.0

    def enter(self) -> "Permit | None":
        """Let a call through, if it may pass; the permit has to be given back by one of its methods."""
        if self.closed_for_s() != 0.0:
            return None
        probe = self._opened_at is not None
        self._probing = probe
        return Permit(self, self._generation, probe=probe)

    def _succeeded(self, permit: "Permit") -> None:
        if permit.generation != self._generation:
            return  # it began before the circuit changed, and says nothing about now
        self._failed_at.clear()
        if permit.probe:
            self._change(None)

    def _failed(self, permit: "Permit") -> None:
        if permit.generation != self._generation:
            return
        now = self._now()
        self._failed_at.append(now)
        many = len(self._failed_at) == self._config.failures
        if permit.probe or (many and now - self._failed_at[0] <= self._config.window_s):
            self._change(now)

    def _released(self, permit: "Permit") -> None:
        if permit.generation == self._generation and permit.probe:
            self._probing = False

    def _change(self, opened_at: float | None) -> None:
        self._opened_at = opened_at
        self._probing = False
        self._generation += 1
        self._failed_at.clear()


class Permit:
    """The right to make one call; only the first of its methods that is called counts."""

    __slots__ = ("_breaker", "_used", "generation", "probe")

    def __init__(self, breaker: Breaker, generation: int, *, probe: bool) -> None:
        self._breaker = breaker
        self._used = False
        self.generation = generation
        self.probe = probe

    def succeeded(self) -> None:
        """Say that the service has answered, be it with a refusal."""
        if not self._used:
            self._used = True
            self._breaker._succeeded(self)  # noqa: SLF001 - the two halves of one thing

    def failed(self) -> None:
        """Say that the service has failed."""
        if not self._used:
            self._used = True
            self._breaker._failed(self)  # noqa: SLF001

    def release(self) -> None:
        """Say that the call tells nothing about the service: it was cancelled, or never made."""
        if not self._used:
            self._used = True
            self._breaker._released(self)  # noqa: SLF001
