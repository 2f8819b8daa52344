"""The loop of tools: ask, call, ask again, to a limit, and in the end one whole answer."""

import anyio
import pytest

from isaacd.ai.chat import Answer, Finish, Message, Piece, Reasoning, TextDelta, Tool, ToolCall, Usage
from isaacd.ai.toolloop import MAX_CALLS_AT_ONCE, MAX_CALLS_PER_ROUND, ToolLoop, total
from isaacd.errors import BudgetExceeded, ProviderUnavailable
from tests.fake_model import FakeModel, Said
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio
LOOK = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
QUESTION = Message("user", "what is there?")


class FakeTools:
    """Tools that remember their calls; those whose names begin with `write` have to run alone."""

    definitions = (LOOK,)

    def __init__(self) -> None:
        self.called: list[ToolCall] = []
        self.running = 0
        self.most = 0
        self.gate: anyio.Event | None = None
        self.started = anyio.Event()

    def independent(self, call: ToolCall) -> bool:
        return not call.name.startswith("write")

    async def call(self, call: ToolCall) -> Message:
        self.called.append(call)
        self.running += 1
        self.most = max(self.most, self.running)
        self.started.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
            await anyio.lowlevel.checkpoint()
        finally:
            self.running -= 1
        return Message("tool", f"result of {call.name}", tool_call_id=call.id)


class Bench:
    def __init__(self, *rounds: Said, max_rounds: int = 8) -> None:
        self.model = FakeModel(*rounds)
        self.tools = FakeTools()
        self.clock = FakeClock()
        self.said: list[str] = []
        self.loop = ToolLoop(
            self.model, [QUESTION], self.tools, max_rounds=max_rounds, clock=self.clock, say=self._say
        )

    async def _say(self, text: str) -> None:
        self.said.append(text)

    async def run(self) -> tuple[list[Piece], Answer]:
        async with self.loop as stream:
            pieces = [piece async for piece in stream]
        assert self.loop.answer is not None
        return pieces, self.loop.answer


def calls(*names: str) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(f"id-{index}", name, "{}") for index, name in enumerate(names))


async def test_an_answer_without_calls_is_the_answer() -> None:
    bench = Bench(Said(text="hi"))
    pieces, answer = await bench.run()
    assert [type(piece) for piece in pieces] == [TextDelta, TextDelta, Finish]
    assert (answer.text, answer.finish_reason, answer.cost_usd) == ("hi", "stop", 0.25)
    assert bench.loop.turns == [Message("assistant", "hi")]
    assert bench.model.asked == [((QUESTION,), (LOOK,), "auto")]
    assert bench.said == []


async def test_results_go_back_with_the_turn_that_asked_for_them() -> None:
    asked = calls("look", "look")
    bench = Bench(Said(text="Let me look.", calls=asked, thought="hm"), Said(text="Two."))
    await bench.run()
    assert bench.model.asked[1][0] == (
        QUESTION,
        Message("assistant", "Let me look.", tool_calls=asked, reasoning=(Reasoning("hm", "seal", "fake"),)),
        Message("tool", "result of look", tool_call_id="id-0"),
        Message("tool", "result of look", tool_call_id="id-1"),
    )
    assert bench.loop.turns == [*bench.model.asked[1][0][1:], Message("assistant", "Two.")]
    assert bench.loop.last_text == "Two."


async def test_the_text_of_all_rounds_is_streamed_and_is_the_answer() -> None:
    bench = Bench(Said(text="One.", calls=calls("look")), Said(calls=calls("look")), Said(text="Two."))
    pieces, answer = await bench.run()
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == "One.\n\nTwo."
    assert answer.text == "One.\n\nTwo."
    assert [type(piece) for piece in pieces].count(Finish) == 1
    assert sum(isinstance(piece, ToolCall) for piece in pieces) == 2


async def test_usage_cost_and_attempts_are_those_of_all_rounds() -> None:
    bench = Bench(Said(calls=calls("look")), Said(text="x"))
    pieces, answer = await bench.run()
    assert answer.usage == Usage(input_tokens=20, output_tokens=4)
    assert isinstance(pieces[-1], Finish)
    assert pieces[-1].usage == answer.usage
    assert (answer.cost_usd, len(answer.attempts), answer.tool_calls) == (0.5, 2, ())


async def test_one_unknown_price_makes_the_sum_unknown() -> None:
    bench = Bench(Said(calls=calls("look"), cost_usd=None, usage=None), Said(text="x"))
    _, answer = await bench.run()
    assert answer.cost_usd is None
    assert answer.usage == Usage(input_tokens=10, output_tokens=2)
    stated = Usage(input_tokens=1, cost_usd=0.5)
    assert total([stated, stated]).cost_usd == 1.0
    assert total([stated, Usage()]).cost_usd is None


@pytest.mark.parametrize("max_rounds", [1, 2, 5])
async def test_a_model_that_never_stops_calling_has_to_answer_in_the_end(max_rounds: int) -> None:
    bench = Bench(Said(text="more", calls=calls("look")), max_rounds=max_rounds)
    pieces, answer = await bench.run()
    assert [choice for _, _, choice in bench.model.asked] == ["auto"] * max_rounds + ["none"]
    assert len(bench.tools.called) == max_rounds
    assert len(bench.said) == 1
    assert "limit" in bench.said[0]
    assert sum(isinstance(piece, ToolCall) for piece in pieces) == max_rounds
    assert bench.loop.turns[-1] == Message("assistant", "more")  # the calls that were not made are not in it
    assert answer.tool_calls == ()


async def test_calls_run_in_order_and_those_that_only_read_side_by_side() -> None:
    bench = Bench(Said(calls=calls("a", "b", "write1", "write2", "c")), Said(text="x"))
    bench.tools.gate = anyio.Event()

    async with anyio.create_task_group() as group:
        group.start_soon(bench.run)
        with anyio.fail_after(90):
            while bench.tools.running < 2:
                await anyio.lowlevel.checkpoint()
        assert [call.name for call in bench.tools.called] == ["a", "b"]
        bench.tools.gate.set()
    assert [call.name for call in bench.tools.called] == ["a", "b", "write1", "write2", "c"]
    assert bench.tools.most == 2
    results = [turn.content for turn in bench.loop.turns if turn.role == "tool"]
    assert results == [f"result of {name}" for name in ("a", "b", "write1", "write2", "c")]


async def test_a_flood_of_calls_is_bounded() -> None:
    flood = calls(*["look"] * (MAX_CALLS_PER_ROUND + 50))
    bench = Bench(Said(calls=flood), Said(text="x"))
    await bench.run()
    assert len(bench.tools.called) == MAX_CALLS_PER_ROUND
    assert bench.tools.most <= MAX_CALLS_AT_ONCE
    results = [turn for turn in bench.loop.turns if turn.role == "tool"]
    assert [turn.tool_call_id for turn in results] == [call.id for call in flood]  # each has its answer
    assert sum(turn.is_error for turn in results) == 50


async def test_every_call_gets_an_id_of_its_own() -> None:
    same = (ToolCall("", "look"), ToolCall("x", "look"), ToolCall("x", "look"), ToolCall("call_4", "look"))
    bench = Bench(Said(calls=same), Said(calls=same), Said(text="x"))
    await bench.run()
    ids = [call.id for turn in bench.loop.turns for call in turn.tool_calls]
    assert len(set(ids)) == len(ids) == 8
    assert all(ids)
    assert ids == [turn.tool_call_id for turn in bench.loop.turns if turn.role == "tool"]


async def test_arguments_that_are_no_object_are_not_sent_back() -> None:
    bad = (ToolCall("a", "look", "{"), ToolCall("b", "look", "[]"), ToolCall("c", "look", '{"x": 1}'))
    bench = Bench(Said(calls=bad), Said(text="x"))
    await bench.run()
    assert [call.arguments for call in bench.loop.turns[0].tool_calls] == ["{}", "{}", '{"x": 1}']
    assert [call.arguments for call in bench.tools.called] == ["{", "[]", '{"x": 1}']


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_calls_of_an_answer_that_was_cut_short_are_not_made(reason: str) -> None:
    bench = Bench(Said(text="x", calls=calls("look"), reason=reason))
    _, answer = await bench.run()
    assert answer.finish_reason == reason
    assert bench.tools.called == []


@pytest.mark.parametrize("error", [ProviderUnavailable("broke off"), BudgetExceeded("enough for today")])
async def test_a_round_that_fails_fails_the_whole_and_calls_nothing(error: Exception) -> None:
    bench = Bench(Said(calls=calls("look")), Said(text="half", calls=calls("write"), error=error))  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        await bench.run()
    assert [call.name for call in bench.tools.called] == ["look"]
    assert bench.loop.answer is None
    assert bench.model.closed == 2


async def test_leaving_early_stops_the_model_and_calls_nothing() -> None:
    bench = Bench(Said(text="long", calls=calls("look")))
    async with bench.loop as stream:
        await anext(stream)
    assert bench.model.closed == 1
    assert bench.tools.called == []
    assert bench.loop.answer is None


async def test_cancelling_stops_the_tools_that_run() -> None:
    bench = Bench(Said(calls=calls("a", "b")), Said(text="x"))
    bench.tools.gate = anyio.Event()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(bench.run)
            with anyio.fail_after(90):
                await bench.tools.started.wait()
            scope.cancel()
    assert bench.tools.running == 0
    assert len(bench.model.asked) == 1


async def test_the_time_that_tools_take_counts() -> None:
    class Slow(FakeTools):
        async def call(self, call: ToolCall) -> Message:
            bench.clock.advance(2)
            return await super().call(call)

    bench = Bench(Said(calls=calls("look")), Said(text="x"))
    bench.loop._tools = Slow()
    _, answer = await bench.run()
    assert answer.elapsed_ms == 2000
