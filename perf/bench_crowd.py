"""How long one client waits among 500 others."""

import contextlib
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from alone import alone
from harness import Effort, Row
from place import Place

CLIENTS = 500
PAUSE_S = 0.1
CROWD = Path(__file__).resolve().with_name("clients") / "crowd.py"
STATUS = b"\x94\x00\x01\xa6status\x90"  # a request without parameters


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Ask for the status on a connection of its own: with nobody else there, and among the crowd, in turns.

    500 who each ask ten times a second are a load; 500 who ask again at once are the most that there can be: then a
    request waits for one of each other, and nothing but their cost decides how long.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    clients = effort.size(CLIENTS, 20)
    if soft < clients + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    calls, rounds = effort.rounds(1000, 300), effort.rounds(6, 1)
    found: dict[str, list[float]] = {"idle": [], "busy": [], "never stop": []}
    with place.daemon() as daemon:
        daemon.wait_until_idle()
        with daemon.connect() as connection:
            _p99(connection, calls)
            for _ in range(rounds):
                found["idle"].append(_p99(connection, calls))
                for name, pause_s, fewer in (("busy", PAUSE_S, 1), ("never stop", 0.0, 3)):
                    with _crowd(place, clients, pause_s):
                        found[name].append(_p99(connection, max(1, calls // fewer)))
    who = f"status among {clients} clients"
    told = {"calls a value": calls}
    yield Row(
        f"p99 of {who}, ten requests a second each",
        "p99 with nobody else",
        found["busy"],
        found["idle"],
        target=50,
        metadata=told,
    )
    yield Row(
        f"p99 of {who} who never stop asking",
        "p99 with nobody else",
        found["never stop"],
        found["idle"],
        metadata=told,
    )


def _p99(connection: socket.socket, calls: int) -> float:
    times_s = sorted(_times(connection, calls))
    return times_s[len(times_s) * 99 // 100]


def _times(connection: socket.socket, calls: int) -> list[float]:
    times_s = []
    for _ in range(calls):
        began_s = time.perf_counter()
        connection.sendall(STATUS)
        if b"uptime_s" not in connection.recv(65536):
            raise RuntimeError("an unexpected answer")
        times_s.append(time.perf_counter() - began_s)
    return times_s


@contextlib.contextmanager
def _crowd(place: Place, clients: int, pause_s: float) -> Iterator[None]:
    """Have so many clients ask, in a process of their own; each has had an answer when this begins."""
    process = subprocess.Popen(
        [place.python, str(CROWD), str(place.socket), str(clients), str(pause_s)],
        env=place.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "all of them\n":
            raise RuntimeError("the crowd was not answered")
        yield
        process.stdin.close()
        answers, _, least = map(int, process.stdout.readline().split())
        if answers < clients or not least:
            raise RuntimeError("the crowd was not answered")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    alone(__file__)
