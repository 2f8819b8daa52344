"""A task in words becomes a command: from what Isaac knows offline, better with an AI."""

from collections.abc import AsyncGenerator
from typing import Annotated

from isaac_plugins.suggest.cards import Suggestions
from isaac_plugins.suggest.view import show
from isaacd.api import (
    CacheOption,
    Context,
    Handover,
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

plugin = Plugin("suggest", summary="Turn a task into a command.", version="1", capabilities=("ask", "run"))


@plugin.command(view=show, scope="ask")
async def suggest(
    context: Context,
    task: Annotated[str, Words("What you want to do; quotes are not needed.")] = "",
    *,
    limit: Annotated[int, Option("At most this many commands.", short="n")] = 3,
    offline: OfflineOption = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> AsyncGenerator[Suggestions | Handover, None]:
    """Turn a task into a command, and offer to run, edit or explain it.

    Without an AI it is looked up in what Isaac knows offline. Every command is judged before it is shown, and nothing
    runs unless you say so. Into a pipe only the best command is written, and nothing at all where Isaac is not sure.

    Examples:
        isaacctl suggest find files larger than 100 MB under /var
        isaacctl suggest --offline "unpack a tar.gz"
        isaacctl suggest --json --limit 5 who uses port 8080
    """
    from isaac_plugins.suggest import suggesting, talk

    task = (task or await context.read_input() or "").strip()
    if not task:
        raise InvalidParams("there is no task", hint="try: isaacctl suggest find files larger than 100 MB")
    if not 1 <= limit <= 20:
        raise InvalidParams("the limit must lie between 1 and 20")
    if offline and (model is not None or provider is not None):
        raise InvalidParams("--offline excludes --model and --provider")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    found = await suggesting.suggest(context, task, limit, None if offline else asking)
    if context.has_person:
        plan = await talk.offer(context, found)
        if plan is not None:
            yield plan
    elif context.meta.tty is not None and not context.wants_json:
        yield await suggesting.only_the_best(context, found)
    else:
        yield found
