"""One request's way through the daemon, with times."""

import time
from typing import Annotated

from isaacd.api import Argument, Context, NotFound, Plugin, SpanCard, Terminal, TraceCard

plugin = Plugin("trace", summary="See where the time of a request went.", version="1")

_MOST = 200


def _view(cards: list[TraceCard], terminal: Terminal) -> str:
    if not cards:
        return "nothing has been asked yet"
    if any(card.spans for card in cards) and len(cards) == 1:
        return _one(cards[0], terminal)
    return "\n".join(_line(card, terminal) for card in cards)


def _line(card: TraceCard, terminal: Terminal) -> str:
    when = time.strftime("%H:%M:%S", time.localtime(card.at))
    outcome = "" if card.outcome == "ok" else f"  {card.outcome}"
    return f"{card.id:<14} {terminal.style(when, 2)} {_took(card.took_ms):>12}  {card.command or card.method}{outcome}"


def _one(card: TraceCard, terminal: Terminal) -> str:
    lines = [_line(card, terminal)]
    lines += [f"  {span.at_ms:>10.3f} ms {_took(span.took_ms):>12}  {_said(span)}" for span in card.spans]
    if card.lost_spans:
        lines.append(f"  and {card.lost_spans} more parts, which were not kept")
    return "\n".join(lines)


def _said(span: SpanCard) -> str:
    # Names of models come from anywhere; a terminal must not obey them.
    text = " ".join((span.name, *(f"{name}={value}" for name, value in span.detail.items())))
    return "".join(char for char in text if char.isprintable())


def _took(ms: float | None) -> str:
    return "under way" if ms is None else f"{ms:.3f} ms"


@plugin.command(view=_view)
def trace(
    context: Context,
    id: Annotated[  # noqa: A002
        str | None, Argument("The request: an id of this list, of a log line, or one given as `_meta.trace`.")
    ] = None,
    count: Annotated[int, "How many of the last requests to list."] = 20,
) -> list[TraceCard]:
    """Show the way of one request, or list the last ones.

    Each part has the time at which it began, counted from the arrival, and how long it took: decoding, the command, the
    import of a plugin, looking for a kept answer, waiting in the queue of a provider, each call to one, the reply. What
    was asked is not kept. The daemon remembers the last 512 requests.

    Examples:
        isaacctl trace
        isaacctl trace 3fa9c200001b
        isaacctl trace --json --count 100
    """
    found = list(context.daemon.traces(id, max(1, min(count, _MOST))))
    if id is not None and not found:
        raise NotFound(f"no request {id!r} is remembered", hint="isaacctl trace lists the last ones")
    return found[:1] if id is not None else found
