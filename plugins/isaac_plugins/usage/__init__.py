"""What AI calls cost, how budgets stand, and what is known of prices."""

from typing import Annotated

from isaacd.api import (
    Argument,
    Context,
    Gone,
    Host,
    InvalidParams,
    Option,
    Overview,
    PastCall,
    Plugin,
    PriceRow,
    PricesUpdated,
    Terminal,
    UsageBy,
    UsageReport,
)

plugin = Plugin(
    "usage", summary="See what AI calls cost, and how budgets stand.", version="1", capabilities=("network",)
)

_MOST_CALLS = 10_000


def _shown(result: Overview | UsageReport | str, terminal: Terminal) -> str:
    # Charts are drawn for people only, and the daemon starts without them.
    from isaac_plugins.usage import view

    if isinstance(result, str):
        return result
    return view.overview(result, terminal) if isinstance(result, Overview) else view.report(result, terminal)


@plugin.command(view=_shown)
async def usage(
    context: Context,
    *,
    by: Annotated[UsageBy | None, Option("One line for each of these.")] = None,
    since: Annotated[
        str | None, Option("The first day: 2026-11-01, 2026-11, today, yesterday, 7d or 4w.")
    ] = None,
    until: Annotated[str | None, Option("The last day, written in the same way.")] = None,
    csv: Annotated[bool, Option("Comma-separated values, for a spreadsheet.")] = False,
) -> Overview | UsageReport | str:
    """Show what AI calls cost, how the budgets stand, and which models and callers cost most.

    Calls whose price is not known are counted apart; they are in no sum of money. What was saved stands beside: by
    answers that Isaac had kept, and by the caches of the providers.

    Examples:
        isaacctl usage
        isaacctl usage --by model --since 30d
        isaacctl usage --by day --since 2026-11 --csv > november.csv
    """
    desk = context.ledger.desk(context.config)
    if by is None and since is None and until is None and not csv:
        return await desk.overview()
    found = await desk.report(by or "day", since, until)
    if not csv:
        return found
    from isaac_plugins.usage import view

    return view.csv(found)


@plugin.command(view=lambda rows, terminal: _prices(rows, terminal), scope="ask")
async def prices(
    context: Context,
    model: Annotated[str | None, Argument("A model, or a part of its name; none lists all.")] = None,
) -> list[PriceRow]:
    """Show the prices that are known, in USD for a million tokens, and whence they are.

    Prices of your own come first: the section [ai.prices] of config.toml. A model without a price is unpriced, which
    is not the same as free.

    Examples:
        isaacctl usage prices gpt-6-luna
        isaacctl usage prices grok
    """
    return context.ledger.desk(context.config).prices(model)


def _prices(rows: list[PriceRow], terminal: Terminal) -> str:
    from isaac_plugins.usage import view

    return view.prices(rows, terminal)


@plugin.command(
    view=lambda done, _: (
        f"prices of {done.date}: models {done.models}, new or changed {done.changed}\nfrom {done.source}"
    )
)
async def update_prices(
    context: Context,
    source: Annotated[
        str | None, Argument("A file or an https address; without one, the list of genai-prices is fetched.")
    ] = None,
) -> PricesUpdated:
    """Take new prices in. They are used as long as they are not older than those that came with Isaac.

    Nothing is ever fetched without this command.

    Examples:
        isaacctl usage update-prices
        isaacctl usage update-prices data_slim.json
    """
    if source is not None and "://" not in source and context.cwd is not None:
        source = str(context.cwd / source)
    host = Host(context.environ, context.paths, context.log)
    return await context.ledger.desk(context.config).update_prices(source, host)


@plugin.command(view=lambda rows, terminal: _calls(rows, terminal))
async def calls(
    context: Context,
    *,
    last: Annotated[int, Option("How many, the newest first.", short="n")] = 20,
) -> list[PastCall]:
    """Show the latest calls one by one, each retry and fallback too.

    Questions and answers are there only for calls made while `history.prompts` was on.

    Examples:
        isaacctl usage calls
        isaacctl usage calls --last 100 --json
    """
    if not 1 <= last <= _MOST_CALLS:
        raise InvalidParams(f"--last must lie between 1 and {_MOST_CALLS}")
    return await context.ledger.desk(context.config).calls(last)


def _calls(rows: list[PastCall], terminal: Terminal) -> str:
    from isaac_plugins.usage import view

    return view.calls(rows, terminal)


@plugin.command(
    view=lambda gone, _: f"removed {gone.calls} old calls and {gone.texts} questions with their answers"
)
async def gc(
    context: Context,
    *,
    texts: Annotated[
        bool, "Erase all questions and answers that were kept while history.prompts was on."
    ] = False,
) -> Gone:
    """Remove single calls older than 400 days. The sums of days, models and callers stay.

    Examples:
        isaacctl usage gc
        isaacctl usage gc --texts
    """
    return await context.ledger.desk(context.config).collect(texts=texts)
