"""An explanation as plain text, a word a line."""

from isaacd.manual.part import Explained
from isaacd.safety.visible import plain

_MOST_LEFT = 26


def explained_text(found: Explained) -> str:
    """Write what each word of a line means; what nobody here knows has a question mark."""
    rows = [(" " * (2 + 3 * part.depth) + _one_line(part.text), part.about) for part in found.parts]
    left = min(_MOST_LEFT, max((len(text) for text, _ in rows), default=0))
    return "\n".join(f"{text:<{left}}  {_one_line(about or '?')}" for text, about in rows)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", "\u23ce").replace("\t", " ")
