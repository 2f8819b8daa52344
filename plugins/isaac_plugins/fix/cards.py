"""What comes of a failure."""

import msgspec

from isaacd.api import WhyCard


class FixCard(msgspec.Struct, frozen=True, kw_only=True):
    """One way out: `command` is null where the reason is known and no command would help by itself.

    `confidence` lies between 0 and 1; `source` is a rule, `manual`, `typo` or who said so.
    """

    command: str | None
    why: str
    confidence: float
    source: str
    tier: str | None = None
    demand: str | None = None
    placeholders: list[str] = []
    missing: list[str] = []
    reasons: list[WhyCard] = []


class Fixes(msgspec.Struct, frozen=True, kw_only=True):
    """A failed command, why it failed as far as that is known, and what would work, the surest first."""

    line: str | None
    exit: int | None
    knows_output: bool
    why: str | None
    candidates: list[FixCard]
