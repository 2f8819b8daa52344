"""Laws of events: each once to each handler, in order, and no handler's trouble is another's."""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from isaacd.context import Event
from isaacd.errors import PluginFailed
from isaacd.log import Log, open_log
from isaacd.plugin.bus import MAX_WAITING, Bus
from isaacd.plugin.unasked import Subscriber
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def log(file: Path) -> Log:
    return open_log(file)


def written(file: Path) -> str:
    return file.read_text().replace(" ", "")


def to(
    call: Callable[[Event], Awaitable[object]],
    *,
    plugin: str = "p",
    name: str = "handler",
    event: str = "notes.added",
    timeout_s: float = 30.0,
) -> Subscriber:
    return Subscriber(plugin=plugin, name=name, event=event, call=call, timeout_s=timeout_s)


async def test_an_event_comes_once_to_each_handler_and_in_order(log: Log) -> None:
    bus = Bus(FakeClock(), log)
    heard: dict[str, list[object]] = {"a": [], "b": [], "c": []}

    def hear(name: str) -> Callable[[Event], Awaitable[None]]:
        async def handler(event: Event) -> None:
            await anyio.lowlevel.checkpoint()
            heard[name].append(event.data["n"])

        return handler

    bus.replace("p", [to(hear("a"), name="a"), to(hear("b"), name="b")])
    bus.replace("q", [to(hear("c"), plugin="q", event="notes.gone")])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        for number in range(20):
            bus.publish("notes.added", {"n": number})
        await bus.drained()
    assert heard == {"a": [*range(20)], "b": [*range(20)], "c": []}


async def test_what_happens_before_the_start_is_told_after_it(log: Log) -> None:
    bus = Bus(FakeClock(now=5.0), log)
    heard: list[Event] = []

    async def handler(event: Event) -> None:
        heard.append(event)

    bus.replace("p", [to(handler)])
    bus.publish("notes.added", {"n": 1})
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        await bus.drained()
    assert heard == [Event("notes.added", {"n": 1}, 5.0)]


async def test_a_handler_that_fails_is_logged_with_its_plugin_and_gets_the_next_event(
    log: Log, file: Path
) -> None:
    bus = Bus(FakeClock(), log)
    heard = []

    async def bad(event: Event) -> None:
        heard.append(event.data["n"])
        if event.data["n"] == 0:
            raise ValueError("broken")
        if event.data["n"] == 1:
            raise SystemExit(3)

    async def good(event: Event) -> None:
        heard.append(event.data["n"])

    bus.replace("bad", [to(bad, plugin="bad")])
    bus.replace("good", [to(good, plugin="good")])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        for number in range(3):
            bus.publish("notes.added", {"n": number})
        await bus.drained()
    assert sorted(heard) == [0, 0, 1, 1, 2, 2]
    text = written(file)
    assert text.count('"event":"eventhandlerfailed"') == 2
    assert '"bad"' in text
    assert "broken" in text


async def test_a_handler_that_takes_too_long_is_cancelled_and_holds_up_nobody(log: Log, file: Path) -> None:
    bus = Bus(FakeClock(), log)
    heard = anyio.Event()
    started = []

    async def slow(event: Event) -> None:
        started.append(event)
        await anyio.sleep_forever()

    async def quick(event: Event) -> None:
        heard.set()

    bus.replace("slow", [to(slow, plugin="slow", timeout_s=0.01)])
    bus.replace("quick", [to(quick, plugin="quick")])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        bus.publish("notes.added", {})
        bus.publish("notes.added", {})
        await heard.wait()
        await bus.drained()
    assert len(started) == 2
    assert written(file).count("tooktoolong") == 2


async def test_each_handler_has_its_own_copy_of_the_data(log: Log) -> None:
    bus = Bus(FakeClock(), log)
    heard: list[object] = []

    async def spoil(event: Event) -> None:
        heard.append(dict(event.data))
        event.data.clear()

    bus.replace("p", [to(spoil, name="a"), to(spoil, name="b")])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        bus.publish("notes.added", {"n": (1, 2)})
        await bus.drained()
    assert heard == [{"n": [1, 2]}] * 2


async def test_a_handler_that_is_behind_loses_the_oldest_events_and_it_is_said(log: Log, file: Path) -> None:
    bus = Bus(FakeClock(), log)
    heard = []

    async def handler(event: Event) -> None:
        heard.append(event.data["n"])

    bus.replace("p", [to(handler)])
    for number in range(MAX_WAITING + 3):
        bus.publish("notes.added", {"n": number})
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        await bus.drained()
    assert heard == [*range(3, MAX_WAITING + 3)]
    assert '"count":3' in written(file)


async def test_a_handler_that_is_exchanged_leaves_its_waiting_events_to_the_new_one(log: Log) -> None:
    bus = Bus(FakeClock(), log)
    heard = []
    go = anyio.Event()

    async def old(event: Event) -> None:
        await go.wait()
        heard.append(("old", event.data["n"]))

    async def new(event: Event) -> None:
        heard.append(("new", event.data["n"]))

    bus.replace("p", [to(old)])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        bus.publish("notes.added", {"n": 1})
        bus.publish("notes.added", {"n": 2})
        await anyio.wait_all_tasks_blocked()
        bus.replace("p", [to(new)])
        bus.publish("notes.added", {"n": 3})
        go.set()
        await bus.drained()
        bus.replace("p", [])
        bus.publish("notes.added", {"n": 4})
        await bus.drained()
    assert heard == [("old", 1), ("new", 2), ("new", 3)]


async def test_an_event_may_be_published_in_any_thread(log: Log) -> None:
    bus = Bus(FakeClock(), log)
    heard = anyio.Event()
    where = []

    async def handler(event: Event) -> None:
        where.append(threading.current_thread())
        heard.set()

    bus.replace("p", [to(handler)])
    async with anyio.create_task_group() as group:
        bus.start(group.start_soon)
        await anyio.to_thread.run_sync(bus.publish, "notes.added", {})
        await heard.wait()
    assert where == [threading.main_thread()]


async def test_data_that_cannot_be_sent_is_refused_where_it_is_published(log: Log) -> None:
    bus = Bus(FakeClock(), log)

    async def handler(event: Event) -> None:
        raise AssertionError

    bus.replace("p", [to(handler)])
    for data in ({"n": object()}, {"n": 2**70}, {1: "a key that is no text"}):
        with pytest.raises(PluginFailed, match=r"notes\.added cannot be sent"):
            bus.publish("notes.added", data)  # type: ignore[arg-type]
    bus.publish("nobody.listens", {"n": object()})
