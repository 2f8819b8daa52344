"""The body of `POST /v1/responses` as a question; what it says in other words than chat completions is put into theirs."""

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from isaacd.ai.chat import Message, OutputSchema, Tool, ToolCall
from isaacd.answers.asking import Asking
from isaacd.faces.http.completion_body import Own, Steering
from isaacd.faces.http.completions import ANY_MODEL, Question, decoded, sampling_of
from isaacd.faces.http.parts import Part, attachments_of, text_of
from isaacd.faces.http.refused import RefusedError

_NOTHING = Raw(b"null")


class _Item(Struct):
    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Any = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: Any = None


class _Tool(Struct):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Chosen(Struct):
    type: str
    name: str | None = None


class _Format(Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: str = "answer"
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _Text(Struct):
    format: _Format | None = None


class _Reasoning(Struct):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None


class Body(Steering, kw_only=True):
    """What may stand in a body; what else stands there is ignored."""

    input: str | list[_Item] = ""
    model: str | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Chosen | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    prompt_cache_key: str | None = None
    previous_response_id: str | None = None
    conversation: Raw = _NOTHING
    background: bool | None = None
    isaac: Own | None = None


_DECODER = msgspec.json.Decoder(Body)


def read_response(data: bytes) -> Question:
    """Read a body; raises RefusedError for what is none, or cannot be asked for here."""
    body: Body = decoded(_DECODER, data)
    for name, said in (
        ("previous_response_id", body.previous_response_id is not None),
        ("conversation", bytes(body.conversation) != b"null"),
        ("background", bool(body.background)),
    ):
        if said:
            raise RefusedError(
                400,
                f"{name} cannot be used, for nothing of a response is kept here; send the whole conversation",
                code="unsupported_parameter",
                param=name,
            )
    messages = [] if not body.instructions else [Message("system", body.instructions)]
    if isinstance(body.input, str):
        messages.append(Message("user", body.input))
    else:
        messages += _messages(body.input)
    if not body.input or not messages:
        raise RefusedError(400, "there is no input", code="invalid_value", param="input")
    return Question(messages=tuple(messages), asking=_asking(body), stream=bool(body.stream))


def _messages(items: list[_Item]) -> list[Message]:
    found: list[Message] = []
    for number, item in enumerate(items):
        place = f"input[{number}]"
        if item.type == "message" and item.role is not None:
            content = _content(item.content, place)
            role = "system" if item.role == "developer" else item.role
            found.append(Message(role, text_of(content), attachments=attachments_of(content, place)))
        elif item.type == "function_call" and item.call_id and item.name:
            call = ToolCall(item.call_id, item.name, item.arguments or "{}")
            last = found[-1] if found else None
            if last is not None and last.role == "assistant":  # several calls belong to one turn
                found[-1] = msgspec.structs.replace(last, tool_calls=(*last.tool_calls, call))
            else:
                found.append(Message("assistant", "", tool_calls=(call,)))
        elif item.type == "function_call_output" and item.call_id:
            output = (
                item.output if isinstance(item.output, str) else msgspec.json.encode(item.output).decode()
            )
            found.append(Message("tool", output, tool_call_id=item.call_id))
        elif item.type != "reasoning":  # whose seal only the provider of that turn could read
            raise RefusedError(400, "this item cannot be passed on", code="unsupported_value", param=place)
    return found


def _content(content: Any, place: str) -> str | list[Part] | None:
    """Return the content in the words of chat completions."""
    if content is None or isinstance(content, str):
        return content
    try:
        parts = msgspec.convert(content, list[dict[str, Any]])
        return msgspec.convert([_part(part) for part in parts], list[Part])
    except msgspec.ValidationError:
        raise RefusedError(
            400, "the content cannot be understood", code="invalid_value", param=place
        ) from None


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in ("input_text", "output_text"):
        return {"type": "text", "text": part.get("text", "")}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    if kind == "input_file":
        address = part.get("file_data") or part.get("file_url")
        return {"type": "file", "file": {"file_data": address, "filename": part.get("filename")}}
    return {**part, "type": str(kind)}


def _asking(body: Body) -> Asking:
    own = body.isaac or Own()
    model = None if body.model is None or body.model in ANY_MODEL else body.model
    if body.max_output_tokens is not None and body.max_output_tokens < 1:
        raise RefusedError(
            400, "an answer needs at least one token", code="invalid_value", param="max_output_tokens"
        )
    tools = tuple([_tool(tool, number) for number, tool in enumerate(body.tools or ())])
    return Asking(
        model=model,
        strategy=own.strategy,
        temperature=body.temperature,
        sampling=sampling_of(body, has_tools=bool(tools)),
        max_tokens=body.max_output_tokens,
        tools=tools,
        tool_choice=_choice(body, tools),
        schema=_schema(body.text),
        effort=None if body.reasoning is None else body.reasoning.effort,
        conversation=own.conversation or body.prompt_cache_key,
        cheap=model is None,
        use=own.use,
        ttl_s=own.ttl_s,
    )


def _tool(tool: _Tool, number: int) -> Tool:
    if tool.type != "function" or tool.name is None:
        raise RefusedError(
            400,
            "only tools of type function can be passed on",
            code="unsupported_value",
            param=f"tools[{number}]",
        )
    return Tool(
        name=tool.name, description=tool.description or "", parameters=tool.parameters or {"type": "object"}
    )


def _choice(body: Body, tools: tuple[Tool, ...]) -> str:
    choice = body.tool_choice
    if choice is None or not tools:
        return "auto"
    if isinstance(choice, str) and choice in ("auto", "none", "required"):
        return choice
    if (
        not isinstance(choice, str)
        and choice.type == "function"
        and choice.name in [tool.name for tool in tools]
    ):
        return str(choice.name)
    raise RefusedError(
        400, "tool_choice is auto, none, required or a function", code="invalid_value", param="tool_choice"
    )


def _schema(text: _Text | None) -> OutputSchema | None:
    told = None if text is None else text.format
    if told is None or told.type == "text":
        return None
    if told.type == "json_object":
        return OutputSchema(schema={"type": "object"}, name="object", strict=False)
    if told.schema is None:
        raise RefusedError(400, "the schema is missing", code="invalid_value", param="text.format.schema")
    return OutputSchema(schema=told.schema, name=told.name, strict=bool(told.strict))
