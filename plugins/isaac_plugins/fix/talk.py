"""The talk about a failure: why, which of the ways out, and then what any line that was made up goes through."""

import anyio.to_thread

from isaac_plugins.fix.cards import FixCard, Fixes
from isaac_plugins.fix.view import listed, notes_on
from isaacd.api import Context, Handover, explain_line, explained_text


async def offer(context: Context, found: Fixes) -> Handover | None:
    """Have the person choose a way out and run, edit, explain or cancel it; None if nothing is to be run."""
    several = [item for item in found.candidates if item.command is not None]
    chosen = await _chosen(context, found, several)
    if chosen is None or chosen.command is None:
        return None
    line = await context.fill(chosen.command, chosen.placeholders)
    if line is None:
        return None

    async def explain(line: str) -> str:
        return explained_text(await anyio.to_thread.run_sync(explain_line, line, dict(context.environ)))

    return await context.plans.offer(line, about=f"{chosen.why}\n  {notes_on(chosen)}", explain=explain)


async def _chosen(context: Context, found: Fixes, several: list[FixCard]) -> FixCard | None:
    if len(several) < 2:
        return several[0] if several else None
    said = await context.choose(
        f"{listed(found, context.terminal)}\nWhich? [1-{len(several)}, Enter for 1, q to leave] "
    )
    text = (said or "q").strip().lower() or "1"
    return several[int(text) - 1] if text.isdigit() and 1 <= int(text) <= len(several) else None
