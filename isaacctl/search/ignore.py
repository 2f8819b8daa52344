"""What git, and files called .ignore, leave out: the patterns of gitignore(5), read as git reads them."""

import os
import re
from collections.abc import Callable

_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip
MAX_FILE_BYTES = 4 * 1024 * 1024
_SPECIAL = re.compile(r"[*?\[\\]")


class Rules:
    """The lines of one ignore file, a character for each byte; the last one that fits decides.

    Most lines are plain names or `*.suffix`; those are looked up, and only the others are tried one by one.
    """

    __slots__ = ("_names", "_names_dir", "_negated", "_others", "_suffixes", "_suffixes_dir", "base")

    def __init__(self, base: str, text: str) -> None:
        self.base = base  # the folder that the lines are about, relative to where the search begins, with a / at its end
        self._negated: list[bool] = []
        self._names: dict[str, int] = {}
        self._names_dir: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._suffixes_dir: dict[str, int] = {}
        self._others: list[tuple[int, bool, bool, Callable[[str], object]]] = []
        for line in text.removeprefix("\xef\xbb\xbf").split("\n"):
            self._add(line)
        self._others.reverse()

    def __bool__(self) -> bool:
        return bool(self._negated)

    def verdict(self, path: str, name: str, *, is_dir: bool) -> bool | None:
        """Say whether a path (relative to `base`) is left out; None if no line is about it."""
        last = max(self._names.get(name, -1), self._by_suffix(self._suffixes, name))
        if is_dir:
            last = max(last, self._names_dir.get(name, -1), self._by_suffix(self._suffixes_dir, name))
        for number, dir_only, whole, fits in self._others:
            if number < last:
                break
            if (is_dir or not dir_only) and fits(path if whole else name):
                last = number
                break
        return None if last < 0 else not self._negated[last]

    def _by_suffix(self, known: dict[str, int], name: str) -> int:
        if not known:
            return -1
        at, last = name.find("."), -1
        while at >= 0:
            last = max(last, known.get(name[at:], -1))
            at = name.find(".", at + 1)
        return last

    def _add(self, line: str) -> None:
        pattern = _trimmed(line.removesuffix("\r") if line.endswith("\r") else line)
        if not pattern or pattern.startswith("#"):
            return
        negated = pattern.startswith("!")
        pattern = pattern[1:] if negated else pattern
        dir_only = pattern.endswith("/")
        pattern = pattern[:-1] if dir_only else pattern
        if not pattern:
            return
        number = len(self._negated)
        whole = "/" in pattern
        pattern = pattern.removeprefix("/")
        if not whole and not _SPECIAL.search(pattern):
            (self._names_dir if dir_only else self._names)[pattern] = number
        elif not whole and pattern.startswith("*.") and not _SPECIAL.search(pattern[1:]):
            (self._suffixes_dir if dir_only else self._suffixes)[pattern[1:]] = number
        else:
            try:
                fits = re.compile(translate(pattern, whole=whole), re.DOTALL).match
            except (re.error, Unmatchable):
                return
            self._others.append((number, dir_only, whole, fits))
        self._negated.append(negated)


class Unmatchable(Exception):
    """A pattern that can never fit, such as one whose bracket is not closed."""


def _trimmed(line: str) -> str:
    """Take away blanks at the end of a line, unless they are quoted with a backslash."""
    end = len(line)
    while end and line[end - 1] == " ":
        backslashes = 0
        while end - 2 - backslashes >= 0 and line[end - 2 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2:
            break
        end -= 1
    return line[:end]


def translate(pattern: str, *, whole: bool = True) -> str:
    """Turn a pattern into a regular expression for a path (`whole`) or a name."""
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            end = at
            while end < len(pattern) and pattern[end] == "*":
                end += 1
            text, at = _stars(pattern, at, end, whole=whole)
            out.append(text)
            continue
        if char == "?":
            out.append("[^/]")
        elif char == "[":
            text, at = _bracket(pattern, at)
            out.append(text)
            continue
        elif char == "\\":
            at += 1
            if at == len(pattern):
                raise Unmatchable
            out.append(re.escape(pattern[at]))
        else:
            out.append(re.escape(char))
        at += 1
    return "".join(out) + r"\Z"


def _stars(pattern: str, at: int, end: int, *, whole: bool) -> tuple[str, int]:
    # Git compares what stands before the first special character by itself, so that two stars behind it stand first.
    before = at == 0 or pattern[at - 1] == "/" or not _SPECIAL.search(pattern[:at])
    after = end == len(pattern) or pattern[end] == "/"
    if not whole or end - at != 2 or not before or not after:
        # More than two stars between slashes reach as far as two do.
        if whole and end - at > 2 and before and after:
            return _deep(pattern, end)
        return "[^/]*", end
    return _deep(pattern, end)


def _deep(pattern: str, end: int) -> tuple[str, int]:
    if end == len(pattern):
        return ".*", end
    return "(?:.*/)?", end + 1


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """Translate a bracket, which never stands for a slash."""
    at += 1
    negated = at < len(pattern) and pattern[at] in "!^"
    at += negated
    parts: list[str] = []
    first, previous = True, ""
    while True:
        if at >= len(pattern):
            raise Unmatchable
        if pattern[at] == "]" and not first:
            break
        first = False
        known = _class(pattern, at)
        if known is not None:
            text, at = known
            parts.append(text)
            previous = ""
        elif pattern[at] == "-" and previous and at + 1 < len(pattern) and pattern[at + 1] != "]":
            upper, at = _literal(pattern, at + 1)
            if previous <= upper:
                parts.append(f"{re.escape(previous)}-{re.escape(upper)}")
            previous = ""
        else:
            previous, at = _literal(pattern, at)
            parts.append(re.escape(previous))
    inside = "".join(parts)
    if negated:
        return f"[^/{inside}]", at + 1
    return (f"(?!/)[{inside}]" if inside else "(?!)"), at + 1


def _class(pattern: str, at: int) -> tuple[str, int] | None:
    """Translate `[:alpha:]` and the like; None if there is none here."""
    if not pattern.startswith("[:", at):
        return None
    end = pattern.find(":]", at + 2)
    if end < 0:
        return None
    name = pattern[at + 2 : end]
    if name not in _CLASSES:
        raise Unmatchable
    return _CLASSES[name], end + 2


def _literal(pattern: str, at: int) -> tuple[str, int]:
    at += pattern[at] == "\\"
    if at >= len(pattern):
        raise Unmatchable
    return pattern[at], at + 1


def as_bytes(name: str) -> str:
    """Return a path with a character for each of its bytes, which is how git reads names and patterns."""
    return name if name.isascii() else os.fsencode(name).decode("latin-1")


def read_rules(file: str, base: str) -> Rules | None:
    """Return the lines of an ignore file; None if there is none, or it is no regular file that can be read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with open(descriptor, "rb") as opened:
            data = opened.read(MAX_FILE_BYTES)
    except OSError:
        return None
    rules = Rules(base, data.decode("latin-1"))
    return rules or None
