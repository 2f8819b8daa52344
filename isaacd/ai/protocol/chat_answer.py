"""The answers of `POST /chat/completions`, event by event or as one body, turned into pieces."""

from collections.abc import Iterator
from typing import Any

from msgspec import DecodeError, Raw, Struct, json

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.protocol.faults import Faults

DONE = b"[DONE]"
_NULL = Raw(b"null")
_NO_ERROR = (b"null", b'""', b"{}", b"false")
_REASONS = {"function_call": "tool_calls", "model_length": "length", "max_tokens": "length"}


class _Part(Struct):
    # Mistral sends a list of these as the content: text, or thinking that is made of parts again.
    text: str | None = None
    thinking: "list[_Part] | None" = None


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Fragment(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(Struct):
    content: str | list[_Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Fragment] | None = None
    function_call: _Function | None = None


class _Alternative(Struct):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None
    error: Raw = _NULL


class _Details(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Upstream(Struct):
    upstream_inference_cost: float | None = None


class Tokens(Struct):
    """The `usage` of an answer, with what services of this protocol have added to it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    cost: Raw = _NULL
    cost_details: _Upstream | None = None
    is_byok: bool | None = None
    cost_in_usd_ticks: int | None = None


class _Groq(Struct):
    usage: Tokens | None = None


class _Chunk(Struct):
    # An event of a stream, or the whole answer of a service that does not stream.
    choices: list[_Alternative] | None = None
    model: str | None = None
    usage: Tokens | None = None
    error: Raw = _NULL
    x_groq: _Groq | None = None


_DECODER = json.Decoder(_Chunk, strict=False)


class ChatDecoder:
    """Takes the data of events, or one whole body, and gives pieces; `faults` makes its errors.

    `done` says that nothing more has to be read. `states_cost` says that the service is one whose own price is to be
    believed.
    """

    __slots__ = ("_begun", "_calls", "_faults", "_model", "_reason", "_states_cost", "_usage", "done")

    def __init__(self, model: str, faults: Faults, *, states_cost: bool = False) -> None:
        self.done = False
        self._begun = False
        self._model = model
        self._faults = faults
        self._states_cost = states_cost
        self._reason: str | None = None
        self._usage: Tokens | None = None
        self._calls = _Calls()

    def receive(self, data: bytes) -> list[Piece]:
        """Take the data of the next event; raises what the service reports, or ProviderUnavailable for nonsense."""
        if data == DONE:
            self.done = True
            if self._begun:  # some services end without a reason, but nothing at all is no answer
                self._reason = self._reason or ""
            return []
        try:
            chunk = _DECODER.decode(data)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            raise self._faults.malformed(data) from None
        if chunk.error is not _NULL and bytes(chunk.error) not in _NO_ERROR:
            raise self._faults.refused(data)
        if chunk.model:
            self._model = chunk.model
        if chunk.usage is not None:
            self._usage = chunk.usage
        elif chunk.x_groq is not None:
            self._usage = chunk.x_groq.usage or self._usage
        return self._take(chunk.choices[0]) if chunk.choices else []

    def finish(self) -> list[Piece]:
        """Take the end, and return the tool calls and the Finish; raises ProviderUnavailable if it is too early."""
        if self._reason is None:
            raise self._faults.broke_off()
        calls = self._calls.whole()
        reason = _REASONS.get(self._reason, self._reason) or "stop"
        if calls and reason == "stop":
            # So they end when they were told which tool to call.
            reason = "tool_calls"
        usage = usage_of(self._usage, states_cost=self._states_cost)
        return [*calls, Finish(reason=reason, raw_reason=self._reason, model=self._model, usage=usage)]

    def _take(self, alternative: _Alternative) -> list[Piece]:
        self._begun = True
        if alternative.error is not _NULL and bytes(alternative.error) not in _NO_ERROR:
            raise self._faults.refused(b'{"error":%b}' % bytes(alternative.error))
        message = alternative.delta or alternative.message
        if alternative.finish_reason:
            self._reason = alternative.finish_reason
        elif alternative.message is not None and self._reason is None:
            self._reason = ""
        if message is None:
            return []
        if message.tool_calls:
            for fragment in message.tool_calls:
                self._calls.add(fragment)
        elif message.function_call is not None:
            self._calls.add(_Fragment(index=0, function=message.function_call))
        return list(_pieces(message))


def read_chat_answer(body: bytes, faults: Faults, *, states_cost: bool = False) -> list[Piece]:
    """Return all pieces of an answer that came as one body; raises what ChatDecoder raises."""
    decoder = ChatDecoder("", faults, states_cost=states_cost)
    return [*decoder.receive(body), *decoder.finish()]


class _Calls:
    """Tool calls that arrive in fragments."""

    def __init__(self) -> None:
        self._calls: list[list[str]] = []  # id, name, arguments
        self._places: dict[int, int] = {}

    def add(self, fragment: _Fragment) -> None:
        """Add a fragment to the call that it belongs to: by its index, else to the last one."""
        function = fragment.function or _Function()
        call = self._find(fragment, function)
        if fragment.id:
            call[0] = fragment.id
        if function.name and function.name != call[1]:
            call[1] += function.name
        if isinstance(function.arguments, dict):
            call[2] = json.encode(function.arguments).decode()
        elif function.arguments:
            call[2] += function.arguments

    def _find(self, fragment: _Fragment, function: _Function) -> list[str]:
        place = self._places.get(fragment.index) if fragment.index is not None else len(self._calls) - 1
        known = self._calls[place] if place is not None and place >= 0 else None
        # Some services give every call the index 0, or none; a new id with a name is a new call.
        other = known and fragment.id and known[0] and fragment.id != known[0] and function.name
        if known is None or other:
            known = ["", "", ""]
            if fragment.index is not None:
                self._places[fragment.index] = len(self._calls)
            self._calls.append(known)
        return known

    def whole(self) -> list[ToolCall]:
        """Return the calls in the order in which they began."""
        return [
            ToolCall(identity or f"call_{number}", name, arguments or "{}")
            for number, (identity, name, arguments) in enumerate(self._calls)
            if name
        ]


def _pieces(message: _Message) -> Iterator[Piece]:
    if thought := message.reasoning_content or message.reasoning:
        yield ReasoningDelta(thought)
    content = message.content
    if isinstance(content, list):
        for part in content:
            if thought := "".join(item.text or "" for item in part.thinking or ()):
                yield ReasoningDelta(thought)
            if part.text:
                yield TextDelta(part.text)
    elif content:
        yield TextDelta(content)
    elif message.refusal:
        yield TextDelta(message.refusal)


def usage_of(tokens: Tokens | None, *, states_cost: bool = False) -> Usage | None:
    """Return the tokens counted, None if they are not."""
    if tokens is None:
        return None
    prompt = tokens.prompt_tokens_details or _Details()
    reasoning = (tokens.completion_tokens_details or _Details()).reasoning_tokens or 0
    read, written = tokens.prompt_tokens or 0, tokens.completion_tokens or 0
    if reasoning and tokens.total_tokens == read + written + reasoning:
        written += reasoning  # xAI counts them beside the answer
    cached = prompt.cached_tokens or tokens.prompt_cache_hit_tokens or tokens.cached_tokens or 0
    return Usage(
        input_tokens=read,
        output_tokens=written,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
        cache_write_tokens=prompt.cache_write_tokens or 0,
        cost_usd=_cost_usd(tokens) if states_cost else None,
    )


def _cost_usd(tokens: Tokens) -> float | None:
    """Return the price that the service states: OpenRouter's `cost`, Perplexity's `cost.total_cost`, xAI's ticks."""
    if tokens.cost_in_usd_ticks is not None:
        return tokens.cost_in_usd_ticks / 1e10
    try:
        cost = json.decode(tokens.cost)
    except DecodeError:
        return None
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or cost < 0:
        return None
    # With a key of one's own at OpenRouter, `cost` is only its fee.
    upstream = tokens.cost_details.upstream_inference_cost if tokens.cost_details else None
    return float(cost + (upstream or 0)) if tokens.is_byok else float(cost)
