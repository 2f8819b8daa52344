"""Reading config.toml: what a file must be like before anyone looks into it."""

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from isaacd.config.problem import Origin, Problem
from isaacd.errors import PermissionDenied

if TYPE_CHECKING:
    from isaacd.config.tree import Table

MAX_FILE_BYTES = 1024 * 1024

# What changes whenever the file does, without reading it: device, inode, size, mtime and ctime; or why it cannot.
Fingerprint = tuple[int, ...]


class ConfigFile(msgspec.Struct, frozen=True):
    """A file as it was read; `text` is None if there is none, or none that could be read."""

    path: Path
    home: str = ""
    text: str | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.text is not None

    @property
    def name(self) -> str:
        """What messages call it."""
        return display(self.path, self.home)

    def create(self, tree: "Table | None" = None) -> bool:
        """Create it, private, with every key in a comment; tell whether it had to be.

        Raises PermissionDenied where it cannot be made; a file that exists is left alone.
        """
        from isaacd.config.template import template

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(template(tree))
            except OSError:
                self.path.unlink()  # half a file would be taken for the whole of it
                raise
        except FileExistsError:
            return False
        except OSError as error:
            raise PermissionDenied(f"cannot create {self.name}: {error.strerror}") from error
        return True


def fingerprint(path: str) -> Fingerprint:
    """Tell one state of the file from another by one system call."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked at every request; a Path costs as much as the call itself
    except OSError as error:
        return (error.errno or 0,)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def display(path: Path, home: str) -> str:
    """Write a path with `~` for the home directory."""
    text = str(path)
    return f"~{text[len(home) :]}" if len(home) > 1 and text.startswith(f"{home}/") else text


def read_file(path: Path, *, home: str = "", uid: int | None = None) -> ConfigFile:
    """Read the file at `path`; never raises, what is wrong comes as `problems`.

    A symbolic link is followed. A file that other users may change decides where a person's keys are sent, so it is
    refused if everybody can write it or if it belongs to another user (root excepted); where only its group can, as
    with the umask 002 of some systems, that is a warning.
    """
    name = display(path, home)
    try:
        data, found = _read(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR) and not path.is_symlink():
            return ConfigFile(path, home)
        return ConfigFile(path, home, problems=(_problem(name, _reason(error, path)),))
    problems = [_problem(name, text) for text in _unsafe(found, os.geteuid() if uid is None else uid, name)]
    warnings = []
    if found.st_mode & 0o020 and not problems:
        warnings.append(_problem(name, f"your group can write this file; close it: chmod g-w {name}"))
    text = None
    if len(data) > MAX_FILE_BYTES:
        problems.append(_problem(name, "larger than 1 MiB; this cannot be a configuration"))
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            problems.append(_problem(name, "this line is not UTF-8 text", line))
    return ConfigFile(path, home, text, tuple(problems), tuple(warnings))


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    # O_NONBLOCK: opening a named pipe must not wait for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a directory")
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1), found
    finally:
        os.close(descriptor)


def _reason(error: OSError, path: Path) -> str:
    if error.errno == errno.EISDIR:
        return "this is a directory, not a file"
    if error.errno == errno.ENOENT and path.is_symlink():
        return "this is a symbolic link to nothing"
    return f"this cannot be read: {error.strerror}"


def _unsafe(found: os.stat_result, uid: int, name: str) -> list[str]:
    reasons = []
    if found.st_uid not in (uid, 0):
        reasons.append(
            f"this file belongs to user {found.st_uid}, who could send your keys elsewhere; make it yours"
        )
    if found.st_mode & 0o002:
        reasons.append(
            f"everybody can write this file and send your keys elsewhere; close it: chmod o-w {name}"
        )
    return reasons


def _problem(name: str, message: str, line: int | None = None) -> Problem:
    return Problem(Origin("file", name, line), "", message)
