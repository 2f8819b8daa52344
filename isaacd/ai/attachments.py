"""Files that go along with a question: read once, small enough, and of a kind that models can read."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from isaacd.ai.chat import Attachment
from isaacd.errors import InvalidParams
from isaacd.regular import read_regular

# As base64 all of it still fits into the 32 MB that the strictest service takes.
MAX_ATTACHED_BYTES = 20 * 1024 * 1024
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
# What a name promises, where keeping the promise can be checked.
_PROMISED = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
}
_TEXTS = {".md": "text/markdown", ".csv": "text/csv", ".html": "text/html", ".htm": "text/html"}


async def read_attachments(paths: Sequence[Path]) -> tuple[Attachment, ...]:
    """Read files; raises InvalidParams for one that cannot be read or sent, and when they are too large together."""
    import anyio.to_thread

    found = []
    left = MAX_ATTACHED_BYTES
    for path in paths:
        read = partial(read_regular, path, left, folder_hint="attach its files one by one")
        data = await anyio.to_thread.run_sync(read, abandon_on_cancel=True)
        if len(data) > left:
            raise InvalidParams(
                f"{path} is too large: all attachments together may have {MAX_ATTACHED_BYTES // 1024**2} MiB"
            )
        left -= len(data)
        found.append(Attachment(media_type=media_type(data, path), data=data, name=path.name))
    return tuple(found)


def media_type(data: bytes, path: Path) -> str:
    """Return what a file is by its content, for text also by its name; raises InvalidParams if no model reads it."""
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is not None:
        return kind
    suffix = path.suffix.lower()
    promised = _PROMISED.get(suffix)
    if promised is not None:
        raise InvalidParams(f"{path.name} is no {promised}, though its name says so")
    if not data:
        raise InvalidParams(f"{path.name} is empty")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidParams(
            f"{path.name} can be read by no model",
            hint="attach a picture (PNG, JPEG, GIF, WebP), a PDF, or text in UTF-8",
        )
    return _TEXTS.get(suffix, "text/plain")


async def read_json(path: Path, limit_bytes: int) -> Any:
    """Read a file of JSON; raises InvalidParams if it is not, cannot be read, or is larger than `limit_bytes`."""
    import anyio.to_thread

    data = await anyio.to_thread.run_sync(read_regular, path, limit_bytes, abandon_on_cancel=True)
    if len(data) > limit_bytes:
        raise InvalidParams(f"{path} is larger than {limit_bytes // 1024} KiB")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidParams(f"{path} is not JSON: {error}") from None
