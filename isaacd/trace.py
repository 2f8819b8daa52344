"""One request's way through the house, with times: kept for a while, cheap enough to be kept of every request.

A trace says which rooms were visited and how long that took, never what was asked: no arguments, no text.
"""

import os
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import compress
from typing import Any, Self

KEPT = 512
# How long the list of what was answered at once may become, before it is settled.
QUICK_FULL = 3 * 4 * KEPT
MAX_SPANS = 64
MAX_NAMES = 256
MAX_ID_CHARS = 64
# The upper bounds of the durations that are counted together, in seconds; what is longer is counted last.
BUCKETS_S = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 60.0)
OTHER = "other"
_ID_CHARS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:")
_CURRENT: "ContextVar[Trace | None]" = ContextVar("isaacd_trace", default=None)


class Tally:
    """How often a command was called, and how long that took altogether; `buckets` are as in BUCKETS_S."""

    __slots__ = ("buckets", "count", "failed", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS_S) + 1)

    def add(self, took: list[float]) -> None:
        """Count calls that went well, by the seconds that each has taken."""
        self.count += len(took)
        self.seconds += sum(took)
        if max(took) <= BUCKETS_S[0]:  # as nearly all are that are answered at once
            self.buckets[0] += len(took)
            return
        took.sort()
        below = 0
        for number, bound in enumerate(BUCKETS_S):
            reached = bisect_right(took, bound, below)
            self.buckets[number] += reached - below
            if reached == len(took):
                return
            below = reached
        self.buckets[-1] += len(took) - below


class Trace:
    """One request under way, or done."""

    __slots__ = (
        "_traces",
        "at",
        "begun",
        "command",
        "ended",
        "given",
        "lost",
        "method",
        "number",
        "outcome",
        "spans",
    )

    def __init__(self, traces: "Traces", number: int, method: str, begun: float, given: str | None) -> None:
        self._traces = traces
        self.number = number
        self.method = method
        self.command = ""
        self.begun = begun
        self.at = traces.now()
        self.given = given
        self.ended: float | None = None
        self.outcome = ""
        self.spans: list[span] = []
        self.lost = 0

    @property
    def id(self) -> str:
        """What people call it: the name that the caller gave, or one that no other request of this machine has."""
        return self.given or f"{self._traces.prefix}{self.number:06x}"

    def end(self, outcome: str) -> None:
        """Note how it ended: `ok`, or the name of the error; what went wrong before that counts."""
        if self.ended is None:
            self.ended = self._traces.monotonic()
            self.outcome = self.outcome or outcome
            self._traces.count(self, self.ended - self.begun)


# Number, method, when it came and how long it took: all that is kept of a request without parts.
_Quick = tuple[int, str, float, float]


class Traces:
    """The last requests, and sums of all; `prefix` tells those of this process from others.

    A request that is answered at once only leaves three entries in `quick`: its method, when it came and how long it
    took. They are counted, and made requests of, by the hundred, or when somebody looks: that costs a third of what
    it costs one by one. Whoever has made `quick` QUICK_FULL long calls `settle`.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
        prefix: str | None = None,
    ) -> None:
        self.monotonic = monotonic
        self.now = now
        self.prefix = os.urandom(3).hex() if prefix is None else prefix
        self.listener: Callable[[Trace], None] | None = None
        self.quick: list[Any] = []
        self._tallies: dict[str, Tally] = {}
        self._recent: deque[Trace | _Quick] = deque(maxlen=KEPT)
        self._number = 0

    def begin(self, method: str, arrived: float, given: str | None = None) -> Trace:
        """Note a request that arrived then; `given` is what its caller calls it, if that can be used as a name."""
        if self.quick:
            self.settle()
        self._number += 1
        trace = Trace(self, self._number, method, arrived, None if given is None else usable(given))
        self._recent.append(trace)
        return trace

    def settle(self) -> None:
        """Count what was answered at once since the last time, and keep the last of it."""
        quick, self.quick = self.quick, []
        last = quick[-3 * KEPT :]
        methods, took = quick[::3], quick[2::3]
        self._number += len(methods)
        numbers = range(self._number - len(last) // 3 + 1, self._number + 1)
        self._recent.extend(zip(numbers, last[::3], last[1::3], last[2::3], strict=True))
        for method in set(methods):
            tally = self._tallies.get(method) or self._tally(method)
            is_alone = methods.count(method) == len(methods)
            tally.add(took if is_alone else list(compress(took, map(method.__eq__, methods))))

    def recent(self) -> Iterator[Trace]:
        """Give what is kept, the newest first."""
        self.settle()
        return (item if isinstance(item, Trace) else self._whole(*item) for item in reversed(self._recent))

    @property
    def tallies(self) -> dict[str, Tally]:
        """The sums of all requests, by the name of the command."""
        self.settle()
        return self._tallies

    def _whole(self, number: int, method: str, begun: float, took: float) -> Trace:
        trace = Trace(self, number, method, begun, None)
        trace.at = self.now() - (self.monotonic() - begun)
        trace.ended, trace.outcome = begun + took, "ok"
        return trace

    def _tally(self, name: str) -> Tally:
        """Return the sums of a command that has none yet; there are only so many names."""
        return self._tallies.setdefault(name if len(self._tallies) < MAX_NAMES else OTHER, Tally())

    def find(self, name: str) -> list[Trace]:
        """Return the traces of that name, the newest first: a caller may give the same to several requests."""
        wanted = usable(name)
        return [trace for trace in self.recent() if trace.id == wanted]

    def count(self, trace: Trace, seconds: float) -> None:
        """Add a request that has ended to the sums, and tell whoever listens."""
        name = trace.command or trace.method
        tally = self._tallies.get(name) or self._tally(name)
        tally.count += 1
        tally.seconds += seconds
        tally.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        if trace.outcome != "ok":
            tally.failed += 1
        if self.listener is not None:
            self.listener(trace)


class span:  # noqa: N801 - used as a function is, in `with`
    """A part of the request that is served here; without one it is nearly nothing."""

    __slots__ = ("_trace", "begun", "detail", "ended", "name")

    def __init__(self, name: str, **detail: str) -> None:
        self.name = name
        self.detail = detail
        self.begun = 0.0
        self.ended: float | None = None
        self._trace: Trace | None = None

    def __enter__(self) -> Self:
        trace = _CURRENT.get()
        if trace is not None:
            self._trace = trace
            if len(trace.spans) < MAX_SPANS:
                trace.spans.append(self)
            else:
                trace.lost += 1
            self.begun = trace._traces.monotonic()  # noqa: SLF001 - of this module
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if self._trace is not None:
            self.ended = self._trace._traces.monotonic()  # noqa: SLF001
            if kind is not None:
                self.detail["error"] = str(getattr(error, "name", "") or kind.__name__)
            # Or else the two would hold each other, and wait for the collector of cycles: megabytes in between.
            self._trace = None

    def note(self, **detail: str) -> None:
        """Add what is only known at its end."""
        self.detail.update(detail)


def add(trace: Trace, name: str, begun: float, ended: float) -> None:
    """Add a part that has ended already."""
    part = span(name)
    part.begun, part.ended = begun, ended
    trace.spans.append(part)


def current() -> Trace | None:
    """Return the trace of the request that is served here."""
    return _CURRENT.get()


# `enter` and `leave` around what is done at once; a task of its own needs no `leave`.
enter = _CURRENT.set
leave = _CURRENT.reset


def usable(name: str) -> str | None:
    """Return a caller's name for its request, None if it is none; of a W3C `traceparent` that is the trace's part."""
    parts = name.split("-")
    if len(parts) == 4 and [len(part) for part in parts] == [2, 32, 16, 2]:
        name = parts[1]
    return name if 0 < len(name) <= MAX_ID_CHARS and _ID_CHARS.issuperset(name) else None
