"""Conversations that other programs have kept: what `llm logs --json` prints, and the files of shell-gpt."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from isaacd.chats.names import MAX_NAME_CHARS, made_of
from isaacd.chats.rows import Copy, NewTurn
from isaacd.chats.turn import Settings, Source
from isaacd.errors import InvalidParams


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A question and its answer, as `llm logs --json` has them, the oldest first."""

    conversation_id: str
    response: str | None
    prompt: str | None = None
    system: str | None = None
    model: str | None = None
    conversation_name: str | None = None
    datetime_utc: datetime | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message, as shell-gpt keeps it."""

    role: str
    content: str | None = None


Found = tuple[str, Settings, Copy]
T = TypeVar("T")


def taken_over(data: bytes, now: float) -> Found | None:
    """Read a conversation of another program, None if it is of none that is known; `now` stands in for times that it lacks.

    Raises InvalidParams if there are several in it.
    """
    if logged := _items(data, Logged):
        return _of_llm(logged, now)
    if said := _items(data, Said):
        return _of_sgpt(said, now)
    return None


def _items(data: bytes, kind: type[T]) -> list[T]:
    try:
        return msgspec.json.decode(data, type=list[kind])  # type: ignore[valid-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []


def _of_llm(found: Sequence[Logged], now: float) -> Found:
    if len({item.conversation_id for item in found}) > 1:
        raise InvalidParams(
            "these are several conversations", hint="one at a time: llm logs --cid ID -n 0 --json"
        )

    def turns() -> Iterator[tuple[float, str, str, Source]]:
        for item in found:
            at = now if item.datetime_utc is None else _seconds(item.datetime_utc)
            yield at, "user", item.prompt or "", Source()
            source = Source(
                model=item.model, input_tokens=item.input_tokens, output_tokens=item.output_tokens
            )
            yield at, "assistant", item.response or "", source

    first = found[0]
    name = " ".join((first.conversation_name or "").split()).lstrip("-")[:MAX_NAME_CHARS].strip()
    system = next((item.system for item in found if item.system), None)
    return _whole(name if name.isprintable() else "", system, list(turns()))


def _of_sgpt(found: Sequence[Said], now: float) -> Found:
    system = next((item.content for item in found if item.role == "system"), None)
    said = [item for item in found if item.role in ("user", "assistant")]
    return _whole("", system, [(now, item.role, item.content or "", Source()) for item in said])


def _whole(name: str, system: str | None, said: Sequence[tuple[float, str, str, Source]]) -> Found:
    spoken = [item for item in said if item[2]]
    turns = [
        NewTurn(at=at, role=role, content=content, source=source, number=number, parent=number - 1 or None)
        for number, (at, role, content, source) in enumerate(spoken, 1)
    ]
    begun = min((turn.at for turn in turns), default=None)
    copy = Copy(turns=turns, head=len(turns) or None, begun=begun)
    return name or made_of(turns[0].content if turns else ""), Settings(system=system), copy


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
