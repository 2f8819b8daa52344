"""The newer protocol of OpenAI: the same questions, answers and refusals in other words."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Answer, ChatRequest, Finish, Message, OutputSchema, Sampling, ToolCall, Usage
from isaacd.ai.protocol.responses_answer import ResponsesDecoder
from isaacd.ai.protocol.responses_request import responses_body
from isaacd.faces.http.completions import Question
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.response import Teller
from isaacd.faces.http.responses import read_response
from tests.fake_faults import FakeFaults

ANSWER = Answer(
    text="", provider="p", model="m", chosen="x", finish_reason="stop", elapsed_ms=1.0, usage=Usage(3, 4)
)


def read(**body: Any) -> Question:
    return read_response(json.dumps({"model": "m", **body}).encode())


def test_what_is_said_is_asked() -> None:
    question = read(
        instructions="be brief",
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": "data:image/png;base64,aGk="}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I see"}]},
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "2", "name": "g"},
            {"type": "function_call_output", "call_id": "1", "output": "done"},
            {"type": "reasoning", "summary": []},
        ],
        tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        tool_choice={"type": "function", "name": "f"},
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}},
        reasoning={"effort": "low"},
        max_output_tokens=9, temperature=0.5, top_p=0.5, stream=True, store=False, truncation="auto",
    )  # fmt: skip
    asking = question.asking
    assert [message.role for message in question.messages] == ["system", "user", "assistant", "tool"]
    assert question.messages[1].attachments[0].data == b"hi"
    assert question.messages[2].tool_calls == (ToolCall("1", "f", "{}"), ToolCall("2", "g", "{}"))
    assert (question.stream, asking.max_tokens, asking.temperature) == (True, 9, 0.5)
    assert asking.sampling == Sampling(top_p=0.5)
    assert (asking.tool_choice, asking.effort) == ("f", "low")
    assert asking.schema == OutputSchema(schema={"type": "object"}, name="n", strict=True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": "x", "conversation": "c"}, "conversation"),
        ({"input": "x", "background": True}, "background"),
        ({"input": "x", "max_output_tokens": 0}, "max_output_tokens"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [1]}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "input[0].content[0]"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_its_place(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(**body)
    assert (caught.value.status, caught.value.param) == (400, param)


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), texts), min_size=1), texts)
def test_what_we_send_ourselves_comes_back_the_same(turns: list[tuple[Any, str]], call: str) -> None:
    messages = (
        *(Message(role, text) for role, text in turns),
        Message("user", call),
        Message("assistant", call, tool_calls=(ToolCall(call, "f", call),)),
        Message("tool", call, tool_call_id=call),
    )
    body = responses_body(ChatRequest(messages=messages), "m", provider="p", kind="k")
    assert read_response(msgspec.json.encode(body)).messages == messages


calls = st.builds(ToolCall, texts, st.just("f"), texts)


@given(
    st.lists(
        st.one_of(texts, calls),
        max_size=6,
        unique_by=lambda said: said.id if isinstance(said, ToolCall) else said,
    ),
    st.booleans(),
)
def test_what_we_tell_is_what_our_own_reader_of_that_protocol_reads(said: list[Any], cut: bool) -> None:
    teller = Teller("1", 5, "m")
    finish = Finish(reason="length" if cut else "stop", model="m")
    answer = msgspec.structs.replace(ANSWER, finish_reason=finish.reason)
    sent = [teller.begin()]
    sent += [teller.text(item) if isinstance(item, str) else teller.called(item) for item in said]
    sent.append(teller.end(finish, answer))
    data = b""
    for part in sent:
        while part:
            size, _, part = part.partition(b"\r\n")
            data += part[: int(size, 16)]
            part = part[int(size, 16) + 2 :]
    events = [event.partition(b"data: ")[2] for event in data.split(b"\n\n") if event]
    assert [json.loads(event)["sequence_number"] for event in events] == list(range(len(events)))
    reader, pieces = ResponsesDecoder("m", FakeFaults()), []
    for event in events:
        pieces += reader.receive(event)
    pieces += reader.finish()
    text = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert text == "".join(item for item in said if isinstance(item, str))
    assert [piece for piece in pieces if isinstance(piece, ToolCall)] == [
        item for item in said if isinstance(item, ToolCall)
    ]
    assert isinstance(pieces[-1], Finish)
    assert pieces[-1].usage == Usage(3, 4)
