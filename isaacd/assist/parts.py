"""A long text in parts that a model can take, cut where it hurts least."""

from collections.abc import Sequence

PART_CHARS = 12_000


def packed(pieces: Sequence[str], most_chars: int = PART_CHARS) -> list[str]:
    """Put pieces together into parts of at most so many characters, in their order; what is longer alone is cut."""
    parts: list[str] = []
    held: list[str] = []
    size = 0
    for piece in pieces:
        for text in _cut(piece, most_chars):
            if held and size + len(text) + 1 > most_chars:
                parts.append("\n".join(held))
                held, size = [], 0
            held.append(text)
            size += len(text) + 1
    if held:
        parts.append("\n".join(held))
    return parts


def _cut(text: str, most_chars: int) -> list[str]:
    """Cut a text at the ends of paragraphs, or of lines, sentences and words, in this order."""
    found: list[str] = []
    while len(text) > most_chars:
        at = most_chars
        for sign in ("\n\n", "\n", ". ", " "):
            place = text.rfind(sign, most_chars // 2, most_chars)
            if place > 0:
                at = place + len(sign)
                break
        found.append(text[:at].rstrip("\n"))
        text = text[at:]
    return [*found, text] if text or not found else found
