"""What `read`, `mapfile` and `printf -v` put into variables, where the text that they are given is in sight."""

import re
from collections.abc import Sequence

from isaacd.shell import arrays
from isaacd.shell.expand import BLANKS
from isaacd.shell.indirect.found import written_through
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Compound, Redirect, Simple, Text, Word
from isaacd.shell.written import written, written_by

MAX_LINES = 16


def received(redirects: Sequence[Redirect], source: Invocation | None) -> str | None:
    """Return what a command reads from its input; None if that is not seen."""
    for redirect in reversed(redirects):
        if redirect.descriptor not in (None, 0) or redirect.operator not in ("<", "<<", "<<<", "<&", "<>"):
            continue
        if redirect.body is not None:
            body = redirect.body.value
            return None if body is None else body + ("\n" if redirect.operator == "<<<" else "")
        if redirect.target is not None and redirect.target.raw.startswith("<("):
            scripts = redirect.target.scripts
            text = written_by(scripts[0]) if len(scripts) == 1 else None
            return None if text is None else text + "\n"
        return None
    return written_through(source) if source is not None else None


def give(words: Sequence[Word], text: str | None, values: dict[str, str], ifs: str | None) -> None:
    """Set what a builtin sets; its variables have been forgotten before. `text` is its input, `ifs` splits it."""
    name = words[0].value
    argv = [word.value or "" for word in words[1:]]
    if any(word.value is None for word in words[1:]):
        return
    if name == "printf":
        variable, rest = (argv[1], words[3:]) if argv[0] == "-v" else (argv[0][2:], words[2:])
        told = written((Word("printf", words[0].parts), *rest), (), None)
        if told is None or "[" in variable:
            arrays.drop(values, variable)
        elif variable.isidentifier():
            values[variable] = told
    elif text is not None and ifs is not None and name == "read":
        values.update(read(argv, text.split("\n", 1)[0], ifs))
    elif text is not None and name in ("mapfile", "readarray"):
        _lines(argv, text, values)


def read(argv: Sequence[str], line: str, ifs: str) -> dict[str, str]:
    """Return what `read` with these arguments makes of one line; nothing where that takes more than splitting."""
    options = "".join(item[1:] for item in argv if item[:1] == "-")
    names = [item for item in argv if item[:1] != "-"]
    if not set(options) <= set("ra") or ("r" not in options and "\\" in line):
        return {}
    pieces = _split(line, ifs, len(names) if "a" not in options else 0)
    if "a" in options:
        found: dict[str, str] = {}
        if len(names) == 1:
            arrays.take(names[0], [Word(piece, (Text(piece),)) for piece in pieces], found, adds=False)
        return found
    if not names:
        return {"REPLY": line}
    if not all(name.isidentifier() for name in names):
        return {}
    return dict(zip(names, [*pieces, *[""] * len(names)], strict=False))


def turns(node: Compound, source: Invocation | None) -> list[dict[str, str]] | None:
    """Return what a loop that begins with `read` sets in each turn; None if it does not, or that is not seen."""
    condition = node.body[0] if node.body else None
    first = condition.body[0] if isinstance(condition, Compound) and len(condition.body) == 1 else condition
    if not isinstance(first, Simple) or not first.words or first.words[0].value != "read":
        return None
    if len(first.assignments) > 1 or first.redirects or any(word.value is None for word in first.words):
        return None
    ifs = BLANKS
    for assignment in first.assignments:
        value = assignment.words[0].value if assignment.words else ""
        if assignment.name != "IFS" or value is None:
            return None
        ifs = value
    text = received(node.redirects, source)
    if text is None or text.count("\n") > MAX_LINES:
        return None
    argv = [word.value or "" for word in first.words[1:]]
    return [found for line in text.removesuffix("\n").split("\n") if (found := read(argv, line, ifs))] or None


def _lines(argv: Sequence[str], text: str, values: dict[str, str]) -> None:
    names = [item for item in argv if item[:1] != "-"]
    if len(names) > 1 or any(item != "-t" for item in argv if item[:1] == "-"):
        return
    lines = text.removesuffix("\n").split("\n")
    end = "" if "-t" in argv else "\n"
    words = [Word(line, (Text(line + end),)) for line in lines]
    arrays.take(names[0] if names else "MAPFILE", words, values, adds=False)


def _split(line: str, ifs: str, most: int) -> list[str]:
    """Split a line as `read` does; the last of `most` pieces keeps what is left (0: as many as there are)."""
    if not ifs or most == 1:
        blanks = "".join(char for char in ifs if char in BLANKS)
        return [line.strip(blanks) if blanks else line]
    blanks = "".join(char for char in ifs if char in BLANKS)
    others = "".join(char for char in ifs if char not in BLANKS)
    line = line.strip(blanks) if blanks else line
    between = [
        f"[{re.escape(blanks)}]*[{re.escape(others)}][{re.escape(blanks)}]*" if blanks and others else ""
    ]
    if others and not blanks:
        between = [f"[{re.escape(others)}]"]
    if blanks:
        between.append(f"[{re.escape(blanks)}]+")
    return re.split("|".join(item for item in between if item), line, maxsplit=max(0, most - 1))


def is_given(words: Sequence[Word]) -> bool:
    """Say whether a command is one of those that set variables from a text."""
    name = words[0].value
    return name in ("read", "mapfile", "readarray") or (
        name == "printf" and len(words) > 2 and words[1].beginning[:2] == "-v"
    )
