"""Markdown to ANSI, while it arrives: blocks are found at the beginning of a line, the rest word by word.

Our own and not `rich.markdown`, which renders whole documents, takes 97 ms and 19 MB to import, and reflows.
The source's own lines stay lines: models write a line where they mean one.
"""

import re

from isaacd.cli.markdown.inline import BOLD, DIM, UNDERLINED, Inline
from isaacd.cli.markdown.table import is_rule, table
from isaacd.cli.markdown.wrap import Lines, Style, paint
from isaacd.cli.render import plain, width_of

_TAB = "    "
_MAX_ROWS = 400
# What is not understood by then is text; looking again at every character has to end somewhere.
_LONGEST_HEAD = 2000
_RULE_COLUMNS = 40
_QUOTE = re.compile(r" {0,3}> ?")
_HEADING = re.compile(r" {0,3}(#{1,6}) +")
_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)]) +")
_FENCE = re.compile(r" *(`{3,}|~{3,})")
_THEMATIC = re.compile(r" {0,3}([-*_])( *\1){2,} *\Z")
# What can still become one of the above when more of the line has come.
_UNDECIDED = re.compile(
    r"[ >]*(#{0,6} *|[-+*_][-*_ ]*|\d{0,9}|\d{1,9}[.)] *|`{1,2}|~{1,2}|(?:`{3,}|~{3,}).*|\|.*)\Z", re.DOTALL
)
_CLOSING = re.compile(r"[ >]*(`+|~+) *\Z")
_MAYBE_CLOSING = re.compile(r"[ >]*(`*|~*) *\Z")


class Markdown:
    """One text for a terminal of so many columns; without `color` its marks stay, because nothing else shows them.

    `feed` returns what can be shown of the text so far, `close` the rest. What comes out does not depend on how the
    text is cut into pieces, and nothing in it can steer the terminal.
    """

    def __init__(self, columns: int, *, color: bool) -> None:
        self._columns = max(20, columns)
        self._color = color
        self._lines = Lines(self._columns)
        self._head = ""  # the beginning of a line that is not understood yet
        self._inline: Inline | None = None  # reads the rest of a line that is
        self._fence = ""  # the marks that opened a block of code
        self._verbatim = False  # the rest of a line of code
        self._rows: list[str] = []
        self._row_prefix = ""
        self._row_is_last = False  # the text ends within it

    def feed(self, text: str) -> str:
        """Take the next characters; return what can be shown."""
        text = plain(text)
        if not self._color:
            return text
        first = True
        for line in text.split("\n"):
            if not first:
                self._end_line()
            first = False
            if line:
                self._part(line)
        return self._lines.take()

    def close(self) -> str:
        """Return what was held back; a last line without end stays without."""
        if self._head:
            self._decide(last=True)
        self._end_table()
        self._finish()
        return self._lines.take()

    def _finish(self) -> None:
        """Show what is held of a line whose end does not come."""
        if self._inline is not None:
            self._inline.end()
            self._inline = None
        self._lines.finish()
        self._verbatim = False

    def _part(self, text: str) -> None:
        """Take a part of a line."""
        if self._inline is not None:
            self._inline.feed(text.replace("\t", _TAB))
        elif self._verbatim:
            self._lines.begin(text, "")
        elif self._fence:
            self._code(text)
        else:
            for position, char in enumerate(text):
                self._head += _TAB if char == "\t" else char
                if len(self._head) > _LONGEST_HEAD or not _UNDECIDED.match(self._head):
                    self._decide(last=False)
                    rest = text[position + 1 :]
                    if rest:
                        self._part(rest)
                    return

    def _code(self, text: str) -> None:
        """Show code as it comes; only what may be the closing fence waits for the end of its line."""
        self._head += text
        match = _MAYBE_CLOSING.match(self._head) if len(self._head) < _LONGEST_HEAD else None
        if match is None or (match[1] and match[1][0] != self._fence[0]):
            self._verbatim = True
            self._lines.begin(self._head, "")
            self._head = ""

    def _end_line(self) -> None:
        if self._inline is not None:
            self._inline.end()
            self._inline = None
            self._lines.end()
        elif self._verbatim:
            self._verbatim = False
            self._lines.begin("\n", "")
        elif self._fence:
            self._end_code()
        elif self._head:
            self._decide(last=False, whole=True)
        else:
            self._end_table()
            self._lines.begin("\n", "")

    def _end_code(self) -> None:
        match = _CLOSING.match(self._head)
        closes = match is not None and match[1].startswith(self._fence)
        self._lines.begin((paint(self._head, (DIM,)) if closes else self._head) + "\n", "")
        self._head = ""
        if closes:
            self._fence = ""

    def _decide(self, *, last: bool, whole: bool = False) -> None:
        """Understand the beginning of a line, which is all of it if it is `whole`, or the `last` of the text."""
        head, self._head = self._head, ""
        rest, prefix = _unquoted(head)
        at_end = last or whole
        if at_end and rest.startswith("|"):
            self._row(rest, prefix, last=last)
            return
        self._end_table()
        end = "" if last else "\n"
        fence = _FENCE.match(rest)
        if at_end and fence is not None and not (fence[1][0] == "`" and "`" in rest[fence.end() :]):
            self._fence = fence[1]
            self._lines.begin(prefix + paint(rest, (DIM,)) + end, "")
        elif at_end and _THEMATIC.match(rest):
            width = min(_RULE_COLUMNS, self._columns) - width_of(prefix)
            self._lines.begin(prefix + paint("─" * max(3, width), (DIM,)) + end, "")
        else:
            self._text(rest, prefix)
            if whole:
                self._end_line()

    def _text(self, rest: str, prefix: str) -> None:
        """Begin a line of text: a heading, an item of a list, or a part of a paragraph."""
        style: Style = ()
        heading, item = _HEADING.match(rest), _ITEM.match(rest)
        if heading is not None:
            style = (BOLD, UNDERLINED) if heading[1] == "#" else (BOLD,)
            self._lines.begin(prefix, prefix)
            rest = rest[heading.end() :]
        elif item is not None:
            bullet = "•" if item[2] in "-*+" else item[2]
            first = f"{prefix}{item[1]}{bullet} "
            self._lines.begin(first, prefix + " " * (width_of(first) - width_of(prefix)))
            rest = rest[item.end() :]
        else:
            indent = rest[: len(rest) - len(rest.lstrip(" "))]
            if len(indent) > self._columns // 2:
                indent = ""
            self._lines.begin(prefix + indent, prefix + indent)
            rest = rest[len(indent) :]
        self._inline = Inline(self._lines.text, style)
        self._inline.feed(rest)

    def _row(self, row: str, prefix: str, *, last: bool) -> None:
        """Keep a row until the table is whole; only then is it known how wide its columns are."""
        if self._rows and (prefix != self._row_prefix or len(self._rows) >= _MAX_ROWS):
            self._end_table()
        self._rows.append(row)
        self._row_prefix = prefix
        self._row_is_last = last
        if len(self._rows) == 2 and not is_rule(row):
            self._end_table()

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        last = self._row_is_last
        if not rows:
            return
        drawn = table(rows, self._columns, self._row_prefix) if len(rows) > 1 and is_rule(rows[1]) else None
        if drawn is None:
            for number, row in enumerate(rows):
                self._text(row, self._row_prefix)
                if last and number == len(rows) - 1:
                    self._finish()
                else:
                    self._end_line()
            return
        self._lines.begin(drawn.removesuffix("\n") if last else drawn, "")


def _unquoted(head: str) -> tuple[str, str]:
    """Take the marks of quotes off; return the rest, and what is shown for them."""
    depth = 0
    while (match := _QUOTE.match(head)) is not None:
        head = head[match.end() :]
        depth += 1
    return head, paint("│ " * depth, (DIM,)) if depth else ""
