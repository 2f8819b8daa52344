"""Folders and files: whose they are, and who else can reach into them."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from isaacd.checkup.finding import Finding, error, quoted, warning
from isaacd.checkup.machine import Machine

MIN_FREE_BYTES = 256 * 1024 * 1024
_FULL_BYTES = 16 * 1024 * 1024
_MOST_TOLD = 5
_WRITTEN = re.compile(r"\.sqlite(-wal|-shm|\.lock)?$|^isaacd\.log")


def places(machine: Machine) -> Iterator[Finding]:
    """Look at every folder of ours and at all that is in it."""
    for folder in machine.folders:
        if not os.path.lexists(folder):
            continue
        top = _folder(machine, folder)
        if top is not None:
            yield top
            continue
        yield from _below(machine, folder)
    yield from _parents(machine)


def room(machine: Machine) -> Iterator[Finding]:
    """Look at the room on the disks."""
    seen = set()
    for folder in machine.folders:
        try:
            free = machine.free_bytes(folder)
        except OSError:
            continue
        if free < MIN_FREE_BYTES and free not in seen:
            seen.add(free)
            say = error if free < _FULL_BYTES else warning
            yield say(
                folder,
                f"there are only {free // 1024**2} MiB free on its disk",
                "make room; what was given up lies in files called *.damaged-*, old copies in *.version-* and kept/",
            )


def _folder(machine: Machine, folder: Path) -> Finding | None:
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        if folder == machine.paths.runtime_dir:
            return error(folder, "it is a symbolic link, so no daemon starts", f"rm {quoted(folder)}")
        try:
            found = folder.stat()
        except OSError:
            return error(folder, "it is a symbolic link to nothing", f"rm {quoted(folder)}")
    if not stat.S_ISDIR(found.st_mode):
        return error(folder, "it is no folder", f"mv {quoted(folder)} {quoted(folder)}.old")
    if found.st_uid != machine.uid:
        return error(
            folder, f"it belongs to user {found.st_uid}", f"sudo chown {machine.uid} {quoted(folder)}"
        )
    if found.st_mode & 0o700 != 0o700:
        return error(folder, "you cannot use it yourself", f"chmod 700 {quoted(folder)}")
    if found.st_mode & 0o077:
        return error(
            folder,
            f"other users can reach into it (mode {stat.S_IMODE(found.st_mode):04o})",
            f"chmod 700 {quoted(folder)}",
        )
    return None


def _below(machine: Machine, top: Path) -> Iterator[Finding]:
    """Name what belongs to somebody else, and what all can change; who can read is kept out by the folder itself."""
    told = 0
    for folder, _, names in os.walk(top):
        for name in names:
            file = Path(folder, name)
            try:
                found = file.lstat()
            except OSError:
                continue
            if found.st_uid != machine.uid:
                finding = error(
                    file, f"it belongs to user {found.st_uid}", f"sudo chown {machine.uid} {quoted(file)}"
                )
            elif found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode):
                finding = warning(
                    file,
                    f"others may change it (mode {stat.S_IMODE(found.st_mode):04o})",
                    f"chmod go-w {quoted(file)}",
                )
            elif (odd := _odd(file, found.st_mode)) is not None:
                finding = odd
            else:
                continue
            told += 1
            if told > _MOST_TOLD:
                yield warning(top, "there are more such files in it", f"chmod -R go-w {quoted(top)}")
                return
            yield finding


def _odd(file: Path, mode: int) -> Finding | None:
    """Name a file that only the daemon writes, and that is not as it makes it."""
    if not _WRITTEN.search(file.name):
        return None
    if stat.S_ISLNK(mode):
        return error(file, "it is a symbolic link, and is not written through", f"rm {quoted(file)}")
    if stat.S_ISREG(mode) and mode & 0o077:
        return warning(
            file,
            f"others could read it, were its folder open (mode {stat.S_IMODE(mode):04o})",
            f"chmod 600 {quoted(file)}",
        )
    return None


def _parents(machine: Machine) -> Iterator[Finding]:
    """Name a folder above ours that all can change: there, ours could be replaced by another."""
    seen = set()
    for folder in machine.folders:
        for parent in folder.parents:
            if parent in seen or not parent.is_dir():
                continue
            seen.add(parent)
            mode = parent.stat().st_mode
            if mode & 0o002 and not mode & stat.S_ISVTX:
                yield error(parent, "everybody can replace what is in it", f"chmod o-w {quoted(parent)}")
