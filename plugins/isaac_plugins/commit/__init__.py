"""A commit message for what is staged: told from the diff offline, better with an AI."""

from collections.abc import AsyncGenerator
from typing import Annotated, Literal

from isaac_plugins.commit.cards import CommitMessage
from isaac_plugins.commit.view import show
from isaacd.api import (
    Argument,
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
    asking_of,
)

plugin = Plugin(
    "commit", summary="Write a message for the staged changes.", version="1", capabilities=("ask", "run")
)


@plugin.command(view=show, scope="ask")
async def commit(
    context: Context,
    diff: Annotated[Input | None, Argument("A diff, or `-`; without one, what is staged here.")] = None,
    *,
    style: Annotated[
        Literal["auto", "plain", "conventional"],
        Option("How the subject looks; auto does as the last commits do.", short="s"),
    ] = "auto",
    offline: OfflineOption = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> AsyncGenerator[CommitMessage | Handover, None]:
    """Write a message for the staged changes, and commit with it if you say so.

    The message is made of the diff: files, functions, what was added, removed and renamed. With an AI it says why as well;
    secrets are kept back from it, and told. At a terminal you use it, edit it in your editor, or cancel. git runs in your
    terminal; the daemon runs nothing.

    Examples:
        isaacctl commit
        isaacctl commit --style conventional --offline
        git diff --staged | isaacctl commit --json -
    """
    from isaac_plugins.commit import committing, talk

    if offline and (model is not None or provider is not None):
        raise InvalidParams("--offline excludes --model and --provider")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    piped = diff if diff is not None else await context.read_input()
    found = await committing.message(context, piped or None, style, None if offline else asking)
    if context.has_person:
        plan = await talk.offer(context, found)
        if plan is not None:
            yield plan
    else:
        yield found
