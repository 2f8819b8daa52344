"""What is worth a picture: drawn from the rows and from what the rooms told, whatever of it is there."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness import Row

_MODEL = "claude-sonnet-5-5"
_PROCESSES = "python -c pass"
_WATERFALL_ROWS, _TIMELINE_ROWS = 40, 60


class Lines(NamedTuple):
    """Points of each series; `log` draws across by powers of ten."""

    name: str
    title: str
    across: str
    up: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    log: bool = False


class Bars(NamedTuple):
    """One bar for each label, from `start` to `end`, and after it a second one in another colour, if there is one.

    `other` are the numbers of bars that are in the other colour whole; `up` says what the bars are, if they have no labels.
    """

    name: str
    title: str
    across: str
    spans: Sequence[tuple[str, Sequence[tuple[float, float]]]]
    other: frozenset[int] = frozenset()
    up: str = ""


Picture = Lines | Bars


def pictures(rows: Sequence[Row], more: Mapping[str, Any]) -> Iterator[Picture]:
    """Give every picture that there is something for."""
    if imports := more.get("imports"):
        yield waterfall(imports)
    yield from _distributions(rows)
    for way in ("sequential", "concurrent", "threaded"):
        if spans := more.get(f"timeline-{way}"):
            yield timeline(way, spans)
    for trace, report in more.get("cache", {}).items():
        if len(report["policies"]["lru"]) > 1:
            yield hit_rates(trace, report["policies"], report.get("policy", ""))
    if money := more.get("money"):
        yield levers(money["tables"][_MODEL])
    if rooms := more.get("rooms"):
        title = f"Memory by room: {sum(rooms.values()) / 2**20:.1f} MiB that imports allocate in Python"
        yield Bars("rooms", title, "KiB", _bars(rooms, 1 / 1024))
    if structures := more.get("structures"):
        yield Bars(
            "structures",
            "Memory of the same thing: as it is kept here (blue), and straightforwardly (orange)",
            "KiB",
            _bars(structures, 1 / 1024),
            other=frozenset(number for number, name in enumerate(structures) if name.endswith(")")),
        )


def waterfall(imports: Sequence[tuple[str, int, int, int]]) -> Bars:
    """Draw the dearest imports of a start, each from its beginning to its end, all that it imported included.

    The last of each bar, in the other colour, is as long as what the module took itself.
    """
    at_us, found = 0, []
    for module, depth, own_us, whole_us in imports:
        at_us += own_us
        label = f"{'  ' * depth}{module}: {whole_us / 1000:.1f}"
        found.append((whole_us, at_us - whole_us, depth, at_us, label, own_us))
    dearest = sorted(
        sorted(found, reverse=True)[:_WATERFALL_ROWS],
        key=lambda item: (round(item[1] / 1000), item[2], item[1]),
    )
    spans = [
        (name, [(max(0, start) / 1000, (end - own) / 1000), ((end - own) / 1000, end / 1000)])
        for _, start, _, end, name, own in dearest
    ]
    title = (
        f"Start of the daemon by import: {len(imports)} modules, {at_us / 1000:.0f} ms with the profiler on"
    )
    across = "ms since the first import: what a module imports (blue), and itself (orange)"
    return Bars("startup", title, across, spans)


def timeline(way: str, spans: Sequence[Sequence[tuple[float, float]]]) -> Bars:
    """Draw when each plugin was imported and set up."""
    begin = min(start for steps in spans for start, _ in steps)
    shown = sorted(spans)[:: max(1, -(-len(spans) // _TIMELINE_ROWS))]
    lines = [
        ("", [((start - begin) * 1000, (end - begin) * 1000) for start, end in steps]) for steps in shown
    ]
    title = f"{len(spans)} plugins loaded, {way}: import (blue), then setup (orange)"
    up = f"{len(shown)} of them, in their order" if len(shown) < len(spans) else "plugins, in their order"
    return Bars(f"plugins-{way}", title, "ms since the first of them began", lines, up=up)


def hit_rates(trace: str, policies: Mapping[str, Mapping[str, float]], ours: str = "") -> Lines:
    """Draw the hit rate of every policy, and of the optimum, by the number of places; the usual one is named as ours."""
    series = {
        f"{name} (ours)" if name == ours else name: [
            (float(size), rate * 100) for size, rate in by_size.items()
        ]
        for name, by_size in policies.items()
    }
    across = "entries that the cache has place for"
    return Lines(f"hits-{trace}", f"Hit rate on {trace}, by policy", across, "% of requests", series)


def levers(table: Sequence[Mapping[str, Any]]) -> Bars:
    """Draw what each lever adds to the money saved, each bar beginning where the one before ended."""
    at, spans = 0.0, []
    for row in table[1:]:
        end = at + row["lever adds"] * 100
        spans.append((f"{row['strategy']} ({row['lever adds']:+.1%})", [(min(at, end), max(at, end))]))
        at = end
    title = f"Money saved by lever, {at:.1f} % in all: masaryk, prices of {_MODEL}"
    return Bars("money", title, "% of what it costs without a cache", spans)


def _distributions(rows: Sequence[Row]) -> Iterator[Lines]:
    """Draw which share of the values is at or below each multiple of the floor's median.

    Each row is compared with the floor of its own turns: a machine that was slower meanwhile was slower for both.
    """
    for name, title, floor in (
        ("processes", "Whole processes: share that has ended", _PROCESSES),
        ("requests", "CPU of a request: share of values at or below", "bare uvloop + msgspec"),
    ):
        series: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            if row.floor_name == floor and len(row.ours) > 4 and row.unit == "second":
                whole = statistics.median(row.floor)
                series.setdefault(f"{floor} (floor)", _ecdf(row.floor, 1 / whole))
                series[row.name] = _ecdf(row.ours, 1 / whole)
        if series:
            across = f"times the median of {floor}"
            yield Lines(f"latency-{name}", title, across, "% of values", series, log=True)


def _ecdf(values: Sequence[float], scale: float) -> list[tuple[float, float]]:
    ordered = sorted(values)
    return [(value * scale, (number + 1) / len(ordered) * 100) for number, value in enumerate(ordered)]


def _bars(sizes: Mapping[str, float], scale: float) -> list[tuple[str, list[tuple[float, float]]]]:
    return [
        (f"{name}: {size * scale:,.0f}", [(0.0, size * scale)]) for name, size in sizes.items() if size > 0
    ]
