r"""One meaning of key patterns for every level: `*` any run, `?` any one character, `[...]` one of a set, `\\` literal."""

import re
from collections.abc import Callable

_SPECIAL = re.compile(r"[*?\[\\]")


def literal_prefix(glob: str) -> str | None:
    """Return P if the glob is `P*` with nothing special in P, so that an index range finds its keys; else None."""
    if glob.endswith("*") and not _SPECIAL.search(glob, 0, len(glob) - 1):
        return glob[:-1]
    return None


def known_prefix(glob: str) -> str:
    """Return the text that every matching key begins with; may be empty."""
    special = _SPECIAL.search(glob)
    return glob if special is None else glob[: special.start()]


def matcher(glob: str) -> Callable[[str], bool]:
    """Return the test whether a whole key matches; case counts, and `*` crosses any separator."""
    pattern = re.compile(_translated(glob), re.DOTALL)
    return lambda key: pattern.fullmatch(key) is not None


def _translated(glob: str) -> str:
    parts: list[str] = []
    position = 0
    while position < len(glob):
        piece, position = _next_piece(glob, position)
        # Runs of stars say no more than one, and would make the match exponential.
        if piece != ".*" or parts[-1:] != [".*"]:
            parts.append(piece)
    return "".join(parts)


def _next_piece(glob: str, position: int) -> tuple[str, int]:
    sign = glob[position]
    if sign == "*":
        return ".*", position + 1
    if sign == "?":
        return ".", position + 1
    if sign == "\\" and position + 1 < len(glob):
        return re.escape(glob[position + 1]), position + 2
    if sign == "[":
        # A `]` right after the opening belongs to the set.
        start = (
            position
            + 1
            + glob[position + 1 : position + 2].count("^")
            + glob[position + 1 : position + 2].count("!")
        )
        end = glob.find("]", start + 1)
        if end > 0:
            return _set(glob[position + 1 : end]), end + 1
    return re.escape(sign), position + 1


def _set(content: str) -> str:
    negated = content[0] in "!^"
    members = content[1:] if negated else content
    escaped = re.sub(r"([\\\]\[^&~|])", r"\\\1", members)
    return f"[{'^' if negated else ''}{escaped}]"
