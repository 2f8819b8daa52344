"""Law: whatever is published and exchanged in between, each handler gets each of its events once, in order."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.context import Event
from isaacd.log import open_log
from isaacd.plugin.bus import Bus
from isaacd.plugin.unasked import Subscriber
from tests.fakes import FakeClock

NAMES = ("a.x", "a.y", "b.x")
Key = tuple[str, str, str]
HANDLERS = st.sets(
    st.tuples(st.sampled_from(["p", "q"]), st.sampled_from(NAMES), st.sampled_from(["one", "two"])),
    max_size=6,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(NAMES)),
        st.tuples(st.just("exchange"), st.sampled_from(["p", "q"])),
        st.tuples(st.just("turns"), st.integers(1, 5)),
        st.tuples(st.just("start"), st.none()),
    ),
    max_size=40,
)


class Ears:
    """Handlers that write down what they hear, take their time, and now and then fail."""

    def __init__(self, keys: set[Key], random: Random) -> None:
        self.keys = keys
        self.heard: dict[Key, list[object]] = {key: [] for key in keys}
        self._random = random

    def subscribers(self, plugin: str) -> list[Subscriber]:
        """Make new handlers of a plugin, each under the name of an old one."""
        return [
            Subscriber(plugin=plugin, name=key[2], event=key[1], call=self._handler(key), timeout_s=30.0)
            for key in self.keys
            if key[0] == plugin
        ]

    def _handler(self, key: Key) -> Callable[[Event], Awaitable[None]]:
        async def handle(event: Event) -> None:
            for _ in range(self._random.randrange(3)):
                await anyio.lowlevel.checkpoint()
            self.heard[key].append(event.data["n"])
            if self._random.random() < 0.2:
                raise RuntimeError

        return handle


@settings(max_examples=100)
@given(HANDLERS, STEPS, st.randoms(use_true_random=False))
def test_each_handler_gets_each_event_once_and_in_order(
    keys: set[Key], steps: list[Any], random: Random
) -> None:
    ears = Ears(keys, random)
    published = anyio.run(_play, ears, steps)
    assert ears.heard == {key: [number for number, name in published if name == key[1]] for key in keys}


async def _play(ears: Ears, steps: list[Any]) -> list[tuple[int, str]]:
    """Do all steps, let everybody finish, and return what was published."""
    bus = Bus(FakeClock(), open_log(Path("/dev/null")))
    published = []
    started = False
    async with anyio.create_task_group() as group:
        for plugin in ("p", "q"):
            bus.replace(plugin, ears.subscribers(plugin))
        for number, (what, given_) in enumerate([*steps, ("start", None)]):
            if what == "publish":
                bus.publish(given_, {"n": number})
                published.append((number, given_))
            elif what == "exchange":
                bus.replace(given_, ears.subscribers(given_))
            elif what == "turns":
                for _ in range(given_):
                    await anyio.lowlevel.checkpoint()
            elif not started:
                started = True
                bus.start(group.start_soon)
        await bus.drained()
    return published
