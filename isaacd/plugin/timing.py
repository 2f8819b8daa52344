"""What a plugin has cost so far: when each step began, how long it took, and the memory that came with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from isaacd.clock import Clock


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step; `at_ms` counts from the daemon's start, `memory_kib` is by how much the process grew meanwhile.

    The growth is that of the whole process: what else went on at the time is in it.
    """

    name: str
    at_ms: float
    took_ms: float
    memory_kib: int = 0


class Timings:
    """The steps of one plugin; `born` is the daemon's start on the monotonic clock."""

    def __init__(self, clock: Clock, born: float) -> None:
        self._clock = clock
        self._born = born
        self.steps: dict[str, Step] = {}

    def note(self, name: str, start: float, end: float) -> None:
        """Note a step that took no memory worth a word."""
        at_ms, took_ms = (start - self._born) * 1000, (end - start) * 1000
        self.steps[name] = Step(name=name, at_ms=round(at_ms, 3), took_ms=round(took_ms, 3))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure one step; the last of a name counts."""
        start, memory = self._clock.monotonic(), resident_kib()
        try:
            yield
        finally:
            end = self._clock.monotonic()
            self.steps[name] = Step(
                name=name,
                at_ms=round((start - self._born) * 1000, 3),
                took_ms=round((end - start) * 1000, 3),
                memory_kib=max(0, resident_kib() - memory),
            )

    def took_ms(self, name: str) -> float:
        """Return how long a step took, 0 if there was none."""
        return self.steps[name].took_ms if name in self.steps else 0.0


def resident_kib() -> int:
    """Return the resident memory of this process; 0 where the kernel does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no Path object twice a step
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
    except (OSError, ValueError):
        return 0
