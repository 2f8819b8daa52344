"""How long a model takes to its first piece, as observed lately."""

from collections import deque
from math import ceil

_SAMPLES = 128
# With fewer, the 95th percentile is just the slowest of a handful, and the start value is the better guess.
MIN_SAMPLES = 5


class Latency:
    """The last observations, in seconds."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    def observe(self, first_s: float) -> None:
        """Note the time to a first piece; of a call that was given up, the time it had until then."""
        self._samples.append(first_s)

    def percentile(self, part: float) -> float | None:
        """Return the time that `part` (0 to 1) of the answers take at most, by nearest rank; None if too few are known."""
        if len(self._samples) < MIN_SAMPLES:
            return None
        return sorted(self._samples)[max(0, ceil(part * len(self._samples)) - 1)]
