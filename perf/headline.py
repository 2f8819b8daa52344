"""The five figures that users know, each with the target that the earlier system had and with ours."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness import Row

Value = Callable[[Row], float]


def _absolute(scale: float) -> Value:
    return lambda row: statistics.median(row.ours) * scale


def _times(row: Row) -> float:
    return 1 / statistics.median(row.ratios)


def _saved(row: Row) -> float:
    return (1 - statistics.median(row.ratios)) * 100


class Headline(NamedTuple):
    """What is promised, by which row (its title begins so), and how its value is said."""

    what: str
    row: str
    unit: str
    value: Value
    old: float
    ours: float
    at_least: bool = False


HEADLINES = (
    Headline("command routing, median", "a line routed, median in us", "ms", _absolute(1e-3), 3, 0.1),
    Headline("async AI batch of 5", "5 at 100 ms, batch_query", "x", _times, 5, 4.9, at_least=True),
    Headline("async AI batch of 50", "50 at 100 ms, batch_query", "x", _times, 5, 45, at_least=True),
    Headline(
        "plugin loading, time saved",
        "200 plugins loaded, concurrent",
        "%",
        _saved,
        60,
        65,
        at_least=True,
    ),
    Headline("L1 access, p99", "L1 get, p99 in us", "ms", _absolute(1e-3), 0.1, 0.01),
    # Ours is a ratio: ten times a bare interpreter, of which the row below speaks.
    Headline("start-up, until the first answer", "daemon ready (spawn", "s", _absolute(1), 1, float("nan")),
)
_HEAD = ("what users know", "measured", "target of old", "met", "ours", "met", "row below")


def headlines(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the cells of the headline table, the head first; what was not measured is left empty."""
    return [_HEAD, *(_cells(line, rows) for line in HEADLINES)]


def headline_table(rows: Sequence[Row]) -> str:
    """Lay the headlines out for a terminal."""
    lines = headlines(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    text.insert(1, "-" * max(map(len, text)))
    return "\n".join(line.rstrip() for line in text)


def _cells(line: Headline, rows: Sequence[Row]) -> tuple[str, ...]:
    row = next((row for row in rows if row.title.startswith(line.row) and row.ours), None)
    sign = ">=" if line.at_least else "<="
    old, ours = f"{sign} {line.old:g} {line.unit}", f"{sign} {line.ours:g} {line.unit}"
    if line.ours != line.ours:
        ours = "<= 10 x the floor" if row is None or row.target is None else f"<= {row.target:g} x the floor"
    if row is None:
        return line.what, "", old, "?", ours, "?", "(not measured)"
    value = line.value(row)
    met = row.met if line.ours != line.ours else _met(value, line.ours, line.at_least)
    measured = f"{value:.3g} {line.unit}"
    return line.what, measured, old, _said(_met(value, line.old, line.at_least)), ours, _said(met), row.title


def _met(value: float, target: float, at_least: bool) -> bool:
    return value >= target if at_least else value <= target


def _said(met: bool | None) -> str:
    return {True: "yes", False: "NO", None: ""}[met]
