"""The history file of zsh: plain lines or extended ones, with bytes that zsh has metafied."""

import re
from collections.abc import Iterator

from isaacd.history.records import Run

_EXTENDED = re.compile(rb": {0,4}([0-9]{1,12}):([0-9]{1,9});")
_META = re.compile(rb"\x83(.)", re.DOTALL)
_US = 1_000_000


def read_zsh(data: bytes) -> Iterator[Run]:
    """Give the commands, the oldest first; a line that ends with a backslash goes on."""
    pending: list[bytes] = []
    for line in data.split(b"\n"):
        if line.endswith(b"\\"):
            pending.append(line[:-1])
            continue
        yield from _run(b"\n".join([*pending, line]))
        pending = []
    yield from _run(b"\n".join(pending))


def _run(entry: bytes) -> Iterator[Run]:
    at = duration = None
    extended = _EXTENDED.match(entry)
    if extended is not None:
        at, duration = int(extended[1]) * _US, int(extended[2]) * _US
        entry = entry[extended.end() :]
    # A command that ends with a backslash is written with a blank behind it.
    if entry.endswith(b" ") and entry.rstrip(b" ").endswith(b"\\"):
        entry = entry[:-1]
    # 83 says that the next byte has been changed by 20 (zsh, `metafy`).
    entry = _META.sub(lambda match: bytes((match[1][0] ^ 0x20,)), entry)
    command = entry.decode("utf-8", "backslashreplace")
    if command.strip() and "\0" not in command:
        yield Run(command=command, started_us=at, duration_us=duration, shell="zsh")
