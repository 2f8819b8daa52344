"""Reads tldr pages, from the archive that `knowledge update` keeps or from the cache of another client."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_ARCHIVE_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 512 << 20
MAX_PAGE_BYTES = 256 << 10
MAX_PAGES = 100_000
ARCHIVE_NAME = "tldr-pages.zip"
_PAGE_PATH = re.compile(r"(?:.*/)?(common|linux)/([^/]+)\.md\Z")


class BadArchive(Exception):
    """The file is not an archive of tldr pages; the message says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a page; the command may have slots."""

    task: str
    command: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page: a command, what it is, and how it is used."""

    name: str
    platform: str
    summary: str
    examples: tuple[Example, ...]


def caches(environ: Mapping[str, str]) -> list[Path]:
    """List the folders in which known clients keep their pages.

    In order: tealdeer, tlrc, the Python client, the Node.js client, the C client, and the Haskell client that
    Debian packages as `tldr`.
    """
    home = Path(environ.get("HOME") or "/nonexistent")
    cache = _base(environ, "XDG_CACHE_HOME", home / ".cache")
    data = _base(environ, "XDG_DATA_HOME", home / ".local" / "share")
    tealdeer = (
        Path(environ["TEALDEER_CACHE_DIR"]) if environ.get("TEALDEER_CACHE_DIR") else cache / "tealdeer"
    )
    folders = [tealdeer / "tldr-pages", tealdeer / "tldr-master", cache / "tlrc", cache / "tldr"]
    folders += [
        home / ".tldr" / "cache",
        home / ".tldrc" / "tldr",
        home / ".tldrc" / "tldr-master",
        data / "tldr" / "tldr",
        data / "tldr",
    ]
    return [folder / pages for folder in folders for pages in ("pages.en", "pages")]


def find(data_dir: Path, environ: Mapping[str, str], further: Iterable[str] = ()) -> Path | None:
    """Find the pages to use: our own archive first, then `further` folders, then the caches of other clients."""
    archive = data_dir / ARCHIVE_NAME
    if archive.is_file():
        return archive
    folders = [*(Path(folder).expanduser() for folder in further), *caches(environ)]
    return next((folder for folder in folders if (folder / "common").is_dir()), None)


def pages(place: Path) -> Iterator[Page]:
    """Read all pages of an archive or folder; a page that cannot be read is left out.

    Raises BadArchive if the archive as a whole cannot be read.
    """
    if place.is_dir():
        yield from _from_folder(place)
    else:
        yield from _from_archive(place)


def count(place: Path) -> int:
    """Count the pages of an archive, having read each of them. Raises BadArchive."""
    return sum(1 for _ in _from_archive(place, strict=True))


def _from_archive(place: Path, *, strict: bool = False) -> Iterator[Page]:
    import zipfile
    import zlib

    broken = (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    )
    try:
        with zipfile.ZipFile(place) as archive:
            members = [
                (match, info) for info in archive.infolist() if (match := _PAGE_PATH.match(info.filename))
            ]
            if len(members) > MAX_PAGES or sum(info.file_size for _, info in members) > MAX_UNPACKED_BYTES:
                raise BadArchive("it would unpack to far more than a set of pages holds")
            for match, info in members:
                try:
                    with archive.open(info) as stream:
                        data = stream.read(MAX_PAGE_BYTES + 1)
                except broken as error:
                    if strict:
                        raise BadArchive(f"the page {info.filename} is damaged ({error})") from error
                    continue
                if len(data) <= MAX_PAGE_BYTES:
                    yield parse(data.decode("utf-8", "replace"), match[2], match[1])
    except broken as error:
        raise BadArchive(f"it is not a readable zip archive ({error})") from error


def _from_folder(place: Path) -> Iterator[Page]:
    for platform in ("common", "linux"):
        for number, file in enumerate(sorted((place / platform).glob("*.md"))):
            if number >= MAX_PAGES:
                return
            try:
                with file.open("rb") as stream:
                    data = stream.read(MAX_PAGE_BYTES)
            except OSError:
                continue
            yield parse(data.decode("utf-8", "replace"), file.stem, platform)


def parse(text: str, name: str, platform: str) -> Page:
    """Read one page in the Markdown that tldr uses."""
    summary: list[str] = []
    examples: list[Example] = []
    task = ""
    for raw in text.splitlines():
        line = raw.strip() if raw.isprintable() else "".join(c for c in raw if c.isprintable()).strip()
        if line.startswith("# "):
            name = line[2:].strip() or name
        elif line.startswith("> "):
            summary.append(line[2:])
        elif line.startswith("- "):
            task = re.sub(r"\[(\w+)\]", r"\1", line[2:]).rstrip(":").replace("`", "")
        elif line.startswith("`") and line.endswith("`") and len(line) > 2 and task:
            examples.append(Example(task, _command(line.strip("`"))))
            task = ""
    about = " ".join(
        part for part in summary if not part.startswith(("More information", "See also", "Note:"))
    )
    return Page(name, platform, about.replace("`", ""), tuple(examples))


# How pages write what the reader has to put in, and the slot that it becomes.
_KNOWN = (
    (re.compile(r"^/?path/to/(?:\w*_)?(?:directory|folder|dir)\w*"), "{dir}"),
    (re.compile(r"^/?path/to/"), "{file}"),
    (re.compile(r"^(?:search_)?(?:pattern|regex|regular_expression)$"), "{pattern}"),
    (re.compile(r"^user(?:name)?$"), "{user}"),
    (re.compile(r"^group(?:name)?$"), "{group}"),
    (re.compile(r"^(?:remote_)?host(?:name)?$"), "{host}"),
    (re.compile(r"^package(?:_name)?$"), "{package}"),
    (re.compile(r"^(?:pid|process_id)$"), "{pid}"),
    (re.compile(r"^port$"), "{port}"),
    (re.compile(r"^https?://"), "{url}"),
    (re.compile(r"^branch(?:_name)?$"), "{branch}"),
)
_PUT_IN = re.compile(r"\{\{(.*?)\}\}(?!\})")


def _command(text: str) -> str:
    return _PUT_IN.sub(_slot, text)


def _slot(match: re.Match[str]) -> str:
    value = match[1]
    either = re.fullmatch(r"\[([^|\]]+)\|([^\]]+)\]", value)
    if either:
        return either[2] if either[1].startswith("-") else either[1]
    if re.fullmatch(r"-{0,2}[\d.,:]+[a-zA-Z%]{0,2}|-{1,2}[\w-]+", value):
        return value
    for pattern, slot in _KNOWN:
        if pattern.search(value):
            return slot
    return re.sub(r"[^A-Z0-9]+", "_", value.upper()).strip("_")[:40] or "VALUE"


def _base(environ: Mapping[str, str], key: str, default: Path) -> Path:
    value = environ.get(key, "")
    return Path(value) if value.startswith("/") else default
