"""Ollama's own chat API: bodies of requests and lines of answers, with no I/O."""

from collections.abc import Mapping

import msgspec

from isaacd.ai.chat import (
    ChatRequest,
    Finish,
    Message,
    Piece,
    ReasoningDelta,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
)
from isaacd.ai.protocol.media import base64_of, cannot_attach, inline_text, is_image
from isaacd.errors import InvalidParams

# These think in levels; all others are told to think, or not to.
_LEVELLED = "gpt-oss"
_LEVELS = {"none": "low", "minimal": "low", "xhigh": "high"}


class _Function(msgspec.Struct):
    name: str = ""
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class _Call(msgspec.Struct):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    message: _Message | None = None
    model: str | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


_LINE = msgspec.json.Decoder(_Line, strict=False)


def ollama_body(request: ChatRequest, model: str, *, provider: str) -> bytes:
    """Return the body of `POST /api/chat`; raises InvalidParams for what Ollama cannot do."""
    if request.tools and request.tool_choice not in ("auto", "none"):
        raise InvalidParams(
            f"provider {provider} cannot make a model call a tool",
            hint="leave the choice to it: auto, or none",
        )
    names = {call.id: call.name for message in request.messages for call in message.tool_calls}
    options: dict[str, object] = {
        "temperature": request.temperature,
        "num_predict": request.max_tokens,
        "stop": request.stop or None,
    }
    if request.sampling is not None:
        options |= request.sampling.told("top_p", "seed", "presence_penalty", "frequency_penalty")
    tools = request.tools if request.tool_choice == "auto" else ()
    fields: dict[str, object] = {
        "model": model,
        "messages": [_message(item, names, provider) for item in request.messages],
        "stream": request.stream,
        "tools": [_tool(item) for item in tools] or None,
        "format": request.schema.schema if request.schema is not None else None,
        "options": {name: value for name, value in options.items() if value is not None} or None,
        "think": _think(request, model),
    }
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})


class OllamaReader:
    """Reads one answer: `receive` takes each line, `finish` ends it. After a line with an error `failed` is set."""

    def __init__(self, model: str) -> None:
        self.ended = False
        self.failed = False
        self._model = model
        self._calls = 0
        self._last: _Line | None = None

    def receive(self, data: bytes) -> list[Piece]:
        """Return the pieces of one line; raises msgspec.DecodeError if it is not what Ollama sends."""
        line = _LINE.decode(data)
        if bytes(line.error) not in (b"null", b'""'):
            self.failed = self.ended = True
            return []
        pieces: list[Piece] = []
        self._model = line.model or self._model
        if line.message is not None:
            if line.message.thinking:
                pieces.append(ReasoningDelta(line.message.thinking))
            if line.message.content:
                pieces.append(TextDelta(line.message.content))
            pieces += map(self._call, line.message.tool_calls or ())
        if line.done:
            self._last = line
            self.ended = True
        return pieces

    def finish(self) -> Finish | None:
        """Return the end of the answer; None if it has not come, so that the answer is broken off."""
        line = self._last
        if line is None:
            return None
        raw = line.done_reason or ""
        reason = "tool_calls" if self._calls and raw in ("", "stop") else raw or "stop"
        usage = None
        if line.prompt_eval_count is not None or line.eval_count is not None:
            usage = Usage(input_tokens=line.prompt_eval_count or 0, output_tokens=line.eval_count or 0)
        return Finish(reason=reason, raw_reason=raw, model=self._model, usage=usage)

    def _call(self, call: _Call) -> ToolCall:
        # Older versions give calls no id; results are told apart by it.
        identifier = call.id or f"call_{self._calls}"
        self._calls += 1
        return ToolCall(identifier, call.function.name, _json_text(call.function.arguments))


def _json_text(arguments: msgspec.Raw) -> str:
    text = bytes(arguments).decode()
    # Some models' templates make Ollama pass the text of an object on instead of the object.
    return msgspec.json.decode(text, type=str) if text.startswith('"') else text


def _message(message: Message, names: Mapping[str, str], provider: str) -> dict[str, object]:
    images: list[str] = []
    texts: list[str] = []
    for item in message.attachments:
        if is_image(item) and item.url is None:
            images.append(base64_of(item))
        elif (text := inline_text(item)) is not None:
            texts.append(text)
        else:
            raise cannot_attach(provider, item)
    fields: dict[str, object] = {
        "role": message.role,
        "content": "\n\n".join([*texts, message.content] if message.content else texts),
        "images": images or None,
        "thinking": "".join(item.text for item in message.reasoning if item.provider_kind == "ollama")
        or None,
        "tool_calls": [_called(call) for call in message.tool_calls] or None,
    }
    if message.role == "tool":
        fields |= {"tool_name": names.get(message.tool_call_id or ""), "tool_call_id": message.tool_call_id}
        if message.is_error:
            fields["content"] = f"error: {fields['content']}"
    return {name: value for name, value in fields.items() if value is not None}


def _called(call: ToolCall) -> dict[str, object]:
    try:
        arguments: object = msgspec.json.decode(call.arguments or "{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # Ollama takes objects only; a model that sees what it wrote can do better the next time.
        arguments = {"INVALID_JSON": call.arguments}
    return {"id": call.id, "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: Tool) -> dict[str, object]:
    return {"type": "function", "function": tool}


def _think(request: ChatRequest, model: str) -> bool | str | None:
    if request.effort is None:
        return None
    if _LEVELLED in model:
        return _LEVELS.get(request.effort, request.effort)
    return request.effort != "none"
