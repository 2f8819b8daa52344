"""A file that a person named, opened so that nothing that it may be keeps the daemon waiting."""

import os
import stat
from pathlib import Path

from isaacd.errors import InvalidParams


def open_regular(path: Path, *, name: str = "", hint: str = "", folder_hint: str = "") -> int:
    """Return a descriptor to read from; a named pipe, a device or a folder could block for ever.

    Raises InvalidParams for those, and for what cannot be opened; it speaks of `name`, by default the path itself, with
    `hint` if it is no regular file and `folder_hint` if it is a folder.
    """
    shown = name or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path can contain that"
        raise InvalidParams(f"cannot read {shown}: {reason}") from None
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise InvalidParams(f"{shown} is a directory", hint=folder_hint or None)
    raise InvalidParams(f"{shown} is not a regular file", hint=hint or None)


def read_regular(
    path: Path, limit_bytes: int, *, name: str = "", hint: str = "", folder_hint: str = ""
) -> bytes:
    """Return what is in it, one byte more than `limit_bytes` at most; raises what `open_regular` raises."""
    descriptor = open_regular(path, name=name, hint=hint, folder_hint=folder_hint)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit_bytes + 1)
