"""What a person waits for: whole processes of the client, and a daemon until it answers, against `python -c pass`."""

import time
from collections.abc import Iterator

from alone import alone
from harness import Effort, Row, in_turns
from importtime import waterfall
from place import Place

FLOOR = "python -c pass"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure the client with a running daemon, then the daemon, then both from nothing."""
    yield from _client(place, effort)
    yield _ready(place, effort)
    yield _cold(place, effort)
    place.tell("imports", waterfall(place))


def _client(place: Place, effort: Effort) -> Iterator[Row]:
    lines = {
        "isaacctl status": (("status",), 0, 1.05),
        "isaacctl --help": (("--help",), 0, 1.10),
        "a usage error (isaacctl aks)": (("aks",), 2, 1.10),
        "one completion": (("shell-complete", "--", "st"), 0, 1.10),
        "isaacctl greet": (("greet",), 0, None),
    }

    def whole(words: tuple[str, ...], code: int) -> float:
        return place.process_s(place.script("isaacctl", *words), code=code)

    with place.daemon() as daemon:
        daemon.wait_until_idle()
        measures = {FLOOR: lambda: _pass(place)}
        for name, (words, code, _) in lines.items():
            measures[name] = lambda words=words, code=code: whole(words, code)
        found = in_turns(measures, effort.rounds(300, 30))
    for name, (_, _, target) in lines.items():
        yield Row(name, FLOOR, found[name], found[FLOOR], target=target)


def _ready(place: Place, effort: Effort) -> Row:
    def ready() -> float:
        start = time.perf_counter()
        with place.daemon() as daemon:
            daemon.wait_until_ready()
            return time.perf_counter() - start

    found = in_turns({FLOOR: lambda: _pass(place), "ready": ready}, effort.rounds(60, 8))
    return Row("daemon ready (spawn to first ping)", FLOOR, found["ready"], found[FLOOR], target=10)


def _cold(place: Place, effort: Effort) -> Row:
    def cold() -> float:
        took_s = place.process_s(place.script("isaacctl", "greet"))
        place.process_s(place.script("isaacctl", "stop"))
        return took_s

    found = in_turns({FLOOR: lambda: _pass(place), "cold": cold}, effort.rounds(30, 5))
    return Row("isaacctl greet, no daemon yet", FLOOR, found["cold"], found[FLOOR])


def _pass(place: Place) -> float:
    return place.process_s([place.python, "-c", "pass"])


if __name__ == "__main__":
    alone(__file__)
