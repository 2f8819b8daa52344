"""A conversation as the body of `POST /chat/completions`."""

from hashlib import sha256
from typing import Any

from msgspec import Struct

from isaacd.ai.chat import Attachment, ChatRequest, Message, Tool
from isaacd.ai.protocol.media import (
    AUDIO_FORMATS,
    address_of,
    base64_of,
    cannot_attach,
    inline_text,
    is_image,
    name_of,
)

MAX_KEY = 64


class ChatDialect(Struct, frozen=True, kw_only=True):
    """Where services differ: `limit_field` bounds the answer; the rest is what only some of them know.

    `cache_key` is sent as prompt_cache_key. `replays_reasoning` are those that want their thoughts back in a turn
    with tool calls. `file_urls` are those that fetch a file themselves.
    """

    limit_field: str = "max_tokens"
    cache_key: bool = False
    replays_reasoning: bool = False
    file_urls: bool = True


def chat_body(
    request: ChatRequest, model: str, dialect: ChatDialect, *, provider: str, kind: str
) -> dict[str, Any]:
    """Return the body, without what belongs to the stream; raises InvalidParams for what cannot be said in it.

    `provider` is the name for errors; `kind` is whose reasoning may be sent back.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(item, dialect, provider, kind) for item in request.messages],
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.sampling is not None:
        body |= request.sampling.told()
    if request.max_tokens is not None:
        body[dialect.limit_field] = request.max_tokens
    if request.stop:
        body["stop"] = request.stop
    if request.tools:
        body["tools"] = [_tool(item) for item in request.tools]
        body |= _tool_choice(request.tool_choice)
    if request.schema is not None:
        schema = request.schema
        form = {"name": schema.name, "schema": schema.schema, "strict": schema.strict}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    if request.effort is not None:
        body["reasoning_effort"] = request.effort
    if dialect.cache_key and request.prompt_cache and request.conversation:
        body["prompt_cache_key"] = cache_key(request.conversation)
    return body


def cache_key(conversation: str) -> str:
    """Return the name of a conversation in at most 64 characters, which is all that OpenAI takes."""
    return conversation if len(conversation) <= MAX_KEY else sha256(conversation.encode()).hexdigest()


def tool_error(message: Message) -> str:
    """Return the result of a tool; that the call failed has to be said in words, there is no field for it."""
    failed = message.is_error and not message.content.lower().startswith("error")
    return f"Error: {message.content}" if failed else message.content


def _message(message: Message, dialect: ChatDialect, provider: str, kind: str) -> dict[str, Any]:
    if message.role == "tool":
        for attachment in message.attachments:
            raise cannot_attach(provider, attachment, " as the result of a tool")
        return {"role": "tool", "tool_call_id": message.tool_call_id or "", "content": tool_error(message)}
    if message.role == "assistant":
        return _assistant(message, dialect, provider, kind)
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    parts = [_part(item, dialect, provider) for item in message.attachments]
    if message.content:
        parts.append({"type": "text", "text": message.content})
    return {"role": message.role, "content": parts}


def _assistant(message: Message, dialect: ChatDialect, provider: str, kind: str) -> dict[str, Any]:
    for attachment in message.attachments:
        raise cannot_attach(provider, attachment, " in a turn of the assistant")
    told: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        told["content"] = message.content or None
        told["tool_calls"] = [
            {"id": item.id, "type": "function", "function": {"name": item.name, "arguments": item.arguments}}
            for item in message.tool_calls
        ]
        thoughts = "".join(item.text for item in message.reasoning if item.provider_kind == kind)
        if dialect.replays_reasoning and thoughts:
            told["reasoning_content"] = thoughts
    return told


def _part(attachment: Attachment, dialect: ChatDialect, provider: str) -> dict[str, Any]:
    if is_image(attachment):
        return {"type": "image_url", "image_url": {"url": address_of(attachment)}}
    if (text := inline_text(attachment)) is not None:
        return {"type": "text", "text": text}
    if (audio := AUDIO_FORMATS.get(attachment.media_type)) and attachment.url is None:
        return {"type": "input_audio", "input_audio": {"data": base64_of(attachment), "format": audio}}
    if attachment.media_type.startswith("audio/") or (attachment.url and not dialect.file_urls):
        raise cannot_attach(provider, attachment)
    return {"type": "file", "file": {"filename": name_of(attachment), "file_data": address_of(attachment)}}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> dict[str, Any]:
    if choice == "auto":
        return {}
    if choice in ("none", "required"):
        return {"tool_choice": choice}
    return {"tool_choice": {"type": "function", "function": {"name": choice}}}
