"""What would happen with a typed line, and why."""

from typing import Annotated

import msgspec

from isaacd.api import Context, Option, PlanCard, Plugin, ReasonCard, Terminal, Words

plugin = Plugin(
    "route",
    summary="See what would happen with a line; nothing of it is run.",
    version="1",
    capabilities=("run",),
)

_DEMANDS = {
    "nothing": "runs at once",
    "notice": "runs, and says so",
    "confirmation": "asks once",
    "reasons": "asks, with the reasons",
    "phrase": "is refused, unless this is typed",
}
_COLOURS = {"1": 32, "2": 32, "2.5": 33, "3": 33, "4": 31}


class StepCard(msgspec.Struct, frozen=True):
    """One route that was tried: `passed`, `changed` the line, or `took` it."""

    route: str
    outcome: str
    why: str


class SuggestionCard(msgspec.Struct, frozen=True):
    """The line that was probably meant; `applied` if it stands for the typed one already."""

    line: str
    confidence: float
    why: str
    applied: bool


class RouteCard(msgspec.Struct, frozen=True):
    """What would happen with a line: its kind is nothing, command, builtin, question, shell or refused.

    `tier` and `demand` are null where nothing runs in a shell; `phrase` is what a line of tier 4 demands. `plan` is what
    would be executed, with the token that `approve` takes; then the tier is that of the plan.
    """

    kind: str
    typed: str
    line: str
    because: str
    tier: str | None = None
    demand: str | None = None
    phrase: str | None = None
    reasons: list[ReasonCard] = []
    command: str | None = None
    arguments: list[str] = []
    question: str | None = None
    suggestion: SuggestionCard | None = None
    forced: bool = False
    steps: list[StepCard] | None = None
    plan: PlanCard | None = None


def _view(card: RouteCard, terminal: Terminal) -> str:
    lines = [f"{terminal.style(card.kind, 1)}: {_shown(card.question or card.line or card.because)}"]
    if card.question or card.line:
        lines.append(f"  {_shown(card.because)}")
    if card.suggestion is not None and not card.suggestion.applied:
        sure = f"{card.suggestion.confidence:.0%}"
        lines.append(f"  did you mean {terminal.style(_shown(card.suggestion.line), 1)}? ({sure} sure)")
    if card.tier is not None and card.demand is not None:
        phrase = f": {card.phrase}" if card.phrase else ""
        lines.append(
            f"  {terminal.style(f'tier {card.tier}', _COLOURS[card.tier])}: {_DEMANDS[card.demand]}{phrase}"
        )
        lines += [
            f"    {reason.tier:<3} {_shown(reason.text)}{_part(reason, card)}" for reason in card.reasons
        ]
    if card.steps:
        lines.append("  steps:")
        lines += [f"    {step.route:<12} {step.outcome:<8} {_shown(step.why)}" for step in card.steps]
    return "\n".join(lines)


def _part(reason: ReasonCard, card: RouteCard) -> str:
    return f" ({_shown(reason.place)})" if reason.place and reason.place != card.line else ""


def _shown(text: str) -> str:
    """Leave nothing in a line that a terminal would obey."""
    return "".join(char if char.isprintable() else "\ufffd" if char != "\n" else "\u23ce" for char in text)


@plugin.command(view=_view, scope="run:confirm")
def route(
    context: Context,
    line: Annotated[str, Words("The line, in quotes or behind `--`.")] = "",
    *,
    explain: Annotated[bool, Option("Show every route that was tried, and why it was (not) taken.")] = False,
    plan: Annotated[
        bool | None,
        Option("Make a plan, with the token that `approve` takes; programs get one unless they say no."),
    ] = None,
    shell: Annotated[str | None, Option("The path of the shell that would execute it.")] = None,
) -> RouteCard:
    """Show what would happen with a line: where it goes, its tier, and the reasons. Nothing of it is run.

    Examples:
        isaacctl route 'git push --force'
        isaacctl route --explain 'gti status'
        isaacctl route --json 'rm -rf build'
        isaacctl route --plan --json 'git push'
    """
    planned: PlanCard | None = None
    # Whoever tells of a terminal is a command line, where a person reads.
    if plan or (plan is None and context.meta.tty is None):
        plans = context.plans
        found, made = plans.prepare(line, shell=shell)
        verdict = made.verdict if made is not None else found.verdict
        planned = plans.show(made) if made is not None else None
    else:
        found = context.route(line)
        verdict = found.verdict
    correction = found.correction
    reasons = verdict.reasons if verdict is not None else ()
    return RouteCard(
        kind=found.kind,
        typed=found.typed,
        line=found.line,
        because=found.because,
        tier=verdict.tier.label if verdict is not None else None,
        demand=verdict.tier.demand if verdict is not None else None,
        phrase=verdict.phrase if verdict is not None else None,
        reasons=[ReasonCard(item.tier.label, item.text, item.place, item.rule) for item in reasons],
        command=found.command,
        arguments=list(found.arguments),
        question=found.question,
        suggestion=None
        if correction is None
        else SuggestionCard(correction.line, correction.confidence, correction.why, correction.applied),
        forced=found.forced,
        steps=[StepCard(step.route, step.outcome, step.why) for step in found.steps] if explain else None,
        plan=planned,
    )
