"""The daemon's log for people: its last lines, and those to come."""

import json
import os
import time
from collections.abc import Iterator
from typing import BinaryIO

POLL_S = 0.2
BLOCK_BYTES = 65536

_COLORS = {"debug": "2", "warning": "33", "error": "31", "critical": "31"}


def last_lines(path: str, count: int) -> tuple[list[bytes], int]:
    """Return the last lines and the size of the file up to where they were read."""
    with open(path, "rb") as file:
        size = position = file.seek(0, os.SEEK_END)
        data = b""
        while position and data.count(b"\n") <= count:
            step = min(BLOCK_BYTES, position)
            position -= step
            file.seek(position)
            data = file.read(step) + data
    lines = data.splitlines(keepends=True)
    return lines[-count:] if count else [], size


def follow(path: str, position: int) -> Iterator[bytes]:
    """Yield every line that is added, also after the log was moved away and begun anew; never ends."""
    while True:
        with open(path, "rb") as file:
            file.seek(position)
            yield from _lines_until_replaced(file, path)
        position = 0


def _lines_until_replaced(file: BinaryIO, path: str) -> Iterator[bytes]:
    begun = b""  # a line whose end has not been written yet
    here = os.fstat(file.fileno())
    while True:
        line = file.readline()
        if line:
            begun += line
            if begun.endswith(b"\n"):
                yield begun
                begun = b""
            continue
        try:
            found = os.stat(path)
        except FileNotFoundError:
            time.sleep(POLL_S)  # moved away, and the new one not there yet
            continue
        if (found.st_dev, found.st_ino) != (here.st_dev, here.st_ino) or found.st_size < file.tell():
            return
        time.sleep(POLL_S)


def readable(line: bytes, *, color: bool) -> str:
    """Write a line of JSON as text: local time, level, event and the other fields; anything else stays as it is."""
    text = line.decode("utf-8", "replace").rstrip("\n")
    try:
        fields = json.loads(text)
        event, level, moment = fields.pop("event"), fields.pop("level"), fields.pop("ts")
    except (ValueError, TypeError, KeyError, AttributeError):
        return _printable(text)
    traceback = fields.pop("exception", None)
    shown = " ".join(f"{name}={_value(value)}" for name, value in fields.items())
    line_text = _printable(f"{_local(str(moment))} {level:7} {event}" + (f"  {shown}" if shown else ""))
    if traceback:
        line_text += "".join(f"\n    {_printable(row)}" for row in str(traceback).splitlines())
    code = _COLORS.get(str(level))
    return f"\x1b[{code}m{line_text}\x1b[0m" if color and code else line_text


def _value(value: object) -> str:
    if isinstance(value, str) and value and not set(value) & set(" \"'=\n"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _local(moment: str) -> str:
    """Return an RFC 3339 time as the person's own clock shows it."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return moment


def _printable(text: str) -> str:
    """Take out what would steer a terminal."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
