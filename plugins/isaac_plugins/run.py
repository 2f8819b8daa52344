"""Run a line in your own shell, once it is agreed to as its tier demands."""

from typing import Annotated

from isaacd.api import Argument, Context, Handover, InvalidParams, Option, Plugin, Terminal

plugin = Plugin(
    "run",
    summary="Run a line in your own shell, as safely as its tier demands.",
    version="1",
    capabilities=("run",),
)


def _view(result: Handover, terminal: Terminal) -> str:
    return result.text


@plugin.command(view=_view, scope="run:confirm")
async def run(
    context: Context,
    line: Annotated[
        list[str],
        Argument("The line, in quotes; or a program and its arguments, as several words."),
    ],
    *,
    yes: Annotated[bool, Option("Agree to lines up to tier 3; never to one of tier 4.", short="y")] = False,
    dry_run: Annotated[bool, Option("Show what would be run, and run nothing.", short="n")] = False,
) -> Handover:
    """Run a line in your own shell, with its terminal, environment and folder, once it is agreed to.

    What only reads runs at once. What changes something asks first, on the terminal, as its tier demands; without a
    terminal, without an answer and after five minutes that is a no. One word is a line, as you would type it. Several
    words are a program and its arguments: they are passed as they are, and nothing in them is expanded.

    Examples:
        isaacctl run 'git log --oneline -5'
        isaacctl run --dry-run 'rm -rf build && make'
        isaacctl run --yes -- tar xzf 'my archive.tgz'
        isaacctl run '? which process listens on port 80'
    """
    if not line or not any(word.strip() for word in line):
        raise InvalidParams("there is no line to run", hint="say one: isaacctl run 'ls -l'")
    return await context.plans.run(line, yes=yes, dry_run=dry_run)
