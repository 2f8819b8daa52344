"""Results as pyperf JSON: each row is two benchmarks, `NAME` and `NAME: floor FLOOR`, with one pyperf run for each of ours."""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Row


def write_results(path: Path, rows: Sequence[Row], conditions: Mapping[str, str]) -> None:
    """Write all values, for `pyperf compare_to`, for `perf/report.py` and for comparisons later."""
    import pyperf

    benchmarks = []
    for number, row in enumerate(row for row in rows if row.ours):
        about: dict[str, Any] = {"row": row.name, "order": number, "unit": row.unit}
        about |= {"floor": row.floor_name} if row.floor_name else {}
        about |= {"room": row.room} if row.room else {}
        about |= {} if row.target is None else {"target": float(row.target), "at_least": int(row.at_least)}
        for name, values in ((row.name, row.ours), (f"{row.name}: floor {row.floor_name}", row.floor)):
            if values:
                side = "ours" if values is row.ours else "floor"
                metadata = {**conditions, **row.metadata, **about, "name": name, "side": side, "loops": 1}
                # pyperf takes no value that is not above 0, and counts may be.
                offset = 0 if min(values) > 0 else 1 - math.floor(min(values))
                metadata |= {"offset": offset} if offset else {}
                values = [value + offset for value in values]
                parts = _parts(values, row)
                runs = [pyperf.Run(part, metadata=metadata, collect_metadata=False) for part in parts]
                benchmarks.append(pyperf.Benchmark(runs))
    if not benchmarks:
        raise ValueError(f"nothing was measured that {path.name} could hold")
    suite = pyperf.BenchmarkSuite(_unique(benchmarks))
    _whole(path, lambda part: suite.dump(str(part), replace=True))


def try_to_write(path: Path) -> None:
    """Raise OSError if results cannot be written there, before minutes are spent on them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent):
        pass


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside, and then put there: on a full disk, or interrupted, what was there before stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def keep_wheel(path: Path, wheel: Path) -> None:
    """Keep the wheel that was measured beside the results in `path`."""
    folder = path.with_suffix(".wheel")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(wheel, folder)


def kept_wheel(path: Path) -> Path | None:
    """Return the wheel that the results in `path` are of, if it was kept."""
    return next(path.with_suffix(".wheel").glob("*.whl"), None)


def read_results(path: Path) -> tuple[list[Row], dict[str, str]]:
    """Read what `write_results` has written; raises OSError, or ValueError if it is no such file."""
    import pyperf

    sides: dict[tuple[str, str], dict[str, list[tuple[float, ...]]]] = {}
    about: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        suite = pyperf.BenchmarkSuite.load(str(path))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no file of pyperf: {error}") from error
    for benchmark in suite.get_benchmarks():
        metadata = benchmark.get_metadata()
        if "row" not in metadata:
            raise ValueError(f"{path} was not written by perf/run")
        key = metadata["row"], metadata.get("floor", "")
        offset = metadata.get("offset", 0)
        sides.setdefault(key, {})[metadata["side"]] = [
            tuple(value - offset for value in run.values) for run in benchmark.get_runs()
        ]
        about.setdefault(key, metadata)
    if not about:
        raise ValueError(f"{path} has no rows")
    rows = [_row(key, sides[key], about[key]) for key in sorted(about, key=lambda key: about[key]["order"])]
    first = next(iter(about.values()))
    return rows, {name: str(first[name]) for name in CONDITIONS if name in first}


CONDITIONS = ("date", "commit", "python", "machine", "load", "others", "steal", "command", "took", "failed")


def write_more(path: Path, more: Mapping[str, object]) -> None:
    """Write what pictures are made of, beside the results."""
    _whole(more_path(path), lambda part: part.write_text(json.dumps(more), encoding="utf-8"))


def more_path(path: Path) -> Path:
    """Return where what pictures are made of is, for the results in `path`."""
    return path.with_suffix(".more.json")


def _parts(values: Sequence[float], row: Row) -> list[tuple[float, ...]]:
    lengths = row.runs or (len(values),)
    found, start = [], 0
    for length in lengths:
        found.append(tuple(map(float, values[start : start + length])))
        start += length
    return [part for part in found if part]


def _unique(benchmarks: list[Any]) -> list[Any]:
    """Leave out what has the name of another: two rows may share ours, and differ in their floor."""
    found: dict[str, Any] = {}
    for benchmark in benchmarks:
        name = known = benchmark.get_name()
        while name in found:
            name += " (again)"
        if name != known:
            benchmark.update_metadata({"name": name})
        found[name] = benchmark
    return list(found.values())


def _row(key: tuple[str, str], sides: Mapping[str, list[tuple[float, ...]]], about: Mapping[str, Any]) -> Row:
    ours, floor = sides["ours"], sides.get("floor", [])
    return Row(
        key[0],
        key[1],
        [value for run in ours for value in run],
        [value for run in floor for value in run],
        about["unit"],
        about.get("target"),
        at_least=bool(about.get("at_least", 0)),
        runs=[len(run) for run in ours],
        room=about.get("room", ""),
    )
