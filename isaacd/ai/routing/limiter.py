"""How many calls a provider gets at once and a minute, and whose turn it is."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Literal

from isaacd.ai.chat import RateLimits
from isaacd.ai.meter import Lane
from isaacd.ai.routing.rates import Allowance, Entry, Window
from isaacd.ai.routing.timers import Handle, Timers
from isaacd.config import ProviderConfig

START = 64
CEILING = 1024
# While both lanes wait, so many people's calls are let through for each one of a batch.
INTERACTIVE_SHARE = 4
_SHORTEST_WAIT_S = 0.001

Verdict = Literal["ok", "overload", "neutral", "unused"]


class NoRoom(Exception):
    """The limits leave no room in the time that there is; `wait_s` is how long it would take."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class Waiter:
    """A call in the queue; `patience_s` is how long it may be held back by limits a minute."""

    __slots__ = ("deadline", "future", "lane", "patience_s", "tokens")

    def __init__(self, lane: Lane, tokens: int, patience_s: float, deadline: Callable[[], float]) -> None:
        self.lane: Lane = lane
        self.tokens = tokens
        self.patience_s = patience_s
        self.deadline = deadline
        self.future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()


class Limiter:
    """The limits of one provider as one key sees it, and the queue before them.

    The limit of calls at once adapts (additive increase, multiplicative decrease, as TCP does): an overload halves
    it, at most once for all calls that began before; success while it is used up raises it by one a round. Each
    lane is first come, first served; interactive calls go first, but every fifth turn is a batch's if one waits.
    """

    def __init__(self, config: ProviderConfig, now: Callable[[], float], timers: Timers) -> None:
        self._now = now
        self._timers = timers
        self._ceiling = config.max_concurrency or CEILING
        self._limit = float(config.max_concurrency or START)
        self._epoch = 0
        self._requests = (
            None if config.requests_per_minute is None else Window(config.requests_per_minute, now)
        )
        self._tokens = None if config.tokens_per_minute is None else Window(config.tokens_per_minute, now)
        self.requests_left = Allowance(now)
        self.tokens_left = Allowance(now)
        self._lanes: dict[Lane, OrderedDict[Waiter, None]] = {
            "interactive": OrderedDict(),
            "batch": OrderedDict(),
        }
        self._in_a_row = 0
        self._wake: Handle | None = None
        self.in_flight = 0

    @property
    def limit(self) -> int:
        """How many calls may be under way at once, now."""
        return int(self._limit)

    @property
    def queued(self) -> int:
        """How many calls wait for their turn."""
        return sum(map(len, self._lanes.values()))

    def wait_s(self, tokens: int) -> float:
        """Return how long the limits a minute hold back a call of so many tokens; 0 if they do not."""
        wait_s = max(self.requests_left.wait_s(1), self.tokens_left.wait_s(tokens))
        if self._requests is not None:
            wait_s = max(wait_s, self._requests.wait_s(1))
        if self._tokens is not None:
            wait_s = max(wait_s, self._tokens.wait_s(tokens))
        return wait_s

    def enqueue(
        self,
        lane: Lane,
        tokens: int,
        *,
        patience_s: float = inf,
        deadline: Callable[[], float] = lambda: inf,
    ) -> Waiter:
        """Get in line; `deadline` is asked whenever it matters, on the clock of `now`."""
        waiter = Waiter(lane, tokens, patience_s, deadline)
        self._lanes[lane][waiter] = None
        self._dispatch()
        return waiter

    async def turn(self, waiter: Waiter) -> "Slot":
        """Wait for one's turn; raises NoRoom if it would not come in time."""
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._lanes[waiter.lane].pop(waiter, None)
            if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                waiter.future.result().release("unused")
            self._dispatch()  # it may have been the one that everyone behind it waited for
            raise

    def promote(self, waiter: Waiter) -> None:
        """Move a call of a batch to the end of the interactive lane: somebody waits for it now."""
        if self._lanes["batch"].pop(waiter, self) is not self:
            waiter.lane = "interactive"
            self._lanes["interactive"][waiter] = None
            self._dispatch()

    def _dispatch(self) -> None:
        """Let through all whose turn it is, and have the clock call again for those whom it holds back."""
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        while self.in_flight < self.limit and (waiter := self._first()) is not None:
            if waiter.future.done():  # cancelled, and about to leave the queue by itself
                del self._lanes[waiter.lane][waiter]
                continue
            wait_s = self.wait_s(waiter.tokens)
            if wait_s > 0 and wait_s <= waiter.patience_s and self._now() + wait_s <= waiter.deadline():
                self._wake = self._timers.call_later(max(wait_s, _SHORTEST_WAIT_S), self._dispatch)
                return
            del self._lanes[waiter.lane][waiter]
            if wait_s > 0:
                waiter.future.set_exception(NoRoom(wait_s))
                continue
            self._in_a_row = 0 if waiter.lane == "batch" else self._in_a_row + 1
            waiter.future.set_result(self._slot(waiter.tokens))

    def _first(self) -> Waiter | None:
        people, batch = self._lanes["interactive"], self._lanes["batch"]
        lane = batch if batch and (not people or self._in_a_row >= INTERACTIVE_SHARE) else people
        return next(iter(lane), None)

    def _slot(self, tokens: int) -> "Slot":
        self.in_flight += 1
        self.requests_left.pending += 1
        self.tokens_left.pending += tokens
        return Slot(
            self,
            tokens,
            self._epoch,
            self._requests.take(1) if self._requests is not None else None,
            self._tokens.take(tokens) if self._tokens is not None else None,
        )

    def _told(self, limits: RateLimits | None) -> None:
        if limits is not None:
            self.requests_left.told(limits.requests_limit, limits.requests_remaining, limits.requests_reset_s)
            self.tokens_left.told(limits.tokens_limit, limits.tokens_remaining, limits.tokens_reset_s)

    def _settle(self, slot: "Slot", verdict: Verdict, tokens: int | None) -> None:
        if verdict == "ok" and self.in_flight >= self.limit:
            self._limit = min(self._ceiling, self._limit + 1 / self._limit)
        elif verdict == "overload" and slot.epoch == self._epoch:
            self._limit = max(1.0, self._limit / 2)
            self._epoch += 1
        self.in_flight -= 1
        unused = verdict == "unused"
        if slot.request is not None and self._requests is not None and unused:
            self._requests.correct(slot.request, 0)
        if slot.counted is not None and self._tokens is not None and (unused or tokens is not None):
            self._tokens.correct(slot.counted, 0 if unused else tokens or 0)
        self._dispatch()


class Slot:
    """The right to have one call under way; give it back by `release`, of which only the first counts."""

    __slots__ = ("_limiter", "_opened", "_released", "_tokens_estimated", "counted", "epoch", "request")

    def __init__(
        self, limiter: Limiter, tokens: int, epoch: int, request: Entry | None, counted: Entry | None
    ) -> None:
        self._limiter = limiter
        self._tokens_estimated = tokens
        self._opened = False
        self._released = False
        self.epoch = epoch
        self.request = request
        self.counted = counted

    def opened(self, limits: RateLimits | None) -> None:
        """Take in what the head of the provider's answer says; from then on its own numbers count this call."""
        if not self._opened:
            self._opened = True
            self._limiter.requests_left.pending -= 1
            self._limiter.tokens_left.pending -= self._tokens_estimated
            self._limiter._told(limits)  # noqa: SLF001 - the two halves of one thing

    def release(self, verdict: Verdict, tokens: int | None = None) -> None:
        """Give the slot back; `tokens` are what the call really took, as far as known."""
        if not self._released:
            self._released = True
            self.opened(None)
            self._limiter._settle(self, verdict, tokens)  # noqa: SLF001
