"""Responses turned into pieces."""

import json
from typing import Any

import pytest

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.protocol.responses_answer import ResponsesDecoder, read_response
from isaacd.errors import InvalidParams, IsaacError, ProviderUnavailable, RateLimited
from tests.fake_faults import FakeFaults


def pieces(*events: dict[str, Any], states_cost: bool = False) -> list[Piece]:
    decoder = ResponsesDecoder("m", FakeFaults(), states_cost=states_cost)
    found: list[Piece] = []
    for event in events:
        found += decoder.receive(json.dumps(event).encode())
    return [*found, *decoder.finish()]


def said(text: str, index: int = 0, kind: str = "output_text") -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": text, "sequence_number": 1}


def done(index: int = 0, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def completed(status: str = "completed", **response: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "response": {"status": status, "model": "m-1", **response}}


CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"x":1}'}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "gAAA",
    "status": None,
}
SPOKEN = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "so"}]}


def test_text_comes_as_it_is_written() -> None:
    found = pieces({"type": "response.created"}, said("a"), said(""), said("b"), completed())
    assert found == [
        TextDelta("a"),
        TextDelta("b"),
        Finish(reason="stop", raw_reason="completed", model="m-1"),
    ]


def test_a_call_is_given_when_it_is_whole() -> None:
    part = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"x"'}
    found = pieces(part, done(**CALL), completed(output=[CALL]))
    assert found == [
        ToolCall("c1", "f", '{"x":1}'),
        Finish(reason="tool_calls", raw_reason="completed", model="m-1"),
    ]


def test_thoughts_are_kept_apart_and_sealed_for_the_next_turn() -> None:
    found = pieces(
        said("h", kind="reasoning_summary_text"),
        said("m", kind="reasoning_summary_text"),
        {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 1},
        said("again", kind="reasoning_summary_text"),
        said("in full", kind="reasoning_text"),
        done(**THOUGHT),
        said("so", 1),
        completed(),
    )
    texts = [piece.text for piece in found if isinstance(piece, ReasoningDelta)]
    assert texts == ["h", "m", "\n\n", "again", ""]
    sealed = found[4]
    assert isinstance(sealed, ReasoningDelta)
    assert json.loads(sealed.signature) == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "gAAA",
        "id": "rs_1",
    }


def test_a_stream_of_nothing_but_the_end_holds_the_whole_answer() -> None:
    found = pieces(completed(output=[THOUGHT, SPOKEN, CALL]))
    assert [type(piece) for piece in found] == [ReasoningDelta, TextDelta, ToolCall, Finish]


def test_nothing_that_was_streamed_comes_again_at_the_end() -> None:
    found = pieces(
        said("hm", kind="reasoning_summary_text"),
        done(**THOUGHT),
        said("so", 1),
        done(1, **SPOKEN),
        done(2, **CALL),
        completed(output=[THOUGHT, SPOKEN, CALL]),
    )
    assert [type(piece) for piece in found] == [ReasoningDelta, ReasoningDelta, TextDelta, ToolCall, Finish]


def test_a_refusal_of_the_model_is_its_answer() -> None:
    assert pieces(said("I will not", kind="refusal"), completed())[0] == TextDelta("I will not")
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "I will not"}]}
    assert pieces(completed(output=[refusal]))[0] == TextDelta("I will not")


def test_a_refusal_does_not_pass_for_an_answer_that_came_to_its_own_end() -> None:
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "I will not"}]}
    for found in (
        pieces(said("I will not", kind="refusal"), completed()),
        pieces(completed(output=[refusal])),
    ):
        assert found[-1].reason == "content_filter"


def test_items_of_other_tools_are_passed_over_whatever_they_hold() -> None:
    foreign = {"type": "tool_search_call", "arguments": {"q": 1}, "content": "x", "summary": 7}
    assert len(pieces(done(**foreign), completed(output=[foreign]))) == 1


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "other"}, "other"),
        (None, "length"),
    ],
)
def test_an_incomplete_answer_says_why(why: Any, reason: str) -> None:
    finish = pieces(said("a"), completed("incomplete", incomplete_details=why))[-1]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.raw_reason) == (reason, "incomplete")


def test_tokens_and_a_stated_price_are_counted() -> None:
    tokens = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "cost_in_usd_ticks": 12_500_000_000,
    }
    counted = Usage(100, 20, cached_tokens=60, reasoning_tokens=5, cache_write_tokens=30)
    plain, priced = (pieces(completed(usage=tokens), states_cost=known)[-1] for known in (False, True))
    assert isinstance(plain, Finish)
    assert isinstance(priced, Finish)
    assert plain.usage == counted
    assert priced.usage is not None
    assert priced.usage.cost_usd == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "server_error", "message": "boom"}, ProviderUnavailable),
        ({"type": "error", "error": {"code": "rate_limit_exceeded", "message": "slow"}}, RateLimited),
        ({"error": {"message": "boom"}}, ProviderUnavailable),
        (completed("failed", error={"code": "server_error", "message": "boom"}), ProviderUnavailable),
        (completed("failed", error={"code": "rate_limit_exceeded", "message": "slow"}), RateLimited),
        (completed("failed", error={"code": "invalid_prompt", "message": "no"}), InvalidParams),
        (completed("failed"), ProviderUnavailable),
        (completed("cancelled"), ProviderUnavailable),
    ],
)
def test_a_failure_inside_the_stream_keeps_its_meaning(event: dict[str, Any], kind: type[IsaacError]) -> None:
    with pytest.raises(IsaacError) as caught:
        pieces(said("a"), event)
    assert type(caught.value) is kind


def test_an_answer_without_its_end_is_broken() -> None:
    with pytest.raises(ProviderUnavailable, match="broke off"):
        pieces(said("a"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"status": 3}',
        b'{"status": "completed", "output": [{"type": "message", "content": 3}]}',
    ],
)
def test_what_is_no_response_is_told(body: bytes) -> None:
    with pytest.raises(ProviderUnavailable):
        read_response(body, FakeFaults())


def test_a_whole_body_gives_the_pieces_of_its_stream() -> None:
    body = json.dumps({"status": "completed", "model": "m-1", "output": [THOUGHT, SPOKEN, CALL]}).encode()
    assert read_response(body, FakeFaults()) == pieces(completed(output=[THOUGHT, SPOKEN, CALL]))
