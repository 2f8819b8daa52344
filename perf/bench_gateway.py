"""What HTTP costs the daemon: its CPU for a question that is kept, for a new one and for a streamed piece, and its memory."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from alone import alone
from bench_ai import provider
from harness import Effort, Row, in_turns
from place import Place, Server

LOAD = Path(__file__).resolve().with_name("clients") / "load.py"
CLIENTS = 32
PIECES = 2000
# 32 clients are to get 40 times the hits, and 15 times the misses, of a proxy that gives 110 and 90 a second.
MOST_HIT_US = 1e6 / (40 * 110)
MOST_MISS_US = 1e6 / (15 * 90)
CONFIG = """[ai.providers.fake]
base_url = "http://127.0.0.1:{port}/v1"
model = "delay-0"
"""
FORM = '{"model": "fake/%s", "messages": [{"role": "user", "content": "%s"}], "stream": %s}'


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Load the daemon over its own socket, with the provider in a process of its own."""
    with provider(place) as port:
        config = place.directory / "config" / "isaac" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(CONFIG.format(port=port))
        with place.daemon() as daemon:
            daemon.wait_until_idle()
            yield from _questions(place, daemon, effort)
            yield from _pieces(place, daemon, effort)
            daemon.wait_until_idle()
            yield Row("RSS after these questions over HTTP", ours=[daemon.memory_bytes()["Rss"]], unit="byte")


def load(place: Place, clients: int, count: int, form: str) -> list[float]:
    """Ask so often, and return the seconds of each question; raises RuntimeError with what was wrong."""
    argv = [
        place.python,
        str(LOAD),
        f"unix:{place.socket}",
        str(clients),
        str(count),
        "/v1/chat/completions",
        "none",
        form,
    ]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["failed"])[-1])
    found: list[float] = json.loads(done.stdout)["each_s"]
    return found


def _questions(place: Place, daemon: Server, effort: Effort) -> Iterator[Row]:
    count = effort.size(1600, 64)

    def cpu_us(form: str) -> float:
        before_s = daemon.cpu_s()
        load(place, CLIENTS, count, form)
        return (daemon.cpu_s() - before_s) / count * 1e6

    kept = FORM % ("delay-0", "always the same", "false")
    load(place, 1, 4, kept)
    measures = {
        "hit": lambda: cpu_us(kept),
        "miss": lambda: cpu_us(FORM % ("delay-0", f"{time.time_ns()} {{n}}", "false")),
    }
    found = in_turns(measures, effort.rounds(8, 1))
    yield Row("CPU of a kept answer over HTTP, in us", ours=found["hit"], unit="integer", target=MOST_HIT_US)
    yield Row(
        "CPU of a new question over HTTP, in us", ours=found["miss"], unit="integer", target=MOST_MISS_US
    )


def _pieces(place: Place, daemon: Server, effort: Effort) -> Iterator[Row]:
    """Count the daemon's CPU while it passes pieces on; what a question costs without them is taken off."""

    def cpu_s(model: str) -> float:
        before_s = daemon.cpu_s()
        load(place, 1, 1, FORM % (model, time.time_ns(), "true"))
        return daemon.cpu_s() - before_s

    measures = {"many": lambda: cpu_s(f"pieces-{PIECES}"), "one": lambda: cpu_s("pieces-1")}
    found = in_turns(measures, effort.rounds(15, 2))
    a_piece = [
        (many - one) / (PIECES - 1) * 1e6 for many, one in zip(found["many"], found["one"], strict=True)
    ]
    yield Row("CPU a piece streamed over HTTP, in us", ours=a_piece, unit="integer", target=20)


if __name__ == "__main__":
    alone(__file__)
