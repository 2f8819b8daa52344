"""A command line cut into words as a shell would, as far as it takes to tell a secret's place; never raises."""

from typing import NamedTuple

_OPERATORS = frozenset(";&|()<>\n")
_BLANKS = frozenset(" \t\r")


class Word(NamedTuple):
    """A word, or an operator such as `|` or `<<<`: where it stands, and its text without quotes."""

    start: int
    end: int
    text: str
    is_operator: bool = False

    @property
    def is_quoted_script(self) -> bool:
        """Whether there may be further words within: `bash -c '...'`, `ssh host "..."`."""
        return self.end - self.start > len(self.text) and any(char in self.text for char in " =\n")


def cut(line: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Return the words and operators of `line[start:end]`."""
    end = len(line) if end is None else end
    words = []
    at = start
    while at < end:
        char = line[at]
        if char in _BLANKS:
            at += 1
        elif char in _OPERATORS:
            stop = at + 1
            while stop < end and line[stop] == char and stop - at < 3:
                stop += 1
            words.append(Word(at, stop, line[at:stop], is_operator=True))
            at = stop
        else:
            stop, text = _word(line, at, end)
            words.append(Word(at, stop, text))
            at = stop
    return words


def _word(line: str, at: int, end: int) -> tuple[int, str]:
    """Return where a word ends, and its text without quotes and backslashes."""
    text = []
    while at < end:
        char = line[at]
        if char in _BLANKS or char in _OPERATORS:
            break
        if char == "\\":
            text.append(line[at + 1 : min(at + 2, end)])
            at += 2
        elif char in "'\"":
            at, inner = _quoted(line, at, end)
            text.append(inner)
        else:
            text.append(char)
            at += 1
    return min(at, end), "".join(text)


def _quoted(line: str, at: int, end: int) -> tuple[int, str]:
    """Return where quotes end, and what they hold; quotes that nobody closes reach to the end."""
    if line[at] == "'":
        found = line.find("'", at + 1, end)
        stop = end if found < 0 else found
        return min(stop + 1, end), line[at + 1 : stop]
    text = []
    at += 1
    while at < end and line[at] != '"':
        if line[at] == "\\" and at + 1 < end:
            text.append(line[at + 1] if line[at + 1] in '"\\$`' else line[at : at + 2])
            at += 2
        else:
            text.append(line[at])
            at += 1
    return min(at + 1, end), "".join(text)
