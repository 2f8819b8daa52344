"""The parts of notes that may answer a question."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from isaac_plugins.notes.note import Note

MAX_PASSAGE_CHARS = 800
MAX_PASSAGES = 8
_WORD = re.compile(r"\w+", re.UNICODE)
# They stand in every question, and say nothing about what is asked.
_EMPTY = frozenset(
    "a about am an and any are as at be by can could did do does for from had has have how i in is it its me my of on or "
    "our shall she should so tell than that the their them then there these they this those to up us was we were what "
    "when where which who whom whose why will with would you your".split()
)


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a note; `score` is how many of the question's words it has, rarer ones counting more."""

    note: int
    text: str
    score: float


def words_of(text: str) -> list[str]:
    """Return the words of a question that say what it is about; all of them if none does."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
    return [word for word in words if word not in _EMPTY] or words


def best(notes: Iterable[Note], words: Sequence[str], limit: int = MAX_PASSAGES) -> list[Passage]:
    """Return the passages that have most of the words, best first."""
    parts = [(note.id, part) for note in notes for part in _parts(note.text)]
    having = {word: sum(word in part.lower() for _, part in parts) for word in words}
    found = []
    for note, part in parts:
        low = part.lower()
        score = sum(1.0 / having[word] ** 0.5 for word in words if word in low)
        if score:
            found.append(Passage(note=note, text=part, score=round(score, 4)))
    found.sort(key=lambda item: -item.score)
    return found[:limit]


def _parts(text: str) -> list[str]:
    """Cut a note at its empty lines, and what is still long at its lines or blanks."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        rest = block.strip()
        while len(rest) > MAX_PASSAGE_CHARS:
            at = max(rest.rfind("\n", 0, MAX_PASSAGE_CHARS), rest.rfind(" ", 0, MAX_PASSAGE_CHARS))
            at = at if at > 0 else MAX_PASSAGE_CHARS
            parts.append(rest[:at].strip())
            rest = rest[at:].strip()
        if rest:
            parts.append(rest)
    return parts
