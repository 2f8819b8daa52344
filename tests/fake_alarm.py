"""An alarm that rings when the hands of a fake clock have come that far."""

from collections.abc import Callable

from tests.fakes import FakeClock


class FakeAlarm:
    """Call `tick` after the clock was moved, as a loop does once a turn."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.set: list[tuple[float, Callable[[], object]]] = []

    def ring_in(self, delay_s: float, call: Callable[[], object]) -> bool:
        self.set.append((self.clock.ticks + delay_s, call))
        return True

    def tick(self) -> None:
        due = [call for moment, call in self.set if moment <= self.clock.ticks]
        self.set = [one for one in self.set if one[0] > self.clock.ticks]
        for call in due:
            call()
