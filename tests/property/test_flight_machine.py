"""Flights under any order of joining, reading, leaving, arriving and failing."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from isaacd.ai.chat import Finish, TextDelta
from isaacd.ai.router import AnswerStream
from isaacd.errors import ProviderUnavailable
from tests.fake_kind import FINISH, Step
from tests.fake_time import settle
from tests.router_house import RouterHouse


class Reader:
    """One asker: its stream, what it has read, and the read that is under way."""

    def __init__(self, stream: AnswerStream) -> None:
        self.stream = stream
        self.text = ""
        self.reading: asyncio.Task[None] | None = None
        self.ended = ""

    async def read(self) -> None:
        try:
            piece = await anext(self.stream)
        except ProviderUnavailable:
            self.ended = "failed"
        except StopAsyncIteration:
            self.ended = "whole"
        else:
            self.text += piece.text if isinstance(piece, TextDelta) else ""
            if isinstance(piece, Finish):
                assert self.stream.answer is not None
                assert self.stream.answer.text == self.text


class FlightMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.home = tempfile.TemporaryDirectory()
        self.feed: asyncio.Queue[Step] = self.runner.run(self.queue())
        self.house = self.runner.run(self.build())
        self.readers: list[Reader] = []
        self.sent = ""

    async def queue(self) -> "asyncio.Queue[Step]":
        return asyncio.Queue()

    async def build(self) -> RouterHouse:
        return RouterHouse(Path(self.home.name), strategy="single")

    def run(self, rounds: int = 30) -> None:
        self.runner.run(settle(rounds))

    def calls_running(self) -> int:
        return self.house.running()

    @rule()
    def join(self) -> None:
        async def begin() -> None:
            if not self.calls_running():
                # A new call begins: it gives what the test will feed it.
                self.sent = ""
                self.gate = asyncio.Event()
                self.script: list[Step] = [TextDelta("0"), self.gate]
                self.sent = "0"
                self.house.kind.plays["a"] = self.script
                if "a" in self.house.kind.made:
                    self.house.kind.made["a"].script = self.script
            reader = Reader(self.house.router.stream("why?"))
            reader.reading = asyncio.create_task(reader.read())
            self.readers.append(reader)

        self.readers = [reader for reader in self.readers if not reader.ended]
        self.runner.run(begin())
        self.run()
        assert self.calls_running() == 1

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.readers))

        async def go() -> None:
            if reader.reading is None or reader.reading.done():
                reader.reading = asyncio.create_task(reader.read())

        self.runner.run(go())
        self.run()

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.remove(reader)

        async def go() -> None:
            if reader.reading is not None and not reader.reading.done():
                reader.reading.cancel()
                await asyncio.wait([reader.reading])
            await reader.stream.aclose()

        self.runner.run(go())
        alive = [item for item in self.readers if not item.ended]
        assert self.calls_running() == (1 if alive and self.unfinished() else 0)

    def unfinished(self) -> bool:
        return not any(isinstance(step, Finish | Exception) for step in self.script)

    @precondition(lambda self: self.calls_running())
    @rule(text=st.sampled_from(["x", "yz"]), end=st.sampled_from(["", "", "", "whole", "failed"]))
    def arrive(self, text: str, end: str) -> None:
        gate, self.gate = self.gate, asyncio.Event()
        self.script.append(TextDelta(text))
        self.sent += text
        if end:
            self.script.append(FINISH if end == "whole" else ProviderUnavailable("down"))
        else:
            self.script.append(self.gate)
        gate.set()
        self.run()
        if end:
            assert self.calls_running() == 0
            self.finish_all(end)

    def finish_all(self, end: str) -> None:
        async def rest(reader: Reader) -> None:
            if reader.reading is not None:
                await reader.reading
            while not reader.ended:
                await reader.read()

        for reader in self.readers:
            self.runner.run(rest(reader))
            assert reader.ended == end
            assert reader.text == self.sent
            assert (reader.stream.answer is not None) == (end == "whole")
        claims = [reader.stream.claim() for reader in self.readers]
        assert sum(claims) == min(1, len(claims))
        self.readers.clear()

    def teardown(self) -> None:
        for reader in list(self.readers):
            self.runner.run(self.part(reader))
        assert self.calls_running() == 0
        assert len(self.house.meter.settled) == len(self.house.meter.calls)
        self.runner.run(self.house.router.aclose())
        self.runner.close()
        self.home.cleanup()

    async def part(self, reader: Reader) -> None:
        if reader.reading is not None and not reader.reading.done():
            reader.reading.cancel()
            await asyncio.wait([reader.reading])
        await reader.stream.aclose()


FlightMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestFlight = FlightMachine.TestCase
