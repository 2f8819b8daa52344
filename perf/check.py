"""Regressions: what became dearer than a stored run by more than noise, or than its budget allows, or is gone.

A row has regressed if its median ratio (or count) is worse than the stored one by more than its `noise`, if pyperf's
test says that the two samples differ, and if even the best run of now is worse than the worst run of then. A row is
over its budget if the median of every run is. A row that was stored and is not measured any more, or whose target is
gone or wider, is named as well: nobody shall pass by leaving something out.
"""

import statistics
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness import Row, low_middle_high

FILE = Path(__file__).resolve().with_name("budgets.toml")
# How often each side is measured in each further look: the first shall cost little, the last leave no doubt.
LOOKS = (2, 3)


class Complaint(NamedTuple):
    """What is wrong with a row, and in which room; one that is not `lasting` may be noise, and wants another look."""

    title: str
    room: str
    text: str
    lasting: bool = False


@dataclass(frozen=True)
class Budget:
    """What a row may cost at most (at least, for a row of that kind), and what share of change is noise."""

    most: float | None
    noise: float


class Budgets:
    """`budgets.toml`: of each row by its title, and what holds for the others."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._usual = data["usual"]
        self.rows: Mapping[str, Mapping[str, float]] = data.get("rows", {})
        for title, given in self.rows.items():
            if unknown := given.keys() - {"most", "least", "noise"}:
                raise ValueError(f"budgets.toml, {title!r}: there is no {min(unknown)!r}")

    @classmethod
    def read(cls, file: Path = FILE) -> "Budgets":
        """Read the file."""
        return cls(tomllib.loads(file.read_text(encoding="utf-8")))

    def of(self, row: Row) -> Budget:
        """Return the budget of a row: its own, or its target with what is granted to all."""
        given = self.rows.get(row.title, {})
        granted = None
        if row.target is not None:
            slack = 1 + self._usual["over_target"]
            granted = row.target / slack if row.at_least else row.target * slack
        limit = given.get("least" if row.at_least else "most", granted)
        return Budget(limit, given.get("noise", self._usual["noise"]))


def worse_by(now: float, before: float, *, at_least: bool) -> float:
    """Return the share by which `now` is worse than `before`; below 0 it is better."""
    if not now or not before:
        return 0.0 if now == before else float("inf") if bool(now) != at_least else -1.0
    return (before / now if at_least else now / before) - 1


def over_budget(row: Row, budget: Budget) -> str | None:
    """Say that every run of a row was over its budget, or return None."""
    if budget.most is None or not row.ours:
        return None
    medians = row.run_medians
    best = max(medians) if row.at_least else min(medians)
    if best >= budget.most if row.at_least else best <= budget.most:
        return None
    return f"{row.title}: {statistics.median(row.ratios):.3f}, its budget is {budget.most:.3f}"


def regressed(now: Row, before: Row, budget: Budget, *, surely: bool = True) -> str | None:
    """Say that a row became worse, or return None; if not `surely`, then also if one odd run of then hides it."""
    if not now.ours or not before.ours:
        return None
    middle, then = statistics.median(now.ratios), statistics.median(before.ratios)
    worse = worse_by(middle, then, at_least=now.at_least)
    if worse <= max(budget.noise, 0.0):
        return None
    runs = sorted(before.run_medians, reverse=now.at_least)
    bound = runs[-1] if surely else runs[len(runs) // 2]
    apart = max(now.run_medians) < bound if now.at_least else min(now.run_medians) > bound
    if not apart or (surely and not differ(now.ratios, before.ratios)):
        return None
    spread = " - ".join(f"{value:.3f}" for value in low_middle_high(now.ratios)[::2])
    return f"{now.title}: {middle:.3f} ({spread}), stored {then:.3f}: worse by {worse:.0%}, noise is {budget.noise:.0%}"


def differ(now: Sequence[float], before: Sequence[float]) -> bool:
    """Ask pyperf's own test (Student, two-tailed, 95 %), which `pyperf compare_to` uses; single values just differ."""
    if min(len(now), len(before)) < 2 or len(set(now)) == 1 or len(set(before)) == 1:
        return statistics.median(now) != statistics.median(before)
    from pyperf._utils import is_significant  # the extra `perf` keeps to the versions that have it

    return bool(is_significant(now, before)[0])


def lost(now: Sequence[Row], before: Sequence[Row]) -> list[Complaint]:
    """Name what was stored for the rooms of now and is not there any more: rows, and targets."""
    rooms = {row.room for row in now}
    measured = {row.title: row for row in now}
    found = []
    for then in before:
        row = measured.get(then.title)
        if then.room not in rooms or not then.ours:
            continue
        if row is None or not row.ours:
            why = f", {row.note}" if row else ""
            text = f"{then.title}: it was stored, and is not measured any more{why}"
        elif then.target is not None and (
            row.target is None or _wider(row.target, then.target, then.at_least)
        ):
            text = f"{then.title}: its target was {then.target:g}, and is {row.target or 'gone'}"
        else:
            continue
        found.append(Complaint(then.title, then.room, text, lasting=True))
    return found


def _wider(now: float, before: float, at_least: bool) -> bool:
    return now < before if at_least else now > before


def check(
    now: Sequence[Row], before: Sequence[Row], budgets: Budgets, *, surely: bool = True
) -> list[Complaint]:
    """Return what is worse than it may be, each with a line that begins with the row."""
    stored = {row.title: row for row in before}
    found = lost(now, before)
    for row in now:
        budget = budgets.of(row)
        said = [over_budget(row, budget)]
        if row.title in stored:
            said.append(regressed(row, stored[row.title], budget, surely=surely))
        found += [Complaint(row.title, row.room, text) for text in said if text]
    return found


# Measures rooms again, so often: what they are now, and, if that can still be run, what they were then.
Again = Callable[[Sequence[str], int], tuple[Sequence[Row], Sequence[Row]]]


def settled(now: Sequence[Row], before: Sequence[Row], budgets: Budgets, again: Again) -> list[Complaint]:
    """Return what is worse and stays so, however often its room is looked at.

    The first look is quick to suspect. A suspect has to be worse beyond doubt in all of LOOKS, which measure its room in
    the same minutes with what was stored: a machine that is busier than it was then is busier for both.
    """
    found = check(now, before, budgets, surely=False)
    lasting = [complaint for complaint in found if complaint.lasting]
    suspects = {complaint.title: complaint for complaint in found if not complaint.lasting}
    for runs in LOOKS:
        if not suspects:
            break
        rooms = list(dict.fromkeys(complaint.room for complaint in suspects.values()))
        print(
            f"\nanother look at {', '.join(rooms)}, for what seems worse there:",
            *suspects,
            sep="\n  ",
            flush=True,
        )
        newer, then = again(rooms, runs)
        stored = {row.title: row for row in before} | {row.title: row for row in then if row.ours}
        measured = {row.title for row in newer if row.ours}
        worse = {complaint.title: complaint for complaint in check(newer, list(stored.values()), budgets)}
        suspects = {
            title: worse.get(title, known)
            for title, known in suspects.items()
            if title in worse or title not in measured
        }
    return [*lasting, *suspects.values()]
