"""Programs on a PATH, and their versions as files tell them; nothing is run."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from isaac_plugins.env.cards import PathTrouble, Tool

MANAGERS = tuple(
    "apt dnf yum zypper pacman apk emerge xbps-install nix brew port snap flatpak pkg winget pip pipx uv poetry conda "
    "npm pnpm yarn cargo gem go composer".split()
)
LANGUAGES = tuple(
    "python3 python node deno bun ruby perl php java go rustc gcc clang ghc ocaml lua julia Rscript swift dotnet scala "
    "kotlin elixir erl zig nim tclsh".split()
)
TOOLS = tuple(
    "git gh docker podman kubectl helm terraform ansible make cmake ninja tmux screen vim nvim emacs nano code rg fd fzf "
    "jq curl wget ssh rsync psql mysql sqlite3 redis-cli systemctl".split()
)
_VERSION = re.compile(r"([0-9]+(?:\.[0-9]+){0,3})")
_IN_NAME = re.compile(r"[a-zA-Z+]+-?([0-9]+(?:\.[0-9]+){0,3})\Z")
_IN_FOLDER = re.compile(r"([a-zA-Z+_-]{0,20}-?v?)([0-9]+\.[0-9]+(?:\.[0-9]+){0,2})(?:[-_].{0,40})?\Z")
# Folders in which there is one for each version.
_NUMBERED = frozenset(("versions", "toolchains", "installs", "candidates", "Versions", "node", "python"))
_DPKG = Path("/var/lib/dpkg/status")
_MAX_STATUS_BYTES = 64 << 20
_PACKAGES = {
    "node": "nodejs", "java": "default-jre-headless", "go": "golang-go", "rustc": "rustc", "gcc": "gcc", "clang": "clang",
    "nvim": "neovim", "rg": "ripgrep", "fd": "fd-find", "ssh": "openssh-client", "psql": "postgresql-client",
    "redis-cli": "redis-tools", "systemctl": "systemd", "Rscript": "r-base-core", "python3": "python3", "docker": "docker.io",
    "pip": "python3-pip", "erl": "erlang-base", "gem": "ruby", "tclsh": "tcl",
}  # fmt: skip


def folders_of(path: str) -> list[str]:
    """Return the folders of a PATH in which programs are looked for, each once."""
    return [folder for folder in dict.fromkeys(path.split(os.pathsep)) if folder.startswith("/")]


def found(names: Iterable[str], path: str, packages: Mapping[str, str]) -> Iterator[Tool]:
    """Give those of the names that are programs here; `packages` has the versions of the system's packages."""
    folders = folders_of(path)
    for name in names:
        place = next(
            (f"{folder.rstrip('/')}/{name}" for folder in folders if _is_program(f"{folder}/{name}")), None
        )
        if place is not None:
            yield Tool(name=name, path=place, version=version_of(name, place, packages))


def version_of(name: str, place: str, packages: Mapping[str, str]) -> str | None:
    """Find a version without running anything: in the name that a link leads to, beside the program, in the package."""
    real = os.path.realpath(place)
    parts = real.split("/")
    in_name = _IN_NAME.match(parts[-1])
    told = [in_name[1]] if in_name is not None else []
    # .../versions/3.11.7/bin/python, .../node-v20.1.0/bin/node, .../toolchains/1.80/...
    for above, part in pairwise(parts[:-1]):
        numbered = _IN_FOLDER.match(part)
        if numbered is None:
            continue
        own = numbered[1].rstrip("-_v").lower()
        if (own and (own in name or name in own)) or (not own and above in _NUMBERED):
            told.append(numbered[2])
    if told:
        return max(told, key=len)
    beside = Path(real).parent.parent / "VERSION"
    if name == "go" and beside.is_file():
        read = _VERSION.search(beside.read_text("utf-8", "replace")[:100])
        return read[1] if read else None
    if real.startswith("/usr/") and not real.startswith("/usr/local/"):
        read = _VERSION.search(packages.get(_PACKAGES.get(name, name), "").partition(":")[2])
        return read[1] if read else None
    return None


def packages(status: Path = _DPKG) -> dict[str, str]:
    """Return the versions of the installed packages that matter here, each behind a colon as `epoch:version`."""
    wanted = {*MANAGERS, *LANGUAGES, *TOOLS, *_PACKAGES.values()}
    versions: dict[str, str] = {}
    try:
        with status.open("rb") as file:
            name = ""
            for line in file.read(_MAX_STATUS_BYTES).splitlines():
                if line.startswith(b"Package: "):
                    name = line[9:].decode("utf-8", "replace")
                elif line.startswith(b"Version: ") and name in wanted:
                    version = line[9:].decode("utf-8", "replace")
                    versions[name] = version if ":" in version else f"0:{version}"
    except OSError:
        pass
    return versions


def troubles(path: str) -> Iterator[PathTrouble]:
    """Give what is wrong with a PATH."""
    seen: dict[str, str] = {}
    for folder in path.split(os.pathsep):
        if folder in ("", "."):
            yield PathTrouble(
                folder=folder, trouble="empty", why="programs of whatever folder you are in are run"
            )
            continue
        if not folder.startswith("/"):
            yield PathTrouble(
                folder=folder, trouble="relative", why="it means another folder wherever you are"
            )
            continue
        real = os.path.realpath(folder)
        if real in seen:
            which = "it stands there twice" if seen[real] == folder else f"it is the same as {seen[real]}"
            yield PathTrouble(folder=folder, trouble="duplicate", why=which)
            continue
        seen[real] = folder
        yield from _of_folder(folder)


def _of_folder(folder: str) -> Iterator[PathTrouble]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - a text that may be no path
    except (OSError, ValueError):
        yield PathTrouble(folder=folder, trouble="missing", why="there is no such folder")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield PathTrouble(folder=folder, trouble="not-a-folder", why="it is a file")
    elif status.st_mode & 0o002 and not status.st_mode & stat.S_ISVTX:
        yield PathTrouble(
            folder=folder, trouble="world-writable", why="anybody can put programs there, or replace them"
        )
    elif status.st_mode & 0o002:
        yield PathTrouble(folder=folder, trouble="world-writable", why="anybody can put programs there")
    elif not os.access(folder, os.R_OK | os.X_OK):
        yield PathTrouble(folder=folder, trouble="unreadable", why="you may not look into it")
    elif status.st_uid not in (0, os.geteuid()):
        yield PathTrouble(
            folder=folder, trouble="foreign", why=f"user {status.st_uid} can put programs there"
        )


def _is_program(place: str) -> bool:
    try:
        return os.access(place, os.X_OK) and stat.S_ISREG(os.stat(place).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
