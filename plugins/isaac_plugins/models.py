"""Which AI models can be asked."""

from typing import Annotated

import anyio
import msgspec

from isaacd.api import Context, IsaacError, Option, Plugin, Terminal

plugin = Plugin("models", version="1", capabilities=("ask",))


class ModelRow(msgspec.Struct, frozen=True):
    """One model of one provider; prices in USD for a million tokens, None where they are not known."""

    provider: str
    model: str
    default: bool = False
    context_tokens: int | None = None
    input_usd: float | None = None
    output_usd: float | None = None
    note: str = ""


class Listing(msgspec.Struct, frozen=True):
    """All models, the names that stand for some of them, and the providers that could not be asked."""

    models: list[ModelRow]
    aliases: dict[str, list[str]]
    failed: dict[str, str]


def _view(found: Listing, terminal: Terminal) -> str:
    lines = []
    width = max((len(f"{row.provider}/{row.model}") for row in found.models), default=0)
    for row in found.models:
        name = f"{row.provider}/{row.model}".ljust(width)
        price = "" if row.input_usd is None else f"${row.input_usd:g} in, ${row.output_usd:g} out"
        size = "" if row.context_tokens is None else f"{row.context_tokens // 1000}k"
        mark = terminal.style("default", 32) if row.default else ""
        facts = "  ".join(part for part in (size, price, row.note, mark) if part)
        lines.append(f"{name}  {facts}".rstrip())
    lines += [
        f"{terminal.style(alias, 1)} is {', '.join(names)}" for alias, names in found.aliases.items() if names
    ]
    lines += [f"{terminal.style(name, 33)}: {why}" for name, why in found.failed.items()]
    return "\n".join("".join(char for char in line if char.isprintable() or char == "\x1b") for line in lines)


@plugin.command(view=_view, scope="ask")
async def models(
    context: Context,
    *,
    provider: Annotated[str | None, Option("Only this provider's models.", short="p")] = None,
    search: Annotated[str | None, Option("Only models with this in their name.", short="s")] = None,
) -> Listing:
    """List the models that can be asked, with what they cost.

    Every provider that is configured, or whose key is in the environment, is asked which models it has.

    Examples:
        isaacctl models
        isaacctl models --provider ollama
        isaacctl models --search haiku --json
    """
    router = context.ai
    names = [provider] if provider is not None else list(router.providers())
    rows: dict[str, list[ModelRow]] = {}
    failed: dict[str, str] = {}

    async def look(name: str) -> None:
        try:
            default = router.choose(provider=name).model
            cards = await router.models(name)
        except IsaacError as error:
            if provider is not None:
                raise
            failed[name] = error.message
            return
        known = {card.name: card for card in cards}
        listed = [*known] if default is None or default in known else [default, *known]
        rows[name] = [
            ModelRow(
                name,
                model,
                default=model == default,
                context_tokens=known[model].context_tokens if model in known else None,
                **_price(context, name, model),
                note="" if model in known or not known else "not listed by the provider",
            )
            for model in listed
            if search is None or search.lower() in model.lower()
        ]

    # Raised as it is, not in a group, when only one provider is asked.
    if provider is not None:
        await look(provider)
    else:
        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(look, name)
    found = [row for name in names for row in rows.get(name, [])]
    return Listing(found, {} if provider or search else router.aliases(), failed)


def _price(context: Context, provider: str, model: str) -> dict[str, float | None]:
    rate = context.ledger.rate(provider, model, context.config)
    return (
        {"input_usd": None, "output_usd": None}
        if rate is None
        else {"input_usd": rate.input, "output_usd": rate.output}
    )
