"""A line that a person has given to be run: where it leads, and what has to be said before it may."""

from collections.abc import Sequence

from isaacd.errors import InvalidParams, PermissionDenied
from isaacd.plans.dialogue import Dialogue, Person
from isaacd.plans.handover import Handover, LineCard
from isaacd.plans.plan import Plan, reason_cards
from isaacd.plans.shown import about_plan, about_route
from isaacd.plans.words import line_of
from isaacd.routing.route import Correction, Route
from isaacd.safety.tier import Tier
from isaacd.safety.visible import lines_shown, one_line

# A suggestion that is less sure than this is told, and nobody is asked about it.
SURE = 0.7
MAX_CORRECTIONS = 3
# An error tells no longer line than that; whoever is asked is shown all of it.
MAX_TOLD_CHARS = 2000


class Errand:
    """Runs one line for one person."""

    def __init__(self, dialogue: Dialogue, person: Person) -> None:
        self._dialogue = dialogue
        self._person = person

    async def run(self, given: Sequence[str], *, yes: bool, dry_run: bool) -> Handover:
        """Return what the client is to do; raises PermissionDenied where nobody has agreed as the tier demands."""
        line, words = line_of(given), tuple(given) if len(given) > 1 else ()
        route, plan = self._dialogue.prepare(line, words)
        if dry_run:
            return Handover(text=_view(route, plan) + "\n", card=card_of(route, plan), always=True)
        for _ in range(MAX_CORRECTIONS):
            correction = route.correction
            if correction is None or correction.applied or not await self._takes(correction, yes=yes):
                break
            route, plan = self._dialogue.prepare(correction.line)
        if plan is None:
            return _elsewhere(route)
        if plan.tier is Tier.REVERSIBLE:
            await self._person.note(_notice(plan))
        if route.kind == "builtin" and plan.kind == "shell" and self._person.is_there:
            await self._person.note(
                f"note: {lines_shown(route.because)}; without the hook, that ends with the line"
            )
        released = await self._dialogue.agreed(plan, has_said_yes=yes)
        if released is None:
            raise _not_agreed(plan, somebody_there=self._person.is_there)
        return Handover(run=released, always=True)

    async def _takes(self, correction: Correction, *, yes: bool) -> bool:
        """Ask whether another line was meant; where nobody can be asked it is only told."""
        meant = one_line(correction.line)
        if not self._person.is_there:
            return False
        if yes or correction.confidence < SURE:
            await self._person.note(f"did you mean: {meant}")
            return False
        said = await self._person.choose(
            f"Did you mean `{meant}`? [y]es, [n]o and run it as typed, [c]ancel: "
        )
        key = (said or "").strip().lower()
        if key in ("y", "yes"):
            return True
        if key in ("n", "no"):
            return False
        raise PermissionDenied("not run: nobody said which line was meant")


def card_of(route: Route, plan: Plan | None) -> LineCard:
    """Show what would become of a line."""
    verdict = plan.verdict if plan is not None else route.verdict
    correction = route.correction
    return LineCard(
        kind=route.kind,
        typed=_text(route.typed),
        line=_text(route.line),
        because=_text(route.because),
        shell=plan.released().shell if plan is not None else None,
        argv=tuple(map(_text, plan.argv)) if plan is not None else (),
        cwd=_text(plan.cwd) if plan is not None else None,
        tier=verdict.tier.label if verdict is not None else None,
        demand=verdict.tier.demand if verdict is not None else None,
        phrase=verdict.phrase if verdict is not None else None,
        reasons=reason_cards(verdict) if verdict is not None else (),
        command=route.command,
        arguments=route.arguments,
        question=route.question,
        suggestion=_text(correction.line) if correction is not None and not correction.applied else None,
        forced=route.forced,
    )


def _view(route: Route, plan: Plan | None) -> str:
    lines = [about_plan(plan) if plan is not None else about_route(route)]
    if plan is not None:
        shell = plan.released().shell
        how = (
            "it has to run in your own shell"
            if plan.kind == "builtin"
            else f"by {one_line(shell or plan.argv[0])}"
        )
        lines.append(f"  {how}; nothing was run")
        if plan.verdict.phrase is not None:
            lines.append(f"  refused, unless this is typed: {plan.verdict.phrase}")
    if route.correction is not None and not route.correction.applied:
        lines.append(f"  did you mean: {one_line(route.correction.line)}")
    return "\n".join(lines)


def _elsewhere(route: Route) -> Handover:
    """Say what to do with a line of which no shell runs anything."""
    if route.kind == "question" and route.question:
        return Handover(after=("ask", "--", route.question), always=True)
    if route.kind == "command" and route.command:
        return Handover(after=(*route.command.split("."), *route.arguments), always=True)
    if route.kind == "refused":
        raise InvalidParams(f"not run: {lines_shown(route.because)}")
    return Handover(card=card_of(route, None), always=True)


def _notice(plan: Plan) -> str:
    reason = plan.verdict.reasons[0].text if plan.verdict.reasons else "it can be taken back"
    return f"running: {one_line(plan.line)} ({one_line(reason)})"


def _not_agreed(plan: Plan, *, somebody_there: bool) -> PermissionDenied:
    """Say that nothing was run; whoever was asked has seen the plan already."""
    if plan.tier is Tier.DESTRUCTIVE:
        why = "a line of tier 4 is refused, unless a person types the phrase on a terminal"
        hint = f"the phrase is: {plan.verdict.phrase}"
    else:
        why = "nobody has agreed to it"
        hint = "run it on a terminal, or agree to it with --yes"
    if somebody_there:
        return PermissionDenied(f"not run: {why}")
    told = about_plan(plan, with_line=len(plan.line) <= MAX_TOLD_CHARS)
    return PermissionDenied(f"not run: {why}\n{told}", hint=hint)


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
