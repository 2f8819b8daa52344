"""One request's way as the outside may see it."""

import msgspec

from isaacd.trace import Trace


class SpanCard(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the way: when it began, counted from the arrival of the request, and how long it took."""

    name: str
    at_ms: float
    took_ms: float | None
    detail: dict[str, str] = {}


class TraceCard(msgspec.Struct, frozen=True, kw_only=True):
    """One request's way; `at` in seconds since the epoch, `took_ms` None while it is under way."""

    id: str
    method: str
    command: str
    at: float
    took_ms: float | None
    outcome: str
    spans: tuple[SpanCard, ...] = ()
    lost_spans: int = 0


def card_of(trace: Trace) -> TraceCard:
    """Describe a trace."""
    return TraceCard(
        id=trace.id,
        method=trace.method,
        command=trace.command,
        at=trace.at,
        took_ms=None if trace.ended is None else _ms(trace.ended - trace.begun),
        outcome=trace.outcome or "under way",
        spans=tuple(
            SpanCard(
                name=item.name,
                at_ms=_ms(item.begun - trace.begun),
                took_ms=None if item.ended is None else _ms(item.ended - item.begun),
                detail=item.detail,
            )
            for item in trace.spans
        ),
        lost_spans=trace.lost,
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
