"""Short names for lines that are typed again and again."""

import re
from collections.abc import Callable, Iterator

_WORD = re.compile(r"[A-Za-z0-9]")


def names_for(line: str) -> Iterator[str]:
    """Give names for a line, the shortest first: the first letters of its words, then more of the first word."""
    words = [word for word in line.split() if _WORD.search(word)][:6]
    if not words:
        return
    letters = [_letters(word) for word in words]
    initials = "".join(letter[:1] for letter in letters)
    if len(initials) > 1:
        yield initials
    first, rest = letters[0], initials[1:]
    for length in range(2, len(first) + 1):
        yield first[:length] + rest


def free_name(line: str, is_free: Callable[[str], bool]) -> str | None:
    """Return the first of these names that is free and shorter than half the line."""
    return next((name for name in names_for(line) if len(name) * 2 <= len(line) and is_free(name)), None)


def _letters(word: str) -> str:
    return (
        "".join(char for char in word.rpartition("/")[2] if char.isascii() and char.isalnum()).lower() or "x"
    )
