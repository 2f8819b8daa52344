"""Puts together what the manual, the judge, Isaac's knowledge and, where wanted, an AI say of a line."""

from collections.abc import Sequence
from typing import Literal

import anyio
import anyio.to_thread
import msgspec

from isaac_plugins.explain.cards import Explanation, WordCard
from isaacd.api import (
    IS_DATA,
    Asking,
    Candidate,
    Context,
    Explained,
    InvalidParams,
    IsaacError,
    Message,
    NotFound,
    Tier,
    Verdict,
    consult,
    explain_line,
    has_ai,
    material,
    missing_programs,
    why_cards,
    without_secrets,
)

MAX_LINE_CHARS = 16 * 1024
_ASKED_OF_KNOWLEDGE = 6
_SURE = 0.9
_SYSTEM = (
    "You explain a shell command line to the person who is about to run it. Say in `summary` what the whole line does, in one or two "
    "plain sentences. In `words` explain the words that need it, each `text` exactly as it stands in the line. In `warnings` name what "
    "could go wrong or be lost, if anything. `danger` is your opinion of it: none (only reads), changes (within the working tree), "
    "beyond (other files, the network, unknown) or destructive (cannot be taken back, or needs privileges). "
)
_OPINIONS = {
    "none": Tier.READ,
    "changes": Tier.WORKING_TREE,
    "beyond": Tier.BEYOND,
    "destructive": Tier.DESTRUCTIVE,
}


class _Word(msgspec.Struct, frozen=True):
    text: str
    about: str


class Told(msgspec.Struct, frozen=True):
    """What a model says of a line."""

    summary: str
    danger: Literal["none", "changes", "beyond", "destructive"]
    words: list[_Word] = []
    warnings: list[str] = []


async def explain(context: Context, line: str, asking: Asking, *, with_ai: bool) -> Explanation:
    """Explain a line; raises NotFound if an AI is wanted and there is none."""
    if len(line) > MAX_LINE_CHARS:
        raise InvalidParams(f"the line is longer than {MAX_LINE_CHARS // 1024} KiB")
    environ = dict(context.environ)
    found = await anyio.to_thread.run_sync(explain_line, line, environ, abandon_on_cancel=True)
    verdict = context.judge(line)
    summary, abouts = await _from_knowledge(context, line, found)
    words = [
        WordCard(part.text, part.kind, part.about or None, part.source, part.depth)
        if part.about or part.kind != "command" or part.text not in abouts
        else WordCard(part.text, part.kind, abouts[part.text], "Isaac's knowledge", part.depth)
        for part in found.parts
    ]
    explanation = _put_together(context, line, words, found, verdict)
    if summary:
        explanation = msgspec.structs.replace(
            explanation, summary=summary, summary_source="Isaac's knowledge"
        )
    return await _with_ai(context, explanation, verdict, asking) if with_ai else explanation


def _put_together(
    context: Context, line: str, words: list[WordCard], found: Explained, verdict: Verdict
) -> Explanation:
    return Explanation(
        line=line,
        words=words,
        unknown=_unknown(words),
        missing=missing_programs(found, context.programs()),
        tier=verdict.tier.label,
        demand=verdict.tier.demand,
        phrase=verdict.phrase,
        reasons=why_cards(verdict),
        faults=list(found.faults),
    )


def _unknown(words: Sequence[WordCard]) -> list[str]:
    return list(dict.fromkeys(word.text for word in words if word.about is None))


async def _from_knowledge(context: Context, line: str, found: Explained) -> tuple[str | None, dict[str, str]]:
    """Return what Isaac's own tables say of the whole line, and of the commands that have no page here."""
    summary = None
    whole = await _look_up(context, f"explain: {line}")
    if whole is not None and whole.confidence >= _SURE and whole.command == line:
        summary = whole.description
    abouts: dict[str, str] = {}
    unknown = [part.text for part in found.parts if part.kind == "command" and not part.about]
    for name in list(dict.fromkeys(unknown))[:_ASKED_OF_KNOWLEDGE]:
        told = await _look_up(context, f"what is {name}") if name.isascii() and " " not in name else None
        if told is not None and told.confidence >= _SURE and told.command == name:
            abouts[name] = told.description.rstrip(".")
    return summary, abouts


async def _look_up(context: Context, question: str) -> Candidate | None:
    try:
        answer = await context.answers.chat(
            [Message("user", question)], Asking(provider="knowledge", use="none")
        )
    except IsaacError:
        return None  # the offline provider is switched off, or has another name
    return answer.candidates[0] if answer.candidates else None


async def _with_ai(context: Context, known: Explanation, verdict: Verdict, asking: Asking) -> Explanation:
    """Add what a model says: of words that nobody here knows, and of the whole; it can raise the tier, never lower it."""
    if not has_ai(context.ai, asking):
        raise NotFound(
            "no AI is configured that could explain it",
            hint="without --ai it is explained offline; docs/how-to/providers.md tells how to configure one",
        )
    cleaned = without_secrets(known.line)
    told = await consult(context.answers, _SYSTEM + IS_DATA, material("line", cleaned.text), Told, asking)
    value, source = told.value, f"{told.answer.provider}/{told.answer.model}"
    abouts = {word.text: word.about for word in value.words}
    words = [
        msgspec.structs.replace(word, about=abouts[word.text], source=source)
        if word.about is None and word.text in abouts
        else word
        for word in known.words
    ]
    raised = verdict.raised(
        _OPINIONS[value.danger], f"{source} warns: {'; '.join(value.warnings) or value.danger}"
    )
    if raised.tier == verdict.tier:
        raised = verdict
    return msgspec.structs.replace(
        known,
        words=words,
        unknown=_unknown(words),
        summary=value.summary,
        summary_source=source,
        warnings=value.warnings,
        tier=raised.tier.label,
        demand=raised.tier.demand,
        phrase=raised.phrase,
        reasons=why_cards(raised),
    )
