"""One answer under way: whom to call next, whom to call meanwhile, and when to give up."""

import asyncio
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

import msgspec

from isaacd.ai.chat import Answer, Attempt, ChatRequest, Finish, Piece, Reasoning, ReasoningDelta, ToolCall
from isaacd.ai.choice import OFFLINE, Choice
from isaacd.ai.route import Route
from isaacd.ai.routing.attempt import CallMade, Lost
from isaacd.ai.routing.candidate import Candidate
from isaacd.ai.routing.failure import all_failed, broken, text_of
from isaacd.ai.routing.flight import Flight
from isaacd.ai.routing.limiter import Limiter, NoRoom, Waiter
from isaacd.ai.routing.retry import may_fall_back
from isaacd.ai.routing.switchboard import Switchboard, View
from isaacd.ai.routing.timers import Alarm, finished, sleep
from isaacd.errors import InternalError, IsaacError

# Nobody is waited for longer than this while another provider could be asked instead.
PATIENCE_S = 1.0
# What a first piece takes at most, as long as too few have been seen.
HEDGE_START_S = 3.0


class Answering:
    """Makes the calls for one answer, as its route says, and hands the pieces of one of them to the flight."""

    def __init__(
        self, board: Switchboard, view: View, route: Route, request: ChatRequest, flight: Flight
    ) -> None:
        self.board = board
        self.view = view
        self.flight = flight
        self.calls: list[CallMade] = []
        self.winner: CallMade | None = None
        self._route = route
        self._request = request
        self._numbers = 0
        self._rivals: dict[asyncio.Task[Finish | None], None] = {}
        self._queued: dict[Waiter, Limiter] = {}
        self._candidates = [
            Candidate(choice, board.line(choice, view), board.clock.monotonic) for choice in route.choices
        ]
        flight.on_promotion = self._promote

    async def run(self) -> None:
        """Answer; raises the error that tells why there is no whole answer."""
        try:
            await self._run()
        except IsaacError:
            raise
        except Exception as error:
            self.view.host.log.exception("an answer failed")
            raise InternalError(
                f"the answer failed inside Isaac: {type(error).__name__}",
                hint="`isaacctl logs` shows the details",
            ) from error
        finally:
            # The calls hold this; nobody asks for them any more, and no cycle is left to the collector.
            self.calls.clear()
            self.winner = None

    async def _run(self) -> None:
        start_s = self.board.clock.monotonic()
        finish = None
        if self._route.strategy in ("hedge", "race"):
            finish = await self._together(hedge=self._route.strategy == "hedge")
        if finish is None:
            finish = await self._in_order()
        assert self.winner is not None  # or else there were no end
        self.flight.answer = self._whole(self.winner.choice, finish, start_s)
        self.flight.put(finish)

    # What one call needs to know.

    def request_for(self, choice: Choice) -> ChatRequest:
        """Return the request as one provider gets it."""
        if self._request.model == choice.model:
            return self._request
        return msgspec.structs.replace(self._request, model=choice.model)

    def new_number(self) -> int:
        """Count the calls, from 1."""
        self._numbers += 1
        return self._numbers

    def win(self, call: CallMade) -> bool:
        """Say whether this call gives the first piece; if so all others are cancelled at once."""
        if self.winner is not None:
            return False
        self.winner = call
        self.flight.choice = call.choice
        current = asyncio.current_task()
        for task in self._rivals:
            if task is not current:
                task.cancel()
        return True

    @contextmanager
    def queued(self, limiter: Limiter, waiter: Waiter) -> Generator[None, None, None]:
        """Remember that a call stands in line, as somebody may come for whom it has to hurry."""
        self._queued[waiter] = limiter
        try:
            yield
        finally:
            del self._queued[waiter]

    def _promote(self) -> None:
        for waiter, limiter in self._queued.items():
            limiter.promote(waiter)

    # Whom to call.

    async def _in_order(self) -> Finish:
        """Ask one after another until one answers: the most preferred one that does not have to be waited for."""
        while True:
            candidate, wait_s = self._next()
            if wait_s > 0:
                candidate.waits(wait_s)
                await sleep(self.board.timers, wait_s)
            first = not any(other.tries for other in self._candidates)
            reason = "retry" if candidate.tries else "first" if first else "fallback"
            finish = await self._call(candidate, reason)
            if finish is not None:
                return finish

    def _next(self) -> tuple[Candidate, float]:
        """Choose whom to call, and after how long; raises the error of all if nobody is left."""
        left_s = self.flight.deadline() - self.board.clock.monotonic()
        max_wait_s, patient = self.view.config.retry.max_wait_s, self.flight.lane == "batch"
        best: tuple[float, Candidate, float] | None = None
        for candidate in self._candidates:
            wait_s = candidate.wait_s(max_wait_s, left_s, patient=patient)
            if wait_s is not None:
                # Who has stalled once would stall again, while another may answer at once.
                expected_s = wait_s + candidate.last_took_s
                noticed_s = expected_s if expected_s > PATIENCE_S else 0.0
                if best is None or noticed_s < best[0]:
                    best = noticed_s, candidate, wait_s
        if best is None:
            raise all_failed([(item.choice, item.why()) for item in self._candidates], self.attempts())
        return best[1:]

    async def _together(self, *, hedge: bool) -> Finish | None:
        """Ask all who can be asked now, at once or one after the other's usual time; None if nobody has answered.

        Each is called once. The offline answers do not take part: they would always be the first.
        """
        ready = deque(
            item for item in self._candidates if item.is_ready() and item.choice.config.kind != OFFLINE
        )
        final: IsaacError | None = None
        try:
            while ready or self._rivals:
                delay_s = inf
                if ready and self.winner is None and final is None:
                    candidate = ready.popleft()
                    reason = "first" if not self._rivals and not self.calls else "hedge" if hedge else "race"
                    self._rivals[asyncio.create_task(self._call(candidate, reason))] = None
                    delay_s = self._delay_s(candidate) if hedge else 0.0
                elif not self._rivals:
                    break
                for task in await self._some(delay_s if ready else inf):
                    finish, error = self._outcome(task)
                    if finish is not None:
                        return finish
                    final = final or error
        finally:
            await self._cancel_rivals()
        if final is not None:
            raise final
        return None

    async def _some(self, wait_s: float) -> set[asyncio.Task[Finish | None]]:
        """Wait until some of the calls have ended, for a while at most; return those."""
        if wait_s <= 0:
            return set()
        rivals = set(self._rivals)
        if wait_s == inf:
            done, _ = await asyncio.wait(rivals, return_when=asyncio.FIRST_COMPLETED)
        else:
            with Alarm(self.board.timers, wait_s) as alarm:
                waited: set[asyncio.Future[Any]] = {*rivals, alarm}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            done = {task for task in rivals if task.done()}
        for task in done:
            del self._rivals[task]
        return done

    def _outcome(self, task: asyncio.Task[Finish | None]) -> tuple[Finish | None, IsaacError | None]:
        """Return how a call has ended; what goes wrong in one that has lost is of no interest any more."""
        if task.cancelled():
            return None, None
        error = task.exception()
        if error is None:
            return task.result(), None
        if not isinstance(error, IsaacError) or (self.winner is not None and self.winner.broke):
            raise error
        return None, None if self.winner is not None else error

    async def _cancel_rivals(self) -> None:
        for task in self._rivals:
            task.cancel()
        if self._rivals:
            (done, _), cancelled = await finished(asyncio.wait(tuple(self._rivals)))
            self._rivals.clear()
            for task in done:
                if not task.cancelled():
                    task.exception()  # seen, so that nobody reports it as forgotten
            if cancelled:
                raise asyncio.CancelledError

    def _delay_s(self, candidate: Candidate) -> float:
        """Return how long to wait for a provider before the next one is asked."""
        if self.view.config.hedge_after_s is not None:
            return self.view.config.hedge_after_s
        return candidate.line.latency.percentile(0.95) or HEDGE_START_S

    async def _call(self, candidate: Candidate, reason: str) -> Finish | None:
        """Call once; None if that has failed in a way after which it, or another, can be called."""
        others = any(item is not candidate and not item.given_up for item in self._candidates)
        max_wait_s = self.view.config.retry.max_wait_s
        patience_s = PATIENCE_S if others else inf if self.flight.lane == "batch" else max_wait_s
        call = CallMade(self, candidate.choice, candidate.line, reason)
        try:
            return await call.run(patience_s)
        except NoRoom as held:
            candidate.hold(held.wait_s)
        except Lost:
            pass
        except IsaacError as error:
            if call.ahead:
                raise broken(error, self.flight.pieces, self.attempts()) from error.__cause__
            candidate.failed(
                error,
                self.view.config.retry,
                self.board.random,
                called=call.sent,
                took_s=call.told().elapsed_ms / 1000,
            )
            self.view.host.log.info(
                "provider failed to answer",
                provider=candidate.choice.provider,
                model=candidate.choice.model,
                reason=error.name,
                calls=candidate.tries,
            )
            if candidate.given_up and not may_fall_back(error):
                raise broken(error, (), self.attempts()) from error.__cause__
        return None

    # What came of it.

    def attempts(self) -> tuple[Attempt, ...]:
        """Return the calls that were made, in that order."""
        return tuple(call.told() for call in self.calls)

    def _cost_usd(self) -> float | None:
        costs = [call.cost_usd for call in self.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def _whole(self, choice: Choice, finish: Finish, start_s: float) -> Answer:
        pieces = self.flight.pieces
        return Answer(
            text=text_of(pieces),
            provider=choice.provider,
            model=finish.model,
            chosen=choice.reason,
            finish_reason=finish.reason,
            elapsed_ms=(self.board.clock.monotonic() - start_s) * 1000,
            offline=finish.offline,
            usage=finish.usage,
            candidates=finish.candidates,
            tool_calls=tuple(piece for piece in pieces if isinstance(piece, ToolCall)),
            reasoning=_reasoning(pieces, choice.config.kind),
            cost_usd=self._cost_usd(),
            attempts=self.attempts(),
        )


def _reasoning(pieces: Sequence[Piece], kind: str) -> tuple[Reasoning, ...]:
    """Put the blocks of reasoning together; a signature ends one."""
    found: list[Reasoning] = []
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, ReasoningDelta):
            text.append(piece.text)
            if piece.signature:
                found.append(Reasoning("".join(text), piece.signature, kind))
                text = []
    if text:
        found.append(Reasoning("".join(text), "", kind))
    return tuple(found)
