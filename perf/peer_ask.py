"""Start-up and one complete question, against others that ask services: whole processes, until they have ended."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench_ai import CONFIG, provider
from environment import Peer
from harness import in_turns
from peer import Figure, Section
from place import Place

PEERS = {
    "llm": ("llm",),
    # Its `sgpt` imports click, which the typer that it asks for has no more.
    "shell-gpt": ("shell-gpt", "click"),
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "litellm": ("litellm",),
}
SDK = Path(__file__).resolve().parent / "others" / "sdk.py"
FLOOR = "python -c pass"


def measure(place: Place, peers: Mapping[str, Peer], quick: bool) -> Iterator[Section]:
    """Measure starts that ask nothing, then a question each, always new."""
    with provider(place) as port:
        url = f"http://127.0.0.1:{port}"
        _configure(place, url)
        number = iter(range(10**9))
        rounds = 3 if quick else 10

        def whole(*words: str | Path) -> Callable[[], float]:
            return lambda: place.process_s([str(word) for word in words])

        def asking(*words: str | Path) -> Callable[[], float]:
            return lambda: place.process_s([*map(str, words), f"question {next(number)}"])

        alone = Place(Path(place.python), place.directory.with_name(f"{place.directory.name}-alone"))
        _configure(alone, url)

        def cold() -> float:
            argv = alone.script("isaacctl", "ask", "--no-cache", f"question {next(number)}")
            took_s = alone.process_s(argv)
            alone.process_s(alone.script("isaacctl", "stop"))
            return took_s

        starts = {"llm": ("llm", "--version"), "shell-gpt": ("sgpt", "--version")}
        asks = {"llm": ("llm", "-m", "fake"), "shell-gpt": ("sgpt", "--no-cache")}
        start, ask = {}, {}
        for name, peer in peers.items():
            script = [peer.python.with_name(asks[name][0]), *asks[name][1:]] if name in asks else None
            start[name] = (
                whole(peer.python.with_name(starts[name][0]), *starts[name][1:])
                if script
                else whole(peer.python, "-c", f"import {name}")
            )
            ask[name] = asking(*script) if script else asking(peer.python, SDK, name, url)
        with place.daemon() as daemon:
            daemon.wait_until_idle()
            ours = {"isaacctl --version": whole(*place.script("isaacctl", "--version"))}
            yield Section(
                "Start-up",
                f"a process that asks nothing; floor: {FLOOR}",
                _found(place, ours, start, peers, rounds),
            )
            ours = {
                "isaacctl ask (its daemon runs)": asking(*place.script("isaacctl", "ask", "--no-cache")),
                "isaacctl ask (starts its daemon)": cold,
            }
            note = f"from the start of the process to its end, nothing kept before; floor: {FLOOR}"
            yield Section("A complete question", note, _found(place, ours, ask, peers, rounds))


def _found(
    place: Place,
    ours: Mapping[str, Callable[[], float]],
    others: Mapping[str, Callable[[], float]],
    peers: Mapping[str, Peer],
    rounds: int,
) -> list[Figure]:
    """Take all in turns; who fails at first is left out."""
    failed, running = {}, {}
    for name, once in others.items():
        try:
            once()
            running[name] = once
        except (RuntimeError, OSError) as error:
            failed[name] = str(error)
    measures = {FLOOR: lambda: place.process_s([place.python, "-c", "pass"]), **ours, **running}
    found = in_turns(measures, rounds)
    figures = [Figure(name, "", found[name], found[FLOOR]) for name in ours]
    figures += [Figure(name, peers[name].version, found[name], found[FLOOR]) for name in running]
    return figures + [Figure(name, f"{peers[name].version}: {why}"[:80], []) for name, why in failed.items()]


def _configure(place: Place, url: str) -> None:
    """Point everybody at the same provider."""
    config = place.directory / "config" / "isaac" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG.format(port=url.rpartition(":")[2]))
    folder = place.directory / "llm"
    folder.mkdir()
    model = {"model_id": "fake", "model_name": "delay-0", "api_base": f"{url}/v1", "api_key_name": "fake"}
    # YAML has JSON within it.
    folder.joinpath("extra-openai-models.yaml").write_text(json.dumps([model]))
    folder.joinpath("keys.json").write_text('{"fake": "none"}')
    place.environ |= {
        "LLM_USER_PATH": str(folder),
        "OPENAI_API_KEY": "none",
        "API_BASE_URL": f"{url}/v1",
        "DEFAULT_MODEL": "delay-0",
        "PRETTIFY_MARKDOWN": "false",
        # Otherwise it fetches a list of prices at every start.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }
