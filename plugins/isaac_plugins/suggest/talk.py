"""The talk about suggested commands: which, with what put in, and then what any line that was made up goes through."""

import anyio.to_thread

from isaac_plugins.suggest.cards import Suggested, Suggestions
from isaac_plugins.suggest.view import listed, notes_on
from isaacd.api import Context, Handover, explain_line, explained_text


async def offer(context: Context, found: Suggestions) -> Handover | None:
    """Have the person choose, put in what is missing, and run, edit, explain or cancel; None if nothing is to be run."""
    chosen = await _chosen(context, found)
    if chosen is None:
        return None
    line = await context.fill(chosen.command, chosen.placeholders)
    if line is None:
        return None

    async def explain(line: str) -> str:
        explained = await anyio.to_thread.run_sync(explain_line, line, dict(context.environ))
        return explained_text(explained)

    about = f"{chosen.about}\n  {notes_on(chosen)}"
    return await context.plans.offer(line, about=about, explain=explain)


async def _chosen(context: Context, found: Suggestions) -> Suggested | None:
    several = found.candidates
    if len(several) == 1:
        return several[0]
    said = await context.choose(
        f"{listed(found, context.terminal)}\nWhich? [1-{len(several)}, Enter for 1, q to leave] "
    )
    text = (said or "q").strip().lower() or "1"
    return several[int(text) - 1] if text.isdigit() and 1 <= int(text) <= len(several) else None
