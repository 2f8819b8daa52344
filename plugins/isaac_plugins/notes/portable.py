"""Notes as files have them: JSON Lines, or one JSON list of notes or of texts."""

from collections.abc import Awaitable, Callable

import msgspec

from isaac_plugins.notes.note import check_tags
from isaac_plugins.notes.store import NoteStore
from isaacd.api import InvalidParams


class Foreign(msgspec.Struct, frozen=True):
    """A note as a file has it."""

    text: str
    tags: tuple[str, ...] = ()
    created_at: float | None = None


def parsed(text: str) -> list[Foreign]:
    """Return all notes of a file; raises InvalidParams with the line that is none."""
    whole = text.strip()
    lines = [whole] if whole.startswith("[") else whole.splitlines()
    found: list[Foreign] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line, type=list[Foreign | str] | Foreign | str)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidParams(
                f"line {number} is no note: {error}", hint='a note is {"text": "...", "tags": ["..."]}'
            ) from None
        for item in value if isinstance(value, list) else [value]:
            found.append(Foreign(item) if isinstance(item, str) else item)
            check_tags(found[-1].tags)
    return found


async def take_in(
    foreign: list[Foreign], store: NoteStore, now: float, tell: Callable[[int], Awaitable[None]]
) -> int:
    """Add the notes that are not there yet, and return how many that were; `tell` hears how many were looked at."""
    known = {note.text async for note in store.every()}
    added = 0
    for place, item in enumerate(foreign):
        text = item.text.strip("\n").rstrip()
        if text and text not in known:
            await store.add(text, item.tags, now, created_at=_sane(item.created_at, now))
            known.add(text)
            added += 1
        await tell(place + 1)
    return added


def _sane(at: float | None, now: float) -> float:
    return at if at is not None and 0 <= at <= now else now
