"""The one-line summaries of manual pages, read from the pages themselves: no program is run, and no index is needed."""

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, cast

SECTIONS = ("1", "8", "6")
_HEAD_BYTES = 16 * 1024
_MAX_ABOUT = 300
_FILE = re.compile(r"(?P<name>[\w.+@:\[-]+?)\.(?P<section>[168])\w*(?:\.(?P<packed>gz|bz2|xz|zst))?\Z")
_NAME = re.compile(
    r"^\.S[Hh][ \t]+\"?(?:NAME|Name)\"?[ \t]*$(?P<text>.*?)(?=^\.S[Hh]\b|\Z)", re.MULTILINE | re.DOTALL
)
_DESCRIBED = re.compile(r"^\.Nd[ \t]+(?P<about>.+)$", re.MULTILINE)
_COMMENT = re.compile(r"^[.'][ \t]*\\\".*$|\\\".*$", re.MULTILINE)
_MACRO = re.compile(r"^[.'][ \t]*[A-Za-z]{1,3}\b[ \t]*", re.MULTILINE)
_FONT = re.compile(r"\\f(?:\[[^\]]{0,20}\]|\(..|.)|\\s[+-]?\d|\\[|^&/,:]")
_SIGNS = {"\\-": "-", "\\(em": "-", "\\(en": "-", "\\(hy": "-", "\\(aq": "'", "\\(cq": "'", "\\(dq": '"', "\\e": "\\", "\\ ": " ", "\\~": " "}  # fmt: skip
_BREAK = re.compile(r"\s(?:-{1,3}|–|—)\s")


class Page(NamedTuple):
    """A program as its page sums it up."""

    name: str
    section: str
    about: str


def folders(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders of pages about programs: those of MANPATH, or beside those of PATH, and the system's."""
    said = [Path(part) for part in environ.get("MANPATH", "").split(os.pathsep) if part.startswith("/")]
    path = (Path(part) for part in environ.get("PATH", "").split(os.pathsep) if part.startswith("/"))
    usual = [place for folder in path for place in (folder.parent / "share/man", folder.parent / "man")]
    tops = dict.fromkeys(said or (*usual, Path("/usr/local/share/man"), Path("/usr/share/man")))
    below = (top / f"man{section}" for top in tops for section in SECTIONS)
    real = (folder.resolve() for folder in below if folder.is_dir())
    return list(dict.fromkeys(real))


def read_folder(folder: Path) -> Iterator[Page]:
    """Give what the pages in a folder say of their programs; pages that cannot be read are left out. Blocks."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - thousands of them
    except OSError:
        return
    for name in names:
        match = _FILE.match(name)
        if match is None or match["packed"] == "zst":
            continue
        try:
            text = _head(folder / name, match["packed"])
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
            continue
        about = summary(text)
        if about:
            yield Page(match["name"], match["section"], about)


def summary(text: str) -> str:
    """Return what stands behind the hyphen in the NAME of a page, or "" if there is nothing to be understood."""
    described = _DESCRIBED.search(text)
    if described is not None:
        return _plain(described["about"])
    named = _NAME.search(text)
    if named is None:
        return ""
    parts = _BREAK.split(" " + _plain(_MACRO.sub("", _COMMENT.sub("", named["text"]))), maxsplit=1)
    return parts[1].strip() if len(parts) == 2 else ""


def _plain(text: str) -> str:
    for sign, stands in _SIGNS.items():
        text = text.replace(sign, stands)
    text = " ".join(_FONT.sub("", text).replace('"', "").split())
    return "".join(char for char in text if char.isprintable())[:_MAX_ABOUT]


def _head(path: Path, packed: str | None) -> str:
    with _opened(path, packed) as file:
        return file.read(_HEAD_BYTES).decode("utf-8", "replace")


def _opened(path: Path, packed: str | None) -> IO[bytes]:
    if packed == "gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if packed == "bz2":
        return cast("IO[bytes]", bz2.open(path, "rb"))
    return cast("IO[bytes]", lzma.open(path, "rb")) if packed == "xz" else path.open("rb")
