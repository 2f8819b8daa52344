"""What goes into a provider and what comes out of it, in the field's own terms."""

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]

# More than this is in no answer; who says so is wrong.
_MOST_TOKENS = 10**9
_MOST_USD = 1e6


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture or file that goes along with a message: `data` itself, or the `url` where the provider finds it."""

    media_type: str
    data: bytes = b""
    url: str | None = None
    name: str | None = None


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="tool_call"):
    """A tool that the model wants called; `arguments` is the JSON text that it wrote, valid or not."""

    id: str
    name: str
    arguments: str = "{}"


class Reasoning(msgspec.Struct, frozen=True, omit_defaults=True):
    """A block of what a model thought, to be sent back to it unchanged in a later turn.

    `signature` is the provider's seal, or the whole block where the provider encrypts it; `provider_kind` says
    whose seal it is: no other kind may be sent it.
    """

    text: str
    signature: str = ""
    provider_kind: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn of a conversation.

    `tool_calls` and `reasoning` belong to turns of the assistant. A turn of role `tool` is the result of the call
    `tool_call_id`; `is_error` says that the call failed.
    """

    role: Role
    content: str = ""
    attachments: tuple[Attachment, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    is_error: bool = False
    reasoning: tuple[Reasoning, ...] = ()


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may ask for; `parameters` is the JSON Schema of its arguments (an object)."""

    name: str
    description: str
    parameters: dict[str, object]


class OutputSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The answer has to be JSON of this schema; `strict` asks the provider to enforce it."""

    schema: dict[str, object]
    name: str = "answer"
    strict: bool = True


class Sampling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What else steers how a model draws its words, by OpenAI's names; a provider that has no word for it does without."""

    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    parallel_tool_calls: bool | None = None

    def told(self, *names: str) -> dict[str, object]:
        """Return what is said of these, or of all."""
        wanted = names or self.__struct_fields__
        return {name: value for name in wanted if (value := getattr(self, name)) is not None}


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation to be continued; None leaves a parameter to the provider.

    `tool_choice` is auto, none, required, or the name of one tool. `stream` False asks for the answer in one body;
    the pieces are the same. `prompt_cache` lets the provider mark what it may cache for the next call (system
    prompt, long context); `conversation` is an opaque name under which providers keep their cache together.
    """

    messages: tuple[Message, ...]
    model: str | None = None
    temperature: float | None = None
    sampling: Sampling | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    schema: OutputSchema | None = None
    effort: Effort | None = None
    stream: bool = True
    prompt_cache: bool = True
    conversation: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens counted by the provider.

    `cached_tokens` (read from the provider's cache), `cache_write_tokens` and `cache_write_1h_tokens` (written to it
    for 5 minutes and for an hour) are all parts of `input_tokens`, whatever the provider's own way of counting;
    `reasoning_tokens` are a part of `output_tokens`. `cost_usd` is the price where the provider states it itself.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cost_usd: float | None = None

    @property
    def fresh_tokens(self) -> int:
        """The input tokens that were neither read from the provider's cache nor written to it."""
        known = self.cached_tokens + self.cache_write_tokens + self.cache_write_1h_tokens
        return max(0, self.input_tokens - known)

    def sound(self) -> "Usage":
        """Return it without what cannot be, whatever a provider says: no count below 0, no part above its whole."""
        if self._is_sound():
            return self
        left = total = _count(self.input_tokens)
        parts = {}
        for name in ("cached_tokens", "cache_write_1h_tokens", "cache_write_tokens"):
            parts[name] = min(_count(getattr(self, name)), left)
            left -= parts[name]
        output = _count(self.output_tokens)
        return msgspec.structs.replace(
            self,
            input_tokens=total,
            output_tokens=output,
            reasoning_tokens=min(_count(self.reasoning_tokens), output),
            cost_usd=self.cost_usd if self._is_price() else None,
            **parts,
        )

    def _is_sound(self) -> bool:
        cached, written, long_written = (
            self.cached_tokens,
            self.cache_write_tokens,
            self.cache_write_1h_tokens,
        )
        return (
            min(cached, written, long_written) >= 0
            and cached + written + long_written <= self.input_tokens <= _MOST_TOKENS
            and 0 <= self.reasoning_tokens <= self.output_tokens <= _MOST_TOKENS
            and (self.cost_usd is None or self._is_price())
        )

    def _is_price(self) -> bool:
        return self.cost_usd is not None and 0 <= self.cost_usd < _MOST_USD


def _count(told: int) -> int:
    return min(max(0, told), _MOST_TOKENS)


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider's headers say of its limits; None is not said. Times in seconds from now."""

    requests_limit: int | None = None
    requests_remaining: int | None = None
    requests_reset_s: float | None = None
    tokens_limit: int | None = None
    tokens_remaining: int | None = None
    tokens_reset_s: float | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A command that may do what was asked; `confidence` lies between 0 and 1.

    `placeholders` are words in it that stand for what the person has to put in.
    """

    command: str
    description: str
    source: str
    confidence: float
    placeholders: tuple[str, ...] = ()


class Opened(msgspec.Struct, frozen=True, tag_field="kind", tag="opened"):
    """The first piece, at most once: the provider has accepted the request. Only AIRouter sees it."""

    limits: RateLimits | None = None


class TextDelta(msgspec.Struct, frozen=True, tag_field="kind", tag="text"):
    """The next characters of the answer."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="reasoning"):
    """The next characters of what the model thought aloud, which is no part of the answer.

    A `signature` closes the block of reasoning that the deltas so far make up (see Reasoning).
    """

    text: str
    signature: str = ""


class Finish(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="finish"):
    """The last piece of a whole answer; a stream that ends without one was broken off.

    `reason` is stop, length, content_filter, tool_calls or what the provider said; `raw_reason` is what it said in
    any case. `offline` marks an answer that no model gave; then `candidates` holds what was found, best first.
    """

    reason: str
    model: str
    usage: Usage | None = None
    offline: bool = False
    candidates: tuple[Candidate, ...] = ()
    raw_reason: str = ""


# A ToolCall is a piece once all of its arguments have arrived.
Piece = Opened | TextDelta | ReasoningDelta | ToolCall | Finish


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer came without asking for it: kind is exact, slot or knowledge.

    `saved_usd` is None when the price of asking is not known; `saved_ms` and `saved_tokens` are what the first time
    took.
    """

    kind: str
    age_s: float = 0.0
    saved_usd: float | None = None
    saved_ms: float = 0.0
    saved_tokens: int = 0


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One call that was made for an answer: to whom, how it ended, and how long it took.

    `outcome` is ok, cancelled (another provider was faster, or all askers left), broken (the stream ended early) or
    the name of the error.
    """

    provider: str
    model: str | None
    outcome: str
    elapsed_ms: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer: its text, who gave it, and what it took.

    `chosen` says why this provider was asked, `finish_reason` is that of Finish. `elapsed_ms` counts from the request
    to the end. `hit` is there when the answer had been kept. `cost_usd` is what this answer cost, all attempts
    together: 0 for a hit or an offline answer, None if a price is not known. `attempts` are the calls that were made.
    """

    text: str
    provider: str
    model: str
    chosen: str
    finish_reason: str
    elapsed_ms: float
    offline: bool = False
    usage: Usage | None = None
    candidates: tuple[Candidate, ...] = ()
    hit: Hit | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()
    cost_usd: float | None = None
    attempts: tuple[Attempt, ...] = ()
