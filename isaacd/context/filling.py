"""Having a person fill in what a suggested line leaves open, before anything of it can run."""

from collections.abc import Sequence
from typing import Protocol

from isaacd.assist.placeholders import fill, placeholders

_MOST_ROUNDS = 20


class Asks(Protocol):
    """Whoever can ask a person for a line."""

    async def ask_line(self, prompt: str, *, text: str = "") -> str | None:
        """Have the person type a line; None if there is none."""
        ...


async def filled(person: Asks, line: str, named: Sequence[str]) -> str | None:
    """Have every placeholder replaced; None if the person gives up."""
    for _ in range(_MOST_ROUNDS):
        left = placeholders(line, named)
        if not left:
            return line
        value = await person.ask_line(f"{left[0]}: ")
        if value is None or not value.strip():
            return None
        done = fill(line, left[0], value.strip())
        if done is None:
            # Between quotes nobody but the person knows what the value has to look like.
            done = await person.ask_line("$ ", text=line)
            return None if done is None or placeholders(done, named) else done
        # What was typed may look like a placeholder, and is none.
        named = [name for name in named if name != left[0]]
        if placeholders(value) or value.strip() in named:
            return done
        line = done
    return None
