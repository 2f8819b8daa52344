"""Words in a suggested line that stand for what a person has to put in; such a line is never run as it is."""

import re
import shlex
from collections.abc import Sequence

# <file>, {{file}}, [your file] and the like; `<(`, `<<` and a redirection with blanks around are the shell's own.
_FORMS = re.compile(
    r"<(?=[A-Za-z])[\w .:/|-]{0,40}[\w.]>|\{\{[^{}\n]{1,60}\}\}|\[(?:your|the|my)[ _-][\w -]{1,30}\]|\bYOUR[_-][A-Z_]{2,30}\b|(?<![\w/])/?path/to/[\w./-]{1,60}"
)


def placeholders(line: str, named: Sequence[str] = ()) -> list[str]:
    """Return the placeholders of a line in their order: those with a telling form, and those that are `named`."""
    found = {match.start(): match[0] for match in _FORMS.finditer(line)}
    for name in named:
        if not name or len(name) > 80:
            continue
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line):
            if not any(at <= match.start() < at + len(text) for at, text in found.items()):
                found[match.start()] = name
    return list(dict.fromkeys(found[at] for at in sorted(found)))


def fill(line: str, placeholder: str, value: str) -> str | None:
    """Put a value in a placeholder's place, quoted so that it stays one word; None where quotes stand around it."""
    if any(_is_quoted(line, at.start()) for at in re.finditer(re.escape(placeholder), line)):
        return None
    return line.replace(placeholder, shlex.quote(value))


def _is_quoted(line: str, end: int) -> bool:
    quote = ""
    skip = False
    for char in line[:end]:
        if skip:
            skip = False
        elif char == "\\" and quote != "'":
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return bool(quote)
