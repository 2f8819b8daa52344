"""Why the last command failed, and what would work instead: by rules, by the manual, then by an AI."""

from collections.abc import AsyncGenerator
from typing import Annotated

from isaac_plugins.fix.cards import Fixes
from isaac_plugins.fix.view import show
from isaacd.api import (
    CacheOption,
    Context,
    Handover,
    Input,
    InvalidParams,
    ModelOption,
    OfflineOption,
    Option,
    Plugin,
    ProviderOption,
    RefreshOption,
    Words,
    asking_of,
)

plugin = Plugin(
    "fix",
    summary="Find out why a command failed, and what would work.",
    version="1",
    capabilities=("ask", "history", "run"),
)


@plugin.command(view=show)
async def fix(
    context: Context,
    line: Annotated[
        str, Words("The command that failed, behind `--`; else the last one of this shell.")
    ] = "",
    *,
    output: Annotated[Input | None, Option("A file with what it printed, or `-`.", short="o")] = None,
    exit: Annotated[int | None, Option("Its exit code.", short="x")] = None,  # noqa: A002
    ai: Annotated[bool, Option("Ask an AI even if a rule is sure.")] = False,
    offline: OfflineOption = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> AsyncGenerator[Fixes | Handover, None]:
    """Find out why a command failed, and offer what would work instead.

    Without a line it is the last one of this shell that failed (`isaacctl shell-init` tells Isaac of them). What the
    command printed helps a lot: pipe it in, or give --output. Rules and manual pages are asked first, an AI only where
    they are not sure. Nothing runs unless you say so.

    Examples:
        isaacctl fix
        isaacctl fix --exit 127 -- gti status
        isaacctl fix --output errors.txt -- make
    """
    from isaac_plugins.fix import fixing, talk

    if offline and (ai or model is not None or provider is not None):
        raise InvalidParams("--offline excludes --ai, --model and --provider")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    piped = output if output is not None else await context.read_input()
    found = await fixing.fix(
        context,
        line.strip(),
        piped or None,
        exit,
        asking=None if offline else asking,
        sure_enough=1.01 if ai or model is not None or provider is not None else fixing.SURE_ENOUGH,
    )
    if context.has_person:
        plan = await talk.offer(context, found)
        if plan is not None:
            yield plan
        elif not any(item.command for item in found.candidates):
            yield found
    else:
        yield found
