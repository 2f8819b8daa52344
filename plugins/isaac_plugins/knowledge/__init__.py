"""Offline answers: a cookbook of shell tasks, tldr pages and this machine's manual, searched on this machine."""

from pathlib import Path
from typing import Annotated

from isaac_plugins.knowledge.provider import Knowledge
from isaac_plugins.knowledge.results import Info, Updated, show_candidates, show_info, show_updated
from isaacd.api import Candidate, Context, InvalidParams, Option, Plugin, Tier, Words

plugin = Plugin(
    "knowledge", summary="Search what Isaac knows offline.", version="1", capabilities=("network",)
)
plugin.provider(Knowledge)


# What it finds is public: recipes and manual pages.
@plugin.command(view=show_candidates, tool=Tier.READ, scope="ask")
async def search(
    context: Context,
    question: Annotated[str, Words("What you want to do; quotes are not needed.")],
    *,
    limit: Annotated[int, Option("At most this many commands.", short="n")] = 3,
) -> list[Candidate]:
    """Search for commands that do what you describe.

    Examples:
        isaacctl knowledge search extract a tar.gz
        isaacctl knowledge search --limit 10 --json disk usage
    """
    from isaac_plugins.knowledge import actions

    if not 1 <= limit <= 100:
        raise InvalidParams("the limit must lie between 1 and 100")
    return await actions.search(context, question, limit)


@plugin.command(view=show_info, scope="ask")
async def info(context: Context) -> Info:
    """Show what can be searched, where it comes from, and the state of the index.

    Examples:
        isaacctl knowledge info
    """
    from isaac_plugins.knowledge import actions

    return await actions.info(context)


@plugin.command(view=show_updated)
async def update(
    context: Context,
    *,
    from_: Annotated[
        Path | None, Option("A local archive to use instead of a download.", name="from")
    ] = None,
    url: Annotated[str | None, Option("Where to fetch the archive; https only.")] = None,
) -> Updated:
    """Fetch the tldr pages, so that many more commands can be found.

    The archive is checked before it takes the place of the one before. Without --url the address is
    knowledge.tldr_url of the configuration. Proxies (HTTPS_PROXY) and certificates (SSL_CERT_FILE) are taken from the
    environment.

    Examples:
        isaacctl knowledge update
        isaacctl knowledge update --from tldr-pages.en.zip
    """
    from isaac_plugins.knowledge import actions

    return await actions.update(context, from_, url)
