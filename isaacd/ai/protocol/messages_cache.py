"""Which parts of a conversation Anthropic shall cache: long ones that are likely to come again."""

from collections.abc import Sequence

import msgspec

from isaacd.ai.chat import Attachment, ChatRequest

_MARK = {"type": "ephemeral"}
# About what the newest tokenizer makes of prose. Too low is better than too high: a mark on a prefix that proves too
# short costs nothing, one that is missing costs the saving.
_CHARS_A_TOKEN = 2.5
_PICTURE_TOKENS = 1500
_PDF_BYTES_A_TOKEN = 30


def mark(
    request: ChatRequest,
    *,
    system: Sequence[dict[str, object]],
    tools: Sequence[dict[str, object]],
    turns: Sequence[dict[str, object]],
    minimum: int,
) -> None:
    """Mark the end of tools and system prompt, and the end of the conversation, each if `minimum` tokens lie before it.

    Only where the same beginning is likely to be sent again: a cached token costs a quarter more once, and a tenth
    from then on. The API looks for the longest cached prefix by itself, so the mark on the last turn serves the next.
    """
    users = sum(message.role == "user" for message in request.messages)
    if users < 2 and request.conversation is None:
        return
    before = (sum(_chars(str(item["text"])) for item in system) + _size(tools)) / _CHARS_A_TOKEN
    if before >= minimum:
        (system or tools)[-1]["cache_control"] = _MARK
    if before + _turn_tokens(request) >= minimum:
        content = turns[-1]["content"]
        assert isinstance(content, list)
        if content[-1]["type"] in ("text", "tool_use", "tool_result", "image", "document"):
            content[-1]["cache_control"] = _MARK


def _turn_tokens(request: ChatRequest) -> float:
    chars = tokens = 0
    for message in request.messages:
        if message.role != "system":
            chars += _chars(message.content) + sum(_chars(call.arguments) for call in message.tool_calls)
        tokens += sum(map(_file_tokens, message.attachments))
    return tokens + chars / _CHARS_A_TOKEN


def _file_tokens(item: Attachment) -> int:
    if item.media_type.startswith("image/"):
        return _PICTURE_TOKENS
    if item.media_type == "application/pdf":
        return len(item.data) // _PDF_BYTES_A_TOKEN
    return int(len(item.data) / _CHARS_A_TOKEN)


def _size(tools: Sequence[dict[str, object]]) -> int:
    return len(msgspec.json.encode(tools)) if tools else 0


def _chars(text: str) -> int:
    # A letter beyond ASCII is a token more often than not.
    return len(text) if text.isascii() else len(text.encode())
