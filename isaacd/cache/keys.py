"""Keys for AI answers: what makes two questions the same, and what must not be kept at all."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b, sha256

import msgspec

from isaacd.redact import MAX_TEXT_CHARS, redact_text

# A part of every key; a change of what a key means begins a new one, and old answers are never found by it.
_VERSION = "1"
PREFIX = "ai:"
MAX_ATTACHMENT_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
_SCAN_CHARS = MAX_TEXT_CHARS - 1
_SCAN_OVERLAP_CHARS = 512

# What is true at one time only. "what time is it", "the latest version", "is it down right now".
_OF_NOW = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|currently|current|latest|newest|recent(?:ly)?|(?:this|last|next) (?:week|month|year)"
    r"|what (?:time|day|date) is|random|roll a|flip a coin)\b",
    re.IGNORECASE,
)


class Attachment(msgspec.Struct, frozen=True):
    """Something that goes along with the turn number `turn`: `data`, or only the `url` where others find it."""

    name: str
    data: bytes = b""
    url: str | None = None
    turn: int = 0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A question in plain values, as far as they decide what the answer is.

    `turns` are (role, text) pairs, the system prompt among them; calls of tools and their results belong to the text.
    `parameters` is everything else that a provider is told and that may change an answer: temperature, max_tokens,
    stop, effort, tool_choice, the schema of the answer; values are what JSON can hold. `tools` are the tools offered,
    with the JSON Schemas of their arguments. `provider` is None where answers may pass from one provider to another.
    """

    turns: Sequence[tuple[str, str]]
    model: str | None = None
    provider: str | None = None
    parameters: Mapping[str, object] = {}
    tools: Sequence[Mapping[str, object]] = ()
    attachments: Sequence[Attachment] = ()


def exact_key(request: Request) -> str:
    """Return the key under which the answer to exactly this request is kept.

    Absent parameters and those that are None are the same; the order of tools and attachments counts, that of the
    names inside a schema does not.
    """
    return f"{PREFIX}exact:{_digest(request, request.turns)}"


def slot_key(request: Request, pattern: str) -> str:
    """Return the key for a request whose last turn is `pattern`: a question with slots in place of literals."""
    role = request.turns[-1][0]
    return f"{PREFIX}slot:{_digest(request, [*request.turns[:-1], (role, pattern)])}"


def _digest(request: Request, turns: Sequence[tuple[str, str]]) -> str:
    canonical = (
        _VERSION,
        turns,
        request.model,
        request.provider,
        {name: _encodable(value) for name, value in request.parameters.items() if value is not None},
        _encodable(request.tools),
        [(item.turn, item.name, item.url, sha256(item.data).hexdigest()) for item in request.attachments],
    )
    try:
        encoded = msgspec.json.encode(canonical, order="sorted")
    except UnicodeEncodeError:  # halves of surrogate pairs, somewhere in it
        encoded = msgspec.json.encode(_encodable(canonical), order="sorted")
    return blake2b(encoded, digest_size=20).hexdigest()


def _encodable(value: object) -> object:
    """Give equal values one form, and halves of surrogate pairs, which JSON cannot hold, one that no valid text has."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return {"surrogates": value.encode("utf-8", "surrogatepass").hex()}
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(item) for item in value]
    return value


def why_not(request: Request, *, sampled: bool = False) -> str | None:
    """Say why the answer to a request must not be kept; None if it may.

    Such a request is not looked up either. `sampled` is that the user asked for answers drawn at a temperature above 0 to be kept.
    """
    temperature = request.parameters.get("temperature")
    if isinstance(temperature, (int, float)) and temperature > 0 and not sampled:
        return "the temperature is above 0"
    if any(len(item.data) > MAX_ATTACHMENT_BYTES for item in request.attachments):
        return "an attachment is too large"
    if any(item.url is not None and not item.data for item in request.attachments):
        # Another time there may be something else.
        return "an attachment is only an address"
    texts = [text for _, text in request.turns]
    if sum(map(len, texts)) > MAX_ATTACHMENT_BYTES:
        return "the question is too long"
    if any(
        _instructs_with_secret(text) if role == "system" else has_secret(text) for role, text in request.turns
    ):
        return "the question holds a secret"
    if any(_has_secret(item) for item in request.attachments):
        return "an attachment holds a secret"
    asked = next((text for role, text in reversed(request.turns) if role == "user"), "")
    if _OF_NOW.search(asked[:MAX_TEXT_CHARS]):
        return "the answer depends on the time"
    return None


def _has_secret(item: Attachment) -> bool:
    # Without the zeros, what is UTF-16 reads like UTF-8 where it is plain.
    text = item.data.replace(b"\0", b"").decode("utf-8", "replace")
    return has_secret(item.name) or has_secret(item.url or "") or has_secret(text)


@lru_cache(maxsize=32)
def _instructs_with_secret(text: str) -> bool:
    """Remember what was found in instructions, which are the same for every question."""
    return has_secret(text)


def has_secret(text: str) -> bool:
    """Say whether the text holds something with the shape or the name of a secret, wherever in it."""
    step = _SCAN_CHARS - _SCAN_OVERLAP_CHARS
    for start in range(0, max(1, len(text)), step):
        piece = text[start : start + _SCAN_CHARS].encode("utf-8", "replace").decode()
        if redact_text(piece) != piece:
            return True
    return False
