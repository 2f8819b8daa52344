"""Which plugins there are, what each offers, and what you decide about them."""

from typing import Annotated

import msgspec

from isaac_plugins.plugins import deciding, times
from isaac_plugins.plugins.installing import install, remove
from isaacd.api import Argument, Context, NotFound, Plugin, PluginCard, Tier

plugin = Plugin("plugins", version="1", capabilities=("run",))


class Row(msgspec.Struct, frozen=True):
    """One line of the list."""

    name: str
    state: str
    import_ms: float | None
    summary: str


@plugin.command(tool=Tier.READ, scope="ask")
async def plugins(context: Context) -> list[Row]:
    """List the plugins.

    Examples:
        isaacctl plugins
        isaacctl plugins --json
        isaacctl plugins info greet
    """
    await context.daemon.check_plugins()
    return [
        Row(
            card.name,
            card.state,
            round(card.import_ms, 2) if card.import_ms else None,
            card.error or (f"not loaded anew: {card.trouble}" if card.trouble else card.summary),
        )
        for card in context.daemon.plugins()
    ]


class Info(PluginCard, frozen=True, kw_only=True):
    """A plugin, whether it is trusted to run inside the daemon, and which scopes it wants and was granted."""

    trusted: bool
    trust: str
    scopes: tuple[str, ...]
    granted: tuple[str, ...]


@plugin.command(scope="ask")
def info(context: Context, name: Annotated[str, Argument("The plugin's name.")]) -> Info:
    """Show everything that is known of one plugin.

    Examples:
        isaacctl plugins info ask
    """
    cards: dict[str, PluginCard] = {}
    for card in context.daemon.plugins():
        cards.setdefault(card.name, card)  # one that is hidden comes after the one that hides it
    if name not in cards:
        from difflib import get_close_matches

        near = get_close_matches(name, cards, 1)
        raise NotFound(
            f"there is no plugin {name!r}",
            hint=f"did you mean isaacctl plugins info {near[0]}?"
            if near
            else f"there are: {', '.join(sorted(cards))}",
        )
    return _with_trust(context, cards[name])


def _with_trust(context: Context, card: PluginCard) -> Info:
    said = context.plugin_desk.trusted(card.name)
    return Info(
        **msgspec.structs.asdict(card),
        trusted=said.trusted,
        trust=said.reason,
        scopes=said.scopes,
        granted=said.granted,
    )


@plugin.command(name="list", scope="ask")
async def listed(context: Context) -> list[Row]:
    """List the plugins.

    Examples:
        isaacctl plugins list
    """
    return await plugins(context)


for decision in (deciding.enable, deciding.disable, deciding.choose):
    plugin.command(view=deciding.state)(decision)
for decided in (deciding.grant, deciding.revoke):
    plugin.command(view=deciding.scopes)(decided)
for function in (deciding.trust, deciding.untrust, install, remove):
    plugin.command(function)
plugin.command(view=deciding.changes)(deciding.reload)
plugin.command(view=deciding.diagnosis)(deciding.doctor)
plugin.command(view=times.shown_times)(times.timings)


@plugin.command(hidden=True)
async def adopt(
    context: Context,
    names: Annotated[list[str], Argument("The plugins to describe; all without any.")] = [],  # noqa: B006 - it is copied
) -> list[Info]:
    """Look at the plugins anew: for programs that have installed or removed some.

    Examples:
        isaacctl plugins adopt weather
    """
    cards = await context.plugin_desk.look()
    return [_with_trust(context, card) for card in cards if card.name in names or not names]
