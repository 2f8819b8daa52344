"""Make requests of all kinds, and print the daemon's memory after the warm-up and at the end: `mixed.py WARM COUNT`.

A connection is kept for a hundred requests. Some succeed, some fail, some are streamed, some are left in the middle; run in
the clean environment. `rss` is in bytes.
"""

import json
import random
import sys
from collections.abc import Callable
from contextlib import suppress

from isaacctl.client import Client, RemoteError

A_CONNECTION = 100


def fails(method: str, **params: object) -> Callable[[Client], None]:
    def ask(client: Client) -> None:
        with suppress(RemoteError):
            client.call(method, **params)
            raise AssertionError(method)

    return ask


def line(*argv: str) -> Callable[[Client], None]:
    def ask(client: Client) -> None:
        assert "exit" in client.call("cli.run", argv=list(argv))

    return ask


def streamed(client: Client) -> None:
    with client.stream("mixed.count", to=20) as stream:
        assert "".join(stream.deltas()).startswith("012")


def left(client: Client) -> None:
    """Go away in the middle: the daemon is told to cancel."""
    with client.stream("mixed.count", to=10_000) as stream:
        next(iter(stream))


KINDS: tuple[tuple[int, Callable[[Client], object]], ...] = (
    (25, lambda client: client.call("ping")),
    (25, lambda client: client.call("greet", name="ada")),
    (10, lambda client: client.call("status")),
    (3, lambda client: client.call("commands")),
    (3, lambda client: client.call("plugins")),
    (5, lambda client: client.call("mixed.wait")),
    (5, lambda client: client.call("cli.complete", words=["no"])),
    (5, fails("nobody.knows")),
    (5, fails("greet", nobody="takes")),
    (5, streamed),
    (2, left),
    (5, line("greet", "--name", "ada", "--json")),
    (2, line("--help")),
    (2, line("no-such-command")),
)


def requests(chance: random.Random, count: int) -> None:
    weights, kinds = zip(*KINDS, strict=True)
    for _ in range(max(1, count // A_CONNECTION)):
        with Client(start=False) as client:
            for ask in chance.choices(kinds, weights, k=min(count, A_CONNECTION)):
                ask(client)


def rss() -> float:
    with Client(start=False) as client:
        return float(client.call("status")["rss_kib"]) * 1024


def main(warm: int, count: int) -> None:
    chance = random.Random(1)
    requests(chance, warm)
    before = rss()
    requests(chance, count - warm)
    print(json.dumps({"rss": [before, rss()]}))


main(int(sys.argv[1]), int(sys.argv[2]))
