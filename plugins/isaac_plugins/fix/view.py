"""A failure and its ways out as people read them."""

from isaac_plugins.fix.cards import FixCard, Fixes
from isaacd.api import Terminal, plain, source_note

_COLOURS = {"1": 32, "2": 32, "2.5": 33, "3": 33, "4": 31}


def show(found: Fixes | str, terminal: Terminal) -> str:
    """Show what was found; nothing if a person has been talked to about it already."""
    return "" if isinstance(found, str) else listed(found, terminal)


def listed(found: Fixes, terminal: Terminal) -> str:
    """List the reason and the ways out with their numbers."""
    lines = []
    if found.line is not None:
        code = "" if found.exit is None else f" (exit code {found.exit})"
        lines.append(f"{terminal.style(_one_line(found.line), 1)}{code}")
    lines.append(f"  {_one_line(found.why)}" if found.why else "  why it failed is not known")
    if found.why is None and not found.knows_output:
        lines.append("  what it printed would help: LINE 2>&1 | isaacctl fix -- LINE")
    number = 0
    for item in found.candidates:
        if item.command is None:
            if item.why != found.why:
                lines.append(f"   {_one_line(item.why)}")
            continue
        number += 1
        lines.append(f"{number}  {terminal.style(_one_line(item.command), 1)}")
        if item.why != found.why:
            lines.append(f"   {_one_line(item.why)}")
        tier = terminal.style(f"tier {item.tier}", _COLOURS[item.tier or "4"])
        lines.append(f"   {tier}, {_one_line(notes_on(item))}")
    return "\n".join(lines)


def notes_on(item: FixCard) -> str:
    """Say who proposes a way out, how sure that is, and what it lacks."""
    return source_note(item.source, item.confidence, item.placeholders, item.missing)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\u23ce")
