"""Where the pages of the manual lie, and those that were read lately."""

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from isaacd.manual.page import Page, read_page

MAX_PAGE_BYTES = 4 * 1024 * 1024
MAX_KEPT = 48
_SECTIONS = ("1", "8", "6", "1p", "1ssl", "1posix", "7")
_NAME = re.compile(r"[\w.+@:-][\w.+@:-]{0,63}\Z|\[\Z")
_SO = re.compile(r"\.so\s+(?:man\d\w*/)?([\w.+@-]+?)\.(\d\w*)(?:\.gz)?\s*\Z", re.MULTILINE)


def folders(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders of the manual: those of MANPATH (an empty part stands for the usual ones), else the usual ones.

    The usual ones are beside the folders of PATH, and the system's.
    """
    usual = []
    for place in environ.get("PATH", "").split(os.pathsep):
        if place.startswith("/"):
            above = Path(place).parent
            usual += [above / "share/man", above / "man"]
    usual += [Path("/usr/local/share/man"), Path("/usr/share/man")]
    said = environ.get("MANPATH")
    found: list[Path] = []
    for part in said.split(os.pathsep) if said else [""]:
        found += usual if not part else [Path(part)] if part.startswith("/") else []
    return list(dict.fromkeys(found))[:64]


def find_page(name: str, environ: Mapping[str, str]) -> Page | None:
    """Return the page of a program, such as `tar` or `git-log`; None if there is none, or it cannot be read. Blocks."""
    for _ in range(3):
        path = _path(name, environ)
        if path is None:
            return None
        try:
            status = path.stat()
            page = _read(path, name, status.st_mtime_ns, status.st_size)
        except (OSError, EOFError, ValueError, RecursionError, zlib.error, lzma.LZMAError):
            return None
        if isinstance(page, Page):
            return page
        name = page
    return None


def _path(name: str, environ: Mapping[str, str]) -> Path | None:
    return next(_candidates(name, environ), None) if _NAME.match(name) else None


def _candidates(name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in folders(environ):
        for section in _SECTIONS:
            inside = folder / f"man{section[0]}"
            for ending in (".gz", "", ".xz", ".bz2"):
                path = inside / f"{name}.{section}{ending}"
                if path.is_file():
                    yield path


@lru_cache(maxsize=MAX_KEPT)
def _read(path: Path, name: str, _changed: int, _size: int) -> Page | str:
    """Read a page, or return the name of the page that this one stands for."""
    with _opened(path) as file:
        text = file.read(MAX_PAGE_BYTES).decode("utf-8", "replace")
    other = _SO.match(text.strip()) if len(text) < 400 else None
    return other[1] if other is not None and other[1] != name else read_page(name, text)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if path.suffix == ".xz":
        return cast("IO[bytes]", lzma.open(path, "rb"))
    return cast("IO[bytes]", bz2.open(path, "rb")) if path.suffix == ".bz2" else path.open("rb")
