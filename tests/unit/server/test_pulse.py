"""What blocks the event loop is named while it does, and only that."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from isaacd.log import Log, open_log
from isaacd.server.pulse import Pulse

PLUGIN = """
def work(inside):
    inside()
"""
HERE = "/house/isaac_plugins/slow.py"
DEADLINE_S = 60


def _plugin() -> Callable[[Callable[[], object]], None]:
    names: dict[str, Any] = {}
    exec(compile(PLUGIN, HERE, "exec"), names)
    return names["work"]  # type: ignore[no-any-return]


class Loop:
    """An event loop in a thread of its own, with a pulse that is felt from the test's thread."""

    def __init__(self, log: Log, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.pulse: Pulse
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(log, make))
        self._thread.start()
        assert self._ready.wait(DEADLINE_S)

    def _run(self, log: Log, make: Callable[[], asyncio.AbstractEventLoop]) -> None:
        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            owner = lambda file: "slow" if file == HERE else ""  # noqa: E731
            self.pulse = Pulse(self.loop, owner, log, blocked_s=0.05)
            self._ready.set()
            await self._end.wait()

        with asyncio.Runner(loop_factory=make) as runner:
            runner.run(main())

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(DEADLINE_S)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = open_log(tmp_path / "log")
    yield log
    log.close()


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def loop(log: Log, request: pytest.FixtureRequest) -> Iterator[Loop]:
    loop = Loop(log, request.param)
    yield loop
    loop.end()


def told(log: Log) -> list[dict[str, Any]]:
    file = Path(log.place)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def held(loop: Loop, begin: Callable[[Callable[[], object]], None]) -> threading.Event:
    """Have the loop wait in vain, until the event that is returned is set."""
    entered, release = threading.Event(), threading.Event()

    def inside() -> None:
        entered.set()
        assert release.wait(DEADLINE_S)

    loop.loop.call_soon_threadsafe(begin, inside)
    assert entered.wait(DEADLINE_S)
    return release


def look(loop: Loop, log: Log, release: threading.Event) -> list[dict[str, Any]]:
    """Look once, and let the loop go as soon as something was said."""
    looking = threading.Thread(target=loop.pulse.look)
    looking.start()
    while not told(log):
        looking.join(0.01)
    release.set()
    looking.join(DEADLINE_S)
    assert not looking.is_alive()
    return told(log)


def test_a_plugin_that_blocks_the_loop_is_named_with_its_place_and_then_its_end(loop: Loop, log: Log) -> None:
    blocked, free = look(loop, log, held(loop, _plugin()))
    assert blocked["event"] == "event loop blocked"
    assert blocked["level"] == "error"
    assert blocked["plugin"] == "slow"
    assert blocked["place"] == f"work ({HERE}:3)"
    assert "wait" in blocked["inside"]
    assert free["event"] == "event loop free again"
    assert free["after_s"] >= 0


def test_what_is_no_plugin_is_told_by_its_place_alone(loop: Loop, log: Log) -> None:
    blocked, _ = look(loop, log, held(loop, lambda inside: inside()))
    assert "plugin" not in blocked
    assert "threading.py" in blocked["place"]


def test_a_loop_that_waits_for_something_to_do_is_not_even_woken(loop: Loop, log: Log) -> None:
    woken: list[object] = []
    asked = loop.loop.call_soon_threadsafe
    done = threading.Event()
    asked(done.set)
    assert done.wait(DEADLINE_S)
    loop.pulse._loop = type("Counting", (), {"call_soon_threadsafe": lambda self, what: woken.append(what)})()  # type: ignore[assignment]
    while not loop.pulse._rests():  # it has answered, and goes to rest in a moment
        pass
    loop.pulse.look()
    assert not woken
    assert not told(log)


def test_a_loop_that_works_hard_and_answers_is_not_accused(loop: Loop, log: Log) -> None:
    spin = True

    def work() -> None:
        if spin:
            loop.loop.call_soon(work)

    loop.loop.call_soon_threadsafe(work)
    for _ in range(20):
        loop.pulse._blocked_s = DEADLINE_S
        loop.pulse.look()
    spin = False
    assert not told(log)


def test_a_thread_that_wakes_late_accuses_only_a_plugin(loop: Loop, log: Log) -> None:
    release = held(loop, lambda inside: inside())
    loop.pulse._woke_late(5.0)
    assert not told(log)
    release.set()
    release = held(loop, _plugin())
    loop.pulse._woke_late(5.0)
    release.set()
    (blocked,) = told(log)
    assert (blocked["event"], blocked["plugin"], blocked["for_s"]) == ("interpreter blocked", "slow", 5.0)


def test_a_loop_that_was_closed_is_no_longer_asked(log: Log) -> None:
    loop = Loop(log, asyncio.new_event_loop)
    loop.end()
    loop.pulse._looked_at = threading.get_ident()  # somebody works on, and nobody can be asked
    loop.pulse.look()
    assert not told(log)
