"""Figures: values of ours and of a floor, taken in turns, and what is made of them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["second", "byte", "integer"]


@dataclass(frozen=True)
class Row:
    """One figure: ours and its floor, measured in pairs within one run; without a floor it is a count.

    `target` is the largest ratio (or count) that is wanted; None for a figure that only informs.
    `note` says why there are no values.
    """

    name: str
    floor_name: str = ""
    ours: Sequence[float] = ()
    floor: Sequence[float] = ()
    unit: Unit = "second"
    target: float | None = None
    note: str = ""
    metadata: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Ours / floor for each pair; for a count, the counts themselves."""
        if not self.floor:
            return list(self.ours)
        return [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def met(self) -> bool | None:
        """Whether the median is within the target."""
        if self.target is None or not self.ours:
            return None
        return statistics.median(self.ratios) <= self.target


@dataclass(frozen=True)
class Effort:
    """How often each thing is measured."""

    quick: bool = False

    def rounds(self, full: int, quick: int) -> int:
        """Return the number of rounds."""
        return quick if self.quick else full


def in_turns(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Take one value of each in every round, forwards and backwards by turns; one round before is thrown away.

    What slows the machine down for a while then slows all of them, so that ratios stay.
    """
    found: dict[str, list[float]] = {name: [] for name in measures}
    order = list(measures)
    for name in order:
        measures[name]()
    for _ in range(rounds):
        for name in order:
            found[name].append(measures[name]())
        order.reverse()
    return found


def low_middle_high(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the 10th percentile, the median and the 90th percentile."""
    if len(values) < 2:
        return (values[0],) * 3
    deciles = statistics.quantiles(values, n=10, method="inclusive")
    return deciles[0], statistics.median(values), deciles[-1]


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
    name = f"{row.name} / {row.floor_name}" if row.floor_name else row.name
    target = "" if row.target is None else f"<= {row.target:g}"
    if not row.ours:
        return name, "", "", "", "", target, "?"
    low, middle, high = low_middle_high(row.ratios)
    met = {True: "yes", False: "NO", None: ""}[row.met]
    if not row.floor:
        return name, "", "", f"{middle:.2f}", f"{low:.2f} - {high:.2f}", target, met
    ours, floor = (_shown(statistics.median(values), row.unit) for values in (row.ours, row.floor))
    return name, ours, floor, f"{middle:.3f}", f"{low:.3f} - {high:.3f}", target, met


def _shown(value: float, unit: Unit) -> str:
    if unit == "byte":
        return f"{value / 2**20:.1f} MiB"
    if unit == "integer":
        return f"{value:.2f}"
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.2f} us"
