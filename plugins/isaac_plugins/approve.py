"""Agree to a plan that `route` has shown."""

from typing import Annotated

from isaacd.api import Argument, Context, Option, Plugin, Released, Terminal

plugin = Plugin(
    "approve",
    summary="Agree to a plan that `route` has shown, and learn what to execute.",
    version="1",
    capabilities=("run",),
)


def _view(released: Released, terminal: Terminal) -> str:
    return released.line


@plugin.command(view=_view)
def approve(
    context: Context,
    token: Annotated[str, Argument("The token of the plan.")],
    *,
    yes: Annotated[bool, Option("Say yes, as lines of tier 2.5 and 3 demand.", short="y")] = False,
    phrase: Annotated[str | None, Option("The phrase that a line of tier 4 demands.")] = None,
) -> Released:
    """Agree to a plan that `route --plan` has shown, and learn what to execute. Nothing is run.

    A token stands for one plan, for a few minutes, once, and for whoever it was shown to. The line is judged anew: where
    it is not as it was, this is refused with `content_modified` and a fresh plan.

    Examples:
        isaacctl route --plan --json 'git push'
        isaacctl approve --yes --json TOKEN
    """
    return context.plans.approve(token, yes=yes, phrase=phrase)
