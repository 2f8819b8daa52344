"""Summaries as people read them; into a pipe the text alone, with the names of the files where they are several."""

from isaac_plugins.summarize.cards import Summaries
from isaacd.api import Terminal, plain


def show(found: Summaries, terminal: Terminal) -> str:
    """Show all summaries."""
    blocks = []
    for item in found.summaries:
        lines = [terminal.style(plain(item.name), 1)] if len(found.summaries) > 1 else []
        lines.append(plain(item.summary) if terminal.stdout else item.summary)
        if terminal.stdout:
            parts = f", read in {item.parts} parts" if item.parts > 1 else ""
            lost = f", {item.lost_parts} of them lost" if item.lost_parts else ""
            source = (
                "an extract: sentences of the text as they stand"
                if item.source == "extract"
                else f"by {plain(item.source)}"
            )
            lines.append(terminal.style(f"{source}, of {item.chars:,} characters{parts}{lost}", 2))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
