"""Texts that code in Perl, Ruby, JavaScript, PHP, Lua and awk puts together, as far as that can be told. Nothing of it is run.

The code is read leniently, as an expression of any of them would be: nothing is ever held for harmless because of what
is found here.
"""

import re
import shlex

from isaacd.shell.indirect.folding.assembled import MAX_TEXT, MAX_TEXTS, Assembled
from isaacd.shell.indirect.folding.functions import BARE, Value, call, method
from isaacd.shell.indirect.folding.tokens import Token, tokens

MAX_STEPS = 4000
MAX_DEPTH = 24
_JOINS = frozenset(("+", ".", "..", "<>", "&"))
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SKIPPED = frozenset(("*", "\\", "!", "&"))
_PREFIXES = frozenset(("new", "return", "await", "scalar", "lc", "then", "do"))
_TOLD = re.compile(r"[$#@]\{\s{0,4}\$?([A-Za-z_]\w*)\s{0,4}\}|\$([A-Za-z_]\w*)")


def assemble(language: str, code: str) -> Assembled:
    """Return the texts and calls of code once its texts are put together."""
    reader = _Reader(language, tokens(code, decimal=language in ("lua", "luajit")))
    reader.read()
    lines = tuple(dict.fromkeys(line for line in reader.lines if line.strip()))
    return Assembled(lines[:MAX_TEXTS], "\n".join(reader.calls[:MAX_TEXTS]))


class _Reader:
    """Walks the tokens; every value that comes up is taken down."""

    def __init__(self, language: str, found: list[Token]) -> None:
        self._tokens = found
        self._language = language
        self._values: dict[str, Value] = {}
        self._steps = 0
        self._parts: set[int] = set()
        self._known: dict[int, tuple[Value | None, int]] = {}
        self.lines: list[str] = []
        self.calls: list[str] = []

    def read(self) -> None:
        """Look at every place where an expression may begin."""
        for place, token in enumerate(self._tokens):
            if token.kind == "name" and self._sign(place + 1) in ("=", ":=") and self._sign(place + 2) != "=":
                self._known.clear()
                value, _ = self._expression(place + 2, 0)
                if value is not None:
                    self._values[token.value] = value
                else:
                    self._values.pop(token.value, None)
                continue
            if token.kind == "text":
                self._note(self._told(token))
            if place in self._parts:
                continue  # a part of what has been put together already
            if token.kind != "sign" or token.value in ("[", "(", "{"):
                self._note(self._expression(place, 0)[0])

    def _note(self, value: Value | None) -> None:
        if isinstance(value, str):
            self.lines.append(value)
        elif isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value):
            self.lines.append(shlex.join(str(item) for item in value))

    def _sign(self, place: int) -> str | None:
        token = self._at(place)
        return token.value if token is not None and token.kind == "sign" else None

    def _at(self, place: int) -> Token | None:
        return self._tokens[place] if place < len(self._tokens) else None

    def _expression(self, place: int, depth: int) -> tuple[Value | None, int]:
        """Return what the expression at a place is worth, and where it ends."""
        if place in self._known:
            return self._known[place]
        self._steps += 1
        if self._steps > MAX_STEPS or depth > MAX_DEPTH:
            return None, place + 1
        value, end = self._operand(place, depth)
        while True:
            sign = self._sign(end)
            if sign in _JOINS:
                self._parts.add(end + 1)
                other, after = self._operand(end + 1, depth + 1)
            elif sign == "%" and isinstance(value, str):
                form, after = self._operand(end + 1, depth + 1)
                value = call("sprintf", [value, *(form if isinstance(form, list) else [form])])
                end = after
                continue
            elif self._is_beside(end):
                self._parts.add(end)
                other, after = self._operand(end, depth + 1)
            else:
                break
            value, end = _joined(value, other), after
        self._known[place] = value, end
        return value, end

    def _is_beside(self, place: int) -> bool:
        """Say whether what stands here goes on the text before it, as in `"a" "b"`."""
        token = self._at(place)
        before = self._at(place - 1)
        if token is None or before is None:
            return False
        if self._language.endswith("awk"):
            return token.kind in ("text", "number", "name") and before.kind in ("text", "number", "name")
        return token.kind == before.kind == "text"

    def _operand(self, place: int, depth: int) -> tuple[Value | None, int]:
        self._steps += 1
        if self._steps > MAX_STEPS:
            return None, place + 1
        value, end = self._primary(place, depth)
        while True:
            sign, following = self._sign(end), self._at(end + 1)
            if sign == "[":
                _, end = self._list(end, depth)
                value = None
                continue
            named = following is not None and following.kind == "name"
            if not named or sign not in (".", ":", "->", "::") or following is None:
                return value, end
            if sign == "." and self._language in ("perl", "php"):
                return value, end
            start = end + 2
            arguments: list[Value | None] = []
            end = start
            if self._sign(start) in ("(", "{"):
                arguments, end = self._list(start, depth)
            elif value is None and following.value in BARE:
                arguments, end = self._bare(start, depth)
            between = " ".join(token.value for token in self._tokens[start:end])
            value = self._called(following.value, value, arguments, between)

    def _primary(self, place: int, depth: int) -> tuple[Value | None, int]:
        token = self._at(place)
        if token is None or depth > MAX_DEPTH:
            return None, place + 1
        if token.kind == "text":
            return self._told(token), place + 1
        if token.kind == "words":
            return list(token.value.split()), place + 1
        if token.kind == "number":
            return int(token.value, 16 if token.value[:2] in ("0x", "0X") else 10), place + 1
        if token.kind == "sign":
            if token.value in _SKIPPED:
                return self._primary(place + 1, depth + 1)
            if token.value not in _CLOSING:
                return None, place + 1
            items, end = self._list(place, depth)
            if token.value == "(" and len(items) == 1:
                return items[0], end
            return (None if None in items else [item for item in items if item is not None]), end
        return self._name(token.value, place, depth)

    def _name(self, name: str, place: int, depth: int) -> tuple[Value | None, int]:
        if name in _PREFIXES:
            return self._operand(place + 1, depth + 1)
        if self._sign(place + 1) == "(":
            arguments, end = self._list(place + 1, depth)
            return self._called(name, None, arguments, ""), end
        if name in self._values:
            return self._values[name], place + 1
        if name in BARE:
            arguments, end = self._bare(place + 1, depth)
            return self._called(name, None, arguments, ""), end
        return None, place + 1

    def _list(self, place: int, depth: int) -> tuple[list[Value | None], int]:
        """Read what stands between brackets."""
        closing = _CLOSING[self._tokens[place].value]
        items: list[Value | None] = []
        place += 1
        while place < len(self._tokens) and self._sign(place) != closing and self._steps <= MAX_STEPS:
            if self._sign(place) in (",", "=>", ";", ")", "]", "}", ":"):
                place += 1
                continue
            item, place = self._expression(place, depth + 1)
            items.append(item)
        return items, place + 1

    def _bare(self, place: int, depth: int) -> tuple[list[Value | None], int]:
        """Read arguments that no bracket stands around."""
        items: list[Value | None] = []
        while place < len(self._tokens) and self._sign(place) not in (";", ")", "]", "}", "|", "="):
            item, place = self._expression(place, depth + 1)
            items += item if isinstance(item, list) else [item]
            if self._sign(place) not in (",", "=>"):
                break
            place += 1
        return items, place

    def _called(
        self, name: str, receiver: Value | None, arguments: list[Value | None], between: str
    ) -> Value | None:
        seen = [item for item in arguments if item is not None]
        if receiver is not None:
            return method(name, receiver, seen, between)
        if len(seen) == len(arguments) == 1 and isinstance(seen[0], list):
            self._note(seen[0])
        texts = [item for item in seen if isinstance(item, str)]
        if texts and len(self.calls) < MAX_TEXTS:
            self.calls.append(f"{name}({', '.join(map(repr, texts))})")
        if len(texts) == len(arguments) > 1:
            self.lines.append(shlex.join(texts))
        return None if None in arguments else call(name, list(arguments))

    def _told(self, token: Token) -> str | None:
        """Return a text with its variables put in; those that are not seen stay as they are."""
        if not token.told:
            return token.value

        def one(match: re.Match[str]) -> str:
            value = self._values.get(match[1] or match[2])
            return (
                " ".join(map(str, value))
                if isinstance(value, list)
                else str(match[0] if value is None else value)
            )

        return _TOLD.sub(one, token.value)[:MAX_TEXT]


def _joined(left: Value | None, right: Value | None) -> Value | None:
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if left is None or right is None or isinstance(left, list) or isinstance(right, list):
        return None
    return f"{left}{right}"[:MAX_TEXT]
