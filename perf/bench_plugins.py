"""What plugins cost: a daemon's start with 200 of them, and loading them all, each way against one after another."""

import json
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from alone import alone
from harness import Effort, Row, in_turns
from place import PING, Place, Server

COUNT = 200
# As long as a look at a file or a service nearby takes.
SETUP_S = 0.003
PLUGIN = '''"""Answer number {number}."""
import anyio
import msgspec
from isaacd.api import Context, Plugin
plugin = Plugin("gen{number}", version="1")


class Answer(msgspec.Struct):
    number: int
    text: str = "answer"


@plugin.setup
async def begin(context: Context) -> None:
    await anyio.sleep({setup_s})


@plugin.command
def gen{number}(context: Context, count: int = 1, name: str = "", loud: bool = False) -> Answer:
    """Give answer {number}.

    Examples:
        isaacctl gen{number}
    """
    return Answer({number})
'''
STATUS = b"\x94\x00\x01\xa6status\x90"  # [0, 1, "status", []]


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure starts with and without the plugins, then what loading all of them takes."""
    bare = Place(Path(place.python), place.directory.with_name(f"{place.directory.name}-none"))
    count = effort.size(COUNT, 5)
    for number in range(count):
        file = place.plugins / f"gen{number}.py"
        file.write_text(PLUGIN.format(number=number, setup_s=SETUP_S))
        file.chmod(0o600)
    for one in (bare, place):
        _describe(one)
    yield from _ready(place, bare, count, effort.rounds(60, 8))
    yield from _eager(place, effort, count)


def _ready(place: Place, bare: Place, count: int, rounds: int) -> Iterator[Row]:
    """Compare starts with and without the plugins; CPU time counts where the machine is busy with other work."""
    asked = {"first ping": PING, "first status": STATUS}
    cpu: dict[str, list[float]] = {f"{what} {name}": [] for what in asked for name in ("many", "none")}

    def start(one: Place, request: bytes, key: str) -> float:
        took_s, cpu_s = _start(one, request)
        cpu[key].append(cpu_s)
        return took_s

    measures = {
        f"{what} {name}": partial(start, one, request, f"{what} {name}")
        for what, request in asked.items()
        for name, one in (("many", place), ("none", bare))
    }
    wall = in_turns(measures, rounds)
    for what in asked:
        many, none = f"{what} many", f"{what} none"
        target = 1.10 if what == "first ping" else None
        name = f"daemon with {count} plugins, spawn to {what}"
        yield Row(name, "with none", wall[many], wall[none], target=target)
        # in_turns throws its first round away; so does this.
        yield Row(f"{name}, CPU", "with none", cpu[many][1:], cpu[none][1:], target=target)


def _eager(place: Place, effort: Effort, count: int) -> Iterator[Row]:
    # Threads only inform: a quick run leaves them out.
    loads = ("sequential", "concurrent") if effort.quick else ("sequential", "concurrent", "threaded")
    whole: dict[str, list[float]] = {load: [] for load in loads}
    imports: dict[str, list[float]] = {load: [] for load in loads}
    memory: dict[str, list[float]] = {load: [] for load in loads}
    for _ in range(effort.rounds(10, 2)):
        for load in loads:
            spans, resident = _loaded(place, load)
            place.tell(f"timeline-{load}", spans)
            whole[load].append(_covered([span for steps in spans for span in steps]))
            imports[load].append(_covered([steps[0] for steps in spans]))
            memory[load].append(resident)
    one = "one after another"
    for load, target in (("concurrent", 0.35), ("threaded", None)):
        if load not in loads:
            continue
        name = f"{count} plugins loaded, {load}"
        yield Row(name, one, whole[load], whole["sequential"], target=target)
    if "threaded" in loads:
        yield Row("their imports alone, in threads", one, imports["threaded"], imports["sequential"])
    yield Row(
        f"memory, {count} plugins loaded",
        "lazy",
        memory["sequential"],
        [_lazy(place)] * len(memory["sequential"]),
        "byte",
    )


def _loaded(place: Place, load: str) -> tuple[list[list[tuple[float, float]]], float]:
    """Have all plugins loaded; return when each was imported and set up, in seconds, and the resident memory."""
    with place.daemon("--set", f"plugins.load={load}") as daemon:
        daemon.wait_until_ready()
        while True:
            times = _ask(place, "plugins", "timings")
            own = [item for item in times["plugins"] if item["name"].startswith("gen")]
            if own and all(item["state"] == "loaded" for item in own):
                break
            time.sleep(0.2)
        spans = [
            [(step["at_ms"] / 1000, (step["at_ms"] + step["took_ms"]) / 1000) for step in item["steps"][1:]]
            for item in own
        ]
        return spans, daemon.memory_bytes()["Rss"]


def _lazy(place: Place) -> float:
    with place.daemon() as daemon:
        _first(daemon, STATUS)
        daemon.wait_until_idle()
        return daemon.memory_bytes()["Rss"]


def _covered(spans: list[tuple[float, float]]) -> float:
    """Return how long something was going on, without the pauses."""
    total, until = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _start(place: Place, request: bytes) -> tuple[float, float]:
    """Start a daemon and return the wall time and the CPU time until its first answer."""
    start = time.perf_counter()
    with place.daemon() as daemon:
        _first(daemon, request)
        return time.perf_counter() - start, daemon.cpu_s()


def _first(daemon: Server, request: bytes) -> None:
    with daemon.connect() as connection:
        connection.sendall(request)
        if not connection.recv(65536):
            raise RuntimeError("the daemon closed the connection")


def _describe(place: Place) -> None:
    """Have all plugins trusted and described, so that the next start finds them in the index."""
    with place.daemon() as daemon:
        daemon.wait_until_ready()
        _ask(place, "plugins", "trust", "--folder", str(place.plugins))
        while any(row["state"] == "waiting" for row in _ask(place, "plugins")):
            time.sleep(0.2)
        daemon.wait_until_idle()


def _ask(place: Place, *words: str) -> Any:
    done = subprocess.run(
        place.script("isaacctl", *words, "--json"), env=place.environ, check=True, capture_output=True
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    alone(__file__)
