"""A plan as a person reads it before agreeing: nothing in it steers the terminal or hides from the eye."""

from isaacd.plans.opinion import Opinion
from isaacd.plans.plan import Plan
from isaacd.routing.route import Route
from isaacd.safety.visible import one_line

MAX_REASONS = 10
_MAX_REASON_CHARS = 300


def line_shown(line: str) -> str:
    """Show a line for the shell, all of it: every line of several is marked, so that none can be overlooked."""
    first, *more = line.split("\n")
    return "\n".join((f"  $ {one_line(first)}", *(f"  > {one_line(item)}" for item in more)))


def about_plan(plan: Plan, *, with_line: bool = True) -> str:
    """Show a plan: its line, its tier and the reasons that raise it to that."""
    lines = [line_shown(plan.line)] if with_line else []
    lines.append(f"  tier {plan.tier.label}{_where(plan)}")
    reasons = [reason for reason in plan.verdict.reasons if not reason.tier.runs_unasked]
    reasons = reasons or list(plan.verdict.reasons[:1])
    for reason in reasons[:MAX_REASONS]:
        place = f" ({one_line(reason.place)})" if reason.place and reason.place != plan.line else ""
        lines.append(f"    {reason.tier.label:<3} {_short(one_line(reason.text))}{_short(place)}")
    if len(reasons) > MAX_REASONS:
        lines.append(f"    and {len(reasons) - MAX_REASONS} reasons more")
    return "\n".join(lines)


def about_route(route: Route) -> str:
    """Show a line of which no shell would execute anything."""
    told = f"it is a question: {one_line(route.question)}" if route.question else one_line(route.because)
    return f"{line_shown(route.line or route.typed)}\n  nothing of it would be executed: {told}"


def about_opinion(opinion: Opinion | None) -> str:
    """Show what an AI has said, as its words and nobody else's."""
    if opinion is None:
        return ""
    first, *more = opinion.text.split("\n")
    return "\n".join(
        (f"  {opinion.name} (an AI, which may be wrong): {first}", *(f"    {item}" for item in more))
    )


def _where(plan: Plan) -> str:
    return f", in {one_line(plan.cwd)}" if plan.cwd and not plan.tier.runs_unasked else ""


def _short(text: str) -> str:
    return text if len(text) <= _MAX_REASON_CHARS else f"{text[: _MAX_REASON_CHARS - 3]}..."
