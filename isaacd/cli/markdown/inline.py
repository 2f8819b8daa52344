"""Emphasis, code and links within a line: what could still become one is held back, and nothing else."""

import re
from collections.abc import Callable

from isaacd.cli.markdown.wrap import Style

Say = Callable[[str, Style], None]

BOLD, DIM, ITALIC, UNDERLINED, STRUCK, CODE = 1, 2, 3, 4, 9, 36
# A mark that nothing closes within this many characters is none.
_LONGEST = 600
_DEEPEST = 4
_MARKS = "*_~`[\\"
_ESCAPED = "*_`~|#"
_PLAIN = re.compile(r"[^*_~`\[\\]+")
# Weights and colours that a terminal may show: what `styled` lets pass, and struck out.
_EMPHASIS: dict[str, dict[int, Style]] = {
    "*": {1: (ITALIC,), 2: (BOLD,), 3: (BOLD, ITALIC)},
    "_": {1: (ITALIC,), 2: (BOLD,), 3: (BOLD, ITALIC)},
    "~": {2: (STRUCK,)},
}


class Inline:
    """Reads one line, character by character; `say` gets its text with its style.

    Marks that turn out to be none are said as they are. `without` are marks that were found to be none already;
    together with the `level` of nesting it bounds how often a character can be looked at.
    """

    def __init__(self, say: Say, style: Style = (), without: str = "", level: int = 0) -> None:
        self._say = say
        self._style = style
        self._without = without
        self._level = level
        self._marks = "".join(mark for mark in _MARKS if mark not in without) if level < _DEEPEST else ""
        self._held: list[str] = []
        self._read: Callable[[str], None] | None = (
            None  # what looks at the next character, while some are held
        )
        self._mark = ""
        self._count = 0  # how many marks have opened
        self._run = 0  # how many marks in a row were just read
        self._depth = 0
        self._middle = 0  # where the text of a link ends
        self._ticked = False
        self._before = " "  # the character before the held ones
        self._last = " "

    def feed(self, text: str) -> None:
        """Read on; what is sure is said."""
        position = 0
        while position < len(text):
            if self._read is None:
                plain = _PLAIN.match(text, position)
                if plain is not None:
                    self._out(plain[0])
                    position = plain.end()
                    continue
            self._step(text[position])
            position += 1

    def end(self) -> None:
        """The line ends here: say what is held."""
        if self._read is None:
            return
        if self._read in (self._in_emphasis, self._in_code) and self._is_closed(" "):
            self._close()
        elif self._read == self._in_link and self._depth == 0 and self._held[-1] == ")":
            self._close_link()
        else:
            self._give_up()

    def _step(self, char: str) -> None:
        read = self._read
        if read is not None:
            read(char)
            if self._read is not None and len(self._held) > _LONGEST:
                self._give_up()
        elif char in self._marks:
            self._before = self._last
            self._mark, self._count, self._run, self._depth, self._ticked = char, 1, 0, 0, False
            self._held = [char]
            self._read = self._in_link if char == "[" else self._escaped if char == "\\" else self._opening
            if char == "[":
                self._depth = 1
        else:
            self._out(char)

    def _opening(self, char: str) -> None:
        """Count the marks that open, and see whether they can."""
        if char == self._mark:
            self._held.append(char)
            self._count += 1
            return
        if self._mark == "`":
            self._read = self._in_code
        elif (
            char == " "
            or self._count not in _EMPHASIS[self._mark]
            or (self._mark == "_" and self._before.isalnum())
        ):
            self._literally(char)
            return
        else:
            self._read = self._in_emphasis
        self._read(char)

    def _in_code(self, char: str) -> None:
        if char != "`" and self._is_closed(char):
            self._close()
            self._step(char)
            return
        self._run = self._run + 1 if char == "`" else 0
        self._held.append(char)

    def _in_emphasis(self, char: str) -> None:
        if char == self._mark and not self._ticked:
            self._run += 1
        elif self._is_closed(char):
            self._close()
            self._step(char)
            return
        else:
            self._run = 0
            if char == "`":
                self._ticked = not self._ticked
        self._held.append(char)

    def _in_link(self, char: str) -> None:
        """Read `[text](address)`; depth counts the brackets, first of the text, then of the address."""
        at_middle = self._depth == 0 and self._held[-1] == "]"
        if at_middle and char == "(":
            self._mark, self._depth, self._middle = "(", 1, len(self._held) - 1
        elif at_middle:
            self._give_up()
            self._step(char)
            return
        elif self._depth == 0:
            self._close_link()
            self._step(char)
            return
        elif self._mark == "(" and char == " ":
            self._held.append(char)
            self._give_up()
            return
        else:
            opens, closes = "()" if self._mark == "(" else "[]"
            self._depth += (char == opens) - (char == closes)
        self._held.append(char)

    def _escaped(self, char: str) -> None:
        if char in _ESCAPED:
            self._read = None
            self._out(char)
        else:
            self._literally(char)

    def _is_closed(self, after: str) -> bool:
        """Tell whether the marks just read close what is held; `after` is the character behind them."""
        count, run = self._count, self._run
        if len(self._held) <= count + run or not run:
            return False
        if self._mark == "`":
            return run == count
        before = self._held[-run - 1]
        if before == " " or (self._mark == "_" and after.isalnum()):
            return False
        return run == count or (run == 3 and count < 3)

    def _close(self) -> None:
        inside = "".join(self._held[self._count : -self._count])
        self._read = None
        if self._mark == "`":
            self._out(inside, (*self._style, CODE))
            return
        style = (*self._style, *_EMPHASIS[self._mark][self._count])
        inner = Inline(self._say, style, self._without, self._level + 1)
        inner.feed(inside)
        inner.end()
        self._last = inside[-1]

    def _close_link(self) -> None:
        held = "".join(self._held)
        text, address = held[1 : self._middle], held[self._middle + 2 : -1]
        self._read = None
        inner = Inline(self._say, (*self._style, UNDERLINED), self._without + "[", self._level + 1)
        inner.feed(text)
        inner.end()
        self._out(f" ({address})" if address != text else "", (*self._style, DIM))
        self._last = ")"

    def _literally(self, char: str) -> None:
        """The marks were none: say them, and read on."""
        self._read = None
        self._out("".join(self._held))
        self._step(char)

    def _give_up(self) -> None:
        """What is held was not opened by its mark; read what follows the mark again, without that kind of mark."""
        held, self._read = "".join(self._held), None
        opener = held[0]
        count = len(held) - len(held.lstrip(opener)) if opener != "[" else 1
        self._out(held[:count])
        inner = Inline(self._say, self._style, self._without + opener, self._level)
        inner._last = opener
        inner.feed(held[count:])
        inner.end()
        self._last = held[-1]

    def _out(self, text: str, style: Style | None = None) -> None:
        if text:
            self._last = text[-1]
            self._say(text, self._style if style is None else style)
