"""What is measured of peers: figures of one thing, and the rows that targets are about."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from harness import Row, low_middle_high
from tables import shown

HEAD = ("what", "version", "median", "to the floor", "p10 - p90", "to ours", "better")


class Figure(NamedTuple):
    """The values of one peer for one thing, with those of the floor in the same turns, if there is one; less is better."""

    who: str
    version: str
    values: Sequence[float]
    floor: Sequence[float] = ()
    unit: str = "second"

    @property
    def ratios(self) -> list[float]:
        """To the floor; without one the values themselves."""
        if not self.floor:
            return list(self.values)
        return [value / floor for value, floor in zip(self.values, self.floor, strict=True)]


class Section(NamedTuple):
    """A table: the first figure is ours, with which the others are compared; `rows` are those that targets are about."""

    title: str
    note: str
    figures: Sequence[Figure]
    rows: Sequence[Row] = ()


def lines(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    """Give a line for each figure; others are compared with the first by their ratios to the floor."""
    ours = median(figures[0].ratios) if figures and figures[0].values else None
    for figure in figures:
        if not figure.values:
            yield figure.who, figure.version, "did not run", "", "", "", ""
            continue
        low, middle, high = low_middle_high(figure.ratios)
        beside = better = ""
        if ours is not None and figure is not figures[0]:
            # What differs by less than both spread is a draw.
            to_ours = middle / ours
            apart = low > ours or high < ours
            beside, better = f"{to_ours:.2f}", ("ours" if to_ours > 1 else figure.who) if apart else "neither"
            # Another way of ours is no peer.
            better = "" if figure.who.startswith("isaac") else better
        to_floor, spread = (f"{middle:.2f}", f"{low:.2f} - {high:.2f}") if figure.floor else ("", "")
        yield figure.who, figure.version, absolute(figure), to_floor, spread, beside, better


def absolute(figure: Figure) -> str:
    """Return the median in a unit that fits."""
    middle = median(figure.values)
    if figure.unit == "byte":
        return shown(middle, "byte")
    return f"{middle * 1e9:.0f} ns" if middle < 1e-6 else shown(middle, "second")
