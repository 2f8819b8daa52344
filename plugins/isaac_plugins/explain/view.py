"""An explanation as people read it: one row for each word, then the tier."""

import textwrap

from isaac_plugins.explain.cards import Explanation, WordCard
from isaacd.api import Terminal, plain

_DEMANDS = {
    "nothing": "runs at once",
    "notice": "runs, and says so",
    "confirmation": "asks once",
    "reasons": "asks, with the reasons",
    "phrase": "is refused, unless this is typed",
}
_COLOURS = {"1": 32, "2": 32, "2.5": 33, "3": 33, "4": 31}
_MOST_LEFT = 26


def show(found: Explanation, terminal: Terminal) -> str:
    """Show an explanation."""
    lines = [terminal.style(_one_line(found.line), 1)]
    if found.summary:
        lines += textwrap.wrap(
            f"{_one_line(found.summary)}",
            max(40, terminal.columns - 2),
            initial_indent="  ",
            subsequent_indent="  ",
        )
        lines.append(terminal.style(f"  says {plain(found.summary_source or '')}", 2))
    left = min(
        _MOST_LEFT, max((2 + 3 * word.depth + len(_one_line(word.text)) for word in found.words), default=0)
    )
    for word in found.words:
        lines += _row(word, left, terminal)
    for warning in found.warnings:
        lines.append(terminal.style(f"  careful: {_one_line(warning)}", 33))
    lines += [f"  not understood: {_one_line(fault)}" for fault in found.faults]
    if found.unknown:
        lines.append(f"  unknown here: {_one_line(', '.join(found.unknown))}")
    if found.missing:
        lines.append(f"  not installed: {_one_line(', '.join(found.missing))}")
    phrase = f": {found.phrase}" if found.phrase else ""
    lines.append(
        terminal.style(f"tier {found.tier}", _COLOURS[found.tier]) + f": {_DEMANDS[found.demand]}{phrase}"
    )
    lines += [
        f"  {why.tier:<3} {_one_line(why.text)}"
        + (f" ({_one_line(why.place)})" if why.place and why.place != found.line else "")
        for why in found.reasons
    ]
    return "\n".join(lines)


def _row(word: WordCard, left: int, terminal: Terminal) -> list[str]:
    text = " " * (2 + 3 * word.depth) + _one_line(word.text)
    about = _one_line(word.about or "?")
    if word.kind == "command" and word.about:
        about = (
            f"{about} [{_one_line(word.source)}]" if word.source not in ("", "shell", word.text) else about
        )
    # Without a terminal every word has one line, for programs that read lines.
    width = max(30, terminal.columns - left - 3) if terminal.stdout else 10_000
    wrapped = textwrap.wrap(about, width) or [""]
    shown = terminal.style(text, 1) if word.kind in ("command", "subcommand") else text
    if len(text) > left:
        rows = [shown, *(" " * (left + 2) + item for item in wrapped)]
        return rows if terminal.stdout else [f"{shown}  {wrapped[0]}"]
    return [
        shown + " " * (left - len(text) + 2) + wrapped[0],
        *(" " * (left + 2) + item for item in wrapped[1:]),
    ]


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\u23ce").replace("\t", " ")
