"""A table of Markdown, aligned; what is too wide is wrapped within its cells."""

import re
from collections.abc import Sequence

from isaacd.cli.markdown.inline import BOLD, DIM, Inline
from isaacd.cli.markdown.wrap import Lines, Style, paint
from isaacd.cli.render import width_of

_CELLS = re.compile(r"((?:\\.|`[^`]*`|[^|\\`]|[\\`])*)\|")
_RULE = re.compile(r" *:?-+:? *\Z")
_GAP = "  "
_NARROWEST = 6
_ANSI = re.compile(r"\x1b\[[\d;]*m")


def cells_of(line: str) -> list[str]:
    """Split a row at its bars, except those that are escaped or in code."""
    line = line.strip().removeprefix("|")
    line = line if line.endswith("|") and not line.endswith("\\|") else f"{line}|"
    return [cell.strip().replace("\\|", "|") for cell in _CELLS.findall(line)]


def is_rule(line: str) -> bool:
    """Tell whether this is the line under the head of a table."""
    cells = cells_of(line)
    return bool(cells) and all(_RULE.match(cell) for cell in cells)


def table(lines: Sequence[str], columns: int, prefix: str) -> str | None:
    """Draw a table, whose second line is its rule; None if it does not fit in any way."""
    head, rule, *rows = [cells_of(line) for line in lines]
    count = max(map(len, (head, *rows)))
    right = [cell.endswith(":") and not cell.startswith(":") for cell in rule]
    filled = [[*row, *[""] * (count - len(row))] for row in (head, *rows)]
    widths = _widths(filled, columns - width_of(prefix) - len(_GAP) * (count - 1))
    if widths is None:
        return None
    out = []
    for number, row in enumerate(filled):
        style: Style = (BOLD,) if number == 0 else ()
        laid = [_laid(cell, width, style) for cell, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, laid))):
            line = _GAP.join(
                _padded(cell[at] if at < len(cell) else "", width, right=place < len(right) and right[place])
                for place, (cell, width) in enumerate(zip(laid, widths, strict=True))
            )
            out.append(f"{prefix}{line.rstrip()}\n")
        if number == 0:
            out.append(prefix + paint(_GAP.join("─" * width for width in widths), (DIM,)) + "\n")
    return "".join(out)


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of each column: its widest cell, or less for the widest columns if there is no room."""
    shown = [[max(map(width_of, _laid(cell, 10_000, ()))) for cell in row] for row in rows]
    widths = [max(1, *column) for column in zip(*shown, strict=True)]
    excess = sum(widths) - room
    while excess > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return None
        second = max([width for place, width in enumerate(widths) if place != widest], default=_NARROWEST)
        less = min(excess, max(1, widths[widest] - max(second, _NARROWEST)))
        widths[widest] -= less
        excess -= less
    return widths


def _laid(cell: str, width: int, style: Style) -> list[str]:
    """Return the lines of one cell, styled; a word that is too wide is cut into pieces."""
    lines = Lines(width)
    lines.begin("", "")
    inline = Inline(lines.text, style)
    inline.feed(cell)
    inline.end()
    lines.finish()
    return [piece for line in lines.take().split("\n") for piece in _cut(line, width)]


def _cut(line: str, width: int) -> list[str]:
    if width_of(line) <= width:
        return [line]
    pieces, piece, used = [], "", 0
    for char in _ANSI.sub("", line):
        wide = width_of(char)
        if used + wide > width and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece += char
        used += wide
    return [*pieces, piece]


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - width_of(_ANSI.sub("", text)))
    return blanks + text if right else text + blanks
