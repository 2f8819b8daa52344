"""Answers "what does tar do?": a summary of the command, and what it is most used for."""

import re
import sqlite3

from isaac_plugins.knowledge.confidence import SMALL_TALK
from isaac_plugins.knowledge.ranking import Answer, Hit
from isaac_plugins.knowledge.template import fill

_ASKED = re.compile(
    r"\s*(?:(?:can|could) you |please )?(?:what(?: does|'s| is| do|s)|explain|describe|man|whatis|tldr|help(?: me)?(?: with| on)?|how (?:do|to|can)(?: i| you| we)? use|tell me about"
    r"|examples? (?:of|for))"
    r"(?: (?:me|the|a|command|tool|program|utility|linux|unix|use of|purpose of|meaning of))*"
    r" [\"'`]?(?P<name>[A-Za-z0-9][\w.+-]{0,40})[\"'`]?"
    r"(?: (?:do|does|mean|for|used for|command|tool|program|utility|is|in linux|in bash|examples?))*\s*[?.!]*\s*",
    re.IGNORECASE,
)  # fmt: skip
_NAME_ALONE = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.+-]{0,40})\s*\??\s*")
# The cookbook's own words first: they are short and written for this place.
_ORDER = {"cookbook": 0, "tldr": 1, "whatis": 2}


def explain(connection: sqlite3.Connection, question: str, limit: int = 3) -> Answer | None:
    """Explain the command that the question names; None if it asks for something else or for an unknown command."""
    asked = question[:300]
    match = _ASKED.fullmatch(asked) or _NAME_ALONE.fullmatch(asked)
    if match is None or SMALL_TALK.fullmatch(asked):
        return None
    name = match["name"].lower()
    pages = connection.execute("SELECT source, about FROM page WHERE name = ?", (name,)).fetchall()
    if not pages:
        return None
    pages.sort(key=lambda page: _ORDER[page[0]])
    source, about = pages[0]
    hits = [Hit(source, name if source != "cookbook" else "tools", name, name, about, 2.0, 1.0)]
    hits += _uses(connection, name)
    return Answer(tuple(hits[:limit]), tuple([0.95, 0.6, 0.5, *[0.4] * len(hits)][: min(limit, len(hits))]))


def _uses(connection: sqlite3.Connection, name: str) -> list[Hit]:
    rows = connection.execute(
        "SELECT source, name, command, about FROM doc WHERE tool = ? AND source != 'whatis' ORDER BY source, id LIMIT 10",
        (name,),
    )
    hits = []
    for source, page, command, about in rows:
        filled = fill(command, {})
        hits.append(Hit(source, page, name, filled.command, about, 1.0, 1.0, filled.missing, filled.assumed))
    return hits
