"""Files or standard input summarized: by an AI, long ones in parts; without one by an extract that says so."""

from pathlib import Path
from typing import Annotated, Literal

from isaac_plugins.summarize.cards import Summaries
from isaac_plugins.summarize.view import show
from isaacd.api import (
    Argument,
    CacheOption,
    Context,
    InvalidParams,
    ModelOption,
    OfflineOption,
    Option,
    Plugin,
    ProviderOption,
    RefreshOption,
    asking_of,
)

plugin = Plugin("summarize", summary="Summarize files or standard input.", version="1", capabilities=("ask",))


@plugin.command(view=show, scope="ask")
async def summarize(
    context: Context,
    files: Annotated[list[Path], Argument("The files; without any, standard input.")] = [],  # noqa: B006
    *,
    length: Annotated[
        Literal["short", "medium", "long"], Option("How long the summary is.", short="l")
    ] = "medium",
    about: Annotated[str | None, Option("What it should be about, such as `the risks`.")] = None,
    max_parts: Annotated[
        int,
        Option("At most this many parts, each of which is one call, are sent to an AI.", name="max-parts"),
    ] = 100,
    offline: OfflineOption = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> Summaries:
    """Summarize files or standard input.

    An AI reads long texts in parts, several at once, and then writes one summary of those. Without an AI the sentences that
    say most are taken out of the text as they stand, which is said. Secrets are not sent.

    Examples:
        isaacctl summarize report.md
        isaacctl summarize --length short --about "what is to be done" minutes.txt
        man tar | isaacctl summarize --offline
    """
    from isaac_plugins.summarize import summarizing

    if offline and (model is not None or provider is not None):
        raise InvalidParams("--offline excludes --model and --provider")
    if max_parts < 1:
        raise InvalidParams("--max-parts must be 1 or more")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    return await summarizing.summarize(
        context, files, length=length, about=about, max_parts=max_parts, asking=None if offline else asking
    )
