"""What comes of a task."""

import msgspec

from isaacd.api import WhyCard


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """One command that may do the task; `confidence` lies between 0 and 1, `source` says who suggests it.

    With `placeholders`, it cannot run before something is put in their place. `missing` are programs that are not on the
    PATH.
    """

    command: str
    about: str
    tier: str
    demand: str
    confidence: float
    source: str
    placeholders: list[str] = []
    missing: list[str] = []
    reasons: list[WhyCard] = []
    destroys: bool = False


class Suggestions(msgspec.Struct, frozen=True):
    """The commands for a task, best first."""

    task: str
    candidates: list[Suggested]
