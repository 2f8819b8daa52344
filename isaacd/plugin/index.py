"""The index: the manifests of all plugins in one small file, so that a daemon's start imports none of them."""

import contextlib
import os
import stat
import sys
import zlib
from pathlib import Path

import msgspec

from isaacd import __version__
from isaacd.errors import IsaacError
from isaacd.paths import make_private
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.stamps import Stamps, stamps_of

FILE_NAME = "plugins.index"
# Grows when what is written changes its meaning.
FORMAT = 1
_MAGIC = b"isaac plugins\n"
_CHECKSUM_BYTES = 4
_MAX_BYTES = 256 * 1024 * 1024
# What decides about a manifest besides the plugin: the code that writes it.
_WRITTEN_BY = (
    *("manifest.py", "plugin.py", "declared.py", "version.py"),
    *(f"../command/{name}.py" for name in ("command", "outline", "schema", "signature", "types")),
)


class EntryPoint(msgspec.Struct, frozen=True, array_like=True):
    """One entry point of an installed distribution; `origin` is the file or folder of its module."""

    name: str
    origin: str
    module: str
    attribute: str
    distribution: str


class Known(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found out about one plugin when its files were as `stamps` say: its manifest, or why there is none."""

    stamps: Stamps
    manifest: Manifest | None = None
    error: str | None = None
    hint: str | None = None


class Index(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything known, by the name and place of each plugin; `sites` are the folders in which `entries` were looked for."""

    format: int = FORMAT
    writer: str = ""
    plugins: dict[str, Known] = {}
    sites: Stamps = ()
    entries: tuple[EntryPoint, ...] = ()


def writer() -> str:
    """Say who writes an index now: this Isaac under this Python; what others have written counts for nothing."""
    here = Path(__file__).parent
    own = ",".join(
        f"{stamp.mtime_ns}.{stamp.size}" for name in _WRITTEN_BY for stamp in stamps_of(here / name)
    )
    return f"{__version__} {sys.implementation.cache_tag} {sys.version} {own}"


def read_index(file: Path, uid: int) -> Index:
    """Read the index; a file that is not there, damaged, another's or of another version is an empty one."""
    return _decoded(_content(file, uid)) or Index(writer=writer())


def _content(file: Path, uid: int) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    found = os.fstat(descriptor)
    # Whoever can write here could name any file as a plugin's, though not have it trusted.
    own = stat.S_ISREG(found.st_mode) and found.st_uid in (uid, 0) and not found.st_mode & 0o022
    if not own or found.st_size > _MAX_BYTES:
        os.close(descriptor)
        return b""
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - of a descriptor that was looked at first
        try:
            return opened.read()
        except OSError:
            return b""


def _decoded(data: bytes) -> Index | None:
    head = len(_MAGIC) + _CHECKSUM_BYTES
    if (
        not data.startswith(_MAGIC)
        or zlib.crc32(data[head:]).to_bytes(_CHECKSUM_BYTES) != data[len(_MAGIC) : head]
    ):
        return None
    try:
        index = msgspec.msgpack.decode(data[head:], type=Index)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return index if (index.format, index.writer) == (FORMAT, writer()) else None


def write_index(file: Path, index: Index) -> str | None:
    """Replace the index as a whole, open to nobody else; return what went wrong, since it can be done without."""
    payload = msgspec.msgpack.encode(index)
    beside = file.with_name(f".{file.name}.new")  # one name, so that what kill -9 leaves is replaced
    try:
        make_private(file.parent)
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(
            beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        with open(descriptor, "wb") as opened:  # noqa: PTH123 - of a descriptor that is private from the start
            opened.write(_MAGIC + zlib.crc32(payload).to_bytes(_CHECKSUM_BYTES) + payload)
        beside.replace(file)
    except (OSError, IsaacError) as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        return str(getattr(error, "strerror", None) or error)
    return None
