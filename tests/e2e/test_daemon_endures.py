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
from tests.http_client import HttpClient

REQUESTS = int(os.environ.get("ISAAC_REQUESTS", "8000"))
IS_LONG = REQUESTS >= 100_000
WARM = 10_000 if IS_LONG else REQUESTS // 2
GROWTH = 1.02 if IS_LONG else 1.05
A_CONNECTION = 100
FEW = 2
EACH = 10

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
def warn(context: Context) -> None:
    """Write a line into the log."""
    context.log.warning("warm")

@plugin.command
async def count(context: Context, to: int) -> AsyncIterator[str]:
    """Stream."""
    for number in range(to):
        yield str(number)
'''

ODD = '''
import gc
from collections import Counter
from collections.abc import AsyncIterator

import anyio

from isaacd.api import (
    ChatRequest, Context, Finish, Host, Piece, Plugin, ProviderConfig, ProviderUnavailable, TextDelta,
)

plugin = Plugin("odd", summary="Answers, fails, breaks off and waits; counts what only a collector finds.")

@plugin.provider
class Odd:
    """Does what it is asked for."""

    kind = "odd"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer, or do not."""
        wanted = request.messages[-1].content
        if wanted == "fail":
            raise ProviderUnavailable("it failed")
        yield TextDelta(text="well")
        if wanted == "break":
            raise ProviderUnavailable("it broke")
        if wanted == "wait":
            await anyio.sleep_forever()
        yield Finish(reason="stop", model="odd-1")

    async def aclose(self) -> None:
        """Nothing is held open."""

@plugin.command
def found(context: Context) -> dict[str, int]:
    """Say what is in cycles since the last time, by its type."""
    gc.collect()
    found = Counter(type(item).__qualname__ for item in gc.garbage)
    gc.garbage.clear()
    gc.set_debug(0)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    return dict(found)
'''
HOUSE = {"patience": PATIENCE, "keep": KEEP}
ODD_CONFIG = """
[ai.retry]
max_attempts = 1
[ai.breaker]
failures = 1000
[ai.providers.odd]
kind = "odd"
model = "odd-1"
"""


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


def left(caller: Caller) -> None:
    """Cancel a question whose provider has begun to answer."""
    number = caller.ask("ask", {"question": "wait", "provider": "odd", "_meta": {"stream": True}})
    assert (caller.next() or ("nothing",))[0] == "event"
    caller.notify("cancel", number)
    assert caller.answer(number)[0] == "error"


def over_http(daemon: Daemon, question: str, **more: object) -> None:
    with HttpClient(daemon.connect()) as client:
        client.chat(question, **more)


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
        files = daemon.open_files()
    house = {name: card["house"][name] for name in ("tasks", "threads")}
    return {"rss_kib": card["rss_kib"], "open_files": files, **house}


def more_than(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Name what there is more of than the few that are opened late: a leak of any request would be thousands."""
    return [name for name in ("open_files", "tasks", "threads") if after[name] > before[name] + FEW]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running("--set", "log.level=warning", plugins=HOUSE) as daemon:
        yield daemon


def test_memory_descriptors_and_tasks_stay_flat(daemon: Daemon) -> None:
    chance = random.Random(20261201)
    with daemon.caller() as caller:
        # What writes the log is imported with its first line: on a busy machine a daemon may have one to write later.
        caller.call("keep.warn")
    requests(daemon, chance, WARM)
    before = at_rest(daemon)
    requests(daemon, chance, REQUESTS - WARM)
    # What a request has left to be done in a moment may be under way at a look, but not at all of them.
    with contextlib.suppress(AssertionError):
        eventually(lambda: not more_than(before, at_rest(daemon)), "no more than before")
    after = at_rest(daemon)
    print(json.dumps({"requests": REQUESTS, "before": before, "after": after}))
    assert after["rss_kib"] <= before["rss_kib"] * GROWTH, (before, after)
    assert not more_than(before, after), (before, after)
    assert daemon.status()["in_flight"] == 0


def test_nothing_that_is_asked_waits_for_the_collector_of_cycles() -> None:
    """What is in a cycle stays until the collector looks at everything, which is after thousands of requests."""
    asked = {"provider": "odd", "cache": False}
    with running("--set", "log.level=warning", config=ODD_CONFIG, plugins=HOUSE | {"odd": ODD}) as daemon:
        kinds: list[Callable[[Caller], None]] = [
            *(kind for _, kind in KINDS),
            answers("ask", {"question": "well", **asked}),
            fails("ask", {"question": "fail", **asked}),
            fails("ask", {"question": "break", **asked}),
            left,
            lambda _: daemon.ping(),
            lambda _: over_http(daemon, "well", model="odd/odd-1"),
            lambda _: over_http(daemon, "well", model="odd/odd-1", stream=True),
            lambda _: over_http(daemon, "fail", model="odd/odd-1"),
            lambda _: over_http(daemon, "well", model="nobody's"),
        ]
        with daemon.caller() as caller:
            for ask in kinds:  # so that all is imported and made that is made once
                ask(caller)
            caller.call("odd.found")
            for ask in kinds:
                for _ in range(EACH):
                    ask(caller)
                found = caller.call("odd.found")
                # Fewer than one of each is what was made once, or meanwhile, and not by what was asked.
                assert max(found.values(), default=0) < EACH, (kinds.index(ask), found)
