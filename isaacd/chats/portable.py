"""Conversations outside of the store: Markdown for people, JSON that can be taken in again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from isaacd.chats.foreign import taken_over
from isaacd.chats.names import check_name
from isaacd.chats.rows import Copy, NewTurn, again
from isaacd.chats.turn import Chat, Settings, Turn
from isaacd.errors import InvalidParams

_VERSION = 1
_ROLES = frozenset(("user", "assistant", "tool", "system"))
_MAX_NUMBER = 2**53


class Exported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation with all its branches; `head` is the number of the turn where it goes on."""

    format: Literal["isaac-chat"]
    version: int
    name: str
    created_at: float
    turns: tuple[NewTurn, ...]
    settings: Settings = Settings()
    head: int | None = None
    summaries: dict[int, str] = {}


def exported(chat: Chat, turns: Sequence[Turn], summaries: Mapping[int, str]) -> Exported:
    """Describe a whole conversation; `turns` are all of its turns, `summaries` go by their ids."""
    numbers = {turn.id: turn.number for turn in turns}
    return Exported(
        format="isaac-chat",
        version=_VERSION,
        name=chat.name,
        created_at=chat.created_at,
        settings=chat.settings,
        head=numbers.get(chat.head) if chat.head is not None else None,
        turns=tuple(again(turn, numbers) for turn in turns),
        summaries={numbers[turn]: text for turn, text in summaries.items()},
    )


def imported(text: str | bytes, now: float = 0.0) -> tuple[str, Settings, Copy]:
    """Read what `exported` describes, as JSON, or what `taken_over` knows; raises InvalidParams that says where it is wrong."""
    data = text.encode(errors="replace") if isinstance(text, str) else text
    if (foreign := taken_over(data, now)) is not None:
        return foreign
    try:
        found = msgspec.json.decode(data, type=Exported)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidParams(
            f"this is no exported conversation: {error}",
            hint="it is what `chat export --format json` writes, `llm logs --json`, or a chat of shell-gpt",
        ) from None
    if found.version > _VERSION:
        raise InvalidParams(
            f"this was exported by a newer Isaac (version {found.version})", hint="update Isaac"
        )
    known: set[int] = set()
    for turn in found.turns:
        wrong = _wrong(turn, known)
        if wrong:
            raise InvalidParams(f"turn {turn.number} of the exported conversation {wrong}")
        known.add(turn.number or 0)
    if not known.issuperset({*found.summaries, *(() if found.head is None else (found.head,))}):
        raise InvalidParams("the exported conversation speaks of turns that it does not have")
    copy = Copy(turns=found.turns, head=found.head, summaries=found.summaries, begun=found.created_at)
    return check_name(found.name), found.settings, copy


def to_markdown(chat: Chat, turns: Sequence[Turn]) -> str:
    """Write the turns of one branch as people read them."""
    lines = [f"# {chat.name}", ""]
    about = [f"begun {_when(chat.created_at)}"]
    about += [f"role {chat.settings.role}"] if chat.settings.role else []
    lines += [f"*{', '.join(about)}*", ""]
    for turn in turns:
        lines += [f"## {heading(turn)}", "", turn.content.rstrip(), ""]
        lines += [
            f"- attached: {kept.name or kept.url or kept.media_type}" for kept in turn.extras.attachments
        ]
        for call in turn.extras.tool_calls:
            fence = "`" * max(3, 1 + _longest_run(call.arguments))
            lines += [f"calls `{call.name}`:", "", f"{fence}json", call.arguments, fence, ""]
    return "\n".join(lines).rstrip() + "\n"


def heading(turn: Turn) -> str:
    """Name who speaks, and say if the turn is not whole."""
    if turn.role == "user":
        return f"{turn.number}. You"
    if turn.role != "assistant":
        return f"{turn.number}. {turn.role.capitalize()}"
    by = "/".join(part for part in (turn.source.provider, turn.source.model) if part)
    broken = f", broken off: {turn.source.broken}" if turn.source.broken else ""
    return f"{turn.number}. Assistant{f' ({by})' if by else ''}{broken}"


def _wrong(turn: NewTurn, known: set[int]) -> str:
    if turn.number is None or not 0 < turn.number < _MAX_NUMBER:
        return "has no number from 1 on"
    if turn.number in known:
        return "is there twice"
    if turn.role not in _ROLES:
        return f"has the role {turn.role[:40]!r}, which there is not"
    if turn.parent is not None and turn.parent not in known:
        return f"follows turn {turn.parent}, which is not before it"
    return ""


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "minutes")[:16]


def _longest_run(text: str) -> int:
    return max(map(len, "".join(char if char == "`" else " " for char in text).split()), default=0)
