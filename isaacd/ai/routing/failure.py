"""What the askers are told when no whole answer came."""

import copy
from collections.abc import Iterable, Sequence

import msgspec

from isaacd.ai.chat import Attempt, Piece, ReasoningDelta, TextDelta, ToolCall
from isaacd.ai.choice import Choice
from isaacd.errors import IsaacError

# An error travels in one message; a longer text was read piece by piece before.
MAX_RECEIVED_CHARS = 100_000


def text_of(pieces: Iterable[Piece]) -> str:
    """Return the text of the answer in `pieces`."""
    return "".join([piece.text for piece in pieces if type(piece) is TextDelta])


def output_of(pieces: Iterable[Piece]) -> str:
    """Return all that the model wrote: text, reasoning and the arguments of tool calls."""
    return "".join(
        [
            piece.text if isinstance(piece, TextDelta | ReasoningDelta) else piece.arguments
            for piece in pieces
            if isinstance(piece, TextDelta | ReasoningDelta | ToolCall)
        ]
    )


def broken(error: IsaacError, pieces: Sequence[Piece], attempts: Sequence[Attempt]) -> IsaacError:
    """Add to the error of a single provider what had arrived, and the calls if there was more than one."""
    text = text_of(pieces)
    detail: dict[str, object] = {**(error.detail or {}), "received_chars": len(text)}
    if text:
        detail["received"] = text[:MAX_RECEIVED_CHARS]
    if len(attempts) > 1:
        detail["attempts"] = [msgspec.to_builtins(attempt) for attempt in attempts]
    error.detail = detail
    return error


def all_failed(errors: Sequence[tuple[Choice, IsaacError]], attempts: Sequence[Attempt]) -> IsaacError:
    """Make one error of those of all providers.

    If waiting may help, it is of the class of the most preferred provider that says so, and of the shortest time if
    all of those say how long; otherwise it is of the class of the last.
    """
    if len(errors) == 1:
        return broken(errors[0][1], (), attempts)
    hopeful = [error for _, error in errors if error.retryable]
    waits = [error.retry_after_ms for error in hopeful if error.retry_after_ms is not None]
    telling = another(hopeful[0] if hopeful else errors[-1][1])
    told = "; ".join(f"{choice.provider}: {error.message}" for choice, error in errors)
    telling.message = f"none of {len(errors)} providers answered ({told})"
    telling.args = (telling.message,)
    telling.retry_after_ms = min(waits) if waits and len(waits) == len(hopeful) else None
    telling.detail = {
        "received_chars": 0,
        "attempts": [msgspec.to_builtins(attempt) for attempt in attempts],
        "errors": [
            {
                "provider": choice.provider,
                "model": choice.model,
                "error": error.name,
                "message": error.message,
            }
            for choice, error in errors
        ],
    }
    return telling


def another(error: IsaacError) -> IsaacError:
    """Return an equal error for one more asker: who raises it adds a traceback, and who catches it may add details."""
    double = copy.copy(error)
    double.detail = dict(error.detail) if error.detail is not None else None
    return double
