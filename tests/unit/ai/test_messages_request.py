"""A conversation becomes the body of a call to the Messages API, as each model takes it."""

import base64
from typing import Any

import msgspec
import pytest

from isaacd.ai.chat import (
    Attachment,
    ChatRequest,
    Effort,
    Message,
    OutputSchema,
    Reasoning,
    Tool,
    ToolCall,
)
from isaacd.ai.protocol.messages_request import messages_body
from isaacd.errors import InvalidParams

ASK = (Message("user", "why?"),)
LOOK = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
MARK = {"type": "ephemeral"}
LONG = "all about cats. " * 2000  # some 12,000 tokens


def body(
    model: str = "claude-sonnet-5-5", messages: tuple[Message, ...] = ASK, **options: Any
) -> dict[str, Any]:
    """Return a body as it is on the wire."""
    request = ChatRequest(messages=messages, **options)
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(messages_body(request, model)))
    return decoded


# Turns


def test_results_of_tools_share_a_turn_with_what_the_user_says_next() -> None:
    calls = (ToolCall("toolu_1", "look", '{"at": "x"}'), ToolCall("call|2", "look", "{oops"))
    messages = (
        Message("user", "look"),
        Message("assistant", "", tool_calls=calls),
        Message("tool", "seen", tool_call_id="toolu_1"),
        Message("tool", "", tool_call_id="call|2", is_error=True),
        Message("user", "and?"),
    )
    sent = body(messages=messages, tools=(LOOK,), prompt_cache=False)["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"] == [
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}},
        {"type": "tool_use", "id": "call_2", "name": "look", "input": {"INVALID_JSON": "{oops"}},
    ]
    failed = [{"type": "text", "text": "failed, and said nothing"}]
    assert sent[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "seen"}]},
        {"type": "tool_result", "tool_use_id": "call_2", "content": failed, "is_error": True},
        {"type": "text", "text": "and?"},
    ]


def test_a_result_that_answers_no_call_is_refused() -> None:
    with pytest.raises(InvalidParams, match="tool_call_id"):
        body(messages=(*ASK, Message("tool", "seen")))


def test_all_system_messages_are_the_system_prompt_and_empty_turns_are_left_out() -> None:
    messages = (
        Message("system", "be kind"),
        Message("user", "a"),
        Message("assistant", " \n"),
        Message("system", "be brief"),
        Message("user", "b"),
    )
    sent = body(messages=messages)
    assert sent["system"] == [{"type": "text", "text": "be kind"}, {"type": "text", "text": "be brief"}]
    assert sent["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    ]


def test_tools_of_the_past_stay_declared_when_none_may_be_called() -> None:
    messages = (
        Message("user", "look"),
        Message("assistant", tool_calls=(ToolCall("toolu_1", "look"),)),
        Message("tool", "seen", tool_call_id="toolu_1"),
    )
    sent = body(messages=messages)
    assert [tool["name"] for tool in sent["tools"]] == ["look"]
    assert sent["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("look", {"type": "tool", "name": "look"}),
    ],
)
def test_the_choice_of_tools_is_told(choice: str, sent: dict[str, str] | None) -> None:
    asked = body(tools=(LOOK,), tool_choice=choice)
    assert asked.get("tool_choice") == sent
    assert asked["tools"] == [{"name": "look", "description": "Look.", "input_schema": LOOK.parameters}]


# Files


def test_pictures_and_documents_go_before_the_text() -> None:
    files = (
        Attachment(media_type="image/png", data=b"\x89PNG"),
        Attachment(media_type="image/jpeg", url="https://example.com/a.jpg"),
        Attachment(media_type="application/pdf", data=b"%PDF", name="a.pdf"),
        Attachment(media_type="application/pdf", url="https://example.com/a.pdf"),
        Attachment(media_type="text/csv; charset=utf-8", data="ä,b".encode(), name="a.csv"),
    )
    assert body(messages=(Message("user", "see", files),))["messages"][0]["content"] == [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/png",
                "data": base64.b64encode(b"\x89PNG").decode(),
            },
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
        {
            "type": "document",
            "source": {
                "type": "base64",
                "media_type": "application/pdf",
                "data": base64.b64encode(b"%PDF").decode(),
            },
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "ä,b"},
            "title": "a.csv",
        },
        {"type": "text", "text": "see"},
    ]


@pytest.mark.parametrize(
    "item",
    [
        Attachment(media_type="image/tiff", data=b"x"),
        Attachment(media_type="audio/mpeg", data=b"x"),
        Attachment(media_type="text/plain", url="https://example.com/a.txt"),
        Attachment(media_type="text/plain", data=b"\xff\xfe"),
    ],
)
def test_a_file_that_the_service_cannot_read_is_refused(item: Attachment) -> None:
    with pytest.raises(InvalidParams):
        body(messages=(Message("user", "see", (item,)),))


# Effort


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "level"),
    [
        ("claude-opus-5-5", "high", {"type": "adaptive", "display": "summarized"}, "high"),
        ("claude-opus-5-5", "minimal", {"type": "adaptive", "display": "summarized"}, "low"),
        ("claude-opus-5-5", "xhigh", {"type": "adaptive", "display": "summarized"}, "xhigh"),
        ("claude-opus-4-6", "xhigh", {"type": "adaptive", "display": "summarized"}, "max"),
        ("anthropic.claude-sonnet-4-6", "low", {"type": "adaptive", "display": "summarized"}, "low"),
        ("claude-next", "medium", {"type": "adaptive", "display": "summarized"}, "medium"),
        ("claude-opus-5-5", "none", None, "low"),
        ("claude-fable-5", "none", None, "low"),
        ("claude-sonnet-5-5", "none", {"type": "between_tools"}, None),
        ("claude-haiku-5-5", "none", {"type": "disabled"}, None),
        ("claude-opus-4-8", "none", {"type": "disabled"}, None),
        ("claude-opus-4-5-20251101", "xhigh", {"type": "enabled", "budget_tokens": 16_000}, "high"),
        ("claude-sonnet-4-5", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-haiku-4-5-20251001", "minimal", {"type": "enabled", "budget_tokens": 1024}, None),
        ("claude-opus-4-20250514", "none", None, None),
        ("claude-3-7-sonnet-latest", "high", {"type": "enabled", "budget_tokens": 16_000}, None),
        ("claude-3-5-haiku-20241022", "high", None, None),
        ("kimi-k2", "low", {"type": "enabled", "budget_tokens": 2048}, None),
    ],
)
def test_effort_is_asked_for_as_each_model_takes_it(
    model: str, effort: Effort, thinking: dict[str, Any] | None, level: str | None
) -> None:
    sent = body(model, effort=effort)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config") == (None if level is None else {"effort": level})


def test_a_budget_leaves_room_for_the_answer_and_is_not_asked_for_with_a_forced_tool() -> None:
    def thinking(**options: Any) -> Any:
        return body("claude-sonnet-4-5", effort="high", **options).get("thinking")

    assert thinking(max_tokens=4000) == {"type": "enabled", "budget_tokens": 2000}
    assert thinking(max_tokens=1500) == {"type": "enabled", "budget_tokens": 1024}
    assert thinking(max_tokens=1024) is None
    assert thinking(tools=(LOOK,), tool_choice="required") is None


def test_without_effort_nothing_is_said_of_thinking() -> None:
    assert {"thinking", "output_config"}.isdisjoint(body())


@pytest.mark.parametrize(
    ("model", "limit"),
    [("claude-opus-4-1", 32_000), ("claude-3-5-sonnet-20241022", 8192), ("claude-3-opus-20240229", 4096)],
)
def test_the_limit_that_nobody_sets_is_one_that_the_model_takes(model: str, limit: int) -> None:
    assert body(model)["max_tokens"] == limit


# Schemas

PERSON: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "age": {"type": "integer", "minimum": 0, "description": "In years."},
        "mail": {"type": "string", "format": "email"},
        "tags": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/tag"}]}},
    },
    "$defs": {"tag": {"type": "object", "properties": {"format": {"type": "string", "maxLength": 3}}}},
    "required": ["age"],
}


def test_a_schema_is_sent_closed_and_its_limits_as_words() -> None:
    sent = body(schema=OutputSchema(schema=PERSON))["output_config"]["format"]
    assert sent == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {
                "age": {"type": "integer", "description": 'In years. {"minimum":0}'},
                "mail": {"type": "string", "format": "email"},
                "tags": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/tag"}]}},
            },
            "$defs": {
                "tag": {
                    "type": "object",
                    "properties": {"format": {"type": "string", "description": '{"maxLength":3}'}},
                    "additionalProperties": False,
                }
            },
            "required": ["age"],
            "additionalProperties": False,
        },
    }


def test_a_schema_that_cannot_be_closed_is_refused() -> None:
    free: dict[str, object] = {"type": "object", "additionalProperties": {"type": "string"}}
    with pytest.raises(InvalidParams, match="additionalProperties"):
        body(schema=OutputSchema(schema=free))


def test_an_older_model_may_call_a_tool_or_answer_in_the_schema() -> None:
    sent = body("claude-sonnet-4-0", schema=OutputSchema(schema=PERSON), tools=(LOOK,))
    assert [tool["name"] for tool in sent["tools"]] == ["look", "answer_as_json"]
    assert sent["tool_choice"] == {"type": "any"}
    assert "output_config" not in sent


# The provider's cache


def marked(sent: dict[str, Any]) -> list[str]:
    """Say what is marked."""
    found = [
        name
        for name in ("tools", "system")
        for item in sent.get(name, ())
        if item.get("cache_control") == MARK
    ]
    return found + [
        f"turn {number}"
        for number, turn in enumerate(sent["messages"])
        for block in turn["content"]
        if block.get("cache_control") == MARK
    ]


TALK = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))


@pytest.mark.parametrize(
    ("messages", "options", "expected"),
    [
        ((Message("system", LONG), *ASK), {}, []),
        ((Message("system", LONG), *ASK), {"conversation": "x"}, ["system", "turn 0"]),
        ((Message("system", LONG), *TALK), {}, ["system", "turn 2"]),
        ((Message("system", LONG), *TALK), {"prompt_cache": False}, []),
        ((Message("system", "short"), *TALK), {"conversation": "x"}, []),
        ((Message("system", "short"), Message("user", LONG), *TALK), {}, ["turn 2"]),
        ((Message("user", LONG),), {}, []),
        (TALK, {"tools": (msgspec.structs.replace(LOOK, description=LONG),)}, ["tools", "turn 2"]),
    ],
)
def test_what_is_long_and_will_come_again_is_marked(
    messages: tuple[Message, ...], options: dict[str, Any], expected: list[str]
) -> None:
    assert marked(body("claude-haiku-5-5", messages, **options)) == expected


@pytest.mark.parametrize(
    ("model", "minimum"),
    [
        ("claude-opus-5-5", 512),
        ("claude-haiku-5-5", 512),
        ("claude-sonnet-5", 1024),
        ("claude-opus-4-8", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-opus-4-6", 4096),
        ("claude-haiku-4-5", 4096),
        ("claude-sonnet-4-5", 1024),
        ("claude-3-5-haiku-latest", 2048),
        ("kimi-k2", 1024),
    ],
)
def test_nothing_is_marked_that_the_model_would_not_cache(model: str, minimum: int) -> None:
    def with_tokens(count: int) -> dict[str, Any]:
        return body(model, (Message("system", "x" * int(count * 2.5)), *TALK))

    assert "system" in marked(with_tokens(minimum))
    assert "system" not in marked(with_tokens(minimum - 10))


def test_a_thought_is_never_marked() -> None:
    thought = Message("assistant", "", reasoning=(Reasoning("hm", "seal", "anthropic"),))
    assert marked(body(messages=(Message("user", LONG), Message("user", "b"), thought))) == []
