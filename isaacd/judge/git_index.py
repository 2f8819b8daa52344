"""What git's index says of the files on the disk, read without running git and never for long.

The format is that of gitformat-index(5), versions 2 to 4.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

MAX_INDEX_BYTES = 128 * 1024
MAX_TRACKED = 400
_ENTRY = struct.Struct(">10I20sH")
_EXTENDED = 0x4000


def is_clean(git_dir: str, root: str, below: str) -> bool | None:
    """Say whether every tracked file below a path has the size and time that the index knows.

    None if there is no telling: no index, one that is too big, or nothing tracked there. A file that was only touched
    counts as changed.
    """
    prefix = os.path.relpath(below, root)
    prefix = "" if prefix == "." else prefix
    count = 0
    try:
        data = _read(git_dir)
        if data is None:
            return None
        for name, seconds, size in _entries(data):
            if prefix and name != prefix and not name.startswith(f"{prefix}/"):
                continue
            count += 1
            if count > MAX_TRACKED:
                return None
            if not _is_same(Path(root, name), seconds, size):
                return False
    except (OSError, ValueError, struct.error, IndexError):
        return None
    return True if count else None


def _read(git_dir: str) -> bytes | None:
    path = Path(git_dir, "index")
    if path.stat().st_size > MAX_INDEX_BYTES:
        return None
    return path.read_bytes()


def _entries(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Give name, time in whole seconds and size of each file."""
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index")
    position, before = 12, b""
    for _ in range(count):
        fields = _ENTRY.unpack_from(data, position)
        start = position + _ENTRY.size + (2 if fields[-1] & _EXTENDED else 0)
        if version == 4:
            strip, start = _varint(data, start)
            end = data.index(b"\0", start)
            name = before[: len(before) - strip] + data[start:end]
            position = end + 1
        else:
            end = data.index(b"\0", start)
            name = data[start:end]
            position += (end - position + 8) // 8 * 8
        if not name:
            raise ValueError("a file without a name")
        before = name
        yield name.decode("utf-8", "surrogateescape"), fields[2], fields[9]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = data[position] & 0x7F
    while data[position] & 0x80:
        position += 1
        value = ((value + 1) << 7) | (data[position] & 0x7F)
    return value, position + 1


def _is_same(path: Path, seconds: int, size: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return int(found.st_mtime) & 0xFFFFFFFF == seconds and found.st_size & 0xFFFFFFFF == size
