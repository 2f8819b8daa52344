"""Chat completions turned into pieces."""

import json
from typing import Any

import pytest

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.protocol.chat_answer import ChatDecoder
from isaacd.errors import ProviderUnavailable
from tests.fake_faults import FakeFaults


def pieces(*events: dict[str, Any], states_cost: bool = False) -> list[Piece]:
    decoder = ChatDecoder("m", FakeFaults(), states_cost=states_cost)
    found: list[Piece] = []
    for event in events:
        found += decoder.receive(json.dumps(event).encode())
    return [*found, *decoder.finish()]


def fragment(
    index: int | None, identity: str | None = None, name: str | None = None, arguments: Any = None
) -> Any:
    function = {"name": name, "arguments": arguments}
    call = {"index": index, "id": identity, "type": "function", "function": function}
    return {"choices": [{"delta": {"tool_calls": [call]}}]}


def ended(reason: str | None = "tool_calls", **more: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {}, "finish_reason": reason}], **more}


def calls(found: list[Piece]) -> list[ToolCall]:
    return [piece for piece in found if isinstance(piece, ToolCall)]


def test_fragments_of_calls_that_mix_become_whole_calls_in_order() -> None:
    found = pieces(
        fragment(0, "a", "one", ""),
        fragment(1, "b", "two", "{"),
        fragment(0, None, None, '{"x"'),
        fragment(1, None, None, "}"),
        fragment(0, None, None, ":1}"),
        ended(),
    )
    assert found[:2] == [ToolCall("a", "one", '{"x":1}'), ToolCall("b", "two", "{}")]
    assert isinstance(found[2], Finish)
    assert found[2].reason == "tool_calls"


def test_calls_without_an_index_are_told_apart_by_their_ids() -> None:
    for index in (None, 0):
        found = pieces(fragment(index, "a", "one", "{}"), fragment(index, "b", "two", '{"y":2}'), ended())
        assert calls(found) == [ToolCall("a", "one", "{}"), ToolCall("b", "two", '{"y":2}')]


def test_a_call_without_id_or_arguments_is_still_one() -> None:
    assert calls(pieces(fragment(0, None, "now"), ended())) == [ToolCall("call_0", "now", "{}")]


def test_arguments_may_come_as_an_object() -> None:
    assert calls(pieces(fragment(0, "a", "f", {"x": 1}), ended())) == [ToolCall("a", "f", '{"x":1}')]


def test_a_name_that_is_repeated_counts_once() -> None:
    found = pieces(fragment(0, "a", "f", "{"), fragment(0, "a", "f", "}"), ended())
    assert calls(found) == [ToolCall("a", "f", "{}")]


def test_the_older_form_of_a_call_is_understood() -> None:
    message = {"content": None, "function_call": {"name": "f", "arguments": "{}"}}
    found = pieces({"choices": [{"message": message, "finish_reason": "function_call"}]})
    assert calls(found) == [ToolCall("call_0", "f", "{}")]
    assert found[-1] == Finish(reason="tool_calls", raw_reason="function_call", model="m")


def test_an_answer_that_calls_a_tool_ends_for_that_reason_whatever_it_says() -> None:
    finish = pieces(fragment(0, "a", "f", "{}"), ended("stop"))[-1]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.raw_reason) == ("tool_calls", "stop")


def test_calls_come_after_the_text_and_the_thoughts() -> None:
    found = pieces(
        {"choices": [{"delta": {"reasoning": "hm"}}]},
        {"choices": [{"delta": {"content": "so"}}]},
        fragment(0, "a", "f", "{}"),
        ended(),
    )
    assert [type(piece) for piece in found] == [ReasoningDelta, TextDelta, ToolCall, Finish]


def test_thinking_tags_in_the_text_are_text() -> None:
    found = pieces({"choices": [{"message": {"content": "<think>a</think>b"}, "finish_reason": "stop"}]})
    assert found[0] == TextDelta("<think>a</think>b")


@pytest.mark.parametrize(
    ("tokens", "usage"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            Usage(100, 20, cached_tokens=60, reasoning_tokens=5, cache_write_tokens=30),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4},
            Usage(9, 1, cached_tokens=4),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 2,
                "total_tokens": 42,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(10, 32, reasoning_tokens=30),
        ),
    ],
    ids=["openai", "deepseek", "xai"],
)
def test_tokens_are_counted_the_same_way_whoever_counts(tokens: dict[str, Any], usage: Usage) -> None:
    finish = pieces(ended("stop"), {"choices": [], "usage": tokens})[-1]
    assert isinstance(finish, Finish)
    assert finish.usage == usage


def test_tokens_that_come_in_a_service_s_own_place_are_found() -> None:
    finish = pieces(ended("stop", x_groq={"usage": {"prompt_tokens": 3, "completion_tokens": 4}}))[-1]
    assert isinstance(finish, Finish)
    assert finish.usage == Usage(3, 4)


@pytest.mark.parametrize(
    ("stated", "cost"),
    [
        ({"cost": 0.25}, 0.25),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, 0.21),
        ({"cost": {"total_cost": 0.5}}, 0.5),
        ({"cost_in_usd_ticks": 12_500_000_000}, 1.25),
        ({"cost": "much"}, None),
        ({"cost": -1}, None),
        ({}, None),
    ],
)
def test_a_stated_price_is_believed_only_of_those_that_document_it(
    stated: dict[str, Any], cost: float | None
) -> None:
    tokens = {"prompt_tokens": 1, "completion_tokens": 1, **stated}
    believed, not_believed = (
        pieces(ended("stop", usage=tokens), states_cost=known)[-1] for known in (True, False)
    )
    assert isinstance(believed, Finish)
    assert isinstance(not_believed, Finish)
    assert believed.usage is not None
    assert believed.usage.cost_usd == (None if cost is None else pytest.approx(cost))
    assert not_believed.usage is not None
    assert not_believed.usage.cost_usd is None


def test_an_end_without_a_reason_is_no_end() -> None:
    with pytest.raises(ProviderUnavailable):
        pieces({"choices": [{"delta": {"content": "x"}}]})


def test_an_error_of_the_one_choice_is_told() -> None:
    with pytest.raises(ProviderUnavailable, match="upstream broke"):
        pieces({"choices": [{"delta": {}, "error": {"message": "upstream broke", "code": 502}}]})


def test_an_end_after_nothing_is_no_answer() -> None:
    decoder = ChatDecoder("m", FakeFaults())
    decoder.receive(b"[DONE]")
    assert decoder.done
    with pytest.raises(ProviderUnavailable):
        decoder.finish()
