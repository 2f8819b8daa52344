"""A diff or a file reviewed: checks that need no AI, and an AI that looks closer where there is one."""

from typing import Annotated, Literal

from isaac_plugins.review.cards import Review
from isaac_plugins.review.view import show
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

plugin = Plugin("review", summary="Review a diff or a file.", version="1", capabilities=("ask", "run"))


@plugin.command(view=show)
async def review(
    context: Context,
    target: Annotated[
        str | None, Argument("A range of git such as main..HEAD, a file, or `-`; else what is not committed.")
    ] = None,
    *,
    staged: Annotated[bool, Option("What is staged.")] = False,
    fail_on: Annotated[
        Literal["note", "warning", "error", "never"],
        Option("End with exit code 1 if there is such a finding, or a worse one.", name="fail-on"),
    ] = "never",
    offline: OfflineOption = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> Review:
    """Review changes: what is wrong, where, and how bad that is.

    Without an AI it finds what a program can be sure of: conflict markers, secrets, broken Python, JSON and TOML, leftover
    debugging, dangerous lines of shell scripts, missing tests and the like. With an AI it is read as well, in parts;
    secrets are kept back, and what the AI says about lines that are not in the diff is dropped.

    Examples:
        isaacctl review
        isaacctl review main..HEAD
        isaacctl review --staged --offline --fail-on warning
        git diff | isaacctl review --json -
    """
    from isaac_plugins.review import reviewing

    if offline and (model is not None or provider is not None):
        raise InvalidParams("--offline excludes --model and --provider")
    if staged and target is not None:
        raise InvalidParams("--staged excludes a target")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    return await reviewing.review(
        context, target, staged=staged, fail_on=fail_on, asking=None if offline else asking
    )
