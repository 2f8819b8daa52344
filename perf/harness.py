"""Figures: values of ours and of a floor, taken in turns, and what is made of them."""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Unit = Literal["second", "byte", "integer"]


@dataclass(frozen=True)
class Row:
    """One figure: ours and its floor, measured in pairs within one run; without a floor it is a count.

    `target` is the largest ratio (or count) that is wanted, with `at_least` the smallest; None for a figure that only
    informs. `note` says why there are no values. `runs` is how many of the values each run of the suite gave,
    `room` the room that measured it.
    """

    name: str
    floor_name: str = ""
    ours: Sequence[float] = ()
    floor: Sequence[float] = ()
    unit: Unit = "second"
    target: float | None = None
    note: str = ""
    metadata: Mapping[str, str | int | float] = field(default_factory=dict)
    at_least: bool = False
    runs: Sequence[int] = ()
    room: str = ""

    @property
    def title(self) -> str:
        """The name by which tables and budgets call the row."""
        return f"{self.name} / {self.floor_name}" if self.floor_name else self.name

    @property
    def run_medians(self) -> list[float]:
        """The median ratio (or count) of each run."""
        ratios, found, start = self.ratios, [], 0
        for length in self.runs or (len(ratios),):
            found += [statistics.median(ratios[start : start + length])] if length else []
            start += length
        return found

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
        middle = statistics.median(self.ratios)
        return middle >= self.target if self.at_least else middle <= self.target


def joined(passes: Sequence[Sequence[Row]]) -> list[Row]:
    """Put the rows of several runs together by their title; the order is that of the first run."""
    found: dict[str, list[Row]] = {}
    for rows in passes:
        for row in rows:
            found.setdefault(row.title, []).append(row)
    return [_together(same) for same in found.values()]


def _together(same: Sequence[Row]) -> Row:
    ours = [value for row in same for value in row.ours]
    floor = [value for row in same for value in row.floor]
    return replace(same[0], ours=ours, floor=floor, runs=[len(row.ours) for row in same if row.ours])


@dataclass(frozen=True)
class Effort:
    """How often each thing is measured; with `least` only so that it is seen to work."""

    quick: bool = False
    least: bool = False

    def rounds(self, full: int, quick: int) -> int:
        """Return the number of rounds."""
        return 1 if self.least else quick if self.quick else full

    def size(self, usual: int, least: int) -> int:
        """Return how many of something there are; figures of different sizes cannot be compared, so quick ones are as usual."""
        return least if self.least else usual

    @property
    def words(self) -> list[str]:
        """What says the same on a command line."""
        return ["--least"] if self.least else ["--quick"] if self.quick else []


def effort_of(options: argparse.Namespace) -> Effort:
    """Return what `add_effort` has taken from the command line."""
    return Effort(quick=options.quick, least=options.least)


def add_effort(parser: argparse.ArgumentParser) -> None:
    """Let the command line say how much is measured."""
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and more noise")
    parser.add_argument("--least", action="store_true", help="one round of the smallest case: no figures")


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
