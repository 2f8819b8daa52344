"""Where the rows of a batch come from: a file, the caller's standard input, or prompts given with the call."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec

from isaacd.batch.cards import Form
from isaacd.batch.question import digest
from isaacd.errors import InvalidParams
from isaacd.regular import open_regular

CHUNK_BYTES = 256 * 1024
_FORMS: dict[str, Form] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "lines",
}
_PIPED = "standard input"
_PIPE_IT = "pipe it in, and give - as the file's name"

# Returns the next bytes of the caller's standard input, b"" at its end, None if there is none.
Read = Callable[[], Awaitable[bytes | None]]


class FileSource:
    """A regular file of the caller's, read a piece at a time."""

    def __init__(self, path: Path) -> None:
        self.name = self.identity = str(path)
        self.form = _FORMS.get(path.suffix.lower())
        self._path = path

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes; raises InvalidParams for a file that cannot be read."""
        opened = partial(open_regular, self._path, hint=_PIPE_IT, folder_hint=_PIPE_IT)
        descriptor = await anyio.to_thread.run_sync(opened)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            while data := await anyio.to_thread.run_sync(file.read, CHUNK_BYTES):
                yield data

    async def count(self, form: Form | None) -> int | None:
        """Count the rows that there seem to be, in a fraction of the time that reading them takes."""
        return await anyio.to_thread.run_sync(_count, self._path, form, abandon_on_cancel=True)


class PipedSource:
    """The caller's standard input, pulled as it is needed."""

    name = _PIPED
    identity = None
    form: Form | None = None

    def __init__(self, read: Read) -> None:
        self._read = read

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes; raises InvalidParams if nothing is piped in."""
        chunk = await self._read()
        if chunk is None:
            raise InvalidParams(
                "there are no prompts", hint="give a file, or pipe them in: isaacctl batch prompts.jsonl"
            )
        while chunk:
            yield chunk
            chunk = await self._read()

    async def count(self, form: Form | None) -> int | None:
        """Know nothing of what is still to come."""
        return None


class GivenSource:
    """Prompts that came with the call."""

    form: Form | None = "jsonl"

    def __init__(self, prompts: list[str]) -> None:
        self.name = f"{len(prompts)} prompts of a call"
        self.identity = digest(prompts).hex()
        self._prompts = prompts

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give them as JSON Lines."""
        yield msgspec.json.Encoder().encode_lines(self._prompts)

    async def count(self, form: Form | None) -> int | None:
        """Know how many there are."""
        return len(self._prompts)


Source = FileSource | PipedSource | GivenSource


def _count(path: Path, form: Form | None) -> int | None:
    rows = 0
    quoted = False
    try:
        with path.open("rb") as file:
            for line in file:
                if form in ("csv", "tsv") and line.count(b'"') % 2:
                    quoted = not quoted
                rows += not quoted and not line.isspace()
    except OSError:
        return None
    return max(0, rows - 1) if form in ("csv", "tsv") else rows
