"""Taking the spool in: no record is lost or taken twice, whenever the process is killed."""

import contextlib
import errno
import fcntl
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

NAME = "commands"
_TAKEN = "taken-"
_NEW = "new-"
_PIECE_BYTES = 256 * 1024
# A shell has the file open for some microseconds. So long it is given where the system cannot say whether one has.
GRACE_S = 0.3
# One that was stopped just then, for longer than this, is not waited for.
PATIENCE_S = 3600.0


class Taken(msgspec.Struct, frozen=True):
    """A spool that was set aside: nobody begins to write to it any more."""

    path: Path

    @property
    def name(self) -> str:
        """Its name, which no other spool has had or will have."""
        return self.path.name

    def pieces(self) -> Iterator[bytes]:
        """Give its bytes."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            while piece := os.read(descriptor, _PIECE_BYTES):
                yield piece
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Overwrite and remove it: there are commands with their secrets in it."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                left = os.fstat(descriptor).st_size
                while left > 0:
                    left -= os.write(descriptor, bytes(min(left, _PIECE_BYTES)))
            finally:
                os.close(descriptor)
        self.path.unlink(missing_ok=True)


class Spool:
    """The folder to which shells append their records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / NAME

    def prepare(self) -> None:
        """Make folder and file, private; raises OSError if that cannot be."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=0o700)
        found = self.folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, f"{self.folder} is no folder of this user")
        if stat.S_IMODE(found.st_mode) != 0o700:
            self.folder.chmod(0o700)
        self._put_new()

    def take(self) -> list[Taken]:
        """Set aside what shells have written, and return all that was ever set aside and is complete, oldest first."""
        try:
            found = self.file.lstat()
        except FileNotFoundError:
            self._put_new()
            return self._complete()
        if not stat.S_ISREG(found.st_mode):
            self.file.unlink()  # a link or a pipe: no shell of ours made it
            self._put_new()
        elif found.st_size:
            # The time makes the order, the rest makes it unique.
            aside = self.folder / f"{_TAKEN}{time.time_ns():020d}-{os.urandom(8).hex()}"
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                self.file.rename(aside)
            self._put_new()
        elif stat.S_IMODE(found.st_mode) != 0o600:
            self.file.chmod(0o600)
        return self._complete()

    def sweep(self) -> None:
        """Remove what shells, and daemons that were killed, left behind when they ended."""
        for file in (*self.folder.glob("line-*"), *self.folder.glob("eval-*"), *self.folder.glob(f"{_NEW}*")):
            pid = file.name.split("-")[1]
            if pid.isdigit() and not _runs(int(pid)):
                file.unlink(missing_ok=True)

    def _complete(self) -> list[Taken]:
        return [Taken(path) for path in sorted(self.folder.glob(f"{_TAKEN}*")) if _is_complete(path)]

    def _put_new(self) -> None:
        """Put an empty file in place, private whatever the umask, unless a shell has been faster."""
        # With the pid in its name: one that is killed before it can remove the name leaves it to `sweep`.
        new = self.folder / f"{_NEW}{os.getpid()}-{os.urandom(8).hex()}"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        try:
            # Not `rename`, which would replace what a shell has written meanwhile.
            os.link(new, self.file)
        except FileExistsError:
            with contextlib.suppress(OSError):
                mode = (
                    self.file.lstat().st_mode
                )  # chmod would follow a link, and change what is somebody's own
                if stat.S_ISREG(mode) and stat.S_IMODE(mode) != 0o600:
                    self.file.chmod(0o600)
        finally:
            new.unlink(missing_ok=True)


def _is_complete(path: Path) -> bool:
    """Say whether nobody has the file open for writing, so that all that will ever be in it is there.

    Linux grants a lease for writing only where no other descriptor of the file is open (fcntl(2)).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        lease, signum = getattr(fcntl, "F_SETLEASE", None), getattr(fcntl, "F_SETSIG", None)
        if lease is not None and signum is not None:
            # Whoever opens the file while we hold the lease would have us killed by SIGIO.
            fcntl.fcntl(descriptor, signum, signal.SIGURG)
            fcntl.fcntl(descriptor, lease, fcntl.F_WRLCK)
            fcntl.fcntl(descriptor, lease, fcntl.F_UNLCK)
            return True
        patience_s = GRACE_S
    except OSError as error:
        patience_s = PATIENCE_S if error.errno == errno.EAGAIN else GRACE_S
    finally:
        os.close(descriptor)
    since = path.name.removeprefix(_TAKEN)[:20]
    return not since.isdigit() or time.time_ns() - int(since) > patience_s * 1e9


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
