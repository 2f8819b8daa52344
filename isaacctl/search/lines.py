"""A pattern looked for in text, line by line, however large the file and however bad the pattern."""

import re
import signal
import time
from collections.abc import Iterator
from types import FrameType

TICK_S = 0.2
# CPU time for one piece of a file. A good pattern takes a few milliseconds; a bad one could take longer than the universe.
PIECE_CPU_S = 2.0
# What can see beyond its own line, or go far in search of an end, is tried on each line by itself.
_FAR = re.compile(r"\(\?[!>]|\(\?<!|\\[AZn]|\[\^|[*+?}]\+|\(\?[a-zA-Z]*s")
_META = re.compile(r"[.^$*+?{}\[\]\\|()]")


class TooSlow(Exception):
    """The pattern takes too long on this text."""


class Pattern:
    """A regular expression for lines; `literal` is there if it is only text."""

    def __init__(
        self, text: str, *, fixed: bool, words: bool, ignore_case: bool, whole_lines: bool = False
    ) -> None:
        plain = fixed or not _META.search(text)
        source = re.escape(text) if fixed else text
        if words:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        if whole_lines:
            source = rf"^(?:{source})$"
        flags = re.MULTILINE | (re.IGNORECASE if ignore_case else 0)
        self.regex = re.compile(source, flags)
        self.literal = text.encode("utf-8", "surrogateescape") if plain and not ignore_case else None
        self.by_line = not plain and _FAR.search(text) is not None

    def lines(self, text: str) -> Iterator[tuple[int, int]]:
        """Give the beginning and end of every line of `text` that has a match; raises TooSlow."""
        find = self.regex.search
        if self.by_line:
            at = 0
            for line in text.split("\n"):
                if find(line):
                    yield at, at + len(line)
                at += len(line) + 1
            return
        at = 0
        while at <= len(text):
            found = find(text, at)
            if found is None:
                return
            start = text.rfind("\n", 0, found.start()) + 1
            end = text.find("\n", found.start())
            end = len(text) if end < 0 else end
            # What was found may reach over the end of its line, where it is no match.
            if found.end() <= end or find(text[start:end]):
                if start == end == len(text) and text:
                    return  # behind the last newline there is no line
                yield start, end
            at = end + 1


class Watch:
    """Ends a search that takes too long. Python's matcher looks at signals while it works, so a timer reaches it."""

    def __init__(self) -> None:
        self._since: float | None = None

    def start(self) -> None:
        """Begin to look at the time now and then."""
        signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, TICK_S, TICK_S)

    def __enter__(self) -> None:
        self._since = time.process_time()

    def __exit__(self, *_: object) -> None:
        self._since = None

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        if self._since is not None and time.process_time() - self._since > PIECE_CPU_S:
            self._since = None
            raise TooSlow
