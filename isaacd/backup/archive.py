"""Archives written and read: a compressed tar with its manifest first, nothing in it taken on trust."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

import msgspec

from isaacd import __version__
from isaacd.backup.disk import open_new, workplace, written_whole
from isaacd.backup.inventory import Owned, may_hold, owned
from isaacd.backup.manifest import FORMAT, MAX_MANIFEST_BYTES, NAME, Entry, Manifest
from isaacd.backup.snapshot import Stamp, snapshot
from isaacd.errors import InvalidParams, NotFound, StorageUnavailable, UnsupportedVersion
from isaacd.paths import Paths

_BLOCK_BYTES = 1 << 20
_ROOTS = ("config", "data", "state")
# What the readers of tar and gzip raise for bytes that are none; odd numbers and names get further than one thinks.
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, IndexError, OverflowError)


def make_archive(
    paths: Paths, file: Path, *, with_keys: bool, now: float, damaged_too: bool = False
) -> Manifest:
    """Write everything that is owned into `file` (0600), whole or not at all; a former backup there is replaced.

    With `damaged_too` a database that SQLite cannot read is taken byte by byte, so that nothing is lost with it.
    Raises InvalidParams if `file` is something else, StorageUnavailable if a database is damaged or there is no room.
    """
    if file.exists() and not is_archive(file):
        raise InvalidParams(f"{file} is no backup, so it is not replaced", hint="take another name")
    found, skipped = owned(paths, with_keys=with_keys)
    try:
        with workplace(file.parent) as place, written_whole(file) as out:
            taken = []
            for number, item in enumerate(found):
                taken += _take(item, place / str(number), damaged_too=damaged_too)
            manifest = Manifest(
                format=FORMAT,
                isaac=__version__,
                made_at=now,
                with_keys=with_keys,
                files=tuple(entry for entry, _ in taken),
                skipped=tuple(skipped),
            )
            _write(out, manifest, [copy for _, copy in taken])
    except OSError as error:
        raise StorageUnavailable(
            f"the backup {file} cannot be written: {error.strerror or error}",
            hint="look at the room on that disk and at the owner of the folder",
        ) from error
    return manifest


def is_archive(file: Path) -> bool:
    """Say whether a file begins as our archives do."""
    try:
        with gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            first = tar.next()
            return first is not None and first.name == NAME
    except (*_BROKEN, OSError):
        return False


@contextmanager
def opened(file: Path) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """Open an archive; raises NotFound, InvalidParams for what is none, UnsupportedVersion for a newer one's."""
    try:
        with gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            yield _manifest(file, tar), tar
            while packed.read(_BLOCK_BYTES):  # to the end, where a checksum of the whole is
                pass
    except FileNotFoundError:
        raise NotFound(f"there is no file {file}") from None
    except _BROKEN as error:
        raise damaged(file, str(error)) from error


def unpack(file: Path, tar: tarfile.TarFile, manifest: Manifest, folder: Path) -> None:
    """Lay the files out in `folder` by their numbers, each compared with its checksum; raises InvalidParams."""
    for number, entry in enumerate(manifest.files):
        member = tar.next()
        if member is None or member.name != entry.path or not member.isreg() or member.size != entry.bytes:
            raise damaged(file, f"{entry.path} is missing or not as it was")
        data = tar.extractfile(member)
        assert data is not None
        with open_new(folder / str(number), (entry.mode | 0o600) & 0o700) as out:
            if _copy(data, out) != (entry.bytes, entry.sha256):
                raise damaged(file, f"{entry.path} is not as it was")
            out.flush()
            os.fsync(out.fileno())
    if tar.next() is not None:
        raise damaged(file, "there is more in it than it says")


def damaged(file: Path, why: str) -> InvalidParams:
    """Say that an archive cannot be used."""
    return InvalidParams(f"{file} is damaged or no backup of Isaac: {why}", hint="nothing was changed")


def _take(item: Owned, target: Path, *, damaged_too: bool) -> list[tuple[Entry, Path]]:
    """Copy a file; none if it is gone by now, and for a damaged database its write-ahead log too."""
    try:
        if item.database:
            try:
                return [(_entry(item.name, item.path, target, snapshot(item.path, target)), target)]
            except StorageUnavailable:
                if not damaged_too:
                    raise
                target.unlink(missing_ok=True)
        taken = [(_raw(item.name, item.path, target), target)]
        log = item.path.with_name(f"{item.path.name}-wal")
        if item.database and log.exists():
            beside = target.with_name(f"{target.name}-wal")
            taken.append((_raw(f"{item.name}-wal", log, beside), beside))
    except FileNotFoundError:
        return []
    return taken


def _raw(name: str, path: Path, target: Path) -> Entry:
    with path.open("rb") as data, open_new(target) as out:
        shutil.copyfileobj(data, out, _BLOCK_BYTES)
    return _entry(name, path, target, None)


def _entry(name: str, path: Path, copy: Path, stamp: Stamp | None) -> Entry:
    with copy.open("rb") as data:
        size, digest = _copy(data, None)
    return Entry(
        path=name,
        bytes=size,
        sha256=digest,
        mode=path.stat().st_mode & 0o700,
        database=stamp is not None,
        number=stamp.number if stamp else 0,
        version=stamp.version if stamp else 0,
    )


def _write(out: BinaryIO, manifest: Manifest, files: list[Path]) -> None:
    with (
        gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        tar.addfile(_member(NAME, len(data), 0o600, manifest.made_at), io.BytesIO(data))
        for entry, file in zip(manifest.files, files, strict=True):
            with file.open("rb") as content:
                tar.addfile(_member(entry.path, entry.bytes, entry.mode, manifest.made_at), content)


def _member(name: str, size: int, mode: int, at: float) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, mode, int(at)
    return member


def _copy(data: IO[bytes], out: BinaryIO | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := data.read(_BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        if out is not None:
            out.write(block)
    return size, digest.hexdigest()


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    data = tar.extractfile(member) if member is not None and member.size <= MAX_MANIFEST_BYTES else None
    if member is None or member.name != NAME or data is None:
        raise damaged(file, "it does not begin with a manifest")
    text = data.read()
    try:
        said = msgspec.json.decode(text, type=dict[str, object])
        newer = said.get("format")
        if isinstance(newer, int) and newer > FORMAT:
            raise UnsupportedVersion(
                f"{file} was written by a newer Isaac ({said.get('isaac')})",
                hint="update Isaac, then restore it",
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise damaged(file, str(error)) from error
    names = {entry.path for entry in manifest.files}
    if len(names) != len(manifest.files) or not all(_is_inside(name) for name in names):
        raise damaged(file, "a name in it leads elsewhere")
    for entry in manifest.files:
        folders = (parent.as_posix() for parent in PurePosixPath(entry.path).parents)
        if not may_hold(entry.path, database=entry.database, with_keys=manifest.with_keys):
            raise damaged(file, f"no backup holds {entry.path}")
        if not names.isdisjoint(folders):
            raise damaged(file, f"{entry.path} is below what is no folder")
    return manifest


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return len(parts) > 1 and parts[0] in _ROOTS and "\0" not in name and not set(parts) & {"", ".", ".."}
