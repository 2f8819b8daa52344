"""Puts together what rules, the corrector of slips, the manual and, where they are not sure, an AI make of a failure."""

import os
from pathlib import Path

import anyio.to_thread
import msgspec

from isaac_plugins.fix.cards import FixCard, Fixes
from isaac_plugins.fix.mending import Mend, mends
from isaac_plugins.fix.situation import Situation
from isaacd.api import (
    IS_DATA,
    Asking,
    Context,
    InvalidParams,
    NotFound,
    consult_if_any,
    explain_line,
    find_page,
    look_through,
    material,
    without_secrets,
)

SURE_ENOUGH = 0.6
MAX_LINE_CHARS = 8000
MAX_OUTPUT_CHARS = 64 * 1024
_SENT_CHARS = 6000
_MOST = 5
_MODEL_AT_MOST = 0.9
_SYSTEM = (
    "A shell command failed. `why` says in one sentence why. In `fixes` give up to three command lines that would do what was meant, "
    "best first: `command` can be run as it is, with nothing around it; what you cannot know stays a placeholder in angle brackets. "
    "Prefer what only looks or can be taken back; give none where no command helps. `confidence` is how sure you are, from 0 to 1. "
)


class _Fix(msgspec.Struct, frozen=True):
    command: str
    why: str
    confidence: float


class Told(msgspec.Struct, frozen=True):
    """What a model says of a failure."""

    why: str
    fixes: list[_Fix] = []


async def fix(
    context: Context,
    line: str,
    output: str | None,
    code: int | None,
    *,
    asking: Asking | None,
    sure_enough: float,
) -> Fixes:
    """Find out why a command failed; raises NotFound if there is none to look at. `asking` None asks no AI."""
    if len(line) > MAX_LINE_CHARS or "\0" in line:
        raise InvalidParams("that is no line that could be mended", hint="give the command itself, behind --")
    cwd = context.cwd or Path("/")
    if not line and output is None:
        line, code, cwd = await _last(context)
    around = Situation(
        line=line,
        output=_shortened(output),
        exit=code,
        cwd=cwd,
        environ=dict(context.environ),
        programs=context.programs(),
        is_root=os.geteuid() == 0,
    )
    found = await anyio.to_thread.run_sync(
        lambda: mends(around, lambda name: find_page(name, around.environ)), abandon_on_cancel=True
    )
    found += _corrected(context, around)
    found = _best(found)
    why = next((item.why for item in found), None)
    if asking is not None and (not found or found[0].confidence < sure_enough):
        told = await _asked(context, around, asking)
        if told is not None:
            why = told[0]
            found = _best([*found, *told[1]])
    cards = [await _card(context, item) for item in found[:_MOST]]
    return Fixes(line=line or None, exit=code, knows_output=output is not None, why=why, candidates=cards)


async def _last(context: Context) -> tuple[str, int | None, Path]:
    """Return the last command of this shell that failed, or of any shell where it is not known which this one is."""
    run = await context.history.last(session=context.shell_session, failed=True)
    if run is None:
        raise NotFound(
            "no command of this shell is known that failed",
            hint="give it: isaacctl fix -- LINE, or have your shell tell Isaac of its commands: isaacctl shell-init --help",
        )
    where = Path(run.cwd) if run.cwd.startswith("/") else context.cwd or Path("/")
    if context.cwd is not None and where != context.cwd:
        await context.emit("log", f"it ran in {where}")
    return run.command, run.exit, where


def _shortened(output: str | None) -> str | None:
    """Keep the beginning and the end of a long output: there stands what went wrong."""
    if output is None or len(output) <= MAX_OUTPUT_CHARS:
        return output
    half = MAX_OUTPUT_CHARS // 2
    return f"{output[:half]}\n{output[-half:]}"


def _corrected(context: Context, around: Situation) -> list[Mend]:
    """Ask the corrector of slips of the hand, which knows programs, subcommands and files."""
    if not around.line or "\n" in around.line:
        return []
    correction = context.route(around.line).correction
    if correction is None:
        return []
    # That it failed is one more sign that it was a slip.
    sure = min(0.97, correction.confidence + (0.1 if around.exit in (127, 1) or around.output else 0.0))
    return [Mend(correction.line, correction.why, round(sure, 2), "typo")]


def _best(found: list[Mend]) -> list[Mend]:
    best: dict[str, Mend] = {}
    for item in sorted(found, key=lambda item: -item.confidence):
        best.setdefault(item.line, item)
    return list(best.values())


async def _asked(context: Context, around: Situation, asking: Asking) -> tuple[str, list[Mend]] | None:
    parts = [f"Shell: {around.environ.get('SHELL', 'sh').rpartition('/')[2]}."]
    parts.append(f"Exit code: {around.exit}." if around.exit is not None else "Exit code: not known.")
    if around.line:
        parts.append(material("command", without_secrets(around.line).text))
    if around.output:
        output = without_secrets(around.output).text
        shown = (
            output if len(output) <= _SENT_CHARS else f"{output[:1000]}\n...\n{output[1000 - _SENT_CHARS :]}"
        )
        parts.append(material("output", shown))
    told = await consult_if_any(
        context.answers,
        context.ai,
        _SYSTEM + IS_DATA,
        "\n\n".join(parts),
        Told,
        asking,
        lambda text: context.emit("log", text),
    )
    if told is None:
        return None
    source = f"{told.answer.provider}/{told.answer.model}"
    found = [
        Mend(item.command.strip(), item.why, round(min(_MODEL_AT_MOST, max(0.0, item.confidence)), 2), source)
        for item in told.value.fixes
        if item.command.strip() and item.command.strip().isprintable() and item.command.strip() != around.line
    ]
    return told.value.why, found


async def _card(context: Context, item: Mend) -> FixCard:
    """Judge what would work instead, as any line that was made up."""
    if not item.line:
        return FixCard(command=None, why=item.why, confidence=item.confidence, source=item.rule)
    explained = await anyio.to_thread.run_sync(explain_line, item.line, dict(context.environ))
    found = look_through(context.judge(item.line), explained, item.line, context.programs())
    return FixCard(
        command=item.line,
        why=item.why,
        confidence=item.confidence,
        source=item.rule,
        tier=found.tier,
        demand=found.demand,
        placeholders=found.placeholders,
        missing=found.missing,
        reasons=found.reasons,
    )
