"""One row of a batch: what is asked, and how a later run knows it again."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b

import msgspec

from isaacd.ai.chat import Answer, Message

_KEY_BYTES = 16


class Question(msgspec.Struct, frozen=True):
    """What is asked of a model; `model` None leaves it to the batch and the configuration."""

    messages: tuple[Message, ...]
    model: str | None = None

    @property
    def key(self) -> bytes:
        """The same for the same content, whatever its place in the input."""
        return digest(self)


class Row(msgspec.Struct, frozen=True):
    """One row of the input: a question, or the problem that keeps it from being one.

    `index` counts rows from 0, `line` lines from 1.
    """

    index: int
    line: int
    question: Question | None = None
    id: str | int | None = None
    prompt: str = ""
    problem: str | None = None


# Asks one question and returns its whole answer; raises IsaacError.
Ask = Callable[[Question], Awaitable[Answer]]


def digest(content: object) -> bytes:
    """Return a digest of plain data."""
    return blake2b(msgspec.msgpack.encode(content), digest_size=_KEY_BYTES).digest()
