"""A command line explained, word by word, by this machine's manual; by an AI where that is wanted."""

from typing import Annotated

from isaac_plugins.explain.cards import Explanation
from isaac_plugins.explain.view import show
from isaacd.api import (
    CacheOption,
    Context,
    InvalidParams,
    ModelOption,
    Option,
    Plugin,
    ProviderOption,
    RefreshOption,
    Words,
    asking_of,
)

plugin = Plugin(
    "explain", summary="Explain a command line, word by word.", version="1", capabilities=("ask",)
)


@plugin.command(view=show, scope="ask")
async def explain(
    context: Context,
    line: Annotated[str, Words("The line, in quotes or behind `--`.")] = "",
    *,
    ai: Annotated[bool, Option("Have an AI explain it as well.")] = False,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> Explanation:
    """Explain a command line, word by word, with its tier and the reasons for that. Nothing of it is run.

    It is explained by the manual pages of this machine and by what Isaac knows; what nobody here knows is said to be
    unknown. With --ai (or --model, --provider) an AI explains it too: its opinion can raise the tier, never lower it.

    Examples:
        isaacctl explain 'tar xzf notes.tgz'
        isaacctl explain 'find . -name "*.py" -mtime -7 -exec wc -l {} +'
        isaacctl explain --json -- git push --force-with-lease
        isaacctl explain --ai 'sort -u names -o sorted'
    """
    from isaac_plugins.explain import explaining

    line = (line or await context.read_input() or "").strip()
    if not line:
        raise InvalidParams("there is no line to explain", hint="try: isaacctl explain 'tar xzf notes.tgz'")
    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    return await explaining.explain(
        context, line, asking, with_ai=ai or model is not None or provider is not None
    )
