"""A line that a person agrees to once, and that is then run again and again without asking."""

from isaacd.api import Context, InvalidParams, PermissionDenied, Tier, plain


async def agree(context: Context, line: str, *, each_time: str) -> tuple[str, tuple[str, ...]]:
    """Have a person agree to a line as its tier demands; return its tier, and the words that run it in their shell.

    Raises PermissionDenied if that is not so; nobody can agree to tier 4 beforehand.
    """
    # Exactly this line: no alias and no correction may make another of it.
    route, plan = context.plans.prepare(f"!! {line}")
    if plan is None or plan.kind != "shell":
        because = f": {route.because}" if route.because else ""
        raise InvalidParams(f"no shell of its own could run this line{because}")
    told = "; ".join(reason.text for reason in plan.verdict.reasons)
    shown = plain(f"{plan.line}  ({told})" if told else plan.line).replace("\n", " ")
    if plan.tier is Tier.DESTRUCTIVE:
        raise PermissionDenied(
            f"a line of tier 4 is never run without you: {shown}", hint="run it yourself when it is time"
        )
    if not plan.tier.runs_unasked and not await context.confirm(
        f"tier {plan.tier.label}: {shown}\nRun it {each_time} without asking?"
    ):
        raise PermissionDenied(
            f"a line of tier {plan.tier.label} needs a yes at a terminal; nothing was begun"
        )
    return plan.tier.label, plan.argv
