"""A line that may have been meant, and the machine on which it would run."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from isaacd.routing.names import BUILTINS, KEYWORDS
from isaacd.routing.tokens import Piece
from isaacd.shell.wrappers import WRAPPERS


class Fix(NamedTuple):
    """A line that may have been meant: how likely, why, and whether nothing else could have been (`sure`)."""

    line: str
    confidence: float
    why: str
    sure: bool = False


class Change(NamedTuple):
    """What stands between `start` and `end` of a line should be `text`."""

    start: int
    end: int
    text: str
    confidence: float
    why: str
    sure: bool = False


class Machine(NamedTuple):
    """What is there to be meant: programs, names of the person's shell, and files (`files` lists a folder)."""

    programs: frozenset[str]
    own: frozenset[str]
    cwd: str
    files: Callable[[str], Sequence[str]]


def is_known(word: str, machine: Machine) -> bool:
    """Say whether a first word is a command here: a program, a builtin, a name of the person's own, or a path."""
    return (
        word in machine.programs or word in BUILTINS or word in KEYWORDS or word in machine.own or "/" in word
    )


def command_words(words: Sequence[Piece]) -> Sequence[Piece]:
    """Return the words of the command itself, behind assignments and `sudo` and its like."""
    index = 0
    while index < len(words):
        text = words[index].text
        name, equals, _ = text.partition("=")
        if equals and name.isidentifier():
            index += 1
            continue
        shape = WRAPPERS.get(text)
        if shape is None or text in ("uv", "npx", "busybox", "gdb", "perf") or index + 1 == len(words):
            break
        following = index + 1
        while following < len(words) and words[following].text.startswith("-"):
            following += 2 if words[following].text in shape.values else 1
        if following + shape.places >= len(words):
            break
        index = following + shape.places
    return words[index:]


def likely(word: str, cost: float, margin: float) -> float:
    """Return how sure a correction is by the price of its slips and by how far the next best word is off."""
    alone = max(0.0, 1.0 - cost / (0.6 * len(word) + 1.2))
    return alone * (0.6 + 0.4 * min(1.0, max(0.0, margin) / 0.5))
