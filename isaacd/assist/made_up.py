"""A line that somebody or something has made up, looked through before a person sees it."""

from collections.abc import Collection, Sequence

import msgspec

from isaacd.assist.placeholders import placeholders
from isaacd.judge.verdict import Verdict
from isaacd.manual.part import Explained
from isaacd.safety.tier import Tier


class WhyCard(msgspec.Struct, frozen=True):
    """One reason for a tier: in words, and for which part of the line."""

    tier: str
    text: str
    place: str


class LookedThrough(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of a line: its tier with the reasons, what it leaves open, and what is not installed."""

    tier: str
    demand: str
    reasons: list[WhyCard]
    placeholders: list[str]
    missing: list[str]
    destroys: bool
    is_understood: bool


def look_through(
    verdict: Verdict, explained: Explained, line: str, programs: Collection[str], named: Sequence[str] = ()
) -> LookedThrough:
    """Look through a line, with what the judge and the manual say of it; `named` are words that are placeholders."""
    return LookedThrough(
        tier=verdict.tier.label,
        demand=verdict.tier.demand,
        reasons=why_cards(verdict),
        placeholders=placeholders(line, named),
        missing=[name for name in missing_programs(explained, programs) if name not in named],
        destroys=verdict.tier is Tier.DESTRUCTIVE or any(reason.destroys for reason in verdict.reasons),
        is_understood=not explained.faults,
    )


def why_cards(verdict: Verdict) -> list[WhyCard]:
    """Return the reasons of a verdict."""
    return [WhyCard(reason.tier.label, reason.text, reason.place) for reason in verdict.reasons]


def missing_programs(explained: Explained, programs: Collection[str]) -> list[str]:
    """Return the programs of a line that are not installed; what the shell itself does is none."""
    names = [part.text for part in explained.parts if part.kind == "command" and part.source != "shell"]
    plain = [
        name
        for name in names
        if name[:1].isalnum()
        and name.replace("-", "").replace("_", "").replace(".", "").replace("+", "").isalnum()
    ]
    return [name for name in dict.fromkeys(plain) if name not in programs]


def source_note(source: str, confidence: float, left_open: Sequence[str], not_here: Sequence[str]) -> str:
    """Say who suggests a line, how sure that is, and what it lacks."""
    notes = [f"{source}, confidence {confidence:.2f}"]
    if left_open:
        notes.append(f"put in your own {', '.join(left_open)}")
    if not_here:
        notes.append(f"not installed: {', '.join(not_here)}")
    return "; ".join(notes)
