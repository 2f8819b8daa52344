"""On which line of a TOML document each key stands; tomllib parses documents but does not tell."""

import re

from isaacd.config.keys import Key, parse_key

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*+")
_KEY_PART = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*""")
_STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|\'\'\'(?:[^']|'(?!''))*+'{3,5}|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


def key_lines(text: str) -> dict[Key, int]:
    """Map every key, every table on the way to it and every item of an array to its line, counted from 1.

    `text` must be a document that tomllib accepts; a table that is opened in several places counts where it came
    first. Takes time linear in the length of `text`.
    """
    return _Scanner(text).scan()


class _Scanner:
    """One pass over a valid document."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1
        self._counted = 0
        self._found: dict[Key, int] = {}
        self._last_item: dict[Key, int] = {}

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        while self._skip_blank():
            if self._text.startswith("[[", self._position):
                table = self._header(2)
            elif self._text[self._position] == "[":
                table = self._header(1)
            else:
                self._assignment(table)
        return self._found

    def _skip_blank(self) -> bool:
        """Go to what comes next; tell whether anything does."""
        match = _BLANK.match(self._text, self._position)
        assert match is not None
        self._position = match.end()
        return self._position < len(self._text)

    def _mark(self, key: Key) -> None:
        if key not in self._found:
            self._line += self._text.count("\n", self._counted, self._position)
            self._counted = self._position
            self._found[key] = self._line

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            match = _KEY_PART.match(self._text, self._position)
            assert match is not None
            parts.extend(parse_key(match[1]) if match[1][0] in "\"'" else (match[1],))
            if self._text[match.end()] != ".":
                self._end = match.end()
                return tuple(parts)
            self._position = match.end() + 1

    def _header(self, brackets: int) -> Key:
        """Read `[table]` or `[[array of tables]]` and return where its keys go."""
        start = self._position
        self._position += brackets
        parts = self._key()
        self._position = start
        key: Key = ()
        for number, part in enumerate(parts, 1):
            key += (part,)
            self._mark(key)
            if brackets == 2 and number == len(parts):
                self._last_item[key] = self._last_item.get(key, -1) + 1
            if key in self._last_item:
                key += (self._last_item[key],)
                self._mark(key)
        self._position = self._end + brackets
        return key

    def _assignment(self, table: Key) -> None:
        """Read `key = value` below `table`."""
        start = self._position
        parts = self._key()
        self._position, end = start, self._end
        key = table
        for part in parts:
            key += (part,)
            self._mark(key)
        self._position = end + 1
        self._skip_blank()
        self._value(key)

    def _value(self, key: Key) -> None:
        first = self._text[self._position]
        if first == "[":
            self._array(key)
        elif first == "{":
            self._inline_table(key)
        else:
            match = (_STRING if first in "\"'" else _SCALAR).match(self._text, self._position)
            assert match is not None
            self._position = match.end()

    def _array(self, key: Key) -> None:
        self._position += 1
        number = 0
        while self._skip_blank() and self._text[self._position] != "]":
            if self._text[self._position] == ",":
                self._position += 1
                continue
            self._mark((*key, number))
            self._value((*key, number))
            number += 1
        self._position += 1

    def _inline_table(self, key: Key) -> None:
        self._position += 1
        while self._skip_blank() and self._text[self._position] != "}":
            if self._text[self._position] == ",":
                self._position += 1
                continue
            self._assignment(key)
        self._position += 1
