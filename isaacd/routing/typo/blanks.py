"""Blanks that are missing, or in the wrong place: `gitstatus`, `gi tstatus`, `ls- la`, `apt-install`."""

from collections.abc import Sequence

from isaacd.routing.tokens import Piece
from isaacd.routing.typo.fix import Fix, Machine, is_known
from isaacd.routing.typo.tools import Tools

# They are often joined with the file behind them.
_OPENS = frozenset(("cd", "ls", "cat", "vim", "less", "nano"))


class Blanks:
    """Looks for other places for the blanks around the first word of a command."""

    def __init__(self, line: str, machine: Machine, tools: Tools) -> None:
        self._line = line
        self._machine = machine
        self._tools = tools

    def fixes(self, words: Sequence[Piece]) -> list[Fix]:
        """Return the lines with other blanks that make sense."""
        return self._divided(words) + self._moved(words)

    def _divided(self, words: Sequence[Piece]) -> list[Fix]:
        """Look for a blank that is missing, or a hyphen instead of it."""
        head = words[0]
        word = head.text
        found = []
        for place in range(2, len(word)):
            left, right = word[:place], word[place:]
            if not is_known(left, self._machine) and left not in self._tools.commands:
                continue
            why = f"a blank is missing in {word}"
            takes = self._tools.subcommands(left)
            if takes is not None and right in takes.words:
                found.append(
                    self._put(place + head.start, head.start + place, " ", 0.92, why, sure=len(right) > 2)
                )
            elif takes is not None and right[0] in "-_" and right[1:] in takes.words:
                why = f"{word} is no command, and {right[1:]} is one of {left}"
                found.append(self._put(head.start + place, head.start + place + 1, " ", 0.9, why))
            elif _is_options(right) and len(left) > 1 and (takes is None or len(right) < 4):
                found.append(self._put(place + head.start, head.start + place, " ", 0.88, why, sure=True))
            elif left in _OPENS and right in self._machine.files(self._machine.cwd):
                found.append(self._put(place + head.start, head.start + place, " ", 0.75, why))
            elif left == "man" and is_known(right, self._machine):
                found.append(self._put(place + head.start, head.start + place, " ", 0.7, why))
        return found

    def _moved(self, words: Sequence[Piece]) -> list[Fix]:
        """Look for a blank that is one letter too early or too late: `gitp ush`, `gi tpush`, `ls- la`, `c d..`."""
        if len(words) < 2 or not words[0].plain or words[1].start != words[0].end + 1:
            return []
        one, other = words[0].text, words[1].text
        found = []
        for left, right in ((one[:-1], one[-1] + other), (one + other[:1], other[1:])):
            if len(left) < 2 or not right or not self._knows(left):
                continue
            takes = self._tools.subcommands(left)
            fits = (
                (takes is not None and right in takes.words)
                or _is_options(right)
                or right.startswith(("../", ".."))
            )
            if fits:
                line = f"{self._line[: words[0].start]}{left} {right}{self._line[words[1].end :]}"
                found.append(Fix(line, 0.93, "the blank is in the wrong place"))
        return found

    def _knows(self, word: str) -> bool:
        return is_known(word, self._machine) or word in self._tools.commands

    def _put(
        self, start: int, end: int, text: str, confidence: float, why: str, *, sure: bool = False
    ) -> Fix:
        return Fix(self._line[:start] + text + self._line[end:], confidence, why, sure)


def _is_options(text: str) -> bool:
    """Say whether a text is options as people write them: `-la`, `--help`."""
    bare = text.lstrip("-")
    return text.startswith("-") and bare.isalpha() and (len(bare) <= 4 or text.startswith("--"))
