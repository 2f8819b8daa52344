"""A conversation as the body of a chat completion."""

from typing import Any

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
from isaacd.ai.protocol.chat_request import ChatDialect, chat_body
from isaacd.errors import InvalidParams

WEATHER = Tool(name="weather", description="How it is", parameters={"type": "object", "properties": {}})


def body(*messages: Message, dialect: ChatDialect | None = None, **fields: Any) -> dict[str, Any]:
    request = ChatRequest(messages=messages or (Message("user", "why?"),), **fields)
    return chat_body(request, "m", dialect or ChatDialect(), provider="p", kind="k")


def test_what_is_not_asked_for_is_not_sent() -> None:
    assert body() == {"model": "m", "messages": [{"role": "user", "content": "why?"}]}


def test_every_parameter_has_its_field() -> None:
    sent = body(
        temperature=0.0,
        max_tokens=9,
        stop=("END",),
        effort="low",
        schema=OutputSchema(schema={"type": "object"}, name="out", strict=False),
    )
    del sent["messages"]
    assert sent == {
        "model": "m",
        "temperature": 0.0,
        "max_tokens": 9,
        "stop": ("END",),
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "out", "schema": {"type": "object"}, "strict": False},
        },
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        ("none", "none"),
        ("required", "required"),
        ("weather", {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_tools_are_functions_and_the_choice_among_them_is_said(choice: str, sent: Any) -> None:
    told = body(tools=(WEATHER,), tool_choice=choice)
    assert told["tools"][0]["type"] == "function"
    assert told["tools"][0]["function"]["name"] == "weather"
    assert told.get("tool_choice") == sent


def test_a_turn_with_calls_and_their_results_goes_back() -> None:
    sent = body(
        Message(
            "assistant", tool_calls=(ToolCall("c1", "weather", '{"in":"Oslo"}'), ToolCall("c2", "weather"))
        ),
        Message("tool", "rain", tool_call_id="c1"),
        Message("tool", "no such town", tool_call_id="c2", is_error=True),
    )["messages"]
    assert sent[0]["content"] is None
    assert [item["id"] for item in sent[0]["tool_calls"]] == ["c1", "c2"]
    assert sent[0]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"in":"Oslo"}'}
    assert sent[1] == {"role": "tool", "tool_call_id": "c1", "content": "rain"}
    assert sent[2]["content"] == "Error: no such town"


def test_thoughts_go_back_only_where_they_are_wanted_and_to_whom_they_came_from() -> None:
    call = (ToolCall("c", "weather"),)
    mine = Message("assistant", tool_calls=call, reasoning=(Reasoning("hm", provider_kind="k"),))
    other = Message("assistant", tool_calls=call, reasoning=(Reasoning("hm", provider_kind="z"),))
    wanted = ChatDialect(replays_reasoning=True)
    assert body(mine, dialect=wanted)["messages"][0]["reasoning_content"] == "hm"
    assert "reasoning_content" not in body(other, dialect=wanted)["messages"][0]
    assert "reasoning_content" not in body(mine)["messages"][0]


@pytest.mark.parametrize(
    ("attachment", "part"),
    [
        (
            Attachment(media_type="image/png", data=b"\x89P"),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVA="}},
        ),
        (
            Attachment(media_type="image/png", url="https://example.com/a.png"),
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ),
        (
            Attachment(media_type="application/pdf", data=b"%PDF", name="a.pdf"),
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
            },
        ),
        (
            Attachment(media_type="audio/mpeg", data=b"ID3"),
            {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        ),
        (
            Attachment(media_type="text/csv", data="a,ü".encode(), name="t.csv"),
            {"type": "text", "text": '<file name="t.csv">\na,ü\n</file>'},
        ),
    ],
)
def test_attachments_come_before_the_question(attachment: Attachment, part: dict[str, Any]) -> None:
    sent = body(Message("user", "what is it?", attachments=(attachment,)))["messages"][0]["content"]
    assert sent == [part, {"type": "text", "text": "what is it?"}]


@pytest.mark.parametrize(
    "message",
    [
        Message("user", attachments=(Attachment(media_type="audio/mpeg", url="https://example.com/a.mp3"),)),
        Message("user", attachments=(Attachment(media_type="application/pdf", url="https://example.com/a"),)),
        Message("user", attachments=(Attachment(media_type="audio/flac", data=b"f"),)),
        Message("tool", "x", tool_call_id="c", attachments=(Attachment(media_type="image/png", data=b"x"),)),
        Message("assistant", "x", attachments=(Attachment(media_type="image/png", data=b"x"),)),
    ],
)
def test_what_cannot_be_attached_is_refused_before_any_call(message: Message) -> None:
    with pytest.raises(InvalidParams, match="provider p does not take"):
        body(message, dialect=ChatDialect(file_urls=False))


def test_the_conversation_is_the_key_of_the_cache_only_where_there_is_one() -> None:
    own = ChatDialect(cache_key=True, limit_field="max_completion_tokens")
    sent = body(dialect=own, conversation="talk-1", max_tokens=3)
    assert (sent["prompt_cache_key"], sent["max_completion_tokens"]) == ("talk-1", 3)
    assert "prompt_cache_key" not in body(dialect=own, conversation="talk-1", prompt_cache=False)
    assert "prompt_cache_key" not in body(conversation="talk-1")
    long = [body(dialect=own, conversation="x" * 100 + end)["prompt_cache_key"] for end in ("a", "b", "a")]
    assert len(long[0]) <= 64
    assert long[0] == long[2] != long[1]
