"""A conversation as the body of a request for a response."""

from typing import Any

import msgspec
import pytest

from isaacd.ai.chat import (
    Attachment,
    ChatRequest,
    Message,
    OutputSchema,
    Reasoning,
    Tool,
    ToolCall,
)
from isaacd.ai.protocol.responses_request import ENCRYPTED, SUMMARY, may_refuse, responses_body
from isaacd.errors import InvalidParams

WEATHER = Tool(name="weather", description="How it is", parameters={"type": "object", "properties": {}})


def body(*messages: Message, without: frozenset[str] = frozenset(), **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages=messages or (Message("user", "why?"),), **fields)
    made = responses_body(request, "m", provider="p", kind="k", without=without, cache_key=True)
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return decoded


def test_the_service_is_asked_to_keep_nothing() -> None:
    assert body() == {"model": "m", "input": [{"role": "user", "content": "why?"}], "store": False}


def test_every_parameter_has_its_field() -> None:
    sent = body(
        temperature=0.5,
        max_tokens=9,
        effort="high",
        conversation="talk-1",
        schema=OutputSchema(schema={"type": "object"}),
    )
    del sent["input"]
    assert sent == {
        "model": "m",
        "store": False,
        "temperature": 0.5,
        "max_output_tokens": 9,
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "talk-1",
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}
        },
    }


def test_where_to_stop_cannot_be_said() -> None:
    with pytest.raises(InvalidParams, match="stop") as caught:
        body(stop=("END",))
    assert "openai-compatible" in str(caught.value.hint)


def test_what_a_model_refuses_is_left_out() -> None:
    request = ChatRequest(messages=(), tools=(WEATHER,), effort="low")
    assert set(may_refuse(request)) == {SUMMARY, ENCRYPTED}
    assert may_refuse(ChatRequest(messages=())) == ()
    sent = body(tools=(WEATHER,), effort="low", without=frozenset((SUMMARY, ENCRYPTED)))
    assert sent["reasoning"] == {"effort": "low"}
    assert "include" not in sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        ("none", "none"),
        ("required", "required"),
        ("weather", {"type": "function", "name": "weather"}),
    ],
)
def test_tools_are_functions_and_the_choice_among_them_is_said(choice: str, sent: Any) -> None:
    told = body(tools=(WEATHER,), tool_choice=choice)
    assert told["tools"] == [
        {
            "type": "function",
            "name": "weather",
            "description": "How it is",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        }
    ]
    assert told.get("tool_choice") == sent


def test_a_turn_goes_back_as_thoughts_then_words_then_calls_then_results() -> None:
    sealed = '{"type":"reasoning","summary":[],"encrypted_content":"gAAA","id":"rs_1"}'
    sent = body(
        Message("system", "be brief"),
        Message(
            "assistant",
            "let me see",
            tool_calls=(ToolCall("c1", "weather", '{"in":"Oslo"}'),),
            reasoning=(Reasoning("hm", sealed, "k"), Reasoning("open thoughts", "", "k")),
        ),
        Message("tool", "rain", tool_call_id="c1"),
    )["input"]
    assert sent == [
        {"role": "system", "content": "be brief"},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAA", "id": "rs_1"},
        {"role": "assistant", "content": "let me see"},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"in":"Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        Message("assistant", "x", reasoning=(Reasoning("hm", '{"type":"reasoning"}', "other"),)),
        Message("assistant", "x", reasoning=(Reasoning("hm", "EqQBCg", "k"),)),
    ],
)
def test_the_seal_of_another_is_not_sent(message: Message) -> None:
    assert body(message)["input"] == [{"role": "assistant", "content": "x"}]


def test_thoughts_that_led_to_nothing_are_not_sent() -> None:
    assert (
        body(Message("assistant", reasoning=(Reasoning("hm", '{"type":"reasoning"}', "k"),)))["input"] == []
    )


@pytest.mark.parametrize(
    ("attachment", "part"),
    [
        (
            Attachment(media_type="image/png", data=b"\x89P"),
            {"type": "input_image", "image_url": "data:image/png;base64,iVA=", "detail": "auto"},
        ),
        (
            Attachment(media_type="application/pdf", url="https://example.com/a.pdf"),
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        ),
        (
            Attachment(media_type="application/pdf", data=b"%PDF"),
            {
                "type": "input_file",
                "filename": "attachment.pdf",
                "file_data": "data:application/pdf;base64,JVBERg==",
            },
        ),
        (
            Attachment(media_type="application/json", data=b"{}", name="a.json"),
            {"type": "input_text", "text": '<file name="a.json">\n{}\n</file>'},
        ),
    ],
)
def test_attachments_come_before_the_question(attachment: Attachment, part: dict[str, Any]) -> None:
    sent = body(Message("user", "what?", attachments=(attachment,)))["input"][0]["content"]
    assert sent == [part, {"type": "input_text", "text": "what?"}]


def test_a_tool_may_answer_with_a_picture() -> None:
    picture = Attachment(media_type="image/png", url="https://example.com/a.png")
    sent = body(Message("tool", "here", tool_call_id="c", attachments=(picture,)))["input"][0]
    assert [part["type"] for part in sent["output"]] == ["input_text", "input_image"]


def test_sound_cannot_be_attached() -> None:
    sound = Attachment(media_type="audio/mpeg", data=b"ID3")
    with pytest.raises(InvalidParams, match="audio/mpeg"):
        body(Message("user", attachments=(sound,)))
