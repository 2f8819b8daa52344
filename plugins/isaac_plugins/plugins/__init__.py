"""Which plugins there are, and what each offers."""

from typing import Annotated

import msgspec

from isaacd.api import Argument, Context, NotFound, Plugin, PluginCard, Tier

plugin = Plugin("plugins", version="1")


class Row(msgspec.Struct, frozen=True):
    """One line of the list."""

    name: str
    state: str
    import_ms: float
    summary: str


@plugin.command(tool=Tier.READ)
def plugins(context: Context) -> list[Row]:
    """List the plugins.

    Examples:
        isaacctl plugins
        isaacctl plugins --json
        isaacctl plugins info greet
    """
    return [
        Row(card.name, card.state, round(card.import_ms, 2), card.error or card.summary)
        for card in context.daemon.plugins()
    ]


@plugin.command
def info(context: Context, name: Annotated[str, Argument("The plugin's name.")]) -> PluginCard:
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
    return cards[name]
