"""A conversation as the body of `POST /responses`, of which the service keeps nothing."""

from typing import Any

import msgspec

from isaacd.ai.chat import Attachment, ChatRequest, Message, Reasoning, Tool
from isaacd.ai.protocol.chat_request import cache_key as conversation_key
from isaacd.ai.protocol.chat_request import tool_error
from isaacd.ai.protocol.media import address_of, cannot_attach, data_url, inline_text, is_image, name_of
from isaacd.errors import InvalidParams

# What some models refuse; the call is then made again without it.
SUMMARY = "summary"
ENCRYPTED = "encrypted_content"


def responses_body(
    request: ChatRequest,
    model: str,
    *,
    provider: str,
    kind: str,
    without: frozenset[str] = frozenset(),
    cache_key: bool = False,
) -> dict[str, Any]:
    """Return the body, without `stream`; raises InvalidParams for what cannot be said in it.

    `provider` is the name for errors, `kind` is whose reasoning may be sent back, `without` names what the model is
    known to refuse.
    """
    if request.stop:
        raise InvalidParams(
            f"provider {provider} cannot be told where to stop",
            hint='leave out the stop sequences, or set the provider\'s kind to "openai-compatible"',
        )
    items = [item for message in request.messages for item in _items(message, provider, kind)]
    body: dict[str, Any] = {"model": model, "input": items, "store": False}
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.sampling is not None:
        body |= request.sampling.told("top_p", "parallel_tool_calls")
    if request.max_tokens is not None:
        body["max_output_tokens"] = request.max_tokens
    if request.tools:
        body["tools"] = [_tool(item) for item in request.tools]
        body |= _tool_choice(request.tool_choice)
    if request.schema is not None:
        schema = request.schema
        form = {"type": "json_schema", "name": schema.name, "schema": schema.schema, "strict": schema.strict}
        body["text"] = {"format": form}
    body |= _reasoning(request, without)
    if cache_key and request.prompt_cache and request.conversation:
        body["prompt_cache_key"] = conversation_key(request.conversation)
    return body


def may_refuse(request: ChatRequest) -> tuple[str, ...]:
    """Return what the body of `request` holds that not every model takes."""
    thinks = request.effort is not None and request.effort != "none"
    return (*((SUMMARY,) if thinks else ()), *((ENCRYPTED,) if thinks or request.tools else ()))


def _reasoning(request: ChatRequest, without: frozenset[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    asked = may_refuse(request)
    if request.effort is not None:
        told["reasoning"] = {"effort": request.effort}
    if SUMMARY in asked and SUMMARY not in without:
        told["reasoning"]["summary"] = "auto"
    if ENCRYPTED in asked and ENCRYPTED not in without:
        # So that the next turn can go on from these thoughts, though the service keeps nothing.
        told["include"] = ["reasoning.encrypted_content"]
    return told


def _items(message: Message, provider: str, kind: str) -> list[dict[str, Any] | msgspec.Raw]:
    if message.role == "tool":
        return [_tool_result(message, provider)]
    if message.role == "assistant":
        return _assistant(message, provider, kind)
    if not message.attachments:
        return [{"role": message.role, "content": message.content}]
    parts = [_part(item, provider) for item in message.attachments]
    if message.content:
        parts.append({"type": "input_text", "text": message.content})
    return [{"role": message.role, "content": parts}]


def _assistant(message: Message, provider: str, kind: str) -> list[dict[str, Any] | msgspec.Raw]:
    for attachment in message.attachments:
        raise cannot_attach(provider, attachment, " in a turn of the assistant")
    said: list[dict[str, Any] | msgspec.Raw] = []
    if message.content:
        said.append({"role": "assistant", "content": message.content})
    said += [
        {"type": "function_call", "call_id": item.id, "name": item.name, "arguments": item.arguments}
        for item in message.tool_calls
    ]
    # Thoughts that led to nothing are refused.
    thoughts = [sealed for item in message.reasoning if (sealed := _sealed(item, kind))] if said else []
    return [*thoughts, *said]


def _sealed(reasoning: Reasoning, kind: str) -> msgspec.Raw | None:
    """Return a block of reasoning as it came, if it came from a provider of this kind."""
    if reasoning.provider_kind != kind or not reasoning.signature.startswith("{"):
        return None
    return msgspec.Raw(reasoning.signature.encode())


def _tool_result(message: Message, provider: str) -> dict[str, Any]:
    output: Any = tool_error(message)
    if message.attachments:
        parts = [_part(item, provider) for item in message.attachments]
        output = [*([{"type": "input_text", "text": output}] if output else []), *parts]
    return {"type": "function_call_output", "call_id": message.tool_call_id or "", "output": output}


def _part(attachment: Attachment, provider: str) -> dict[str, Any]:
    if is_image(attachment):
        return {"type": "input_image", "image_url": address_of(attachment), "detail": "auto"}
    if (text := inline_text(attachment)) is not None:
        return {"type": "input_text", "text": text}
    if attachment.media_type.startswith(("audio/", "video/")):
        raise cannot_attach(provider, attachment)
    if attachment.url is not None:
        return {"type": "input_file", "file_url": attachment.url}
    return {"type": "input_file", "filename": name_of(attachment), "file_data": data_url(attachment)}


def _tool(tool: Tool) -> dict[str, Any]:
    # Not strict: that would refuse every schema that leaves a property open.
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": False,
    }


def _tool_choice(choice: str) -> dict[str, Any]:
    if choice == "auto":
        return {}
    return {"tool_choice": choice if choice in ("none", "required") else {"type": "function", "name": choice}}
