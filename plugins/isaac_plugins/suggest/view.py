"""Suggested commands as people read them; into a pipe the command alone."""

from isaac_plugins.suggest.cards import Suggested, Suggestions
from isaacd.api import Terminal, plain, source_note

_COLOURS = {"1": 32, "2": 32, "2.5": 33, "3": 33, "4": 31}


def show(found: Suggestions | str, terminal: Terminal) -> str:
    """Show what was found; nothing if a person has been talked to about it already."""
    if isinstance(found, str):
        return ""
    return listed(found, terminal) if terminal.stdout else _one_line(found.candidates[0].command)


def listed(found: Suggestions, terminal: Terminal) -> str:
    """List the candidates with their numbers."""
    lines = []
    for number, item in enumerate(found.candidates, 1):
        lines.append(f"{number}  {terminal.style(_one_line(item.command), 1)}")
        lines.append(f"   {_one_line(item.about)}")
        tier = terminal.style(f"tier {item.tier}", _COLOURS[item.tier])
        lines.append(f"   {tier}, {_one_line(notes_on(item))}")
    return "\n".join(lines)


def notes_on(item: Suggested) -> str:
    """Say who suggests a command, how sure that is, and what it lacks."""
    return source_note(item.source, item.confidence, item.placeholders, item.missing)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\u23ce")
