"""What a batch has done so far: counts, money and speed, for the line on a terminal and for the end."""

from collections import deque

from isaacd.batch.cards import BatchSummary
from isaacd.batch.record import Outcome
from isaacd.clock import Clock

SHOWN_EVERY_S = 0.2
_MEASURED_S = 10.0


class Tally:
    """Counts the rows of one run; `total` is None while nobody knows how many there will be."""

    def __init__(self, clock: Clock) -> None:
        self.total: int | None = None
        self.done = self.ok = self.failed = self.bad = self.cached = self.resumed = self.unpriced = 0
        self.cost_usd = 0.0
        self._clock = clock
        self._started = self._shown = clock.monotonic()
        self._samples: deque[tuple[float, int]] = deque([(self._started, 0)])

    def count(self, outcome: Outcome, *, resumed: bool = False) -> None:
        """Count a row that is done; what an earlier run paid for is no cost of this one."""
        self.done += 1
        self.resumed += resumed
        if outcome.error is not None:
            self.failed += 1
            self.bad += outcome.error.line is not None
            return
        self.ok += 1
        if resumed:
            return
        self.cached += outcome.cached is not None
        if outcome.cost_usd is None:
            self.unpriced += 1
        else:
            self.cost_usd += outcome.cost_usd

    def is_due(self) -> bool:
        """Tell whether the line should be drawn anew; it is, at most five times a second."""
        now = self._clock.monotonic()
        if now - self._shown < SHOWN_EVERY_S:
            return False
        self._shown = now
        self._samples.append((now, self.done - self.resumed))
        while now - self._samples[0][0] > _MEASURED_S and len(self._samples) > 2:
            self._samples.popleft()
        return True

    def progress(self) -> dict[str, object]:
        """Return the data of a progress event: `per_s` and `left_s` are those of the last seconds."""
        (before, counted), now = self._samples[0], self._clock.monotonic()
        per_s = (self.done - self.resumed - counted) / (now - before) if now > before else 0.0
        left = None if self.total is None else max(0, self.total - self.done)
        return {
            "done": self.done,
            "total": self.total,
            "label": "batch",
            "per_s": per_s,
            "left_s": left / per_s if left is not None and per_s > 0 else None,
            "note": self._note(),
        }

    def _note(self) -> str:
        parts = [f"${self.cost_usd:.4f}"] if self.cost_usd else []
        parts += [f"{self.failed} failed"] if self.failed else []
        return ", ".join(parts)

    def summary(self, batch: str) -> BatchSummary:
        """Return what became of the batch so far."""
        return BatchSummary(
            batch=batch,
            total=self.done,
            ok=self.ok,
            failed=self.failed,
            bad=self.bad,
            cached=self.cached,
            resumed=self.resumed,
            cost_usd=self.cost_usd,
            unpriced=self.unpriced,
            elapsed_s=self._clock.monotonic() - self._started,
        )
