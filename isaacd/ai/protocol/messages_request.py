"""A conversation as the body of a call to Anthropic's Messages API."""

from collections.abc import Iterator, Sequence

import msgspec

from isaacd.ai.chat import ChatRequest, Message, Reasoning, Tool, ToolCall
from isaacd.ai.protocol.claude import Claude
from isaacd.ai.protocol.closed_schema import closed
from isaacd.ai.protocol.messages_cache import mark
from isaacd.ai.protocol.messages_files import file_block
from isaacd.errors import InvalidParams

# Stands for the answer where a schema is asked for by a tool; MessagesReader turns its arguments into text.
ANSWER_TOOL = "answer_as_json"

Block = dict[str, object]
_IDENTIFIER = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def messages_body(
    request: ChatRequest, model: str, *, kind: str = "anthropic", reasoning: bool = True
) -> dict[str, object]:
    """Return the body of `POST /v1/messages`, to be encoded with `msgspec.json`; raises InvalidParams.

    Reasoning goes back only if a provider of the same `kind` sealed it, and not at all if `reasoning` is False.
    """
    claude = Claude.named(model)
    system = [
        _text(item.content) for item in request.messages if item.role == "system" and item.content.strip()
    ]
    turns = _turns(request.messages, kind if reasoning else None)
    if not turns:
        raise InvalidParams("there is no question to ask", hint="a conversation needs a turn of the user")
    tools = [_tool(item) for item in request.tools or _remembered(request.messages)]
    steering = _steering(request, claude, tools)
    if request.prompt_cache:
        mark(request, system=system, tools=tools, turns=turns, minimum=claude.cache_min_tokens)
    options: Block = {
        "system": system,
        "tools": tools,
        "stop_sequences": request.stop,
        "stream": request.stream,
        **steering,
    }
    body: Block = {
        "model": model,
        "max_tokens": request.max_tokens or claude.default_max_tokens,
        "messages": turns,
        **{name: value for name, value in options.items() if value},
    }
    if request.sampling is not None:
        body |= request.sampling.told("top_p")
    return body if request.temperature is None else body | {"temperature": request.temperature}


def _steering(request: ChatRequest, claude: Claude, tools: list[Block]) -> Block:
    """Say how to choose tools, how to think, and which form the answer has; may add the tool that is the answer."""
    choice = _choice(request)
    output: Block = {}
    if request.schema is not None and claude.keeps_to_schemas:
        output["format"] = {"type": "json_schema", "schema": closed(request.schema.schema)}
    elif request.schema is not None:
        choice = {"type": "any"} if request.tools else {"type": "tool", "name": ANSWER_TOOL}
        tools.append(_answer_tool(request.schema.schema))
    thinking: Block | None = None
    if request.effort is not None:
        asked = claude.think(request.effort, request.max_tokens or claude.default_max_tokens)
        forced = choice is not None and choice["type"] in ("any", "tool")
        # Models that think by a budget refuse to do so when a tool is forced.
        thinking = None if forced and claude.has_budget else asked.thinking
        output |= {"effort": asked.effort} if asked.effort else {}
    return {"tool_choice": choice if tools else None, "thinking": thinking, "output_config": output}


def _turns(messages: Sequence[Message], sealed_by: str | None) -> list[Block]:
    """Return the turns, those of one role joined: results of tools belong into one turn of the user."""
    turns: list[Block] = []
    contents: list[list[Block]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = list(_blocks(message, sealed_by))
        if not blocks:
            continue  # the API refuses turns without content
        if turns and turns[-1]["role"] == role:
            contents[-1].extend(blocks)
        else:
            contents.append(blocks)
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message, sealed_by: str | None) -> Iterator[Block]:
    if message.role == "tool":
        yield _result(message)
        return
    if message.role == "assistant":
        if message.attachments:
            raise InvalidParams("a turn of the assistant cannot hold attachments")
        yield from (
            _thought(item) for item in message.reasoning if item.provider_kind == sealed_by and item.signature
        )
    else:
        yield from map(file_block, message.attachments)
    if message.content.strip():
        yield _text(message.content)
    if message.role == "assistant":
        yield from map(_use, message.tool_calls)


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _thought(item: Reasoning) -> Block:
    if item.signature.startswith("{"):
        # A block that the API encrypts as a whole; its seal holds all of it (see MessagesReader).
        block: Block = msgspec.json.decode(item.signature)
        return block
    return {"type": "thinking", "thinking": item.text, "signature": item.signature}


def _use(call: ToolCall) -> Block:
    try:
        arguments: object = msgspec.json.decode(call.arguments or "{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        # The API takes objects only; a model that sees what it wrote can do better the next time.
        arguments = {"INVALID_JSON": call.arguments}
    return {"type": "tool_use", "id": _identifier(call.id), "name": call.name, "input": arguments}


def _result(message: Message) -> Block:
    if not message.tool_call_id:
        raise InvalidParams("a turn of role tool must say which call it answers, in tool_call_id")
    content: list[Block] = [file_block(item) for item in message.attachments]
    if message.content.strip() or message.is_error:
        content.append(_text(message.content if message.content.strip() else "failed, and said nothing"))
    block: Block = {
        "type": "tool_result",
        "tool_use_id": _identifier(message.tool_call_id),
        "content": content,
    }
    return block | {"is_error": True} if message.is_error else block


def _identifier(text: str) -> str:
    """Return an id of any provider in the letters that this API takes."""
    return "".join(letter if letter in _IDENTIFIER else "_" for letter in text)


def _tool(tool: Tool) -> Block:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def _answer_tool(schema: dict[str, object]) -> Block:
    return {"name": ANSWER_TOOL, "description": "Give the whole answer.", "input_schema": schema}


def _remembered(messages: Sequence[Message]) -> list[Tool]:
    """Return the tools called so far: the API wants them declared, even if none may be called now."""
    names = dict.fromkeys(call.name for message in messages for call in message.tool_calls)
    return [Tool(name=name, description="", parameters={"type": "object"}) for name in names]


def _choice(request: ChatRequest) -> Block | None:
    if not request.tools or request.tool_choice == "none":
        return {"type": "none"}
    if request.tool_choice == "auto":
        return None
    if request.tool_choice == "required":
        return {"type": "any"}
    return {"type": "tool", "name": request.tool_choice}
