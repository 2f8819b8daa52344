"""Rows laid out for a terminal."""

import statistics
from collections.abc import Sequence

from harness import Row, Unit, low_middle_high


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out for a terminal: absolute figures are medians, the ratio has its spread."""
    head = ("", "ours", "floor", "ratio", "p10 - p90", "target", "met")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = []
    for line in lines:
        first, *rest = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        text.append("  ".join([first, *(cell.strip().rjust(len(cell)) for cell in rest)]).rstrip())
    text.insert(1, "-" * max(map(len, text)))
    text += [f"{row.name}: not measured, {row.note}" for row in rows if row.note]
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    name = row.title
    target = "" if row.target is None else f"{'>=' if row.at_least else '<='} {row.target:.4g}"
    if not row.ours:
        return name, "", "", "", "", target, "?"
    low, middle, high = low_middle_high(row.ratios)
    met = {True: "yes", False: "NO", None: ""}[row.met]
    if not row.floor and row.unit != "integer":
        return (
            name,
            shown(middle, row.unit),
            "",
            "",
            f"{shown(low, row.unit)} - {shown(high, row.unit)}",
            target,
            met,
        )
    if not row.floor:
        return name, "", "", f"{middle:.2f}", f"{low:.2f} - {high:.2f}", target, met
    ours, floor = (shown(statistics.median(values), row.unit) for values in (row.ours, row.floor))
    return name, ours, floor, f"{middle:.3f}", f"{low:.3f} - {high:.3f}", target, met


def shown(value: float, unit: Unit) -> str:
    """Return a value with its unit."""
    if unit == "byte":
        return f"{value / 2**20:.1f} MiB"
    if unit == "integer":
        return f"{value:.2f}"
    if value >= 10:
        return f"{value:.1f} s"
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.2f} us"
