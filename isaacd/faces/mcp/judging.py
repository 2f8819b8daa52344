"""The tool `run`: a line judged, and agreed to by a person; Isaac runs nothing, whoever asks."""

from typing import Annotated

import anyio
import msgspec

from isaacd.command import Argument, Command
from isaacd.context import Context
from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.faces.mcp.asking import HostPerson
from isaacd.plans.handover import PlanCard, Released
from isaacd.plans.shown import MAX_REASONS, line_shown
from isaacd.safety.tier import Tier
from isaacd.safety.visible import one_line
from isaacd.tools.consent import PATIENCE_S

MAX_LINE_CHARS = 4000


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What is thought of a line. `agreed` says that it may be executed, exactly as `line` in `cwd`; Isaac has not.

    `demand` is what the tier needs first: nothing, notice (it is said), confirmation, reasons or phrase. `because` says
    why there is nothing to execute, if there is not.
    """

    agreed: bool
    line: str
    tier: str | None = None
    demand: str | None = None
    reasons: list[str] = []
    cwd: str | None = None
    shell: str | None = None
    argv: list[str] = []
    because: str = ""


def run(
    context: Context, line: Annotated[str, Argument("The line, as it would be typed into a shell.")]
) -> Judged:
    """Have a shell line judged, and agreed to by the person if it is dangerous, before you execute it yourself.

    Nothing is executed by this tool. It returns how dangerous the line is (tier 1, 2, 2.5, 3 or 4), why, and whether
    it is agreed to: lines that only read are; others need the person's yes, who is asked through the host.
    """
    raise PermissionDenied("a line is judged through the face alone")


RUN = Command(run, name="run", plugin="isaacd", scope="run:confirm")


async def judged(context: Context, line: str, person: HostPerson) -> Judged:
    """Judge a line, and ask the person as its tier demands; raises PermissionDenied where nobody has agreed."""
    if not line.strip():
        raise InvalidParams("there is no line to judge")
    if len(line) > MAX_LINE_CHARS:
        raise InvalidParams("the line is too long to be shown to a person, so nobody could agree to it")
    route, plan = context.plans.prepare(line)
    if plan is None:
        return Judged(agreed=False, line=route.line or route.typed, because=route.because)
    card = context.plans.show(plan)
    yes, phrase = False, None
    if not plan.tier.runs_unasked:
        if not person.can_ask:
            because = "; ".join(_reasons(card)[:MAX_REASONS])
            raise PermissionDenied(
                f"this line is of tier {card.tier} ({because}): a person has to agree to it, and this host has no way to "
                "ask one (no elicitation)",
                hint="do not execute it; the person can run it with: isaacctl run",
            )
        with anyio.move_on_after(PATIENCE_S):
            yes, phrase = await _agreed(plan.tier, card, person)
        if not (yes or phrase):
            raise PermissionDenied(
                f"nobody agreed to this line, which is of tier {card.tier}; do not execute it"
            )
    released = context.plans.approve(card.token, yes=yes, phrase=phrase)
    return _released(card, released)


async def _agreed(tier: Tier, card: PlanCard, person: HostPerson) -> tuple[bool, str | None]:
    text = "\n".join(
        (
            f"A program wants to run this line (tier {card.tier}):",
            line_shown(card.line),
            *(f"  - {one_line(reason)}" for reason in _reasons(card)[:MAX_REASONS]),
        )
    )
    if tier is not Tier.DESTRUCTIVE:
        return await person.confirm(f"{text}\nMay it?"), None
    typed = await person.ask_line(f"{text}\nType `{card.phrase}` to let it, anything else to refuse.")
    return False, typed.strip() if typed else None


def _released(card: PlanCard, released: Released) -> Judged:
    return Judged(
        agreed=True,
        line=released.line,
        tier=card.tier,
        demand=card.demand,
        reasons=_reasons(card),
        cwd=released.cwd,
        shell=released.shell,
        argv=list(released.argv),
    )


def _reasons(card: PlanCard) -> list[str]:
    return [reason.text for reason in card.reasons]
