"""The replays as rooms of the suite: each is a program of its own, whose JSON becomes rows."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness import Effort, Row
from place import Place

PERF = Path(__file__).resolve().parent
DATA = PERF.parents[1] / "shared" / "data"
# The same as in the programs, which say more and leave with 1 when one is missed.
# Where 67 % lie between a pair of LRU levels (65.0) and the optimum (70.1) on the whole data set.
WAY = 39
MODEL = "claude-sonnet-5-5"


def _least(name: str, share: float, target: float | None) -> Row:
    return Row(f"{name}, in %", ours=[share * 100], unit="integer", target=target, at_least=True)


def _none(name: str, count: float) -> Row:
    return Row(name, ours=[count], unit="integer", target=0)


def _cache(found: Any) -> Iterator[Row]:
    places = "1100"
    for trace, report in found.items():
        lru, best = report["policies"]["lru"][places], report["policies"]["optimum"][places]
        memory = report["memory"] / 100
        target = {"masaryk": 67.0, "web07": 54.5}.get(trace)
        # No cache of any size can have more than this, where the data set is only a part of the whole.
        reachable = target if target is None or target <= report["bound"] else None
        yield _least(f"hit rate of the memory, 100 + 1000, {trace}", memory, reachable)
        if target is not None and reachable is None:
            pair = report["lru_pair"] / 100
            way = (memory - pair) / (best - pair) if best > pair else 1.0
            yield _least(f"share of the way from a pair of LRU levels to the optimum, {trace}", way, WAY)
        yield _least(f"hit rate of the optimum of 1100 places, {trace}", best, None)
        name = f"points that the memory is below LRU of 1100, {trace}"
        yield Row(name, ours=[max(0.0, (lru - memory) * 100)], unit="integer", target=2)


def _money(found: Any) -> Iterator[Row]:
    last = found["tables"][MODEL][-1]
    yield _least("AI calls avoided, masaryk, one cache a user", last["calls avoided"], 68)
    worst = min(table[-1]["money saved"] for table in found["tables"].values())
    yield _least("money saved, every cost charged, at the worst of the prices", worst, 70)
    wrong = sum(row["wrong"] for row in found["tables"][MODEL])
    yield _none("wrong answers served", wrong)


def _next(found: Any) -> Iterator[Row]:
    for what, first, five in (("name", 43, 73), ("line", 19, 34)):
        row = found[f"{what}, shared"]
        yield _least(f"the next command, its {what}, first guess", row["top-1"], first)
        yield _least(f"the next command, its {what}, among five", row["top-5"], five)


def _warm(found: Any) -> Iterator[Row]:
    yield _least("answers from L1 after SIGKILL, of a user's next 50", found["warm"], 95)
    yield _least("the same from a cold cache", found["cold"], None)


def _safety(found: Any) -> Iterator[Row]:
    unasked = refused = asking = harmless = 0
    reading = sum(table["reading"] for table in found.values())
    asked = sum(table["asked"] for table in found.values())
    for name, table in found.items():
        for key, count in table["tiers"].items():
            label, _, tier = key.rpartition(" ")
            if label in ("deny", "block"):
                unasked += count if float(tier) < 2 else 0
            elif label == "allow":
                harmless += count
                refused += count if float(tier) >= 4 else 0
                asking += count if 2.5 <= float(tier) < 4 else 0
        yield Row(f"a line judged, mean in us, {name}", ours=[table["mean_us"]], unit="integer")
    yield _none("labelled destructive or blocked, would run unasked", unasked)
    yield _none("harmless lines refused", refused)
    name = "harmless lines that only read and need a confirmation, in %"
    yield Row(name, ours=[asked / max(1, reading) * 100], unit="integer", target=10)
    share = asking / max(1, harmless) * 100
    yield Row("harmless lines that need a confirmation, in %", ours=[share], unit="integer")


def _typos(found: Any) -> Iterator[Row]:
    wrong = sum(counts.get("unasked, wrong", 0) for counts in found.values())
    yield _none("wrong corrections made unasked", wrong)


def _providers(found: Any) -> Iterator[Row]:
    yield _none("recorded answers read differently", len(found["different"]))
    equal = sum(found["equal"].values())
    yield Row("recorded answers read equally", ours=[equal], unit="integer", at_least=True)


def _knowledge(found: Any) -> Iterator[Row]:
    for way, report in found.items():
        for half, shares in report.items():
            if isinstance(shares, dict):
                for rank, share in shares.items():
                    if isinstance(share, float):
                        yield _least(f"offline answers, {way}, {half}, {rank}", share, None)


READERS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "cache": _cache, "money": _money, "next": _next, "warm": _warm, "safety": _safety, "typos": _typos,
    "providers": _providers, "knowledge": _knowledge,
}  # fmt: skip
# These print their JSON; the others write it to a file.
PRINTING = frozenset({"providers", "knowledge"})


def measure(room: str, place: Place, data: Path, effort: Effort) -> Iterator[Row]:
    """Run one replay in the clean environment; without the data there is a row that says so."""
    name = room.removeprefix("replay_")
    if not data.is_dir():
        yield Row(room, note=f"there are no recorded sessions in {data.name}")
        return
    file = place.directory / f"{name}.json"
    argv = [place.python, str(PERF / f"{room}.py"), "--data", str(data), "--json"]
    argv += [] if name in PRINTING else [str(file)]
    argv += ["--users", "5"] if name == "warm" and (effort.quick or effort.least) else []
    argv += ["--quick"] if name == "cache" and (effort.quick or effort.least) else []
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
    if name in PRINTING and done.stdout.startswith("{"):
        file.write_text(done.stdout, encoding="utf-8")
    if not file.exists():
        raise RuntimeError(f"{room} failed: {done.stderr}")
    found = json.loads(file.read_text(encoding="utf-8"))
    place.tell(name, found)
    yield from READERS[name](found)
    # The program holds more than its rows say, such as a share of the way where a target is out of reach.
    yield _none(f"{room}: targets missed by its own account", int(done.returncode != 0))
