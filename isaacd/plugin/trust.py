"""Which plugins may run inside the daemon: those of Isaac itself, and those that a person trusts as they are now."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from isaacd.errors import NotFound
from isaacd.paths import Paths, keep_own, read_own, read_regular

FILE_NAME = "trusted.json"
_DISTRIBUTION = "isaacd"
_MADE_BY_PYTHON = "__pycache__"


class Trusted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person said: this plugin with this content, or, without a `digest`, whatever lies in this folder.

    `origin` is the real path of the file or folder, `at` when it was said (seconds since 1970).
    """

    origin: str
    name: str = ""
    digest: str = ""
    at: float = 0.0


class Verdict(msgspec.Struct, frozen=True):
    """Whether a plugin may run inside the daemon, and why or why not."""

    trusted: bool
    reason: str


class _Book(msgspec.Struct, kw_only=True):
    version: int = 1
    trusted: list[Trusted] = []


class Trust:
    """The list of what is trusted, in a file that only its owner can read; every question reads it anew.

    `file` need not exist. A file that cannot be read trusts nothing but what belongs to Isaac.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, name: str, origin: Path) -> Verdict:
        """Say whether the plugin `name` at `origin` is trusted, by its place or by its content now."""
        if is_bundled(name, origin):
            return Verdict(True, "belongs to Isaac")
        place = _real(origin)
        changed = False
        for one in self.all():
            if not one.digest and Path(place).is_relative_to(one.origin):
                return Verdict(True, f"the folder {one.origin} is trusted")
            if one.digest and one.name == name and one.origin == place:
                if one.digest == digest_of(origin):
                    return Verdict(True, "trusted as it is")
                changed = True
        if changed:
            return Verdict(False, f"it has changed since it was trusted: isaacctl plugins trust {name}")
        return Verdict(False, f"not trusted: isaacctl plugins trust {name}")

    def all(self) -> list[Trusted]:
        """Return what is written down, in that order."""
        try:
            return msgspec.json.decode(read_own(self._file), type=_Book).trusted
        except (OSError, ValueError):
            return []

    def trust(self, name: str, origin: Path, *, now: float) -> Trusted:
        """Trust a plugin with the content that it has now; raises StorageUnavailable if that cannot be kept."""
        said = Trusted(name=name, origin=_real(origin), digest=digest_of(origin), at=now)
        self._write([one for one in self.all() if not (one.digest and one.name == name)], said)
        return said

    def trust_folder(self, folder: Path, *, now: float) -> Trusted:
        """Trust whatever lies in a folder now and later: for the folder in which one writes plugins oneself."""
        said = Trusted(origin=_real(folder), at=now)
        self._write([one for one in self.all() if one.digest or one.origin != said.origin], said)
        return said

    def revoke(self, name_or_folder: str) -> list[Trusted]:
        """Trust a plugin, or a folder, no more; return what is gone. Raises NotFound if nothing was trusted."""
        kept: list[Trusted] = []
        gone: list[Trusted] = []
        for one in self.all():
            fits = one.name == name_or_folder if one.digest else one.origin == _real(Path(name_or_folder))
            (gone if fits else kept).append(one)
        if not gone:
            raise NotFound(f"{name_or_folder!r} is not trusted", hint="isaacctl plugins shows what is")
        self._write(kept)
        return gone

    def _write(self, kept: list[Trusted], *new: Trusted) -> None:
        encoded = msgspec.json.format(msgspec.json.encode(_Book(trusted=[*kept, *new])), indent=2)
        keep_own(self._file, encoded + b"\n")


def trust_of(paths: Paths) -> Trust:
    """Return the list of one user's Isaac: it lies beside the plugins that it is about."""
    return Trust(paths.data_dir / "plugins" / FILE_NAME)


def is_bundled(name: str, origin: Path) -> bool:
    """Tell whether a plugin came with Isaac itself; further ones may lie beside those in `site-packages`."""
    place = Path(_real(origin))
    names = bundled_in(place.parent)
    return names is None or place.name in names


def bundled_in(folder: Path) -> frozenset[str] | None:
    """Return the names of files and folders in `folder` that came with Isaac itself; None if all of them did."""
    root = Path(__file__).resolve().parents[2]
    place = Path(_real(folder))
    if place == root / "plugins/isaac_plugins":
        return None  # a checkout
    return _recorded(root) if place == root / "isaac_plugins" else frozenset()


def digest_of(origin: Path) -> str:
    """Return the SHA-256 of a plugin: of its file, or of the names and contents of all files in its folder."""
    import hashlib  # a daemon whose plugins are its own needs none of it

    total = hashlib.sha256()
    for name, content in _content(origin):
        total.update(f"{len(name)}:{name}:{len(content)}:".encode("utf-8", "surrogateescape") + content)
    return total.hexdigest()


def _content(origin: Path) -> Iterator[tuple[str, bytes]]:
    if not origin.is_dir():
        yield "", _read(origin)
        return
    for folder, below, names in os.walk(origin):
        below[:] = sorted(name for name in below if name != _MADE_BY_PYTHON)
        for name in sorted(names):
            path = Path(folder, name)
            yield str(path.relative_to(origin)), _read(path)
        for name in below:
            if Path(folder, name).is_symlink():
                # os.walk does not follow it, but an import would: where it leads belongs to the content.
                yield (
                    str(Path(folder, name).relative_to(origin)),
                    _real(Path(folder, name)).encode("utf-8", "surrogateescape"),
                )


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        return f"unreadable {error.errno}".encode()


@cache
def _recorded(root: Path) -> frozenset[str]:
    """Return the names in `isaac_plugins` that the installer wrote down for our own distribution (PEP 376)."""
    names = set()
    for record in root.glob(f"{_DISTRIBUTION}-*.dist-info/RECORD"):
        for line in _read(record).decode("utf-8", "replace").splitlines():
            first, _, rest = line.partition("/")
            if first == "isaac_plugins":
                names.add(rest.partition(",")[0].partition("/")[0])
    return frozenset(names)


def _real(path: Path) -> str:
    return os.path.realpath(path)
