"""What data structures save, as they are used here: each against the straightforward version of the same thing.

A room of `perf/run`. Each way is kept by a process of its own (`perf/clients/structures.py`): traced for what Python
allocates, its blocks, the peak and the deep size; and again untraced for RSS and PSS. Sizes are the same in every round,
so that few rounds do. The target is 20 % below the straightforward version, by what is kept.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from alone import alone
from harness import Effort, Row, Unit
from place import Place

CLIENT = Path(__file__).resolve().with_name("clients") / "structures.py"
TARGET = 0.8


class Pair(NamedTuple):
    """Ours and the straightforward version, by the names that the client has for them, and how many are kept."""

    name: str
    ours: str
    floor_name: str
    floor: str
    count: int
    what: tuple[str, ...]
    target: float | None = None


# What the house does, all of it: these are promised.
WHOLE = ("kept", "deep", "blocks", "rss", "pss")
PAIRS = (
    Pair("10,000 history rows, as the house reads them", "rows_read", "dicts", "rows_dict", 10_000, WHOLE, TARGET),
    Pair("1000 tables of 30 rows in L2", "cache_table_level_two", "dict of objects", "cache_table_objects", 1000, WHOLE, TARGET),
    Pair("1000 answers of 8 KB in L2", "cache_long_level_two", "dict of objects", "cache_long_objects", 1000, WHOLE, TARGET),
    Pair("the same, each read once", "cache_long_read", "dict of objects", "cache_long_objects", 1000, ("kept",)),
    Pair("1000 answers of 500 bytes in L2", "cache_short_level_two", "dict of objects", "cache_short_objects", 1000, ("kept",)),
    Pair("200 commands as outlines", "catalog_outlined", "imported", "catalog_imported", 200, WHOLE, TARGET),
    Pair("200 commands as outlines", "catalog_outlined", "dicts", "catalog_dicts", 200, ("kept", "blocks"), TARGET),
    # One means at a time.
    Pair("rows as dataclasses", "rows_dataclass", "dicts", "rows_dict", 10_000, ("kept",)),
    Pair("rows as dataclasses with slots", "rows_slots", "dicts", "rows_dict", 10_000, ("kept",)),
    Pair("rows as named tuples", "rows_namedtuple", "dicts", "rows_dict", 10_000, ("kept",)),
    Pair("rows as msgspec.Struct", "rows_struct", "dicts", "rows_dict", 10_000, ("kept",)),
    Pair("rows as msgspec.Struct, gc=False", "rows_struct_without_gc", "dicts", "rows_dict", 10_000, ("kept",)),
    Pair("50 strings for 10,000 places, interned", "strings_interned", "as they come", "strings_fresh", 10_000, ("kept",)),
    Pair("rows from a generator, at most", "rows_streamed", "from a list", "rows_listed", 10_000, ("peak",)),
)  # fmt: skip
LATE = "aiohttp aiosqlite click tree_sitter tree_sitter_bash".split()
RESIDENT = "from isaacd.testing.memory import resident; print(*(resident() or (0, 0)))"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure every pair, then encodings, then imports."""
    told: dict[str, float] = {}
    known: dict[str, dict[str, list[float]]] = {}
    for pair in PAIRS:
        # A quick run keeps to what is promised; one means at a time is for the whole suite.
        if effort.quick and pair.target is None:
            continue
        for way in (pair.ours, pair.floor):
            # A way that two pairs have is weighed once, by the first, which wants the most.
            if way not in known:
                known[way] = _weighed(place, way, pair, effort)
        found = {way: known[way] for way in (pair.ours, pair.floor)}
        if pair.target is not None:
            told[f"{pair.name} ({pair.floor_name})"] = found[pair.floor]["kept"][0]
            told[pair.name] = found[pair.ours]["kept"][0]
        yield from _rows(pair, found, _wanted(pair, effort))
    place.tell("structures", told)
    encoded = _client(place, "encoded", "", effort.size(200, 5))
    yield Row(
        "200 outlines encoded as arrays", "as maps", [encoded["array"]], [encoded["map"]], "byte", TARGET
    )
    yield from _imports(place, effort.rounds(5, 2))
    yield from _total(place, effort)


def _weighed(place: Place, way: str, pair: Pair, effort: Effort) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for _ in range(effort.rounds(3, 1)):
        for name, value in weigh(place, way, effort.size(pair.count, 100), _wanted(pair, effort)).items():
            found.setdefault(name, []).append(value)
    return found


def _wanted(pair: Pair, effort: Effort) -> tuple[str, ...]:
    """A quick run leaves RSS and PSS of each thing out, which take processes of their own; those of the whole are there."""
    return tuple(what for what in pair.what if not (effort.quick and what in ("rss", "pss")))


def weigh(place: Place, way: str, count: int, what: tuple[str, ...]) -> dict[str, float]:
    """Return what keeping so many in this way takes: traced, and where it is wanted resident."""
    found = _client(place, "traced", way, count)
    if "rss" in what:
        found |= _client(place, "resident", way, count)
    return found


def _rows(pair: Pair, found: dict[str, dict[str, list[float]]], wanted: tuple[str, ...]) -> Iterator[Row]:
    names = {
        "kept": "",
        "deep": ", deep size",
        "blocks": ", blocks",
        "rss": ", RSS",
        "pss": ", PSS",
        "peak": ", peak",
    }
    for what in wanted:
        ours, floor = found[pair.ours][what], found[pair.floor][what]
        unit: Unit = "integer" if what == "blocks" else "byte"
        target = pair.target if what == "kept" else None
        if min(floor) > 0:
            yield Row(pair.name + names[what], pair.floor_name, ours, floor, unit, target)
        else:
            yield Row(pair.name + names[what], note="so few are less than a page")


def _client(place: Place, mode: str, way: str, count: int) -> dict[str, float]:
    argv = [place.python, str(CLIENT), mode, way, str(count)]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{way} failed: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _imports(place: Place, rounds: int) -> Iterator[Row]:
    """Compare a process that has what a daemon imports at its start with one that has all that it may need later."""
    found: dict[str, list[tuple[float, ...]]] = {"late": [], "all": []}
    for _ in range(rounds):
        for name, more in (("late", ""), ("all", f"import {', '.join(LATE)}; ")):
            argv = [place.python, "-c", f"import isaacd.app; {more}{RESIDENT}"]
            done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=True)
            found[name].append(tuple(map(float, done.stdout.split())))
    for place_, name in enumerate(("RSS", "PSS")):
        ours, floor = ([values[place_] for values in found[way]] for way in ("late", "all"))
        yield Row(
            f"a daemon's imports at its start, {name}",
            "with all that may follow",
            ours,
            floor,
            "byte",
            TARGET,
        )


def _total(place: Place, effort: Effort) -> Iterator[Row]:
    """Compare whole processes that hold all of it: a daemon's imports, and the things above."""
    found: dict[str, dict[str, list[float]]] = {"all_ours": {}, "all_straight": {}}
    for _ in range(effort.rounds(3, 1)):
        for way, values in found.items():
            for name, value in _client(place, "process", way, effort.size(1000, 10)).items():
                values.setdefault(name, []).append(value)
    for what, name in (("rss", "RSS"), ("pss", "PSS"), ("deep", "deep size of what is kept")):
        ours, floor = (found[way][what] for way in ("all_ours", "all_straight"))
        target = TARGET if what == "rss" else None
        yield Row(f"a process with all of these, {name}", "straightforward", ours, floor, "byte", target)


if __name__ == "__main__":
    alone(__file__)
