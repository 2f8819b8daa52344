"""Notes that are being written in an editor: private files that stay until what is in them is kept."""

import os
from pathlib import Path
from secrets import token_hex

from isaac_plugins.notes.note import MAX_NOTE_BYTES
from isaacd.api import InvalidParams, NotFound


def path(folder: Path, name: str) -> Path:
    """Return the file of a draft; raises InvalidParams for what is no name of one."""
    if not name.replace("-", "").isalnum() or not name.isascii() or len(name) > 40:
        raise InvalidParams(f"{name[:40]!r} is no note", hint="a note is named by its number")
    return folder / "notes" / f"{name}.md"


def new(folder: Path) -> str:
    """Begin an empty draft and return its name."""
    name = f"new-{token_hex(4)}"
    begin(folder, name, "")
    return name


def begin(folder: Path, name: str, text: str) -> tuple[Path, bool]:
    """Put a text into a draft, unless one was left there; return the file, and whether one was left."""
    file = path(folder, name)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(file, flags, 0o600)
    except FileExistsError:
        return file, True
    with os.fdopen(descriptor, "wb") as written:
        written.write(f"{text}\n".encode() if text else b"")
    return file, False


def read(folder: Path, name: str) -> str:
    """Return what was written into a draft; raises NotFound if there is none, InvalidParams for what is no text."""
    file = path(folder, name)
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_NOTE_BYTES + 2)
    except OSError:
        raise NotFound(
            f"nothing was written for note {name}", hint=f"begin with: isaacctl notes edit {name}"
        ) from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidParams(f"{file} is not text in UTF-8", hint="mend it there, and save again") from None
