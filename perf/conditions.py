"""What figures depend on: the machine, the versions, and how busy others kept the processors meanwhile."""

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from environment import ROOT
from harness import Row, low_middle_high

# Of the processors' time; above these, wall times say little.
BUSY, STOLEN = 0.15, 0.02
# The usual (p90 - p10) / median of a floor on a quiet machine.
USUAL_SPREAD = 0.15


def describe(python: Path) -> dict[str, str]:
    """Say what the figures depend on; never a name of the machine or of its user."""
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _git("describe", "--always", "--dirty") or "none",
        "python": " ".join(version.split()),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release().partition('-')[0]}",
        "load": load(),
    }


def load() -> str:
    """Return the load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


class Ticks(NamedTuple):
    """The time of all processors so far, in ticks: all, at work, withheld by the host, and at work for us."""

    total: int
    busy: int
    steal: int
    own: float


def ticks() -> Ticks | None:
    """Return the kernel's count; None where it does not tell."""
    try:
        words = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, words)
    took = os.times()
    own_s = took.user + took.system + took.children_user + took.children_system
    busy = user + nice + system + irq + softirq
    return Ticks(busy + idle + iowait + steal, busy, steal, own_s * os.sysconf("SC_CLK_TCK"))


class Company(NamedTuple):
    """Which share of the processors others had meanwhile, and which the host withheld."""

    others: float
    stolen: float

    @property
    def is_busy(self) -> bool:
        """Whether wall times say little."""
        return self.others > BUSY or self.stolen > STOLEN


def company(before: Ticks | None, after: Ticks | None) -> Company:
    """Compare two counts; our daemons count as ours once they have ended."""
    if before is None or after is None or after.total <= before.total:
        return Company(0.0, 0.0)
    total = after.total - before.total
    others = after.busy - before.busy - (after.own - before.own)
    return Company(max(0.0, others / total), (after.steal - before.steal) / total)


def floor_spread(rows: Sequence[Row]) -> float:
    """Return how far the floors spread: the median of (p90 - p10) / median over all that are times."""
    spreads = []
    for row in rows:
        if row.unit == "second" and len(row.floor) > 4:
            low, middle, high = low_middle_high(row.floor)
            spreads.append((high - low) / middle)
    return statistics.median(spreads) if spreads else 0.0


def verdict(rows: Sequence[Row], around: Company) -> str:
    """Say how far the figures can be trusted."""
    spread = floor_spread(rows)
    text = (
        f"while measuring, others had {around.others:.0%} of the processors and the host withheld {around.stolen:.0%} "
        f"(steal); load {load()}\nthe floors spread by {spread:.0%} around their medians (a quiet machine: about "
        f"{USUAL_SPREAD:.0%})"
    )
    if around.is_busy or spread > 2 * USUAL_SPREAD:
        text += (
            "\nTHE MACHINE WAS BUSY: ratios of wall time that differ by less than that spread say nothing; "
            "CPU times and counts hold better"
        )
    return text


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
