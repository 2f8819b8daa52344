"""What a person says to a call: asked as its tier demands, never twice for the same, and not without end."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from isaacd.safety.tier import Tier
from isaacd.safety.visible import one_line
from isaacd.tools.judge import Judgement
from isaacd.tools.shown import MAX_ASKED_CHARS, short

# Whoever has said no so often in one request is asked no more: nobody should be worn down to a yes.
MAX_REFUSALS = 3
MAX_REASONS = 10
# A little longer than a question at the terminal itself waits.
PATIENCE_S = 330.0


class Person(Protocol):
    """Whoever sits at the caller's terminal; nobody there, no answer and a timeout all mean no."""

    async def confirm(self, text: str) -> bool:
        """Show `text` and have it answered with yes or no."""
        ...

    async def ask_line(self, prompt: str) -> str | None:
        """Show `prompt` and return the line that is typed, None if there is none."""
        ...


class Consent:
    """The consent of one person to the calls of one request; who says nothing for `patience_s` has said no.

    `who` wants the calls, as the person is told.
    """

    def __init__(
        self,
        person: Person,
        show: Callable[[str], Awaitable[None]],
        *,
        who: str = "The model",
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._who = who
        self._person = person
        self._show = show
        self._patience_s = patience_s
        self._refused: set[str] = set()

    async def refusal(self, command: str, line: str, judgement: Judgement) -> str | None:
        """Have a call agreed to as its tier demands; return why it may not run, None if it may.

        `line` is the whole call as it would run: what a person cannot see, they have not agreed to.
        """
        tier = judgement.tier
        if tier.runs_unasked:
            return None
        if line in self._refused:
            return "the person has refused this call already"
        if len(self._refused) >= MAX_REFUSALS:
            return "the person has refused several calls and is not asked again for this question"
        if len(line) > MAX_ASKED_CHARS:
            return "the arguments are too long to be shown to a person, so nobody can agree to them"
        agreed = False
        with anyio.move_on_after(self._patience_s):
            agreed = await self._agrees(command, line, judgement)
        if not agreed:
            self._refused.add(line)
            return "nobody agreed to this call: the person said no, or nobody could be asked"
        return None

    async def _agrees(self, command: str, line: str, judgement: Judgement) -> bool:
        tier = judgement.tier
        asked = f"{self._who} wants to run (tier {tier.label}):\n  {line}"
        if tier is Tier.WORKING_TREE:
            return await self._person.confirm(f"{asked}\nRun it?")
        reasons = [f"  - {short(one_line(reason))}" for reason in judgement.reasons[:MAX_REASONS]]
        if len(judgement.reasons) > MAX_REASONS:
            reasons.append(f"  - and {len(judgement.reasons) - MAX_REASONS} reasons more")
        asked = "\n".join((asked, *reasons))
        if tier is Tier.BEYOND:
            return await self._person.confirm(f"{asked}\nRun it?")
        # The phrase names the command, so that no habit types it; nothing of it comes from the model.
        phrase = f"run {command}"
        await self._show(asked)
        typed = await self._person.ask_line(f"Type `{phrase}` to run it, anything else to refuse: ")
        return typed is not None and typed.strip() == phrase
