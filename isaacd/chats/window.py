"""What of a conversation is sent: how long it is in tokens, how long it may be, and what has to go if it is too long."""

from collections.abc import Mapping, Sequence

import msgspec

from isaacd.ai.chat import Message
from isaacd.chats.turn import Turn
from isaacd.errors import InvalidParams

# Where the provider tells nothing: four characters a token is what the vendors themselves say of English.
_CHARS_A_TOKEN = 4
_TOKENS_A_MESSAGE = 4
_TOKENS_A_PICTURE = 1500
# What models of these families take at least (or what they take before a token costs more). Others: a small local one.
_KNOWN = (
    ("claude", 200_000),
    ("gpt-4o", 128_000),
    ("gpt-4.1", 200_000),
    ("gpt-", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("grok", 128_000),
    ("gemini", 200_000),
    ("mistral-large", 128_000),
    ("deepseek", 64_000),
)
_OTHERS = 8_192
_MOST_FOR_THE_ANSWER = 8_192
# After a summary there should be room for a while.
_KEPT_SHARE = 0.5
_SUMMARY_SHARE = 0.125


def tokens_of(message: Message) -> int:
    """Estimate the tokens of one message."""
    chars = len(message.content) + sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    tokens = _TOKENS_A_MESSAGE + -(-chars // _CHARS_A_TOKEN)
    for attachment in message.attachments:
        is_text = attachment.media_type.startswith("text/")
        tokens += len(attachment.data) // _CHARS_A_TOKEN if is_text else _TOKENS_A_PICTURE
    return tokens


def limit_of(configured: int, model: str | None) -> int:
    """Return how many tokens a conversation may have: what is configured, or what the model is known to take."""
    if configured:
        return configured
    name = (model or "").rpartition("/")[2].lower()
    return next((tokens for family, tokens in _KNOWN if name.startswith(family)), _OTHERS)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `dropped` turns are left out; with `summarise`, they are to be summarised first.

    `summary` is the one that stands for what is older. `tokens` is an estimate, `limit` what there may be.
    """

    messages: tuple[Message, ...]
    tokens: int
    limit: int
    summary: str = ""
    dropped: tuple[Turn, ...] = ()
    summarise: bool = False

    @property
    def summary_tokens(self) -> int:
        """How long a summary may be."""
        return max(64, int(self.limit * _SUMMARY_SHARE))


class Window:
    """Fits a conversation into `limit` tokens; `overflow` is summarise, truncate or refuse."""

    def __init__(self, limit: int, overflow: str) -> None:
        self.limit = limit
        self.overflow = overflow
        self._room = limit - min(limit // 4, _MOST_FOR_THE_ANSWER)

    def fit(self, system: str | None, turns: Sequence[Turn], summaries: Mapping[int, str]) -> Fit:
        """Choose what is sent; raises InvalidParams if it is too long and may not be shortened."""
        old = max((place for place, turn in enumerate(turns) if turn.id in summaries), default=-1)
        summary = summaries[turns[old].id] if old >= 0 else ""
        exchanges = _exchanges(turns[old + 1 :])
        fixed = [Message("system", system)] if system else []
        scale = _scale(fixed, exchanges, summary)

        def cost(first: int) -> int:
            kept = [message for exchange in exchanges[first:] for message in exchange.messages]
            return round(scale * sum(map(tokens_of, [*fixed, *_headed(summary, kept)])))

        first, last = 0, len(exchanges) - 1
        if cost(0) > self._room:
            if self.overflow == "refuse":
                raise _too_long(cost(0), self._room, "the conversation")
            room = self._room * (_KEPT_SHARE if self.overflow == "summarise" else 1.0)
            while first < last and cost(first) > room:
                first += 1
            if cost(first) > self._room:
                raise _too_long(cost(first), self._room, "the question alone")
        kept = [message for exchange in exchanges[first:] for message in exchange.messages]
        dropped = [turn for exchange in exchanges[:first] for turn in exchange.turns]
        return Fit(
            messages=(*fixed, *_headed(summary, kept)),
            tokens=cost(first),
            limit=self.limit,
            summary=summary,
            dropped=tuple(dropped),
            summarise=bool(dropped) and self.overflow == "summarise",
        )


class _Exchange(msgspec.Struct, frozen=True):
    """A question and what followed it."""

    turns: list[Turn]
    messages: list[Message]


def _exchanges(turns: Sequence[Turn]) -> list[_Exchange]:
    """Split at the questions. One that got no answer is not sent again, unless it is the one to be answered now."""
    split: list[list[Turn]] = []
    for turn in turns:
        if turn.role == "user" or not split:
            split.append([])
        split[-1].append(turn)
    return [
        _Exchange(part, [turn.message() for turn in part] if number == len(split) or _answered(part) else [])
        for number, part in enumerate(split, 1)
    ]


def _answered(turns: Sequence[Turn]) -> bool:
    last = turns[-1]
    return last.role == "assistant" and bool(last.content) and not last.extras.tool_calls


def _headed(summary: str, messages: Sequence[Message]) -> list[Message]:
    """Put the summary before the first message; in a message of its own, two questions would follow each other."""
    if not summary or not messages:
        return list(messages)
    first = messages[0]
    content = f"[Summary of the conversation so far: {summary}]\n\n{first.content}"
    return [msgspec.structs.replace(first, content=content), *messages[1:]]


def _scale(fixed: Sequence[Message], exchanges: Sequence[_Exchange], summary: str) -> float:
    """Return how far off the estimate was for the answer before this question, where the provider has counted."""
    if len(exchanges) < 2:
        return 1.0
    source = exchanges[-2].turns[-1].source
    if source.input_tokens is None or source.output_tokens is None:
        return 1.0
    before = [message for exchange in exchanges[:-1] for message in exchange.messages]
    estimated = sum(map(tokens_of, [*fixed, *_headed(summary, before)]))
    return min(2.0, max(0.5, (source.input_tokens + source.output_tokens) / max(1, estimated)))


def _too_long(tokens: int, room: int, what: str) -> InvalidParams:
    return InvalidParams(
        f"{what} has about {tokens} tokens, and there is room for {room}",
        hint="begin a new one, choose a model that takes more, or set chat.context_tokens or chat.overflow",
    )
