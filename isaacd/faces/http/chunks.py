"""Answers as OpenAI's chat completions: as a whole, and piece by piece."""

from collections.abc import Sequence

import msgspec

from isaacd.ai.chat import Answer, ToolCall, Usage
from isaacd.faces.http.reply import chunk, event

DONE = event(b"[DONE]")
_REASONS = frozenset(("stop", "length", "content_filter", "tool_calls"))
_NO_USAGE = Usage()
_encode = msgspec.json.encode


def completion(answer: Answer, identity: str, created: int) -> bytes:
    """Return a whole answer."""
    message: dict[str, object] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool_calls:
        message["content"] = answer.text or None
        message["tool_calls"] = [_call(call) for call in answer.tool_calls]
    if answer.reasoning:
        message["reasoning_content"] = "".join(item.text for item in answer.reasoning)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": reason_of(answer.finish_reason),
    }
    return _encode(
        {
            "id": identity,
            "object": "chat.completion",
            "created": created,
            "model": answer.model,
            "choices": [choice],
            "usage": usage_of(answer.usage),
            "provider": answer.provider,
        }
    )


def reason_of(reason: str) -> str:
    """Return why an answer ended, in the few words that clients know."""
    return reason if reason in _REASONS else "stop"


def usage_of(usage: Usage | None) -> dict[str, object]:
    """Return the tokens; none were used for an answer that had been kept, or that no model gave."""
    found = usage or _NO_USAGE
    return {
        "prompt_tokens": found.input_tokens,
        "completion_tokens": found.output_tokens,
        "total_tokens": found.input_tokens + found.output_tokens,
        "prompt_tokens_details": {"cached_tokens": found.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": found.reasoning_tokens},
    }


class Chunks:
    """The events of one streamed answer; what all of them have in common is encoded once."""

    def __init__(self, identity: str, created: int, model: str, *, include_usage: bool) -> None:
        begin = {"id": identity, "object": "chat.completion.chunk", "created": created, "model": model}
        self._begin = b"data: " + _encode(begin)[:-1]
        self._no_usage = b',"usage":null' if include_usage else b""
        self._before = self._begin + b',"choices":[{"index":0,"delta":'
        self._after = b',"logprobs":null,"finish_reason":null}]' + self._no_usage + b"}\n\n"
        self._text_before = self._before + b'{"content":'
        self._text_after = b"}" + self._after
        self._calls = 0

    def first(self) -> bytes:
        """Say who speaks."""
        return chunk(self._before + b'{"role":"assistant","content":"","refusal":null}' + self._after)

    def text(self, text: str) -> bytes:
        """Return the next characters."""
        data = b"".join((self._text_before, _encode(text), self._text_after))
        return b"%x\r\n%b\r\n" % (len(data), data)

    def reasoning(self, text: str) -> bytes:
        """Return the next characters of what the model thinks aloud."""
        return chunk(self._before + _encode({"reasoning_content": text}) + self._after)

    def call(self, call: ToolCall) -> bytes:
        """Return a tool call."""
        told = {"index": self._calls, **_call(call)}
        self._calls += 1
        return chunk(self._before + _encode({"tool_calls": [told]}) + self._after)

    def last(self, reason: str) -> bytes:
        """Say why the answer ends."""
        told = _encode(reason_of(reason))
        return chunk(
            self._before + b'{},"logprobs":null,"finish_reason":' + told + b"}]" + self._no_usage + b"}\n\n"
        )

    def usage(self, usage: Usage | None) -> bytes:
        """Return the tokens, in an event without choices."""
        return chunk(self._begin + b',"choices":[],"usage":' + _encode(usage_of(usage)) + b"}\n\n")


def _call(call: ToolCall) -> dict[str, object]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def models_list(rows: Sequence[tuple[str, str]], created: int) -> bytes:
    """Return the list of models: names, and who has them."""
    return _encode({"object": "list", "data": [model_card(name, owner, created) for name, owner in rows]})


def model_card(name: str, owner: str, created: int) -> dict[str, object]:
    """Return one model."""
    return {"id": name, "object": "model", "created": created, "owned_by": owner}
