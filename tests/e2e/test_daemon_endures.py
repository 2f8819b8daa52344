"""Many requests of all kinds leave the daemon as it was: memory, descriptors and tasks.

`make test-long` makes 100,000 of them; otherwise there are only so many that a leak of every request would be seen.
"""

import contextlib
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from isaacd.wire import Codec, ContentLengthCodec, JsonLinesCodec, NativeCodec
from tests.daemon import Caller, Daemon, eventually, running
from tests.e2e.test_daemon_hostile import PATIENCE

REQUESTS = int(os.environ.get("ISAAC_REQUESTS", "8000"))
IS_LONG = REQUESTS >= 100_000
WARM = 10_000 if IS_LONG else REQUESTS // 2
GROWTH = 1.02 if IS_LONG else 1.05
A_CONNECTION = 100
FEW = 2

KEEP = '''
from collections.abc import AsyncIterator
from isaacd.api import Context, Plugin

plugin = Plugin("keep", summary="Keeps what it is given, in the same few places.", capabilities=("state",))

@plugin.command
async def put(context: Context, key: str, value: str) -> str:
    """Keep."""
    await context.state.set(key, value)
    return str(await context.state.get(key))

@plugin.command
async def count(context: Context, to: int) -> AsyncIterator[str]:
    """Stream."""
    for number in range(to):
        yield str(number)
'''


def line(*argv: str) -> Callable[[Caller], None]:
    def ask(caller: Caller) -> None:
        assert "exit" in caller.call("cli.run", {"argv": list(argv)})

    return ask


def fails(method: str, *params: object) -> Callable[[Caller], None]:
    return lambda caller: assert_true(caller.fail(method, *params))


def answers(method: str, *params: object) -> Callable[[Caller], None]:
    return lambda caller: assert_true(caller.call(method, *params) is not None)


def assert_true(value: object) -> None:
    assert value


def cancelled(caller: Caller) -> None:
    number = caller.ask("patience.wait")
    caller.notify("cancel", number)
    assert caller.answer(number)[0] == "error"


def streamed(caller: Caller) -> None:
    number = caller.ask("keep.count", {"to": 20, "_meta": {"stream": True}})
    assert caller.answer(number)[0] == "reply"


KINDS: Sequence[tuple[int, Callable[[Caller], None]]] = (
    (20, answers("ping")),
    (20, answers("greet", "ada")),
    (10, answers("status")),
    (3, answers("commands")),
    (3, answers("plugins")),
    (10, line("status")),
    (5, line("greet", "--name", "ada", "--json")),
    (2, line("--help")),
    (2, line("no-such-command")),
    (5, answers("cli.complete", {"words": ["no"]})),
    (5, fails("nobody.knows")),
    (5, fails("greet", {"nobody": "takes"})),
    (5, cancelled),
    (5, streamed),
    (3, answers("keep.put", "a", "b" * 100)),
    (2, line("route", "--json", "git status")),
    (1, line("ask", "--no-cache", "--provider", "knowledge", "list files by size")),
    (1, line("history", "search", "make")),
)


def requests(daemon: Daemon, chance: random.Random, count: int) -> None:
    weights, kinds = zip(*KINDS, strict=True)
    codecs: Sequence[type[Codec]] = (NativeCodec, JsonLinesCodec, ContentLengthCodec)
    for _ in range(count // A_CONNECTION):
        with daemon.caller(chance.choice(codecs)()) as caller:
            for ask in chance.choices(kinds, weights, k=A_CONNECTION):
                ask(caller)


def at_rest(daemon: Daemon) -> dict[str, int]:
    """Return what the daemon has once nobody but us is there."""
    eventually(lambda: daemon.status()["connections"] == 1, "every connection to be let go")
    with daemon.caller() as caller:
        card = caller.call("status", {"full": True})
    house = {name: card["house"][name] for name in ("tasks", "threads")}
    return {"rss_kib": card["rss_kib"], "open_files": daemon.open_files(), **house}


def more_than(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Name what there is more of than the few that are opened late: a leak of any request would be thousands."""
    return [name for name in ("open_files", "tasks", "threads") if after[name] > before[name] + FEW]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running("--set", "log.level=warning", plugins={"patience": PATIENCE, "keep": KEEP}) as daemon:
        yield daemon


def test_memory_descriptors_and_tasks_stay_flat(daemon: Daemon) -> None:
    chance = random.Random(20261201)
    requests(daemon, chance, WARM)
    before = at_rest(daemon)
    requests(daemon, chance, REQUESTS - WARM)
    # What a request has left to be done in a moment may be under way at a look, but not at all of them.
    with contextlib.suppress(AssertionError):
        eventually(lambda: not more_than(before, at_rest(daemon)), "no more than before", deadline_s=30.0)
    after = at_rest(daemon)
    print(json.dumps({"requests": REQUESTS, "before": before, "after": after}))
    assert after["rss_kib"] <= before["rss_kib"] * GROWTH, (before, after)
    assert not more_than(before, after), (before, after)
    assert daemon.status()["in_flight"] == 0
