"""Words laid out in lines as wide as the terminal; a word is shown as soon as it is whole."""

from collections.abc import Iterator

from isaacd.cli.render import width_of

Style = tuple[int, ...]


def paint(text: str, style: Style) -> str:
    """Wrap text in SGR codes (ECMA-48)."""
    return f"\x1b[{';'.join(map(str, style))}m{text}\x1b[0m" if style and text else text


class Lines:
    """Lays out the words of one line of the source, on as many lines of the terminal as they need.

    A word that is wider than the terminal is left whole: the terminal breaks it, and it can still be copied. Lines
    that continue another begin with the `hanging` of `begin`, as wide as what stands before the first.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._column = 0
        self._start = 0
        self._hanging = ""
        self._blanks = 0
        self._word: list[tuple[str, Style]] = []
        self._word_width = 0
        self._out: list[str] = []

    def take(self) -> str:
        """Return what can be shown since the last time."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def begin(self, first: str, hanging: str) -> None:
        """Begin a line with `first`, which stands as it is; its continuations with `hanging`."""
        self._out.append(first)
        self._column = self._start = width_of(first)
        self._hanging = hanging

    def text(self, text: str, style: Style = ()) -> None:
        """Lay out the next characters; blanks end a word, and so does every wide character."""
        for part in _parts(text):
            if part[0] == " ":
                self._flush()
                self._blanks += len(part)
                continue
            width = width_of(part)
            if width > 1 and len(part) == 1:
                self._flush()  # a line may break before it
            if self._word and self._word[-1][1] == style:
                self._word[-1] = (self._word[-1][0] + part, style)
            else:
                self._word.append((part, style))
            self._word_width += width

    def end(self) -> None:
        """End the line; blanks at its end are dropped."""
        self.finish()
        self._out.append("\n")
        self._column = 0

    def finish(self) -> None:
        """Show what is held back, without an end of the line."""
        self._flush()
        self._blanks = 0

    def _flush(self) -> None:
        if not self._word:
            return
        wraps = self._column + self._blanks + self._word_width > self._columns and self._column > self._start
        if wraps:
            self._out.append(f"\n{self._hanging}")
            self._column = self._start
        elif self._blanks:
            self._out.append(" " * self._blanks)
            self._column += self._blanks
        self._out.extend(paint(text, style) for text, style in self._word)
        self._column += self._word_width
        self._word.clear()
        self._word_width = self._blanks = 0


def _parts(text: str) -> Iterator[str]:
    """Split into runs of blanks, runs of characters of a word, and single wide characters."""
    start = 0
    kind = -1
    for index, char in enumerate(text):
        now = 0 if char == " " else 1 if char < "\u1100" or width_of(char) < 2 else 2
        if now != kind or now == 2:
            if index > start:
                yield text[start:index]
            start, kind = index, now
    if start < len(text):
        yield text[start:]
