"""The answers of `POST /responses`, event by event or as one body, turned into pieces."""

from typing import Any

from msgspec import DecodeError, Raw, Struct, json

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.protocol.faults import Faults

_NULL = Raw(b"null")
_READ = ("function_call", "reasoning", "message")
_PARAGRAPH = "\n\n"
_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


class _Part(Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Type(Struct):
    type: str = ""


class _Item(Struct):
    # One of those that we read; others have fields of the same names that hold something else.
    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None


class _InputDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(Struct):
    reasoning_tokens: int | None = None


class _Tokens(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    cost_in_usd_ticks: int | None = None


class _Details(Struct):
    reason: str | None = None


class _Response(Struct):
    status: str | None = None
    model: str | None = None
    output: list[Raw] | None = None
    usage: _Tokens | None = None
    incomplete_details: _Details | None = None
    error: Raw = _NULL


class _Event(Struct):
    # What most events hold is left as it is until it is needed.
    type: str = ""
    delta: Any = ""
    output_index: int = 0
    summary_index: int = 0
    item: Raw = _NULL
    response: Raw = _NULL
    error: Raw = _NULL


_EVENT = json.Decoder(_Event, strict=False)
_TYPE = json.Decoder(_Type)
_ITEM = json.Decoder(_Item, strict=False)
_RESPONSE = json.Decoder(_Response, strict=False)


class ResponsesDecoder:
    """Takes the data of events, or one whole body, and gives pieces; `faults` makes its errors.

    `done` says that nothing more has to be read. `states_cost` says that the service is one whose own price is to be
    believed.
    """

    __slots__ = (
        "_called",
        "_faults",
        "_finish",
        "_given",
        "_model",
        "_refused",
        "_spoken",
        "_states_cost",
        "done",
    )

    def __init__(self, model: str, faults: Faults, *, states_cost: bool = False) -> None:
        self.done = False
        self._model = model
        self._faults = faults
        self._states_cost = states_cost
        self._finish: Finish | None = None
        self._called = False
        self._refused = False
        self._given: set[str | int] = set()  # items that came whole
        self._spoken: dict[int, str] = {}  # items of which text came, and by which kind of event

    def receive(self, data: bytes) -> list[Piece]:
        """Take the data of the next event; raises what the service reports, or ProviderUnavailable for nonsense."""
        if data == b"[DONE]":
            self.done = True
            return []
        try:
            event = _EVENT.decode(data)
            return self._take(event, data)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            raise self._faults.malformed(data) from None

    def receive_whole(self, data: bytes) -> list[Piece]:
        """Take the whole body of an answer that is not streamed; raises what `receive` raises."""
        try:
            return self._end(data)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            raise self._faults.malformed(data) from None

    def finish(self) -> list[Piece]:
        """Take the end, and return the Finish; raises ProviderUnavailable if it is too early."""
        if self._finish is None:
            raise self._faults.broke_off()
        return [self._finish]

    def _take(self, event: _Event, data: bytes) -> list[Piece]:
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                self._refused = self._refused or event.type == "response.refusal.delta"
                self._spoken[event.output_index] = event.type
                return [TextDelta(event.delta)] if event.delta and isinstance(event.delta, str) else []
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                # A service that sends both sends the same thoughts twice.
                first = self._spoken.setdefault(event.output_index, event.type)
                usable = first == event.type and event.delta and isinstance(event.delta, str)
                return [ReasoningDelta(event.delta)] if usable else []
            case "response.reasoning_summary_part.added":
                return [ReasoningDelta(_PARAGRAPH)] if event.summary_index else []
            case "response.output_item.done":
                return self._item(event.output_index, event.item)
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                return self._end(bytes(event.response))
            case "error":
                raise self._faults.refused(data)
            case "":
                if bytes(event.error) != b"null":
                    raise self._faults.refused(data)
        return []

    def _item(self, index: int, data: Raw) -> list[Piece]:
        """Return what of an item has not been given yet."""
        if _TYPE.decode(data).type not in _READ:
            return []
        item = _ITEM.decode(data)
        identity = item.call_id or item.id or index
        if identity in self._given:
            return []
        self._given.add(identity)
        if item.type == "function_call" and item.name:
            self._called = True
            call = item.call_id or item.id or f"call_{index}"
            return [ToolCall(call, item.name, item.arguments or "{}")]
        pieces: list[Piece] = []
        if item.type == "reasoning":
            text = _PARAGRAPH.join(part.text for part in item.summary or item.content or () if part.text)
            seal = _seal(item)
            text = "" if index in self._spoken else text
            if text or seal:
                pieces.append(ReasoningDelta(text, seal))
        elif item.type == "message":
            self._refused = self._refused or any(part.refusal for part in item.content or ())
        if item.type == "message" and index not in self._spoken:
            pieces += [TextDelta(said) for part in item.content or () if (said := part.text or part.refusal)]
        return pieces

    def _end(self, data: bytes) -> list[Piece]:
        response = _RESPONSE.decode(data)
        if bytes(response.error) != b"null" or response.status == "failed":
            raise self._faults.refused(b'{"error":%b}' % bytes(response.error))
        if response.status not in ("completed", "incomplete"):
            raise self._faults.broke_off() if response.status else self._faults.malformed(data)
        pieces: list[Piece] = []
        for index, item in enumerate(response.output or ()):
            pieces += self._item(index, item)
        self.done = True
        why = response.incomplete_details.reason if response.incomplete_details else None
        if response.status == "incomplete":
            reason = _INCOMPLETE.get(why or "", why or "length")
        else:
            reason = "tool_calls" if self._called else "content_filter" if self._refused else "stop"
        self._finish = Finish(
            reason=reason,
            raw_reason=response.status,
            model=response.model or self._model,
            usage=_usage(response.usage, states_cost=self._states_cost),
        )
        return pieces


def read_response(body: bytes, faults: Faults, *, states_cost: bool = False) -> list[Piece]:
    """Return all pieces of an answer that came as one body; raises what ResponsesDecoder raises."""
    decoder = ResponsesDecoder("", faults, states_cost=states_cost)
    return [*decoder.receive_whole(body), *decoder.finish()]


def _seal(item: _Item) -> str:
    """Return a block of reasoning in the form in which it goes back, "" if nothing of it was sealed."""
    if not item.encrypted_content:
        return ""
    summary = [{"type": "summary_text", "text": part.text or ""} for part in item.summary or ()]
    block = {"type": "reasoning", "summary": summary, "encrypted_content": item.encrypted_content}
    if item.id:
        block["id"] = item.id
    return json.encode(block).decode()


def _usage(tokens: _Tokens | None, *, states_cost: bool) -> Usage | None:
    if tokens is None:
        return None
    read = tokens.input_tokens_details or _InputDetails()
    written = tokens.output_tokens_details or _OutputDetails()
    ticks = tokens.cost_in_usd_ticks
    return Usage(
        input_tokens=tokens.input_tokens or 0,
        output_tokens=tokens.output_tokens or 0,
        cached_tokens=read.cached_tokens or 0,
        reasoning_tokens=written.reasoning_tokens or 0,
        cache_write_tokens=read.cache_write_tokens or 0,
        cost_usd=ticks / 1e10 if states_cost and ticks is not None else None,
    )
