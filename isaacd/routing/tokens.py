"""A line cut into simple commands and their words, each with its place, in one pass."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from isaacd.shell.quoting import in_double_quotes

# Each alternative begins with other characters than the rest, and none goes back: the time is linear in the line.
_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)|(?P<end>\|\||&&|[|;&\n]+)|(?P<redirect>[<>]+[&|]?)"""
    r"""|(?P<plain>[^\s|&;<>()'"\\$`*?\[\]{}~!\#]+)|(?P<quoted>'[^']*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<mark>[~!\#*?\[\]{}])|(?P<escaped>\\.)|(?P<variable>\$[A-Za-z_0-9?$!@*\#-])|(?P<other>.)""",
    re.DOTALL,
)


class Piece(NamedTuple):
    """One word as it was typed; a `plain` one is what it says, without quotes, patterns or variables."""

    start: int
    end: int
    text: str
    plain: bool


class Segment(NamedTuple):
    """One simple command: its words without redirections, and what stands before it (`""`, `|`, `;`, `&&` ...)."""

    before: str
    words: tuple[Piece, ...]


_WORDS = frozenset(("plain", "quoted", "mark", "escaped", "variable"))


def segments(line: str) -> list[Segment] | None:
    """Cut a line; None if it holds more than simple commands, as substitutions, groups and open quotes are."""
    found: list[Segment] = []
    words: list[Piece] = []
    before, is_target = "", False
    for kind, piece in _joined(line):
        if kind == "word":
            if not is_target:
                words.append(piece)
            is_target = False
        elif kind == "redirect":
            if piece.text.startswith("<<"):
                return None
            # `2>` has no blank between, and the 2 is no word.
            if words and words[-1].end == piece.start and words[-1].text.isdigit():
                words.pop()
            is_target = True
        elif kind == "end":
            if words:
                found.append(Segment(before, tuple(words)))
            before, words, is_target = piece.text, [], False
        else:
            return None
    if words:
        found.append(Segment(before, tuple(words)))
    return found


def _joined(line: str) -> Iterator[tuple[str, Piece]]:
    """Give words, redirections and ends of commands in order, up to a comment; parts without a blank are one word."""
    start, end, plain = -1, 0, True
    for token in _TOKEN.finditer(line):
        kind = token.lastgroup or "other"
        if kind in _WORDS:
            if start < 0:
                if token[0] == "#":
                    return
                start, plain = token.start(), True
            plain = plain and kind == "plain"
            end = token.end()
            continue
        if start >= 0:
            yield "word", Piece(start, end, line[start:end], plain)
            start = -1
        if kind != "blank":
            yield kind, Piece(token.start(), token.end(), token[0], plain=False)
    if start >= 0:
        yield "word", Piece(start, end, line[start:end], plain)


_PARTS = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\$`]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^'"\\$`*?\[\]{}~]+)""",
    re.DOTALL,
)


def value_of(piece: Piece) -> str | None:
    """Return what a word says once its quotes are off; None if the shell would make something else of it."""
    if piece.plain:
        return piece.text
    found, position = [], 0
    while position < len(piece.text):
        part = _PARTS.match(piece.text, position)
        if part is None:
            return None
        text = part[0] if part.lastgroup == "plain" else part[str(part.lastgroup)]
        if part.lastgroup == "double":
            text = in_double_quotes(text)
        found.append(text)
        position = part.end()
    return "".join(found)


def trimmed(line: str) -> str:
    """Return a line without the blanks around it; a blank behind a backslash is none of those."""
    rest = line.lstrip(" \t\n")
    end = rest.rstrip(" \t\n")
    slashes = len(end) - len(end.rstrip("\\"))
    return end if slashes % 2 == 0 else rest[: len(end) + 1]
