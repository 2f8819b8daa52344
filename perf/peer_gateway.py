"""Isaac's OpenAI-compatible endpoint and LiteLLM's proxy in front of the same provider: requests a second, latency, start, memory."""

import contextlib
import json
import secrets
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench_ai import provider
from environment import Peer
from harness import Row, in_turns
from peer import Figure, Section
from place import Place, Server

PEERS = {"litellm-proxy": ("litellm[proxy]",)}
LITELLM = "LiteLLM proxy"
LOAD = Path(__file__).resolve().with_name("clients") / "load.py"
CLIENTS = 32
PATIENCE_S = 120.0
PATH = "/v1/chat/completions"
CONFIG = """[ai.providers.fake]
base_url = "http://127.0.0.1:{port}/v1"
model = "delay-0"
"""
PROXY = {
    "model_list": [
        {
            "model_name": "fake/delay-0",
            "litellm_params": {"model": "openai/delay-0", "api_base": "{base}", "api_key": "none"},
        }
    ],
    "litellm_settings": {"cache": True, "cache_params": {"type": "local"}, "telemetry": False},
}
MISS = '{"model": "%s", "messages": [{"role": "user", "content": "question %s {n}"}]}'
HIT = '{"model": "%s", "messages": [{"role": "user", "content": "always the same"}]}'


class Gate(NamedTuple):
    """An endpoint that is loaded: where, as whom, by which model, and how many requests a value takes."""

    address: str
    model: str
    count: int
    token: str = "none"


def measure(place: Place, peers: Mapping[str, Peer], quick: bool) -> Iterator[Section]:
    """Load the provider itself, ours and LiteLLM in turns, misses and then hits; memory comes last."""
    peer = peers.get("litellm-proxy")
    rounds, scale = (2, 1) if quick else (6, 4)
    with provider(place) as port, contextlib.ExitStack() as stack:
        configure(place, port)
        cold = {"isaacd": lambda: _cold_ours(place)}
        if peer:
            cold[LITELLM] = lambda: _cold_litellm(place, peer.python, port)
        started = _starts(cold, 1 if quick else 3)
        gates = {"provider": Gate(f"127.0.0.1:{port}", "delay-0", 400 * scale)}
        servers: dict[str, Server] = {"isaacd": stack.enter_context(place.daemon())}
        servers["isaacd"].wait_until_ready()
        gates["isaacd"] = Gate(f"unix:{place.socket}", "fake/delay-0", 400 * scale)
        if LITELLM in started and peer:
            gate, servers[LITELLM] = stack.enter_context(_litellm(place, peer.python, port))
            gates[LITELLM] = gate._replace(count=64 * scale)
        failed = {name: why for name, gate in gates.items() if (why := _fault(place, gate))}
        gates = {name: gate for name, gate in gates.items() if name not in failed}
        misses = in_turns({name: _misses(place, gate) for name, gate in gates.items()}, rounds)
        hits = in_turns({name: _hits(place, gate) for name, gate in gates.items()}, rounds)
        alone = in_turns({name: _latency(place, gate) for name, gate in gates.items()}, rounds * 2)
        memory = {name: float(servers[name].memory_bytes()["Rss"]) for name in gates if name in servers}
    version = peer.version if peer else ""

    def figures(found: Mapping[str, list[float]], floor: list[float], unit: str = "second") -> list[Figure]:
        made = [
            Figure(name, version if name == LITELLM else "", found.get(name, []), floor, unit)
            for name in ("isaacd", LITELLM)
        ]
        return [one if one.values else one._replace(version=failed.get(one.who, "")) for one in made]

    note = f"{CLIENTS} clients with a connection each, time a request; floor: the provider itself"
    yield Section("Gateway: misses", note, figures(misses, misses["provider"]), _rates("misses", misses, 15))
    yield Section("Gateway: hits", note, figures(hits, hits["provider"]), _rates("hits", hits, 40))
    note = "one client, each question new, median of a request; floor: the provider itself"
    yield Section("Gateway: latency", note, figures(alone, alone["provider"]), _added(alone))
    note = "from the start of the process to the end of the first completion"
    yield Section("Gateway: cold start", note, figures(started, []), _cold(started))
    note = "resident, after all of the above"
    resident = {name: [value] for name, value in memory.items()}
    yield Section("Gateway: memory", note, figures(resident, [], "byte"), _weight(resident))


def configure(place: Place, port: int) -> None:
    """Point the daemon at the provider."""
    config = place.directory / "config" / "isaac" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG.format(port=port))


def load(place: Place, gate: Gate, clients: int, count: int, form: str) -> tuple[float, list[float]]:
    """Load an endpoint, and return the seconds in all and of each request; raises RuntimeError with what was wrong."""
    argv = [place.python, str(LOAD), gate.address, str(clients), str(count), PATH, gate.token, form]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["failed"])[-1])
    found = json.loads(done.stdout)
    return found["took_s"], found["each_s"]


def _misses(place: Place, gate: Gate) -> Callable[[], float]:
    def measured() -> float:
        form = MISS % (gate.model, time.time_ns())
        return load(place, gate, CLIENTS, gate.count, form)[0] / gate.count

    return measured


def _hits(place: Place, gate: Gate) -> Callable[[], float]:
    return lambda: load(place, gate, CLIENTS, gate.count, HIT % gate.model)[0] / gate.count


def _latency(place: Place, gate: Gate) -> Callable[[], float]:
    def measured() -> float:
        form = MISS % (gate.model, time.time_ns())
        return statistics.median(load(place, gate, 1, max(40, gate.count // 8), form)[1])

    return measured


def _fault(place: Place, gate: Gate) -> str | None:
    try:
        load(place, gate, 1, 2, HIT % gate.model)
    except RuntimeError as error:
        return str(error)[:80]
    return None


def _starts(cold: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Take starts in turns; who cannot start is left out. The first of each fills the disk's cache."""
    found: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, start in cold.items():
            with contextlib.suppress(RuntimeError, OSError):
                took_s = start()
                if number:
                    found.setdefault(name, []).append(took_s)
    return found


def _cold_ours(place: Place) -> float:
    began_s = time.perf_counter()
    with place.daemon():
        load(
            place,
            Gate(f"unix:{place.socket}", "fake/delay-0", 1),
            1,
            1,
            MISS % ("fake/delay-0", time.time_ns()),
        )
        return time.perf_counter() - began_s


def _cold_litellm(place: Place, python: Path, port: int) -> float:
    began_s = time.perf_counter()
    with _litellm(place, python, port):
        return time.perf_counter() - began_s


@contextlib.contextmanager
def _litellm(place: Place, python: Path, port: int) -> Iterator[tuple[Gate, Server]]:
    """Start the proxy with a cache in memory, and wait for its first completion."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    config = place.directory / "litellm.yaml"
    # YAML has JSON within it.
    config.write_text(json.dumps(PROXY).replace("{base}", f"http://127.0.0.1:{port}/v1"))
    # Without a key it does not start; without the other it fetches a list of prices.
    key = f"sk-{secrets.token_hex(16)}"
    place.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": key}
    script = str(python.with_name("litellm"))
    argv = [script, "--config", str(config), "--host", "127.0.0.1", "--port", str(own)]
    process = place.spawn(argv)
    server = Server(process, config)
    gate = Gate(f"127.0.0.1:{own}", "fake/delay-0", 1, key)
    with server:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", own), 1):
                    pass
                load(place, gate, 1, 1, MISS % (gate.model, time.time_ns()))
                break
            except (OSError, RuntimeError) as error:
                if time.monotonic() > deadline_s or process.poll() is not None:
                    raise RuntimeError(f"it does not answer: {error}") from None
                time.sleep(0.02)
        yield gate, server


def _rates(what: str, found: Mapping[str, list[float]], target: float) -> list[Row]:
    name = f"{what} a second, {CLIENTS} clients"
    if LITELLM not in found or "isaacd" not in found:
        return []
    ours, theirs = ([1 / value for value in found[who]] for who in ("isaacd", LITELLM))
    return [Row(name, LITELLM, ours, theirs, "integer", target, at_least=True)]


def _added(found: Mapping[str, list[float]]) -> list[Row]:
    direct = found["provider"]
    return [
        Row(
            f"latency added to a miss, p50 in ms{'' if name == 'isaacd' else f', {name}'}",
            ours=[(value - floor) * 1e3 for value, floor in zip(found[name], direct, strict=True)],
            unit="integer",
            target=1 if name == "isaacd" else None,
        )
        for name in ("isaacd", LITELLM)
        if name in found
    ]


def _cold(found: Mapping[str, list[float]]) -> list[Row]:
    if LITELLM not in found or "isaacd" not in found:
        return []
    return [Row("cold start to first completion", LITELLM, found["isaacd"], found[LITELLM], target=0.06)]


def _weight(found: Mapping[str, list[float]]) -> list[Row]:
    if "isaacd" not in found:
        return []
    return [Row("RSS after that load, in MB", ours=[found["isaacd"][0] / 1e6], unit="integer", target=60)]
