"""The history file of bash: lines, and before each perhaps a line with its time."""

import re
from collections.abc import Iterator

from isaacd.history.records import Run

_TIME = re.compile(rb"#([0-9]{1,12})\Z")
_US = 1_000_000
_MAX_LINES = 200


def read_bash(data: bytes) -> Iterator[Run]:
    """Give the commands, the oldest first.

    In a file that begins with a time, all lines up to the next time are one command: so bash reads it if it writes
    times. In others a line is a command, unless it ends in the midst of quotes or with a backslash.
    """
    lines = data.split(b"\n")
    joins = _TIME.match(lines[0]) is not None
    at: int | None = None
    pending: list[bytes] = []
    for line in lines:
        time = _TIME.match(line)
        if time is not None:
            yield from _run(pending, at)
            pending, at = [], int(time[1]) * _US
        elif (joins and at is not None) or (pending and _is_open(pending)):
            pending.append(line)
        else:
            yield from _run(pending, at)
            # The time belongs to the first command behind it.
            at = at if not pending else None
            pending = [line] if line.strip() else []
    yield from _run(pending, at)


def _run(lines: list[bytes], at: int | None) -> Iterator[Run]:
    command = b"\n".join(lines).rstrip(b"\n").decode("utf-8", "backslashreplace")
    if command.strip():
        yield Run(command=command, started_us=at, shell="bash")


def _is_open(lines: list[bytes]) -> bool:
    """Say whether a command cannot end here: quotes are open, or its last line goes on."""
    if len(lines) > _MAX_LINES:
        return False
    quote = 0
    is_escaped = is_comment = False
    before = 0x20
    for byte in b"\n".join(lines):
        if is_comment:
            is_comment = byte != 0x0A
        elif is_escaped:
            is_escaped = False
        elif quote:
            if byte == quote:
                quote = 0
            else:
                is_escaped = byte == 0x5C and quote == 0x22
        elif byte in b"'\"":
            quote = byte
        else:
            is_escaped = byte == 0x5C
            is_comment = byte == 0x23 and before in b" \t\n;"
        before = byte
    return bool(quote) or is_escaped
