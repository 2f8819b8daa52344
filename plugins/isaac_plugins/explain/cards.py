"""What explaining a line gives."""

import msgspec

from isaacd.api import WhyCard


class WordCard(msgspec.Struct, frozen=True):
    """One word of the line, or a part of one: what it is, what it means, and who says so (a page, `shell`, an AI).

    `about` is null where nobody knows; `depth` counts the commands and substitutions around it.
    """

    text: str
    kind: str
    about: str | None
    source: str
    depth: int = 0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A line explained: its words in order, the tier with its reasons, and what nobody here knows.

    `summary` says what the line does as a whole, where somebody knows; `summary_source` is who. `missing` are its programs
    that are not on the PATH.
    """

    line: str
    words: list[WordCard]
    unknown: list[str]
    missing: list[str]
    tier: str
    demand: str
    phrase: str | None
    reasons: list[WhyCard]
    summary: str | None = None
    summary_source: str | None = None
    faults: list[str] = []
    warnings: list[str] = []
