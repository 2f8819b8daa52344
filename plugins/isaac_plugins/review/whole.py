"""Checks of whole files: their syntax, their size, and what belongs together with them."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from isaac_plugins.review.cards import Finding
from isaac_plugins.review.checks import ending_of, is_test
from isaac_plugins.review.python import check_python
from isaacd.api import DiffFile

MAX_FILE_BYTES = 2 * 1024 * 1024
LONG_FILE_LINES = 1500
_MANY_LINES = 20
_CODE = frozenset("py js jsx ts tsx go rs rb java kt c cc cpp h hpp cs php swift scala ex exs".split())
_WITH_COMMENTS = ("tsconfig", "jsconfig", ".eslintrc", "settings", "launch", "devcontainer")


def check_file(file: DiffFile, root: Path | None) -> Iterator[Finding]:
    """Find what the whole of one file tells; `root` is where the files of the diff lie, if that is known."""
    added = sum(1 for _ in file.added())
    if file.path.endswith((".orig", ".rej", ".swp", "~")) and file.change == "added":
        yield Finding(file.path, 0, "warning", "a leftover of an editor or a merge", "leftover")
    if file.change == "added" and file.is_binary:
        yield Finding(file.path, 0, "note", "a binary file is added", "size")
    if file.change == "added" and added > LONG_FILE_LINES and ending_of(file.path) in _CODE:
        yield Finding(file.path, 0, "note", f"a new file of {added:,} lines", "size")
    if file.change == "deleted" or file.is_binary:
        return
    text = content(file, root)
    if text is not None:
        yield from _syntax(file, text)


def content(file: DiffFile, root: Path | None) -> str | None:
    """Return the file as the diff leaves it; None if it is not known to be the one that lies there."""
    if file.change == "added":
        return "\n".join(line.text for line in file.added()) + "\n"
    if root is None or file.path.startswith("/") or ".." in file.path.split("/"):
        return None
    path = root / file.path
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return None
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return None
    lines = text.split("\n")
    shown = [line for hunk in file.hunks for line in hunk.lines if line.sign != "-"]
    same = all(line.number <= len(lines) and lines[line.number - 1] == line.text for line in shown)
    return text if same and shown else None


def check_together(files: Sequence[DiffFile]) -> Iterator[Finding]:
    """Find what is missing beside the files that changed."""
    code = [
        file
        for file in files
        if ending_of(file.path) in _CODE and not is_test(file.path) and file.change != "deleted"
    ]
    lines = sum(1 for file in code for _ in file.added())
    if code and lines >= _MANY_LINES and not any(is_test(file.path) for file in files):
        most = max(code, key=lambda file: sum(1 for _ in file.added()))
        yield Finding(most.path, 0, "note", f"{lines} lines of code are added, and no test changes", "tests")


def _syntax(file: DiffFile, text: str) -> Iterator[Finding]:
    ending = ending_of(file.path)
    if ending in ("py", "pyi"):
        yield from check_python(file, text)
    elif ending == "json" and not any(name in file.path for name in _WITH_COMMENTS):
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            yield Finding(file.path, error.lineno, "error", f"this is no JSON: {error.msg}", "syntax")
        except RecursionError:
            yield Finding(file.path, 0, "warning", "the JSON is nested too deep to be read", "syntax")
    elif ending == "toml":
        try:
            tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            yield Finding(file.path, _line_of(str(error)), "error", f"this is no TOML: {error}", "syntax")


def _line_of(message: str) -> int:
    after = message.rpartition("at line ")[2].partition(",")[0]
    return int(after) if after.isdigit() else 0
