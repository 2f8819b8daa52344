"""What a service says that speaks Anthropic's Messages API, event by event, for `tests.fake_provider`."""

import json
from typing import Any

SMALL_USAGE = {
    "input_tokens": 20,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 4000,
    "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100},
    "output_tokens": 1,
}


def event(kind: str, **fields: Any) -> bytes:
    """Return one server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def start(usage: dict[str, Any] | None = None) -> bytes:
    """Return the event that opens a message."""
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-fake-1",
        "content": [],
        "stop_reason": None,
        "usage": SMALL_USAGE if usage is None else usage,
    }
    return event("message_start", message=message)


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    """Return the events of a whole block."""
    return [
        event("content_block_start", index=index, content_block=content),
        *(event("content_block_delta", index=index, delta=item) for item in deltas),
        event("content_block_stop", index=index),
    ]


def text(index: int, *parts: str) -> list[bytes]:
    """Return the events of a block of text."""
    return block(
        index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": item} for item in parts)
    )


def call(index: int, name: str, *fragments: str, call_id: str = "toolu_1") -> list[bytes]:
    """Return the events of a call of a tool, its arguments in fragments."""
    deltas = ({"type": "input_json_delta", "partial_json": item} for item in fragments)
    return block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, *deltas)


def thought(index: int, *parts: str, signature: str = "c2VhbA==") -> list[bytes]:
    """Return the events of a block of thinking with its seal."""
    deltas = [{"type": "thinking_delta", "thinking": item} for item in parts]
    return block(
        index,
        {"type": "thinking", "thinking": "", "signature": ""},
        *deltas,
        {"type": "signature_delta", "signature": signature},
    )


def end(reason: str = "end_turn", **usage: Any) -> list[bytes]:
    """Return the events that close a message; `usage` is cumulative."""
    return [
        event(
            "message_delta",
            delta={"stop_reason": reason, "stop_sequence": None},
            usage={"output_tokens": 17, **usage},
        ),
        event("message_stop"),
    ]


def answer(*texts: str, reason: str = "end_turn") -> list[bytes]:
    """Return the events of a whole answer."""
    return [start(), event("ping"), *text(0, *texts), *end(reason)]


def message(*content: dict[str, Any], reason: str = "end_turn") -> dict[str, Any]:
    """Return a whole answer as the body of a call that does not stream."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-fake-1",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {**SMALL_USAGE, "output_tokens": 17},
    }


def refusal(kind: str, text: str, **details: Any) -> dict[str, Any]:
    """Return the body of an error."""
    error: dict[str, Any] = {"type": kind, "message": text}
    if details:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": "req_1"}
