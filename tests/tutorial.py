"""A page of documentation as somebody would follow it to the letter: what it says to write and to type, and what it shows."""

import re
from collections.abc import Iterator

import msgspec

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"\b(Put this into|Add this to) `([^`]+)`")
ANYTHING = "..."


class Write(msgspec.Struct, frozen=True):
    """A file to write, or to add something to."""

    place: str
    text: str
    add: bool


class Type(msgspec.Struct, frozen=True):
    """A line to type, and the lines that it should answer."""

    line: str
    shown: tuple[str, ...]


def steps_of(page: str) -> Iterator[Write | Type]:
    """Give everything that a page says to do, in order; raises AssertionError for a block that says nothing."""
    end = 0
    for block in _BLOCK.finditer(page):
        before, kind, text = page[end : block.start()], block[1], block[2]
        end = block.end()
        if kind == "console":
            yield from _typed(text)
            continue
        places = _PLACE.findall(before)
        assert places, f"nobody can know where this goes:\n{text}"
        word, place = places[-1]
        yield Write(place, text, word.startswith("Add"))


def fits(wanted: tuple[str, ...], seen: str) -> bool:
    """Say whether what was seen is what was shown: `...` is any number of lines, and in a line any text."""
    pattern = ""
    for line in wanted:
        if line == ANYTHING:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n"
    text = seen if not seen or seen.endswith("\n") else seen + "\n"
    return re.fullmatch(pattern, text) is not None


def _typed(text: str) -> Iterator[Type]:
    line, shown = None, []
    for one in [*text.splitlines(), "$ "]:
        if one.startswith("$ "):
            if line is not None:
                yield Type(line, tuple(shown))
            line, shown = one[2:], []
        else:
            assert line is not None, f"nothing was typed before {one!r}"
            shown.append(one)
