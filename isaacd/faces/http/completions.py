"""The body of `POST /v1/chat/completions` as a conversation, and how it is to be asked."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from isaacd.ai.chat import Message, OutputSchema, Sampling, Tool, ToolCall
from isaacd.answers.asking import Asking
from isaacd.faces.http.completion_body import Body, FormatBody, Own, Steering, ToolBody, TurnBody
from isaacd.faces.http.parts import attachments_of, text_of
from isaacd.faces.http.refused import RefusedError

# Names that leave the choice to the configuration.
ANY_MODEL = frozenset(("", "auto", "default"))
_MAX_STOPS = 16
# What would change the answer and cannot be passed on; what is listed is what changes nothing.
_HARMLESS: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "modalities": (["text"],),
    "audio": (),
    "functions": ([],),
    "function_call": (),
    "prediction": (),
    "web_search_options": (),
    "logit_bias": ({},),
}


class Question(Struct):
    """A conversation, how it is asked, and how the answer is wanted."""

    messages: tuple[Message, ...]
    asking: Asking
    stream: bool = False
    include_usage: bool = False


_DECODER = msgspec.json.Decoder(Body)
_AS_IT_IS = Asking(cheap=False)


def read_completion(data: bytes) -> Question:
    """Read a body; raises RefusedError for what is none, or cannot be asked for here."""
    return question_of(decoded(_DECODER, data))


def decoded(decoder: "msgspec.json.Decoder[Any]", data: bytes) -> Any:
    """Decode a body of JSON; raises RefusedError with the place where it is wrong."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        raise RefusedError(
            400, f"{message}{f' at {place[:-1]}' if place else ''}", code="invalid_value", param=_param(place)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, "the body is no JSON", code="invalid_json") from None


def question_of(body: Body) -> Question:
    """Turn a body into a question; raises RefusedError."""
    for name, harmless in _HARMLESS.items():
        said = getattr(body, name)
        if said is not UNSET:
            _check_harmless(name, said, harmless)
    if not body.messages:
        raise RefusedError(400, "there are no messages", code="invalid_value", param="messages")
    options = body.stream_options
    return Question(
        messages=tuple([_message(turn, number) for number, turn in enumerate(body.messages)]),
        asking=_asking(body),
        stream=bool(body.stream),
        include_usage=options is not None and bool(options.include_usage),
    )


def _check_harmless(name: str, said: Raw, harmless: tuple[object, ...]) -> None:
    try:
        value = msgspec.json.decode(said)
    except (msgspec.DecodeError, RecursionError):
        value = said
    if value is not None and value not in harmless:
        raise RefusedError(
            400, f"{name} cannot be passed on; leave it out", code="unsupported_parameter", param=name
        )


def _message(turn: TurnBody, number: int) -> Message:
    content = turn.content
    role = turn.role
    if role in ("user", "system") and type(content) is str:  # nearly all are so
        return Message(role, content)
    place = f"messages[{number}]"
    if role == "function":
        raise RefusedError(400, "results of functions are of role tool now", param=f"{place}.role")
    if role == "tool" and not turn.tool_call_id:
        raise RefusedError(400, "the result of a tool names its tool_call_id", param=f"{place}.tool_call_id")
    if content is None and not turn.tool_calls and role != "assistant":
        raise RefusedError(400, "a message needs content", code="invalid_value", param=f"{place}.content")
    return Message(
        role="system" if role == "developer" else role,
        content=text_of(content) or (turn.refusal or ""),
        attachments=attachments_of(content, place),
        tool_calls=tuple(
            ToolCall(call.id, call.function.name, call.function.arguments) for call in turn.tool_calls or ()
        ),
        tool_call_id=turn.tool_call_id if role == "tool" else None,
    )


def _asking(body: Body) -> Asking:
    own = body.isaac or Own()
    model = None if body.model is None or body.model in ANY_MODEL else body.model
    limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
    if limit is not None and limit < 1:
        raise RefusedError(
            400, "an answer needs at least one token", code="invalid_value", param="max_tokens"
        )
    if body.models is not None and not body.models:
        raise RefusedError(400, "the list of models is empty", code="invalid_value", param="models")
    return Asking(
        model=model if body.models is None else None,
        providers=_providers(body.models, model),
        strategy=own.strategy,
        temperature=body.temperature,
        sampling=sampling_of(body, has_tools=bool(body.tools)),
        max_tokens=limit,
        stop=_stops(body.stop),
        tools=tuple([_tool(tool, number) for number, tool in enumerate(body.tools or ())]),
        tool_choice=_choice(body),
        schema=_schema(body.response_format),
        effort=body.reasoning_effort,
        conversation=own.conversation or body.prompt_cache_key,
        cheap=model is None and body.models is None,
        use=own.use,
        ttl_s=own.ttl_s,
    )


def sampling_of(body: Steering, *, has_tools: bool) -> Sampling | None:
    """Return what else steers the answer; what changes nothing is left out, as clients like to say it all the same."""
    made = Sampling(
        top_p=None if body.top_p == 1 else body.top_p,
        seed=body.seed,
        presence_penalty=body.presence_penalty or None,
        frequency_penalty=body.frequency_penalty or None,
        parallel_tool_calls=False if body.parallel_tool_calls is False and has_tools else None,
    )
    return made if made.told() else None


def _providers(models: list[str] | None, model: str | None) -> tuple[str, ...] | None:
    """Return whom to ask one after another: the model that is named, and then the others."""
    if models is None:
        return None
    return tuple(dict.fromkeys(models if model is None else (model, *models)))


def _stops(stop: str | list[str] | None) -> tuple[str, ...]:
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    if len(stops) > _MAX_STOPS:
        raise RefusedError(400, f"there are more than {_MAX_STOPS} stops", code="invalid_value", param="stop")
    return tuple(text for text in stops if text)


def _tool(tool: ToolBody, number: int) -> Tool:
    if tool.type != "function" or tool.function is None:
        raise RefusedError(
            400,
            "only tools of type function can be passed on",
            code="unsupported_value",
            param=f"tools[{number}]",
        )
    told = tool.function
    return Tool(
        name=told.name, description=told.description or "", parameters=told.parameters or {"type": "object"}
    )


def _choice(body: Body) -> str:
    choice = body.tool_choice
    if choice is None or not body.tools:
        return "auto"
    if isinstance(choice, str):
        if choice in ("auto", "none", "required"):
            return choice
    elif choice.type == "function" and choice.function is not None:
        name = choice.function.name
        if any(tool.function is not None and tool.function.name == name for tool in body.tools):
            return name
        raise RefusedError(400, f"no tool is called {name!r}", code="invalid_value", param="tool_choice")
    raise RefusedError(
        400, "tool_choice is auto, none, required or a function", code="invalid_value", param="tool_choice"
    )


def _schema(wanted: FormatBody | None) -> OutputSchema | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return OutputSchema(schema={"type": "object"}, name="object", strict=False)
    if wanted.json_schema is None or wanted.json_schema.schema is None:
        raise RefusedError(
            400, "the schema is missing", code="invalid_value", param="response_format.json_schema"
        )
    told = wanted.json_schema
    return OutputSchema(schema=told.schema or {}, name=told.name, strict=bool(told.strict))


def _param(place: str) -> str | None:
    """Return the path of a value as OpenAI's errors write it: `$.messages[0].role` without its first two characters."""
    return place.removesuffix("`").removeprefix("$").removeprefix(".") or None
