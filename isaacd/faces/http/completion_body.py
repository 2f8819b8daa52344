"""What programs send to `POST /v1/chat/completions`, as OpenAI's reference has it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from isaacd.ai.chat import Effort
from isaacd.answers.asking import Use
from isaacd.config import Strategy
from isaacd.faces.http.parts import Part


class FunctionBody(Struct):
    """A function that a model calls, with its arguments as JSON."""

    name: str
    arguments: str = "{}"


class CallBody(Struct):
    """One call of a tool, as an earlier answer had it."""

    function: FunctionBody
    id: str = ""
    type: str = "function"


class TurnBody(Struct):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: list[CallBody] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class DescribedBody(Struct):
    """A function that a model may call."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolBody(Struct):
    """A tool; only those of the type `function` are known."""

    type: str
    function: DescribedBody | None = None


class ChosenBody(Struct):
    """The tool that has to be called."""

    type: str
    function: FunctionBody | None = None


class SchemaBody(Struct):
    """The JSON Schema that an answer has to keep."""

    name: str = "answer"
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class FormatBody(Struct):
    """How an answer is to be written."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaBody | None = None


class StreamOptionsBody(Struct):
    """What a stream is to tell besides the answer."""

    include_usage: bool | None = None


class Own(Struct, forbid_unknown_fields=True):
    """What only Isaac knows: the object `isaac` of a body."""

    use: Use = "normal"
    ttl_s: float | None = None
    strategy: Strategy | None = None
    conversation: str | None = None


class Steering(Struct, kw_only=True):
    """What steers how the model draws its words, in whichever protocol it is said."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    seed: int | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    parallel_tool_calls: bool | None = None


class Body(Steering, kw_only=True):
    """What may stand in a body; what else stands there is ignored, as clients send what they like."""

    messages: list[TurnBody]
    model: str | None = None
    models: list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptionsBody | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[ToolBody] | None = None
    tool_choice: str | ChosenBody | None = None
    response_format: FormatBody | None = None
    reasoning_effort: Effort | None = None
    prompt_cache_key: str | None = None
    isaac: Own | None = None
    n: Raw | UnsetType = UNSET
    logprobs: Raw | UnsetType = UNSET
    top_logprobs: Raw | UnsetType = UNSET
    modalities: Raw | UnsetType = UNSET
    audio: Raw | UnsetType = UNSET
    functions: Raw | UnsetType = UNSET
    function_call: Raw | UnsetType = UNSET
    prediction: Raw | UnsetType = UNSET
    web_search_options: Raw | UnsetType = UNSET
    logit_bias: Raw | UnsetType = UNSET
