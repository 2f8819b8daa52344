"""A wheel written byte for byte the same each time: files, metadata and the record of both."""

import base64
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from isaacd.plugin.receipts import normalized
from isaacd.workshop.metadata import core_metadata, entry_points_text
from isaacd.workshop.project import Project

TAG = "py3-none-any"
# The first moment that a zip archive can name.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: isaacd\nRoot-Is-Purelib: true\nTag: {tag}\n"


def write_wheel(project: Project, folder: Path, source_date_epoch: str | None = None) -> Path:
    """Write a project's wheel into a folder that exists, and return it.

    The same files give the same bytes: names are sorted, and every time is that of `source_date_epoch` (seconds, as
    reproducible-builds.org has it) or 1980. After the binary distribution format, wheel version 1.0.
    """
    name = normalized(project.distribution).replace("-", "_")
    version = project.version.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    contents = {place: file.read_bytes() for place, file in project.files.items()}
    contents[f"{info}/METADATA"] = core_metadata(project).encode()
    contents[f"{info}/WHEEL"] = _WHEEL.format(tag=TAG).encode()
    contents[f"{info}/entry_points.txt"] = entry_points_text(project).encode()
    for file in project.licenses:
        contents[f"{info}/licenses/{file.relative_to(project.root).as_posix()}"] = file.read_bytes()
    contents[f"{info}/RECORD"] = _record(contents, f"{info}/RECORD").encode()
    wheel = folder / f"{name}-{version}-{TAG}.whl"
    partial = folder / f".{wheel.name}.{os.getpid()}"
    try:
        partial.write_bytes(_archive(contents, f"{info}/", _moment(source_date_epoch)))
        partial.replace(wheel)
    finally:
        partial.unlink(missing_ok=True)
    return wheel


def _record(contents: Mapping[str, bytes], itself: str) -> str:
    lines = [
        f"{_quoted(place)},sha256={_digest(data)},{len(data)}" for place, data in sorted(contents.items())
    ]
    return "\n".join([*lines, f"{itself},,", ""])


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _quoted(place: str) -> str:
    return '"' + place.replace('"', '""') + '"' if any(mark in place for mark in ',"') else place


def _archive(contents: Mapping[str, bytes], last: str, moment: tuple[int, int, int, int, int, int]) -> bytes:
    """Zip it; what is about the wheel comes at the end, where installers look first, and the record last of all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        places = sorted(
            contents, key=lambda place: (place.endswith("/RECORD"), place.startswith(last), place)
        )
        for place in places:
            entry = zipfile.ZipInfo(place, moment)
            entry.create_system = 3  # Unix, or the mode below means nothing
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, contents[place], compresslevel=9)
    return buffer.getvalue()


def _moment(source_date_epoch: str | None) -> tuple[int, int, int, int, int, int]:
    if source_date_epoch is None or not source_date_epoch.isdigit():
        return _EPOCH
    then = time.gmtime(min(int(source_date_epoch), 4_354_819_198))  # the last that a zip archive can name
    return max(_EPOCH, then[:6])
