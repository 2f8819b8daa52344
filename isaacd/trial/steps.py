"""The steps of a trial, and what came of each."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec

from isaacd.errors import IsaacError

State = Literal["passed", "failed", "skipped"]
# A step returns its state, what is to be said about it, and what to do.
Outcome = tuple[State, str, str]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a trial."""

    name: str
    state: State
    message: str = ""
    hint: str = ""
    elapsed_s: float


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a trial."""

    plugins: tuple[str, ...]
    passed: bool
    steps: tuple[Step, ...]


class Steps:
    """Takes steps one after another; after one that failed and on which the others rest, the rest is skipped."""

    def __init__(self, tell: Callable[[Step], None]) -> None:
        self.taken: list[Step] = []
        self._tell = tell
        self._stopped = ""

    def take(self, name: str, work: Callable[[], Outcome], *, basic: bool = False) -> None:
        """Take a step; an IsaacError is a failure. On a `basic` one all later ones rest."""
        start = time.monotonic()
        if self._stopped:
            outcome: Outcome = ("skipped", f"because {self._stopped} failed", "")
        else:
            try:
                outcome = work()
            except IsaacError as error:
                outcome = ("failed", error.message, error.hint or "")
        if basic and outcome[0] == "failed":
            self._stopped = name
        state, message, hint = outcome
        elapsed_s = round(time.monotonic() - start, 3)
        step = Step(name=name, state=state, message=message, hint=hint, elapsed_s=elapsed_s)
        self.taken.append(step)
        self._tell(step)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not any(step.state == "failed" for step in self.taken)
