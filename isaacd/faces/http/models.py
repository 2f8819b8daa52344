"""`GET /v1/models`: which models may be named, as providers list them."""

from urllib.parse import unquote

import anyio
import msgspec

from isaacd.ai.router import AIRouter
from isaacd.errors import IsaacError
from isaacd.faces.http.chunks import model_card, models_list
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.house import House
from isaacd.faces.http.refused import RefusedError

# A provider that does not say which models it has in this time is listed with its default alone.
PATIENCE_S = 5.0
_PREFIX = "/v1/models/"
_ALIAS = "isaac"


async def models(house: House, exchange: Exchange) -> None:
    """List all models as PROVIDER/MODEL, and the aliases."""
    rows = await _rows(house.router(exchange.asker.caller))
    exchange.json(models_list(rows, int(house.clock.now())))


async def model(house: House, exchange: Exchange) -> None:
    """Describe one model; whether a provider would take any other name, only asking it would tell.

    Raises RefusedError (404) for a name that no provider lists.
    """
    name = unquote(exchange.head.path[len(_PREFIX) :])
    for known, owner in await _rows(house.router(exchange.asker.caller)):
        if name in (known, known.partition("/")[2]):
            exchange.json(msgspec.json.encode(model_card(name, owner, int(house.clock.now()))))
            return
    raise RefusedError(404, f"no model is called {name[:200]!r}", code="model_not_found", param="model")


async def _rows(router: AIRouter) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}

    async def look(provider: str) -> None:
        default = router.choose(provider=provider).model
        listed = [] if default is None else [default]
        found[provider] = listed
        try:
            with anyio.move_on_after(PATIENCE_S):
                listed += [card.name for card in await router.models(provider) if card.name != default]
        except IsaacError:
            pass  # it cannot be asked now; its default may be named all the same

    providers = list(router.providers())
    async with anyio.create_task_group() as group:
        for provider in providers:
            group.start_soon(look, provider)
    rows = [(alias, _ALIAS) for alias, names in router.aliases().items() if names]
    for provider in providers:
        rows += [(f"{provider}/{name}", provider) for name in found[provider]] or [(provider, provider)]
    return rows
