"""Bodies of chat completions become questions, or are refused with the place where they are wrong."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import (
    Answer,
    ChatRequest,
    Message,
    OutputSchema,
    Reasoning,
    Sampling,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.protocol.chat_request import ChatDialect, chat_body
from isaacd.faces.http.chunks import Chunks, completion
from isaacd.faces.http.completions import Question, read_completion
from isaacd.faces.http.refused import RefusedError

USER = {"role": "user", "content": "hi"}


def read(**body: Any) -> Question:
    return read_completion(json.dumps({"model": "m", "messages": [USER], **body}).encode())


def refused(**body: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read(**body)
    assert caught.value.status == 400
    return caught.value


def test_what_is_said_is_asked() -> None:
    question = read(
        messages=[
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "done"},
        ],
        temperature=0.5,
        max_completion_tokens=7,
        max_tokens=9,
        stop="x",
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}},
        reasoning_effort="low",
        stream=True,
        stream_options={"include_usage": True},
        n=1, user="me", store=False, metadata={}, top_logprobs=None, logprobs=False, seed=None,
        isaac={"use": "refresh", "ttl_s": 5, "strategy": "race"},
    )  # fmt: skip
    asking = question.asking
    assert question.messages == (
        Message("system", "be brief"),
        Message("user", "a\nb"),
        Message("assistant", "", tool_calls=(ToolCall("1", "f", "{}"),)),
        Message("tool", "done", tool_call_id="1"),
    )
    assert (question.stream, question.include_usage) == (True, True)
    assert (asking.model, asking.temperature, asking.max_tokens, asking.stop) == ("m", 0.5, 7, ("x",))
    assert asking.tools == (Tool(name="f", description="", parameters={"type": "object"}),)
    assert (asking.tool_choice, asking.effort, asking.cheap) == ("f", "low", False)
    assert asking.schema == OutputSchema(schema={"type": "object"}, name="n", strict=True)
    assert (asking.use, asking.ttl_s, asking.strategy) == ("refresh", 5, "race")


@pytest.mark.parametrize("name", ["", "auto", "default", None])
def test_without_a_model_the_configuration_chooses(name: str | None) -> None:
    assert (read(model=name).asking.model, read(model=name).asking.cheap) == (None, True)


def test_what_else_steers_the_answer_is_passed_on_and_what_changes_nothing_is_not() -> None:
    sampling = read(
        top_p=0.5, seed=7, presence_penalty=1, frequency_penalty=-1, parallel_tool_calls=False
    ).asking.sampling
    assert sampling == Sampling(top_p=0.5, seed=7, presence_penalty=1.0, frequency_penalty=-1.0)
    usual = {
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0.0,
        "seed": None,
        "parallel_tool_calls": True,
    }
    assert read(**usual).asking.sampling is None


def test_several_models_are_asked_in_their_order() -> None:
    asking = read(model="a/x", models=["b/y", "a/x", "fast"]).asking
    assert (asking.model, asking.providers) == (None, ("a/x", "b/y", "fast"))
    assert read(model=None, models=["b/y"]).asking.providers == ("b/y",)


def test_pictures_sounds_and_files_go_along() -> None:
    data = base64.b64encode(b"data").decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/gif;base64,{data}", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.jpeg?b=c"}},
        {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}},
        {"type": "text", "text": "look"},
    ]
    (message,) = read(messages=[{"role": "user", "content": parts}]).messages
    assert message.content == "look"
    assert [(item.media_type, item.data, item.url, item.name) for item in message.attachments] == [
        ("image/gif", b"data", None, None),
        ("image/jpeg", b"", "https://example.org/a.jpeg?b=c", None),
        ("audio/wav", b"data", None, None),
        ("application/pdf", b"data", None, "a.pdf"),
    ]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]},
            "messages[0].content[0]",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,%"}}]}]},
            "messages[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "messages[0].content[0]"),
        ({"messages": "hi"}, "messages"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"seed": "x"}, "seed"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"models": []}, "models"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "some"}, "tool_choice"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}],
             "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "tool_choice",
        ),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort"),
        ({"isaac": {"nonsense": 1}}, "isaac"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_its_place(body: dict[str, Any], param: str) -> None:
    assert refused(**body).param == param


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"messages":1}', b"[" * 100_000])
def test_what_is_no_body_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        read_completion(data)


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), min_size=1), texts)
def test_what_we_send_ourselves_comes_back_the_same(turns: list[tuple[Any, str]], call: str) -> None:
    messages = (
        *(Message(role, text) for role, text in turns),
        Message("assistant", call, tool_calls=(ToolCall(call, "f", call),)),
        Message("tool", call, tool_call_id=call),
    )
    body = chat_body(ChatRequest(messages=messages), "m", ChatDialect(), provider="p", kind="k")
    assert read_completion(msgspec.json.encode(body)).messages == messages


def test_answers_are_written_as_clients_read_them() -> None:
    answer = Answer(
        text="",
        provider="p",
        model="m",
        chosen="x",
        finish_reason="tool_calls",
        elapsed_ms=1.0,
        usage=Usage(input_tokens=3, output_tokens=4, cached_tokens=1, reasoning_tokens=2),
        tool_calls=(ToolCall("1", "f", "{}"),),
        reasoning=(Reasoning("hm"),),
    )
    told = json.loads(completion(answer, "id", 5))
    (choice,) = told["choices"]
    assert choice["message"]["content"] is None
    assert choice["message"]["reasoning_content"] == "hm"
    assert choice["message"]["tool_calls"] == [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    ]
    assert choice["finish_reason"] == "tool_calls"
    assert told["usage"]["total_tokens"] == 7
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 1}


@given(st.text(), st.booleans())
def test_every_event_is_one_chunk_of_whole_json(text: str, include_usage: bool) -> None:
    text = text.encode("utf-8", "replace").decode()
    chunks = Chunks("id", 1, "m", include_usage=include_usage)
    sent = [
        chunks.first(),
        chunks.text(text),
        chunks.reasoning(text),
        chunks.call(ToolCall("1", "f", text)),
        chunks.call(ToolCall("2", "f", text)),
        chunks.last("other"),
        chunks.usage(Usage(1, 2)),
    ]
    told = []
    for data in sent:
        size, _, rest = data.partition(b"\r\n")
        assert len(rest) == int(size, 16) + 2
        assert rest.startswith(b"data: {")
        assert rest.endswith(b"}\n\n\r\n")
        assert rest.count(b"\n") == 3
        told.append(json.loads(rest[6:-4]))
    assert told[1]["choices"][0]["delta"] == {"content": text}
    assert told[4]["choices"][0]["delta"]["tool_calls"][0]["index"] == 1
    assert told[5]["choices"][0]["finish_reason"] == "stop"
    assert told[6]["choices"] == []
    assert ("usage" in told[1]) == include_usage
