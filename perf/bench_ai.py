"""What asking costs: many questions at once, the CPU of a streamed piece, the wait for a first piece, and memory."""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from alone import alone
from harness import Effort, Row, in_turns
from place import Place, Server

CLIENTS = Path(__file__).resolve().with_name("clients")
FLOOR = "python -c pass"
PIECES = 2000
CONFIG = """[ai.providers.fake]
base_url = "http://127.0.0.1:{port}/v1"
model = "delay-0"
"""
IN_TURN = "one after another"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure against a provider in a process of its own, over real sockets."""
    with provider(place) as port:
        config = place.directory / "config" / "isaac" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG.format(port=port))
        with place.daemon() as daemon:
            daemon.wait_until_idle()
            before = daemon.memory_bytes()["Rss"]
            place.process_s(place.script("isaacctl", "ask", "--no-cache", "hello"))
            daemon.wait_until_idle()
            after = daemon.memory_bytes()["Rss"]
            yield Row("RSS after a first question", "before it", [after], [before], unit="byte")
            yield from _batches(place, effort)
            yield from _pieces(place, daemon, effort)
            yield from _first_piece(place, effort)
    yield from _memory(place, effort)


@contextlib.contextmanager
def provider(place: Place) -> Iterator[int]:
    """Start the provider on a port of its own; the socket listens before it runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        argv = place.floor("instant_provider", str(listening.fileno()))
        process = place.spawn(argv, (listening.fileno(),))
        try:
            yield listening.getsockname()[1]
        finally:
            process.kill()
            process.wait()


def _client(place: Place, script: str, *words: str) -> dict[str, list[float]]:
    """Run a program of the clean environment and return what it printed."""
    argv = [place.python, str(CLIENTS / f"{script}.py"), *words]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script} failed: {done.stderr}")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _batches(place: Place, effort: Effort) -> Iterator[Row]:
    """Ask batches through the client library; one connection a question is there before the first figure."""
    _client(place, "asking", "1", f"warm {time.time_ns()}", "warm=50:50:query", "warm too=50:50:command")
    wanted = ((5, 4.9, effort.rounds(20, 3)), (50, 45.0, effort.rounds(5, 1)))
    for count, target, rounds in wanted[:1] if effort.least else wanted:
        ways = [f"{way}={count}:{count}:{way}" for way in ("query", "command")]
        found = _client(
            place, "asking", str(rounds), f"q {time.time_ns()}", *ways, f"in turn={count}:1:query"
        )
        for way, name in (("query", "batch_query"), ("command", "the command batch, journal and all")):
            yield Row(
                f"{count} at 100 ms, {name}",
                IN_TURN,
                found[way],
                found["in turn"],
                target=1 / target,
                metadata={"at least": target},
            )


def _pieces(place: Place, daemon: Server, effort: Effort) -> Iterator[Row]:
    """Count the daemon's CPU while it passes pieces on; what a question costs without them is taken off."""

    def cpu_s(model: str) -> float:
        before_s = daemon.cpu_s()
        _client(place, "asking", "1", f"s {time.time_ns()}", f"stream:{model}")
        return daemon.cpu_s() - before_s

    measures = {"many": lambda: cpu_s(f"pieces-{PIECES}"), "one": lambda: cpu_s("pieces-1")}
    found = in_turns(measures, effort.rounds(15, 3))
    a_piece = [
        (many - one) / (PIECES - 1) * 1e6 for many, one in zip(found["many"], found["one"], strict=True)
    ]
    yield Row("CPU a streamed piece, in us", ours=a_piece, unit="integer", target=20)


def _first_piece(place: Place, effort: Effort) -> Iterator[Row]:
    number = iter(range(1, 10**9))

    def first_s() -> float:
        return _to_first_byte(
            place, place.script("isaacctl", "ask", f"question {next(number)} {time.time_ns()}")
        )

    place.process_s(place.script("isaacctl", "ask", "the same again"))
    measures = {
        FLOOR: lambda: place.process_s([place.python, "-c", "pass"]),
        "first": first_s,
        "kept": lambda: place.process_s(place.script("isaacctl", "ask", "the same again")),
    }
    found = in_turns(measures, effort.rounds(200, 40))
    yield Row("isaacctl ask, to the first piece", FLOOR, found["first"], found[FLOOR], target=2.5)
    yield Row("isaacctl ask, a kept answer", FLOOR, found["kept"], found[FLOOR], target=1.1)


def _to_first_byte(place: Place, argv: list[str]) -> float:
    """Run a process and return the time until it wrote something."""
    read, write = os.pipe()
    start = time.perf_counter()
    null = os.open(os.devnull, os.O_RDWR)
    actions = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, write, 1),
        (os.POSIX_SPAWN_DUP2, null, 2),
    ]
    try:
        pid = os.posix_spawn(argv[0], argv, place.environ, file_actions=actions)
        os.close(write)
        if not os.read(read, 1):
            raise RuntimeError(f"{' '.join(argv)} wrote nothing; run it in {place.directory}")
        took_s = time.perf_counter() - start
        while os.read(read, 65536):
            pass
        os.waitpid(pid, 0)
    finally:
        os.close(read)
        os.close(null)
    return took_s


def _memory(place: Place, effort: Effort) -> Iterator[Row]:
    """Run a batch whose answers cost nothing: the memory at its end against that after its first tenth."""
    count = effort.size(effort.rounds(1_000_000, 20_000), 1000)
    directory = place.directory / "rows"
    directory.mkdir()
    rss = _client(place, "million_rows", str(directory), str(count))["rss"]
    yield Row(
        f"RSS after a batch of {count:,} rows",
        "after a tenth of them",
        [max(rss)],
        [rss[0]],
        unit="byte",
        target=1.1,
    )


if __name__ == "__main__":
    alone(__file__)
