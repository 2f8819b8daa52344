"""One call to one provider, from its place in the queue to its bill."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from isaacd.ai.chat import Attempt, ChatRequest, Finish, Opened, Piece, ReasoningDelta, TextDelta, Usage
from isaacd.ai.choice import OFFLINE, Choice
from isaacd.ai.meter import Call, NoMeter, Outcome
from isaacd.ai.pool import provider_failed
from isaacd.ai.routing.breaker import Permit
from isaacd.ai.routing.failure import output_of
from isaacd.ai.routing.flight import Flight
from isaacd.ai.routing.limiter import Limiter, NoRoom, Slot, Waiter
from isaacd.ai.routing.retry import is_failure, is_overload
from isaacd.ai.routing.services import Line
from isaacd.ai.routing.switchboard import Switchboard, View
from isaacd.ai.routing.timers import at_once, finished
from isaacd.errors import IsaacError, ProviderUnavailable, RateLimited
from isaacd.trace import span

# However long a provider wants to be left alone, it is tried again after this.
MAX_COOL_S = 3600.0
_CHARS_A_TOKEN = 4


class Lost(Exception):
    """Another call has given the first piece."""


class Answering(Protocol):
    """The answer for which calls are made (`isaacd.ai.routing.answering`), as far as one call needs it."""

    board: Switchboard
    view: View
    flight: Flight
    calls: "list[CallMade]"
    winner: "CallMade | None"

    def request_for(self, choice: Choice) -> ChatRequest:
        """Return what this provider is sent."""
        ...

    def new_number(self) -> int:
        """Number the calls, from 1."""
        ...

    def win(self, call: "CallMade") -> bool:
        """Say whether this call is the one whose pieces are handed out."""
        ...

    def queued(self, limiter: Limiter, waiter: Waiter) -> AbstractContextManager[None]:
        """Know of a call that waits for room, as long as it does."""
        ...


class CallMade:
    """One call for an answer under way; `run` makes it, once.

    `sent` says whether the provider was called at all, `ahead` whether pieces of this call were handed out,
    `broke` whether it then ended without an end. What it has cost is in `cost_usd` afterwards, None if the price is not known.
    """

    def __init__(self, answering: Answering, choice: Choice, line: Line, reason: str) -> None:
        self.choice = choice
        self.sent = False
        self.ahead = False
        self.broke = False
        self.cost_usd: float | None = 0.0
        self._answering = answering
        self._line = line
        self._reason = reason
        self._outcome = "cancelled"
        self._usage: Usage | None = None
        self._model = choice.model or ""
        self._started_s = 0.0
        self._elapsed_s = 0.0
        self._first_s: float | None = None
        self._reached = True
        self._request = answering.view.meter.bounded(answering.request_for(choice))

    def told(self) -> Attempt:
        """Describe the call."""
        return Attempt(
            provider=self.choice.provider,
            model=self.choice.model,
            outcome=self._outcome,
            elapsed_ms=self._elapsed_s * 1000,
        )

    async def run(self, patience_s: float) -> Finish:
        """Make the call and hand its pieces out; returns its end.

        Raises NoRoom if it cannot be made yet, Lost if another was faster, BudgetExceeded, and what the provider
        raises. Limits a minute may hold it back for `patience_s`.
        """
        answering, line = self._answering, self._line
        waiter = line.limiter.enqueue(
            answering.flight.lane,
            _estimate_tokens(self._request),
            patience_s=patience_s,
            deadline=answering.flight.deadline,
        )
        with answering.queued(line.limiter, waiter), span("queue", provider=self.choice.provider):
            slot = await line.limiter.turn(waiter)
        try:
            # Much may have happened since it got in line.
            if (cooling_s := line.cooling_s()) > 0:
                raise NoRoom(cooling_s)
            permit = line.breaker.enter()
            if permit is None:
                raise NoRoom(0.0)
            try:
                with span(
                    "ai", provider=self.choice.provider, model=self._model, reason=self._reason
                ) as part:
                    try:
                        return await self._metered(slot, permit)
                    finally:
                        part.note(outcome=self._outcome)
            finally:
                permit.release()
        finally:
            slot.release("neutral" if self.sent else "unused")

    async def _metered(self, slot: Slot, permit: Permit) -> Finish:
        """Reserve, call, settle; what was reserved is settled exactly once, come what may."""
        answering = self._answering
        if self.choice.config.kind == OFFLINE:  # it costs nothing, and no budget has to know
            return await self._judged(slot, permit)
        if type(answering.view.meter) is NoMeter:  # it cannot wait, so nothing can come in between
            try:
                return await self._judged(slot, permit)
            finally:
                self.cost_usd = answering.view.meter.cost_usd(self._bill())
        meter = answering.view.meter
        call = Call(
            id=answering.board.new_id(),
            provider=self.choice.provider,
            kind=self.choice.config.kind,
            model=self.choice.model,
            url=self.choice.url,
            caller=answering.view.caller,
            request=self._request,
            attempt=answering.new_number(),
            reason=self._reason,
            lane=answering.flight.lane,
        )
        if not meter.waits:
            reservation = at_once(meter.reserve(call))
            try:
                return await self._judged(slot, permit)
            finally:
                self.cost_usd = at_once(meter.settle(reservation, self._bill()))
        reservation, cancelled = await finished(meter.reserve(call))
        try:
            if cancelled:
                raise asyncio.CancelledError
            return await self._judged(slot, permit)
        finally:
            self.cost_usd, cancelled = await finished(meter.settle(reservation, self._bill()))
            if cancelled:
                raise asyncio.CancelledError

    def _bill(self) -> Outcome:
        pieces = self._answering.flight.pieces if self.ahead else ()
        return Outcome(
            outcome=self._outcome,
            usage=self._usage,
            elapsed_ms=self._elapsed_s * 1000,
            first_ms=None if self._first_s is None else self._first_s * 1000,
            text=output_of(pieces),
            model=self._model,
            sent=self.sent and self._reached,
        )

    async def _judged(self, slot: Slot, permit: Permit) -> Finish:
        """Make the call, and let everybody who watches the provider know how it went."""
        line, monotonic = self._line, self._answering.board.clock.monotonic
        self._started_s = monotonic()
        try:
            finish = await self._listen(slot, permit)
        except IsaacError as error:
            self.broke = self.ahead
            self._outcome = "broken" if self.broke else error.name
            self._learn(error, slot, permit)
            raise
        except (asyncio.CancelledError, Lost):
            if self._first_s is None and self._answering.winner is not None:
                line.latency.observe(monotonic() - self._started_s)  # it would have taken at least this long
            raise
        finally:
            self._elapsed_s = monotonic() - self._started_s
        usage = None if finish.usage is None else finish.usage.sound()
        if usage is not finish.usage:
            finish = msgspec.structs.replace(finish, usage=usage)
        self._outcome, self._usage, self._model = "ok", usage, finish.model
        permit.succeeded()
        slot.release("ok", None if usage is None else usage.input_tokens + usage.output_tokens)
        return finish

    def _learn(self, error: IsaacError, slot: Slot, permit: Permit) -> None:
        detail = error.detail or {}
        # Nobody charges for a call that was answered with an error status.
        self._reached = detail.get("sent") is not False and "status" not in detail
        if is_failure(error):
            permit.failed()
        elif "status" in detail:
            permit.succeeded()  # it has refused, so it is there
        if error.retry_after_ms is not None and isinstance(error, RateLimited | ProviderUnavailable):
            self._line.cool_down(min(error.retry_after_ms / 1000, MAX_COOL_S))
        slot.release("overload" if is_overload(error) else "neutral")

    async def _listen(self, slot: Slot, permit: Permit) -> Finish:
        answering = self._answering
        board, view = answering.board, answering.view
        try:
            async with board.pool.lend(
                self.choice, view.host, view.identity(self.choice, board.pool)
            ) as provider:
                self.sent = True
                answering.calls.append(self)
                pieces = provider.stream(self._request)
                try:
                    return await self._pass_on(pieces, slot, permit)
                finally:
                    close = getattr(pieces, "aclose", None)
                    if close is not None:
                        await close()
        except (IsaacError, Lost):
            raise
        except Exception as error:
            view.host.log.exception("provider failed", provider=self.choice.provider)
            raise provider_failed(self.choice, error) from error

    async def _pass_on(self, pieces: AsyncIterator[Piece], slot: Slot, permit: Permit) -> Finish:
        flight = self._answering.flight
        put = flight.put
        async for piece in pieces:
            # `type`, not `isinstance`: this is done for every piece that anybody ever gets.
            if type(piece) is TextDelta and self.ahead:
                if put(piece):
                    await flight.room()
            elif type(piece) is Opened:
                slot.opened(piece.limits)
            elif not _is_empty(piece):
                if not self.ahead:
                    self._lead(permit)
                if type(piece) is Finish:
                    return piece
                if put(piece):
                    await flight.room()
        raise ProviderUnavailable(f"provider {self.choice.provider} broke off its answer")

    def _lead(self, permit: Permit) -> None:
        """Give the first piece, or learn that another has."""
        self._first_s = self._answering.board.clock.monotonic() - self._started_s
        self._line.latency.observe(self._first_s)
        if permit.probe:
            permit.succeeded()  # others need not wait until a long answer is over
        self.ahead = self._answering.win(self)
        if not self.ahead:
            raise Lost


def _estimate_tokens(request: ChatRequest) -> int:
    """Guess what a call will take of the tokens a minute; its usage corrects that afterwards."""
    return sum(len(turn.content) for turn in request.messages) // _CHARS_A_TOKEN + (request.max_tokens or 0)


def _is_empty(piece: Piece) -> bool:
    return (
        isinstance(piece, TextDelta | ReasoningDelta)
        and not piece.text
        and not getattr(piece, "signature", "")
    )
