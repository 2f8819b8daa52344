"""What is written down of one call: a row of the ledger, made from what was reserved and how it ended."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal

import msgspec

from isaacd.ai.chat import Usage
from isaacd.ai.meter import Outcome
from isaacd.ai.rates import Rates
from isaacd.ledger.bound import probable_tokens
from isaacd.ledger.schema import FACTS, nano, usd

# These are refusals: the provider has not begun to work, and charges nothing. One that is unavailable may have begun
# before its connection broke; whoever knows that it has not says so by `sent`.
_REFUSALS = frozenset("rate_limited permission_denied invalid_params not_found".split())

_LONGEST_NAME = 200
_facts: Callable[[Any], tuple[object, ...]] = attrgetter(*FACTS)

How = Literal["stated", "config", "table", "estimated", "refused", "unsent", "unknown", "bound", "hit"]


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is about to be made. Plain data: a batch may keep it, and settle it in another process.

    `bound` is what it may cost at most, in billionths of a dollar; None where no budget is set. `held` says that the
    ledger has set that aside. `input_tokens` is about what is sent.
    """

    id: str
    at: float
    day: str
    provider: str
    kind: str
    model: str
    url: str | None
    caller: str
    lane: str
    attempt: int
    reason: str
    input_tokens: int
    bound: int | None = None
    held: bool = False
    discount: float | None = None
    question: str | None = None


class Charge(msgspec.Struct, frozen=True):
    """What a call cost: None is not known. `how` says whence that is known."""

    usd: float | None
    how: How
    usage: Usage
    cache_saved_usd: float = 0.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `calls`, with money in billionths of a dollar."""

    id: str
    at: float
    day: str
    provider: str
    kind: str
    model: str
    caller: str
    lane: str
    attempt: int
    reason: str
    outcome: str
    input: int = 0
    cached: int = 0
    written: int = 0
    written_1h: int = 0
    output: int = 0
    reasoning: int = 0
    cost: int | None = 0
    how: str = ""
    saved: int = 0
    cache_saved: int = 0
    elapsed_ms: float = 0.0
    first_ms: float | None = None

    def facts(self) -> tuple[object, ...]:
        """Return the values of the columns of `calls`."""
        return _facts(self)

    def sums(self) -> dict[str, float]:
        """Return what this row adds to the sums of its day."""
        hit, ok = self.outcome == "hit", self.outcome == "ok"
        unpriced = not hit and self.cost is None
        return {
            "calls": int(not hit),
            "ok": int(ok),
            "failed": int(not ok and not hit),
            "hits": int(hit),
            "unpriced": int(unpriced),
            "unsettled": int(self.outcome == "unsettled"),
            "input": self.input,
            "cached": self.cached,
            "written": self.written + self.written_1h,
            "output": self.output,
            "reasoning": self.reasoning,
            "cost": self.cost or 0,
            "saved": self.saved,
            "cache_saved": self.cache_saved,
            "elapsed_ms": self.elapsed_ms,
        }


def charge(reservation: Reservation, outcome: Outcome, rates: Rates | None) -> Charge:
    """Say what a call has cost, by the provider's own word, its counts, or an estimate of what was sent and received.

    A call that broke off or was cancelled is charged by what is known of it. It costs nothing only if it never
    reached the provider, or if the provider refused it and nothing of an answer came.
    """
    usage = None if outcome.usage is None else outcome.usage.sound()
    if not outcome.sent:
        return Charge(0.0, "unsent", Usage())
    if usage is not None and usage.cost_usd is not None:
        return Charge(usage.cost_usd, "stated", usage, _saved(rates, usage))
    if usage is None and not outcome.text and outcome.first_ms is None and outcome.outcome in _REFUSALS:
        return Charge(0.0, "refused", Usage())
    counted = usage is not None and outcome.outcome == "ok"
    known = usage if usage is not None and counted else _estimate(reservation, usage, outcome)
    if rates is None:
        return Charge(None, "unknown", known)
    share = 1.0 - (reservation.discount or 0.0)
    cost = rates.cost_usd(known) * share
    if not counted and reservation.bound:
        cost = min(cost, usd(reservation.bound))
    how: How = "estimated" if not counted else "config" if rates.source.startswith("ai.prices") else "table"
    return Charge(cost, how, known, _saved(rates, known) * share)


def row(reservation: Reservation, outcome: Outcome, found: Charge) -> Row:
    """Make the row of a call that has ended."""
    usage = found.usage
    return Row(
        id=reservation.id,
        at=reservation.at,
        day=reservation.day,
        provider=reservation.provider,
        kind=reservation.kind,
        model=name_of(outcome.model) or reservation.model,
        caller=reservation.caller,
        lane=reservation.lane,
        attempt=reservation.attempt,
        reason=reservation.reason,
        outcome=outcome.outcome,
        input=usage.input_tokens,
        cached=usage.cached_tokens,
        written=usage.cache_write_tokens,
        written_1h=usage.cache_write_1h_tokens,
        output=usage.output_tokens,
        reasoning=usage.reasoning_tokens,
        cost=None if found.usd is None else nano(found.usd),
        how=found.how,
        cache_saved=nano(found.cache_saved_usd),
        elapsed_ms=outcome.elapsed_ms,
        first_ms=outcome.first_ms,
    )


def name_of(text: str) -> str:
    """Return a name as the file can hold it, whatever a provider or a client has sent."""
    if len(text) <= _LONGEST_NAME and text.isascii():
        return text
    return text[:_LONGEST_NAME].encode("utf-8", "replace").decode()


def _estimate(reservation: Reservation, usage: Usage | None, outcome: Outcome) -> Usage:
    """Count what the provider did not, or did not finish to count."""
    counted = usage or Usage()
    return msgspec.structs.replace(
        counted,
        input_tokens=counted.input_tokens or reservation.input_tokens,
        output_tokens=max(counted.output_tokens, probable_tokens(outcome.text)),
    )


def _saved(rates: Rates | None, usage: Usage) -> float:
    cached = usage.cached_tokens or usage.cache_write_tokens or usage.cache_write_1h_tokens
    return rates.saved_usd(usage) if rates is not None and cached else 0.0
