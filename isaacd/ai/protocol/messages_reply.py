"""The answer of Anthropic's Messages API, as events or as a whole, turned into pieces with no I/O."""

from collections.abc import Iterator

import msgspec

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.protocol.messages_request import ANSWER_TOOL

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_EVENTS = frozenset(
    "message message_start message_delta message_stop content_block_start content_block_stop error".split()
)
_DELTAS = frozenset("text_delta thinking_delta signature_delta input_json_delta".split())
_BLOCKS = frozenset("text thinking redacted_thinking tool_use".split())


class _Writes(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _Details(msgspec.Struct):
    thinking_tokens: int | None = None


class _Tokens(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Writes | None = None
    output_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    usage: _Tokens | None = None


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(_Message):
    # An event of a stream, or the whole message of an answer that is not streamed.
    type: str = ""
    index: int = 0
    delta: _Delta | None = None
    content_block: msgspec.Raw = msgspec.Raw(b"null")
    message: _Message | None = None


class _Block(msgspec.Struct):
    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _Kind(msgspec.Struct):
    type: str | None = None
    delta: msgspec.Raw = msgspec.Raw(b"null")


_EVENT = msgspec.json.Decoder(_Event, strict=False)
_BLOCK = msgspec.json.Decoder(_Block)
_KIND = msgspec.json.Decoder(_Kind)


class _Open:
    """A block that has begun, and what of it is still to be told."""

    __slots__ = ("fragments", "id", "input", "name", "signature", "type")

    def __init__(self, block: _Block) -> None:
        self.type = "answer" if (block.type, block.name) == ("tool_use", ANSWER_TOOL) else block.type
        self.id = block.id
        self.name = block.name
        self.input = bytes(block.input).decode()
        self.signature = block.signature or ""
        self.fragments: list[str] = []


class MessagesReader:
    """Reads one answer: `receive` takes the data of each event, or the whole body, and `finish` ends it.

    Blocks, deltas and events of unknown types are passed over. After an `error` event `failed` is set. `ended` says
    that nothing more will come.
    """

    def __init__(self, model: str) -> None:
        self.ended = False
        self.failed = False
        self._model = model
        self._blocks: dict[int, _Open] = {}
        self._tokens: _Tokens | None = None
        self._reason: str | None = None
        self._called = False
        self._answered = False

    def receive(self, data: bytes) -> list[Piece]:
        """Return the pieces that `data` completes; raises msgspec.DecodeError if it is not what the API sends."""
        try:
            event = _EVENT.decode(data)
        except msgspec.ValidationError:
            if _is_unknown(data):
                return []
            raise
        kind = event.type
        if kind == "content_block_delta":
            return [] if event.delta is None else self._delta(event.index, event.delta)
        if kind == "content_block_start":
            return self._start(event.index, event.content_block)
        if kind == "content_block_stop":
            return list(self._stop(event.index))
        return list(self._envelope(event))

    def finish(self) -> Finish | None:
        """Return the end of the answer; None if it has not come, so that the answer is broken off."""
        if self._reason is None and not (self.ended and self._tokens is not None):
            return None
        raw = self._reason or ""
        reason = _REASONS.get(raw, raw) or "stop"
        if reason == "tool_calls" and self._answered and not self._called:
            reason = "stop"
        usage = None if self._tokens is None else _usage(self._tokens)
        return Finish(reason=reason, raw_reason=raw, model=self._model, usage=usage)

    def _envelope(self, event: _Event) -> Iterator[Piece]:
        if event.type == "message_start" and event.message is not None:
            self._told(event.message)
        elif event.type == "message_delta":
            self._told(event)
            self._reason = (event.delta.stop_reason if event.delta else None) or self._reason
        elif event.type == "message_stop":
            yield from self._rest()
            self.ended = True
        elif event.type == "message":
            self._told(event)
            for index, raw in enumerate(event.content or ()):
                yield from self._start(index, raw)
                yield from self._stop(index)
            self.ended = True
        elif event.type == "error":
            self.failed = self.ended = True

    def _told(self, message: _Message) -> None:
        self._model = message.model or self._model
        self._reason = message.stop_reason or self._reason
        if message.usage is None:
            return
        if self._tokens is None:
            self._tokens = message.usage
            return
        # Later counts include the earlier ones; what is not counted anew stays.
        for name in _Tokens.__struct_fields__:
            count = getattr(message.usage, name)
            if count is not None:
                setattr(self._tokens, name, count)

    def _start(self, index: int, raw: msgspec.Raw) -> list[Piece]:
        if _kind(raw) not in _BLOCKS:
            return []
        block = _BLOCK.decode(raw)
        if block.type == "redacted_thinking":
            seal = msgspec.json.encode({"type": block.type, "data": block.data or ""}).decode()
            return [ReasoningDelta("", signature=seal)]
        self._blocks[index] = _Open(block)
        if block.type == "text" and block.text:
            return [TextDelta(block.text)]
        if block.type == "thinking" and block.thinking:
            return [ReasoningDelta(block.thinking)]
        return []

    def _delta(self, index: int, delta: _Delta) -> list[Piece]:
        block = self._blocks.get(index)
        if block is None:
            return []  # a part of a block that is passed over
        if delta.type == "text_delta" and delta.text:
            return [TextDelta(delta.text)]
        if delta.type == "thinking_delta" and delta.thinking:
            return [ReasoningDelta(delta.thinking)]
        if delta.type == "signature_delta" and delta.signature:
            block.signature += delta.signature
        elif delta.type == "input_json_delta" and delta.partial_json:
            block.fragments.append(delta.partial_json)
            if block.type == "answer":
                self._answered = True
                return [TextDelta(delta.partial_json)]
        return []

    def _stop(self, index: int) -> Iterator[Piece]:
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.type == "thinking" and block.signature:
            yield ReasoningDelta("", signature=block.signature)
        elif block.type == "answer" and not block.fragments:
            self._answered = True
            yield TextDelta(block.input)
        elif block.type == "tool_use":
            self._called = True
            yield ToolCall(block.id, block.name, "".join(block.fragments) or block.input)

    def _rest(self) -> Iterator[Piece]:
        # Services that copy this API forget to end their blocks.
        for index in sorted(self._blocks):
            yield from self._stop(index)


def _is_unknown(data: bytes) -> bool:
    """Say whether an event that cannot be read is of a type, or brings a delta of a type, that is passed over."""
    found = _KIND.decode(data)
    if found.type == "content_block_delta":
        return _kind(found.delta) not in _DELTAS
    return found.type is not None and found.type not in _EVENTS


def _kind(raw: msgspec.Raw) -> str:
    return _KIND.decode(raw).type or "" if bytes(raw) != b"null" else ""


def _usage(tokens: _Tokens) -> Usage:
    """Count as Usage does: the API's own `input_tokens` are those that its cache had nothing to do with."""
    read = tokens.cache_read_input_tokens or 0
    written = tokens.cache_creation_input_tokens or 0
    for_1h = min(written, (tokens.cache_creation or _Writes()).ephemeral_1h_input_tokens or 0)
    return Usage(
        input_tokens=(tokens.input_tokens or 0) + read + written,
        output_tokens=tokens.output_tokens or 0,
        cached_tokens=read,
        cache_write_tokens=written - for_1h,
        cache_write_1h_tokens=for_1h,
        reasoning_tokens=(tokens.output_tokens_details or _Details()).thinking_tokens or 0,
    )
