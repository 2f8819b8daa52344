"""A wheel looked at before it is trusted to be one: its name, its record, its metadata and its plugins."""

import base64
import configparser
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams
from isaacd.plugin.entries import GROUP

MAX_BYTES = 1024 * 1024 * 1024


class WheelFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a wheel says of itself; `plugins` maps names to what imports them."""

    distribution: str
    version: str
    plugins: dict[str, str]
    requires: tuple[str, ...]
    files: int
    sha256: str


def check_wheel(wheel: Path) -> WheelFile:
    """Read a wheel and compare every file with its record; raises InvalidParams with what does not fit."""
    try:
        data = wheel.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(wheel, data, archive)
    except (
        OSError,
        zipfile.BadZipFile,
        KeyError,
        UnicodeDecodeError,
        ValueError,
        configparser.Error,
    ) as error:
        raise InvalidParams(f"{wheel} is no wheel: {error}") from None


def _read(wheel: Path, data: bytes, archive: zipfile.ZipFile) -> WheelFile:
    if sum(item.file_size for item in archive.infolist()) > MAX_BYTES:
        raise ValueError("it unpacks to more than 1 GiB")
    names = [item for item in archive.namelist() if not item.endswith("/")]
    for name in names:
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise ValueError(f"it would write to {name!r}, outside of its folder")
    infos = {item.partition("/")[0] for item in names if item.partition("/")[0].endswith(".dist-info")}
    if len(infos) != 1:
        raise ValueError("it has no .dist-info folder, or several")
    info = infos.pop()
    _check_record(archive, names, f"{info}/RECORD")
    metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode("utf-8"))
    return WheelFile(
        distribution=str(metadata["Name"]),
        version=str(metadata["Version"]),
        plugins=_plugins(archive, f"{info}/entry_points.txt"),
        requires=tuple(str(item) for item in metadata.get_all("Requires-Dist") or ()),
        files=len(names),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _check_record(archive: zipfile.ZipFile, names: list[str], record: str) -> None:
    rows: Mapping[str, tuple[str, str]] = {
        row[0]: (row[1], row[2])
        for row in csv.reader(io.StringIO(archive.read(record).decode("utf-8")))
        if row
    }
    for name in names:
        if name == record or name.endswith((".jws", ".p7s")):
            continue
        if name not in rows:
            raise ValueError(f"{name} is not in its record")
        kind, _, wanted = rows[name][0].partition("=")
        if kind not in hashlib.algorithms_guaranteed:
            raise ValueError(f"{name} has no checksum in its record")
        found = base64.urlsafe_b64encode(hashlib.new(kind, archive.read(name)).digest()).rstrip(b"=").decode()
        if found != wanted:
            raise ValueError(f"{name} is not what its record says")
    missing = set(rows) - set(names)
    if missing:
        raise ValueError(f"{min(missing)} is in its record but not there")


def _plugins(archive: zipfile.ZipFile, place: str) -> dict[str, str]:
    if place not in archive.namelist():
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    parser.read_string(archive.read(place).decode("utf-8"))
    return dict(parser[GROUP]) if parser.has_section(GROUP) else {}
