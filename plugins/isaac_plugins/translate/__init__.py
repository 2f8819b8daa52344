"""Text translated by an AI; code, placeholders and Markdown stay as they are, and nothing is lost."""

from typing import Annotated

from isaac_plugins.translate.cards import Translation
from isaac_plugins.translate.view import show
from isaacd.api import (
    CacheOption,
    Context,
    Input,
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
    "translate", summary="Translate text; code and placeholders stay.", version="1", capabilities=("ask",)
)


@plugin.command(view=show, scope="ask")
async def translate(
    context: Context,
    text: Annotated[str, Words("The text; quotes are not needed.")] = "",
    *,
    to: Annotated[str, Option("The language, such as `German` or `pt-BR`.", short="t")],
    from_: Annotated[str | None, Option("The language of the text, if it is not plain.", name="from")] = None,
    file: Annotated[Input | None, Option("A file with the text, or `-`.", short="f")] = None,
    model: ModelOption = None,
    provider: ProviderOption = None,
    cache: CacheOption = True,
    refresh: RefreshOption = False,
) -> Translation:
    """Translate a text, a file or standard input.

    Blocks of code, inline code, addresses, tags and placeholders such as {name}, %s or ${HOME} are not sent or come back
    as they were; each paragraph is checked for that. One that could not be translated stays as it is, which is told, and
    the exit code is 1. It needs an AI provider.

    Examples:
        isaacctl translate --to German good morning
        isaacctl translate --to fr --file README.md
        cat notes.txt | isaacctl translate --to pt-BR
    """
    from isaac_plugins.translate import translating

    asking = asking_of(model, provider, cache=cache, refresh=refresh)
    if text and file is not None:
        raise InvalidParams("give a text or a --file, not both")
    given = text or file
    if not given:
        given = await context.read_input(translating.MAX_TEXT_BYTES)
    if not given or not given.strip():
        raise InvalidParams(
            "there is nothing to translate", hint="try: isaacctl translate --to German good morning"
        )
    return await translating.translate(context, given, to, from_, asking)
