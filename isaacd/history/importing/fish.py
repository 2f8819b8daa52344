"""The history file of fish: it looks like YAML and is none."""

from collections.abc import Iterator

from isaacd.history.records import Run

_COMMAND, _WHEN = b"- cmd: ", b"  when: "
_US = 1_000_000


def read_fish(data: bytes) -> Iterator[Run]:
    r"""Give the commands, the oldest first; in them `\n` is a newline and `\\` a backslash."""
    command: bytes | None = None
    at: int | None = None
    for line in data.split(b"\n"):
        if line.startswith(_COMMAND):
            yield from _run(command, at)
            command, at = line[len(_COMMAND) :], None
        elif line.startswith(_WHEN) and command is not None:
            when = line[len(_WHEN) :].strip()
            at = int(when) * _US if when.isdigit() and len(when) <= 12 else None
    yield from _run(command, at)


def _run(entry: bytes | None, at: int | None) -> Iterator[Run]:
    if entry is None:
        return
    pieces = [part.replace(b"\\n", b"\n") for part in entry.split(b"\\\\")]
    command = b"\\".join(pieces).decode("utf-8", "backslashreplace")
    if command.strip():
        yield Run(command=command, started_us=at, shell="fish")
