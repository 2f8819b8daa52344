"""Lines in the values of variables that a program is handed: `MAKEFLAGS='--eval=$(shell rm x)' make`, whatever the name."""

import re
from collections.abc import Iterable, Iterator, Mapping

from isaacd.shell.syntax import Word
from isaacd.shell.variables import value_of
from isaacd.shell.written import written_by

MAX_VALUE = 2000
MAX_LINES = 8
# Commands that destroy more than one thing at a time.
GRAVE = frozenset(
    "rm dd shred wipefs chmod chown find mv mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs blkdiscard unlink truncate".split()
)
# Where in a value a line may begin that destroys something.
_BEGINS = re.compile(
    r"(?<![\w.-])(?:rm|dd|mkfs(?:\.\w{1,8})?|shred|wipefs|chmod|chown|find|mv|curl|wget|sudo|doas|(?:ba|z|k|da)?sh|python3?|perl|git|eval)\s",
    re.ASCII,
)


# Words that do run what stands behind them.
_RUNNING = frozenset(
    "shell exec eval sudo doas env do then else time nohup command builtin nice setsid exec xargs call run".split()
)


def handed(pairs: Iterable[tuple[str, Word | None, str]], values: Mapping[str, str]) -> Iterator[str]:
    """Give the lines that values hold, as they would be if a program ran them from there on."""
    for _name, word, raw in pairs:
        if word is not None and word.raw.startswith("<(") and len(word.scripts) == 1:
            text = written_by(word.scripts[0])
            if text is not None:
                yield text
            continue
        value = value_of(word, values) if word is not None else raw
        if value is not None and len(value) <= MAX_VALUE:
            yield from lines_in(value)


def lines_in(value: str) -> list[str]:
    """Return what stands in a text from each name of a grave command on, without the quotes that close behind it."""
    begins = [found.start() for found in _BEGINS.finditer(value) if not _is_prose(value[: found.start()])]
    return [_unquoted(value[start:]) for start in begins[:MAX_LINES]]


def _is_prose(before: str) -> bool:
    """Say whether a name stands behind a word as in a sentence: `never rm x`."""
    if not before.endswith(" "):
        return False
    word = before.rstrip().rpartition(" ")[2]
    return word.isalpha() and word not in _RUNNING


def _unquoted(text: str) -> str:
    return text.rstrip("\"'`)}] \t\n;")
