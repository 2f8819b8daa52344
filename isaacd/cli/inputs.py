"""Parameters of type Input on a command line: the name of a file, or `-` for standard input, becomes its text."""

from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from isaacd.command import Command, Input
from isaacd.context import Events, Meta
from isaacd.errors import InvalidParams

MAX_INPUT_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_STANDARD_INPUT = ("-", "/dev/stdin")
# These name descriptors of the process that opens them, which is not the caller's.
_OF_ANOTHER_PROCESS = ("/dev/fd/", "/proc/self/")
_PIPE_IT = "pipe it in, and give - as the file's name"


async def read_inputs(command: Command, values: dict[str, Any], events: Events, meta: Meta) -> dict[str, Any]:
    """Return the values with texts in place of the names; raises InvalidParams for what cannot be read."""
    wanted = [
        item for item in command.parameters if item.inner is Input and values.get(item.field) is not None
    ]
    if not wanted:
        return values
    names = [name for item in wanted for name in _names(values[item.field])]
    if sum(name in _STANDARD_INPUT for name in names) > 1:
        raise InvalidParams("standard input can be read only once")
    read = dict(values)
    for item in wanted:
        given = values[item.field]
        texts = [Input(await _text(name, events, meta)) for name in _names(given)]
        read[item.field] = texts[0] if isinstance(given, str) else type(given)(texts)
    return read


def _names(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


async def _text(name: str, events: Events, meta: Meta) -> str:
    if name in _STANDARD_INPUT:
        name, data = "standard input", await _piped(events, meta)
    elif name.startswith(_OF_ANOTHER_PROCESS):
        raise InvalidParams(f"the daemon cannot read {name}", hint=_PIPE_IT)
    else:
        path = Path(meta.cwd or ".", name)
        from isaacd.regular import read_regular

        read = partial(read_regular, path, MAX_INPUT_BYTES, name=name, hint=_PIPE_IT)
        data = await anyio.to_thread.run_sync(read, abandon_on_cancel=True)
    if len(data) > MAX_INPUT_BYTES:
        raise InvalidParams(f"{name} is larger than {MAX_INPUT_BYTES // 1024**2} MiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidParams(f"{name} is not text in UTF-8") from None


async def _piped(events: Events, meta: Meta) -> bytes:
    """Read standard input to its end, be it a pipe or what a person types; a little too much of it is enough."""
    data = bytearray()
    # A caller that says nothing of its terminal is no isaacctl, and would not understand that input is wanted.
    while len(data) <= MAX_INPUT_BYTES:
        chunk = None if meta.tty is None else await events.read(_CHUNK_BYTES)
        if chunk is None:
            raise InvalidParams("there is no standard input to read", hint="give the name of a file")
        if not chunk:
            break
        data += chunk
    return bytes(data)
