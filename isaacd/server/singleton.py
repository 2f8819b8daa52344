"""One daemon a socket: the lock that is held for life, and the listening socket."""

import contextlib
import fcntl
import os
import signal
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

from isaacd.errors import InvalidParams, IsaacError, PermissionDenied
from isaacd.paths import Paths, make_private

# As many may connect at the same moment, each without being told to try again (EAGAIN).
BACKLOG = 1024
# How long a daemon that the service manager starts waits for one that was started in another way and drains now.
TAKE_OVER_S = 20.0
_LOOK_AGAIN_S = 0.05


class AlreadyRunning(IsaacError):
    """Another daemon holds the lock; whoever wants an answer can connect to it."""

    code = -32013
    name = "busy"
    blame = "caller"


class Singleton:
    """The lock and the listening socket; `inherit` takes them from the client that started us."""

    def __init__(
        self, paths: Paths, lock_fd: int, listening: socket.socket, *, is_managed: bool = False
    ) -> None:
        self._paths = paths
        self._lock_fd = lock_fd
        # The file of a socket that a service manager made is the manager's: it goes on listening without us.
        self._identity = None if is_managed else _identity(paths.socket)
        self.is_managed = is_managed
        self.listening = listening

    @classmethod
    def inherit(cls, paths: Paths, socket_fd: int, lock_fd: int) -> "Singleton":
        """Take over descriptors that are already locked, bound and listening; raises InvalidParams if they are not."""
        try:
            os.set_inheritable(lock_fd, False)
            os.set_inheritable(socket_fd, False)
            listening = socket.socket(fileno=socket_fd)
        except OSError as error:
            raise InvalidParams(
                f"--socket-fd {socket_fd} and --lock-fd {lock_fd} were not handed over: {error.strerror}"
            ) from error
        return cls(paths, lock_fd, listening)

    @classmethod
    def activated(
        cls, paths: Paths, socket_fd: int, *, sleep: Callable[[float], None] = time.sleep
    ) -> "Singleton":
        """Take over the socket of a service manager, and the lock: from a daemon that was started otherwise, if need be.

        That one listens where nobody can reach it any more, so it is told to stop. Raises AlreadyRunning if it does not
        within TAKE_OVER_S.
        """
        make_private(paths.lock.parent)
        try:
            lock_fd = _locked(paths.lock)
        except AlreadyRunning:
            _tell_to_stop(paths.lock)
            lock_fd = _locked_soon(paths.lock, sleep)
        return cls(paths, lock_fd, socket.socket(fileno=socket_fd), is_managed=True)

    @classmethod
    def acquire(cls, paths: Paths) -> "Singleton":
        """Lock, remove a stale socket, bind and listen; raises AlreadyRunning or PermissionDenied."""
        make_private(paths.socket.parent)
        lock_fd = _locked(paths.lock)
        try:
            return cls(paths, lock_fd, bind(paths.socket))
        except OSError as error:
            os.close(lock_fd)
            raise PermissionDenied(f"cannot listen at {paths.socket}: {error.strerror}") from error

    def keep_listening(self) -> None:
        """Hold the socket open although accepting ends, so that who connects waits for the daemon that follows."""
        self.listening = self.listening.dup()

    def descriptors(self) -> tuple[int, int]:
        """Return the listening socket and the lock, for a daemon that follows."""
        return self.listening.fileno(), self._lock_fd

    def stop_listening(self) -> None:
        """Remove the socket and close it, so that clients wait for the lock instead of for us."""
        with contextlib.suppress(OSError):
            # Someone may have tidied up, and another daemon may listen there by now.
            if self._identity is not None and _identity(self._paths.socket) == self._identity:
                self._paths.socket.unlink()
        self._identity = None  # the next socket there may get the same number
        self.listening.close()

    def release(self) -> None:
        """Remove the socket and let the lock go, in this order; a second time does nothing."""
        if self._lock_fd < 0:
            return
        self.stop_listening()
        lock_fd, self._lock_fd = self._lock_fd, -1
        os.close(lock_fd)


def _locked(path: Path) -> int:
    """Lock the file and write down whose it is; raises AlreadyRunning or PermissionDenied."""
    try:
        lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise PermissionDenied(f"cannot open the lock {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(lock_fd).st_mode):
        os.close(lock_fd)
        raise PermissionDenied(f"{path} is no file, so it cannot be the lock", hint=f"remove it: rm {path}")
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock_fd)
        raise AlreadyRunning(
            f"another isaacd holds {path}",
            hint="`isaacctl status` shows it, `isaacctl restart` replaces it",
        ) from None
    try:
        os.ftruncate(lock_fd, 0)
        os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        pass  # a full disk: it is only for people; the lock is what counts
    return lock_fd


def _locked_soon(path: Path, sleep: Callable[[float], None]) -> int:
    left_s = TAKE_OVER_S
    while True:
        try:
            return _locked(path)
        except AlreadyRunning:
            if left_s <= 0:
                raise
        sleep(_LOOK_AGAIN_S)
        left_s -= _LOOK_AGAIN_S


def _tell_to_stop(lock: Path) -> None:
    """Have the daemon that the lock file names drain; a number that is somebody else's by now is left alone."""
    try:
        pid = int(lock.read_bytes()[:20])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"isaacd" in command and pid != os.getpid():
            os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return


def bind(path: Path) -> socket.socket:
    """Listen at `path`, readable and writable by its owner only; a file there is stale, as we hold the lock."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(umask)
    listening.listen(BACKLOG)
    return listening


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
