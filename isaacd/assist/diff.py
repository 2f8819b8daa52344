"""A unified diff, as git writes it, read into files and the lines that were added and removed."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Change = Literal["changed", "added", "deleted", "renamed", "copied", "mode"]
MAX_DIFF_LINES = 400_000
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_GIT = re.compile(r"diff --git (?P<old>\"?a/.+?\"?) (?P<new>\"?b/.+\"?)\Z")
_OCTAL = re.compile(rb"\\([0-7]{3}|.)")


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a hunk: `sign` is +, - or a blank; `number` counts in the new file, for removed lines in the old one."""

    sign: str
    text: str
    number: int


class DiffHunk(msgspec.Struct):
    """Lines that belong together; `about` is what git says behind the @@, mostly the function around them."""

    about: str
    lines: list[DiffLine]


class DiffFile(msgspec.Struct, kw_only=True):
    """What happened to one file; `path` is its name now, `before` another name that it had, `text` its part of the diff."""

    path: str
    change: Change = "changed"
    before: str | None = None
    is_binary: bool = False
    hunks: list[DiffHunk] = []
    text: str = ""

    def added(self) -> Iterator[DiffLine]:
        """Give the lines that are new."""
        return (line for hunk in self.hunks for line in hunk.lines if line.sign == "+")

    def removed(self) -> Iterator[DiffLine]:
        """Give the lines that are gone."""
        return (line for hunk in self.hunks for line in hunk.lines if line.sign == "-")


def read_diff(text: str) -> list[DiffFile]:
    """Read a diff; text before the first file is passed over, and what is no diff has no files."""
    files: list[DiffFile] = []
    lines = text.split("\n")[:MAX_DIFF_LINES]
    at = 0
    while at < len(lines):
        line = lines[at]
        git = _GIT.match(line)
        plain = line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
        if git is None and not plain:
            at += 1
            continue
        file = DiffFile(path=_unquoted(git["new"]).removeprefix("b/") if git is not None else "", hunks=[])
        end = _header(file, lines, at + (git is not None))
        end = _hunks(file, lines, end)
        file.text = "\n".join(lines[at:end])
        files.append(file)
        at = end
    return files


def _header(file: DiffFile, lines: list[str], at: int) -> int:
    """Read what stands between the name of a file and its first hunk."""
    while at < len(lines):
        line = lines[at]
        if line.startswith(("@@ ", "diff --git ")) or (not line and not file.is_binary):
            return at
        at += 1
        if line.startswith("--- "):
            _old_side(file, line[4:])
        elif line.startswith("+++ "):
            _new_side(file, line[4:])
            return at
        else:
            _said(file, line)
    return at


def _said(file: DiffFile, line: str) -> None:
    """Take in what git says of a file as a whole."""
    word, _, rest = line.partition(" ")
    if line.startswith("new file mode"):
        file.change = "added"
    elif line.startswith("deleted file mode"):
        file.change = "deleted"
    elif line.startswith("new mode") and file.change == "changed":
        file.change = "mode"
    elif line.startswith(("Binary files ", "GIT binary patch")):
        file.is_binary = True
    elif word in ("rename", "copy"):
        side, _, name = rest.partition(" ")
        file.change = "renamed" if word == "rename" else "copied"
        if side == "from":
            file.before = _unquoted(name)
        else:
            file.path = _unquoted(name)


def _old_side(file: DiffFile, text: str) -> None:
    if text.startswith("/dev/null"):
        file.change = "added"
    elif not file.path:
        file.path = _side(text)


def _new_side(file: DiffFile, text: str) -> None:
    if text.startswith("/dev/null"):
        file.change = "deleted"
        return
    file.path = _side(text)
    if file.change == "mode":
        file.change = "changed"


def _hunks(file: DiffFile, lines: list[str], at: int) -> int:
    while at < len(lines):
        match = _HUNK.match(lines[at])
        if match is not None:
            at = _hunk(file, match, lines, at + 1)
        elif lines[at].startswith("\\") or (file.is_binary and not lines[at].startswith("diff --git ")):
            at += 1  # "No newline at end of file", or what is left of something binary
        else:
            break
    return at


def _hunk(file: DiffFile, match: re.Match[str], lines: list[str], at: int) -> int:
    hunk = DiffHunk(match[5].strip(), [])
    file.hunks.append(hunk)
    numbers = {"-": int(match[1]), "+": int(match[3])}
    left = {"-": int(match[2] or 1), "+": int(match[4] or 1)}
    # The counts decide: a removed line "-- x" looks like the head of a file.
    while at < len(lines) and (left["-"] > 0 or left["+"] > 0):
        sign, text = lines[at][:1] or " ", lines[at][1:]
        if sign in ("+", "-", " "):
            hunk.lines.append(DiffLine(sign, text, numbers["-" if sign == "-" else "+"]))
            for side in ("-", "+") if sign == " " else (sign,):
                numbers[side] += 1
                left[side] -= 1
        elif sign != "\\":
            break
        at += 1
    return at


def _side(text: str) -> str:
    """Return the name in a line `+++ b/name`, without the prefix and the time behind a tab."""
    name = _unquoted(text.partition("\t")[0].rstrip("\r"))
    return name[2:] if name[:2] in ("a/", "b/") else name


def _unquoted(name: str) -> str:
    r"""Take off the quotes that git puts around names with strange characters: "b/\303\274.txt"."""
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    signs = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f"}

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 255]) if len(code) == 3 else signs.get(code, code)

    return _OCTAL.sub(one, name[1:-1].encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
