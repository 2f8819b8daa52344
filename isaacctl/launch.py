"""Start the daemon so that any number of clients at the same moment get exactly one."""

import _socket
import fcntl
import os
import sys
import time

from isaacctl.logfile import cannot, make_directory, newest_log, tail
from isaacctl.spawn import Started, spawn
from isaacctl.talk import EXIT_DEFECT, EXIT_PERMISSION, EXIT_TRY_LATER, Refused, check, connect, system_socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEADLINE_S = 15.0
DEATH_S = 2.0
BACKLOG = 128
_TRIES = 10


class _Vanished(Refused):
    """The folder of socket and lock was deleted meanwhile."""


def start(
    path: str,
    environ: "Mapping[str, str]",
    uid: int,
    *,
    after_drain: bool = False,
    arguments: "Sequence[str]" = ("--on-demand",),
    deadline_s: float = DEADLINE_S,
) -> "tuple[_socket.socket, Started | None]":
    """Return a connection to the daemon, and what was started if no daemon was running.

    With `after_drain` a daemon that still holds the lock is one that is leaving: wait for its end before connecting.
    Raises Refused when there is no daemon to talk to within `deadline_s`.
    """
    make_private(os.path.dirname(path), uid)
    deadline = time.monotonic() + deadline_s
    pause_s = 0.002
    started: Started | None = None
    while True:
        state = "draining"
        if not after_drain:
            try:
                return connect(path, uid), started
            except (FileNotFoundError, ConnectionRefusedError):
                state = "absent"
            except BlockingIOError:
                state = "full"  # it listens, but many are waiting before us
        if state == "absent" and started is not None:
            if not is_lost(started, path, environ) and _exit_status(started) is not None:
                raise explain_death(path, environ, started)
            started = None  # it leaves by itself, as it cannot be found any more
        try:
            lock = None if state == "full" else take_lock(lock_path(path, environ))
            if lock is not None:
                try:
                    started = _start_locked(path, environ, uid, lock, arguments)
                finally:
                    os.close(lock)
                after_drain = False
                continue
        except _Vanished:
            if time.monotonic() > deadline:
                raise
            make_private(os.path.dirname(path), uid)  # somebody tidies up just now
            continue
        if time.monotonic() > deadline:
            raise _stuck(path, environ, deadline_s)
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.05)


def lock_path(socket: str, environ: "Mapping[str, str]") -> str:
    """Return the path of the lock file that belongs to a socket."""
    # The system's manager tells its daemons by that variable, too, where they listen.
    own = environ.get("ISAACD_SOCKET") or socket == system_socket(os.getuid())
    return socket + ".lock" if own else os.path.dirname(socket) + "/isaacd.lock"


def take_lock(path: str) -> int | None:
    """Return the lock file's descriptor, or None if a daemon (or a client that starts one) holds it."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except FileNotFoundError as error:
        raise _vanished(f"open the lock file {path}", error) from None
    except OSError as error:
        raise cannot(f"open the lock file {path}", error) from None
    if os.fstat(lock).st_mode & 0o170000 != 0o100000:
        os.close(lock)
        raise Refused(f"{path} is no file, so it cannot be the lock; remove it", EXIT_PERMISSION)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.stat(path)
        if (found.st_dev, found.st_ino) == (os.fstat(lock).st_dev, os.fstat(lock).st_ino):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass  # held; or removed by hand since it was opened, so that this lock would guard nothing
    except OSError as error:
        os.close(lock)
        raise cannot(f"lock {path}", error) from None
    os.close(lock)
    return None


def make_private(directory: str, uid: int) -> None:
    """Make a directory that only the user can enter, whatever the umask, and check that it is one."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            make_directory(directory)
            check(directory, uid)
        except FileNotFoundError as error:
            if not left:  # else somebody has deleted it between the two
                raise cannot(f"make the directory {directory}", error) from None
        except OSError as error:
            raise cannot(f"make the directory {directory}", error) from None
        else:
            return


def _start_locked(
    path: str, environ: "Mapping[str, str]", uid: int, lock: int, arguments: "Sequence[str]"
) -> Started | None:
    """Bind and listen, and start a daemon that inherits the listener and the lock; None if somebody listens."""
    try:
        # With the lock in hand, this can only be a listener that the system itself holds open.
        connect(path, uid).close()
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    except BlockingIOError:
        return None
    else:
        return None
    if _listens_again(path, environ):
        return None
    listener = _listen(path)
    try:
        return spawn(listener.fileno(), lock, path, environ, arguments)
    except OSError as error:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        raise cannot(f"start the daemon with {sys.executable or 'no interpreter'}", error) from None
    finally:
        listener.close()


def unit_folders(environ: "Mapping[str, str]") -> "tuple[str, ...]":
    """Return where the units of this user may be: a manager often does not know the variables of a shell."""
    home = f"{environ.get('HOME', '')}/.config"
    config = environ.get("XDG_CONFIG_HOME") or home
    return tuple(f"{folder}/systemd/user" for folder in dict.fromkeys((config, home)))


def is_left_to_systemd(path: str, environ: "Mapping[str, str]") -> bool:
    """Say whether a socket unit was installed and switched on for this socket."""
    if path == system_socket(os.getuid()):
        return True
    wanted = "sockets.target.wants/isaacd.socket"
    return not environ.get("ISAACD_SOCKET") and any(
        os.path.lexists(f"{folder}/{wanted}") for folder in unit_folders(environ)
    )


def _listens_again(path: str, environ: "Mapping[str, str]") -> bool:
    """Have a socket unit listen that was installed and does not, as when its file was deleted; say whether it does now."""
    if not is_left_to_systemd(path, environ) or path == system_socket(os.getuid()):
        return False
    from isaacctl.units import Systemd

    try:
        return Systemd(environ, system=False, uid=0).control("restart", "isaacd.socket").returncode == 0
    except Refused:
        return False


def _listen(path: str) -> _socket.socket:
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        try:
            os.fchmod(listener.fileno(), 0o600)  # on Linux the socket file is born with this mode
        except OSError:
            pass
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if isinstance(error, FileNotFoundError):
            raise _vanished(f"listen on {path}", error) from None
        raise cannot(f"listen on {path}", error) from None
    return listener


def explain_death(path: str, environ: "Mapping[str, str]", started: Started | None) -> Refused:
    """Say that the daemon went away without an answer, with what it said last."""
    code = EXIT_DEFECT
    if started is None:
        log, since = newest_log(path, environ), 0
        message = "isaacd closed the connection before it had answered"
    else:
        log, since = started.log, started.log_size
        status = _exit_status(started)
        if status is None:
            message = (
                f"isaacd (pid {started.pid}), just started, closed the connection before it had answered"
            )
        elif status < 0:
            message = f"isaacd was ended by signal {-status} while it started"
        else:
            message = f"isaacd ended while it started (exit code {status})"
            code = status if status in (69, 75, 77, 78) else EXIT_DEFECT
    last = tail(log, since=since)
    if last:
        message = "\n".join([f"{message}; its last words:", *(f"  {line}" for line in last)])
    if started is None and is_left_to_systemd(path, environ):
        return Refused(f"{message}\n  systemd starts it; to see why it does not: isaacctl doctor", code)
    return Refused(f"{message}\nThe whole log: {log}", code)


def is_lost(started: Started, path: str, environ: "Mapping[str, str]") -> bool:
    """Say whether the lock file of a daemon is gone or another one, so that nobody finds the daemon any more."""
    try:
        found = os.stat(lock_path(path, environ))
    except OSError:
        return True
    return (found.st_dev, found.st_ino) != started.lock


def _vanished(what: str, error: OSError) -> _Vanished:
    told = cannot(what, error)
    return _Vanished(told.message, told.exit_code)


def _exit_status(started: Started) -> int | None:
    """Return how our child ended, negative for a signal; None if it goes on living."""
    deadline = time.monotonic() + DEATH_S
    while started.status is None and time.monotonic() < deadline:
        try:
            found, status = os.waitpid(started.pid, os.WNOHANG)
        except ChildProcessError:
            return None
        if found:
            started.status = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.01)
    return started.status


def _stuck(path: str, environ: "Mapping[str, str]", waited_s: float) -> Refused:
    """Say that somebody holds the lock and does not listen."""
    lock = lock_path(path, environ)
    try:
        with open(lock, encoding="ascii", errors="replace") as file:
            holder = file.read(32).strip() or "unknown"
    except OSError:
        holder = "unknown"
    from isaacctl.importing import told

    return Refused(
        f"isaacd (pid {holder}) holds {lock} but has not answered for {waited_s:g} s"
        f"{told(path) or ': it is starting, stopping or stuck'}."
        f"\nThe log: {newest_log(path, environ)}; to end it by force: isaacctl stop --force",
        EXIT_TRY_LATER,
    )
