"""Look into the cache of answers, and change what it keeps."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec

from isaacd.api import (
    Argument,
    CacheCollected,
    CacheFinding,
    CacheItem,
    CacheMoved,
    CacheReport,
    Context,
    Input,
    InvalidParams,
    Option,
    Plugin,
    Sent,
    Terminal,
    Tier,
)

plugin = Plugin("cache", summary="Look into the cache of answers, and change what it keeps.", version="1")

_DAYS_SHOWN = 14
_BAR_COLUMNS = 30


class Done(msgspec.Struct, frozen=True):
    """What a command did, as a count and in words."""

    count: int
    text: str


def _done(done: Done, _: Terminal) -> str:
    return done.text


def _figures(report: CacheReport, terminal: Terminal) -> str:
    """Lay out the figures: hits by level and kind, the levels, money by day."""
    stats = report.cache
    lines = [terminal.style("since the daemon started", 1)]
    lines.append(
        f"  requests {stats.requests}, hits {stats.hit_rate:.1%}, joined {stats.joined}, stale {stats.stale_hits}"
    )
    lines += [
        f"  {level:<8} " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        for level, kinds in stats.hits.items()
    ]
    lines += [
        f"  {item.name:<8} {item.entries} of {item.capacity} entries, {_size(item.size_bytes)}"
        for item in stats.levels
    ]
    lines += [
        f"  {item.name:<8} {item.entries} entries, {_size(item.size_bytes)}, {item.state}"
        for item in stats.stores
    ]
    lines += ["", terminal.style("answers by day: # kept, . asked", 1), *_days(report.days)]
    lines += [f"  warning: {text}" for text in report.troubles]
    return "\n".join(lines)


def _days(days: Any) -> list[str]:
    if not days:
        return ["  none yet"]
    shown = days[-_DAYS_SHOWN:]
    most = max(day.total for day in shown)
    lines = []
    for day in shown:
        wide = max(1, round(_BAR_COLUMNS * day.total / most))
        kept = round(wide * day.hits / day.total)
        kinds = ", ".join(f"{kind} {item.count}" for kind, item in sorted(day.kinds.items()))
        lines.append(
            f"  {day.day} {('#' * kept + '.' * (wide - kept)):<{_BAR_COLUMNS}} {day.hits / day.total:4.0%}  {kinds}"
        )
    return [*lines, _saved(days)]


def _saved(days: Any) -> str:
    sums = [item for day in days for kind, item in day.kinds.items() if kind != "asked"]
    usd, seconds = sum(item.usd for item in sums), sum(item.seconds for item in sums)
    tokens, unpriced = sum(item.tokens for item in sums), sum(item.unpriced for item in sums)
    text = f"  saved in all: {tokens} tokens, {seconds:.0f} s, ${usd:.4f}"
    return text + (f" and what {unpriced} unpriced answers would have cost" if unpriced else "")


def _size(size_bytes: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


# Counts only: the answers themselves (`get`, `export`) are nobody else's business.
@plugin.command(view=_figures, tool=Tier.READ, scope="ask")
async def stats(context: Context) -> CacheReport:
    """Show hit rates by level and kind, what was saved, and how that went day by day.

    Examples:
        isaacctl cache stats
        isaacctl cache stats --json
    """
    return (await context.care()).report()


@plugin.command
async def get(
    context: Context,
    key: Annotated[
        str | None, Argument("A key, or a pattern such as `ai:slot:*`; none lists the newest.")
    ] = None,
) -> CacheItem | list[CacheItem]:
    """Show what is kept under a key, or the newest keys that match a pattern.

    Examples:
        isaacctl cache get
        isaacctl cache get 'ai:slot:*'
        isaacctl cache get greeting --json
    """
    care = await context.care()
    if key is None or any(sign in key for sign in "*?["):
        return await care.items(key or "*")
    return await care.item(key)


@plugin.command(name="set", view=_done)
async def set_(
    context: Context,
    key: Annotated[str, "The key."],
    value: Annotated[str, "The text to keep."],
    *,
    ttl: Annotated[float | None, Option("Seconds to keep it; without it, until there is no room.")] = None,
    tag: Annotated[list[str], Option("A tag, to invalidate it by; may be given again.")] = [],  # noqa: B006 - copied
) -> Done:
    """Keep a text under a key. Secrets are refused.

    Examples:
        isaacctl cache set greeting hello --ttl 3600
        isaacctl cache set motd "all systems go" --tag news
    """
    _check_ttl(ttl)
    await (await context.care()).set(key, value, ttl, tag)
    return Done(int(ttl != 0), f"kept {key}" if ttl != 0 else f"a ttl of 0 keeps nothing; {key} is forgotten")


@plugin.command(view=_done)
async def invalidate(
    context: Context,
    pattern: Annotated[
        str | None, Argument("A key or a pattern: * any run, ? one character, [ab] one of them.")
    ] = None,
    *,
    tag: Annotated[
        str | None, Option("Everything with this tag instead, such as `model:gpt-6-luna`.")
    ] = None,
) -> Done:
    """Forget what matches, on every level.

    Examples:
        isaacctl cache invalidate 'ai:exact:*'
        isaacctl cache invalidate --tag model:gpt-6-luna
    """
    if (pattern is None) == (tag is None):
        raise InvalidParams("give either a pattern or --tag", hint="isaacctl cache invalidate 'ai:*'")
    cache = (await context.care()).cache
    count = (
        await cache.invalidate_tag(tag) if tag is not None else await cache.invalidate_pattern(pattern or "")
    )
    return Done(count, f"forgot {count} entries")


@plugin.command(view=_done)
async def clear(
    context: Context,
    *,
    learned: Annotated[bool, "Forget what was learned of habits, and the book of savings, too."] = False,
) -> Done:
    """Forget every answer.

    Examples:
        isaacctl cache clear
        isaacctl cache clear --learned
    """
    care = await context.care()
    count = await care.clear(learned=learned)
    return Done(count, f"forgot {count} entries{' and everything learned' if learned else ''}")


@plugin.command(view=_done, tool=Tier.REVERSIBLE)
async def warm(
    context: Context,
    *,
    top: Annotated[int, Option("How many of the hottest answers.", short="n")] = 100,
) -> Done:
    """Bring the answers that are asked for most into memory. Asks nobody, so it costs nothing.

    Examples:
        isaacctl cache warm
        isaacctl cache warm --top 20
    """
    if not 1 <= top <= 100_000:
        raise InvalidParams("--top must lie between 1 and 100000")
    tried, filled = await (await context.care()).warm(top)
    return Done(filled, f"{filled} of {tried} hot answers are in memory")


@plugin.command
async def export(
    context: Context,
    pattern: Annotated[str, Argument("Only the keys that match.")] = "*",
) -> AsyncGenerator[str | Sent, None]:
    """Print every entry as a line of JSON, for `cache import`.

    Examples:
        isaacctl cache export > answers.jsonl
        isaacctl cache export 'ai:exact:*' > exact.jsonl
    """
    async for line in (await context.care()).export(pattern):
        if context.wants_json:
            await context.emit("row", line)  # it is JSON already
        else:
            yield line
    if context.wants_json:
        yield Sent()


@plugin.command(name="import", view=lambda moved, _: _moved(moved))
async def import_(
    context: Context, file: Annotated[Input, "An export, or - for standard input."]
) -> CacheMoved:
    """Take the entries of an export in, in place of those with the same keys.

    Whoever wrote the file decides what you are answered: import only what you trust.

    Examples:
        isaacctl cache import answers.jsonl
        ssh laptop isaacctl cache export | isaacctl cache import -
    """
    return await (await context.care()).import_(file)


def _moved(moved: CacheMoved) -> str:
    text = f"took {moved.kept} entries in"
    if moved.expired:
        text += f"; {moved.expired} had expired"
    return text + (f"; {moved.refused} lines were no entries" if moved.refused else "")


@plugin.command(
    view=lambda done, _: (
        f"removed {done.expired} expired and {done.evicted} of least worth, {_size(done.freed_bytes)} freed"
    )
)
async def gc(context: Context) -> CacheCollected:
    """Remove from the disk what is expired, and what is worth least if there is too much.

    Examples:
        isaacctl cache gc
    """
    return await (await context.care()).collect()


@plugin.command
async def doctor(context: Context) -> list[CacheFinding]:
    """Examine the file, its mode and every level; a damaged file is replaced.

    Examples:
        isaacctl cache doctor
        isaacctl cache doctor --json
    """
    return await (await context.care()).examine()


def _check_ttl(ttl: float | None) -> None:
    if ttl is not None and not ttl >= 0:
        raise InvalidParams("--ttl is a number of seconds, 0 or more")
