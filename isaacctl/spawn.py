"""The daemon's process: what it inherits of the client, and nothing else."""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import fcntl
import os
import sys

from isaacctl.logfile import open_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LISTENER_FD = 3
LOCK_FD = 4

# What belongs to the caller's terminal, or to the service that called, and would mislead the daemon.
_CALLERS_OWN = frozenset(
    {
        "COLUMNS", "LINES", "PWD", "OLDPWD", "SHLVL", "_",
        "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID",
        "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
        "PYTHONINSPECT", "PYTHONSTARTUP",
    }
)  # fmt: skip


class Started:
    """A daemon that this process started: its pid, its log, the log's size before, which file its lock is, how it ended."""

    __slots__ = ("lock", "log", "log_size", "pid", "status")

    def __init__(self, pid: int, log: str, log_size: int, lock: tuple[int, int]) -> None:
        self.pid = pid
        self.log = log
        self.log_size = log_size
        self.lock = lock
        self.status: int | None = None


def spawn(
    listener: int, lock: int, path: str, environ: "Mapping[str, str]", arguments: "Sequence[str]"
) -> Started:
    """Start the daemon with copies of the listener and the lock; raises OSError, or Refused if no log can be opened."""
    log_name, log = open_log(path, environ)
    log_size = os.fstat(log).st_size
    # Copies above the numbers they are to have in the child, so that none overwrites another there.
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10) for descriptor in (listener, lock, log)]
    try:
        actions: list[tuple[int, int, int] | tuple[int, int] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, copies[2], 1),
            (os.POSIX_SPAWN_DUP2, copies[2], 2),
            (os.POSIX_SPAWN_DUP2, copies[0], LISTENER_FD),
            (os.POSIX_SPAWN_DUP2, copies[1], LOCK_FD),
        ]
        actions += [(os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable(above=LOCK_FD)]
        command = [
            sys.executable,
            "-P",
            "-m",
            "isaacd",
            "--socket-fd",
            str(LISTENER_FD),
            "--lock-fd",
            str(LOCK_FD),
        ]
        pid = _posix_spawn([*command, *arguments], daemon_environ(environ), actions)
    finally:
        for descriptor in (*copies, log):
            os.close(descriptor)
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{pid}\n".encode(), 0)
    except OSError:
        pass  # only a help for people; the lock is what counts
    held = os.fstat(lock)
    return Started(pid, log_name, log_size, (held.st_dev, held.st_ino))


def _posix_spawn(command: list[str], environ: dict[str, str], actions: "Sequence[tuple[object, ...]]") -> int:
    """Start a process as the leader of its own session, with no signal blocked or ignored."""
    defaults = [_signal.SIGINT, _signal.SIGPIPE, _signal.SIGQUIT, _signal.SIGHUP, _signal.SIGTERM]
    try:
        return os.posix_spawn(
            command[0], command, environ, file_actions=actions, setsid=True, setsigmask=(), setsigdef=defaults
        )
    except (
        NotImplementedError
    ):  # a system whose posix_spawn has no setsid: a group of its own is the next best
        return os.posix_spawn(
            command[0], command, environ, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=defaults
        )


def _inheritable(above: int) -> list[int]:
    """Return the descriptors that a child of this process would get without asking."""
    try:
        known = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        known = list(range(256))
    found = []
    for descriptor in known:
        try:
            if descriptor > above and os.get_inheritable(descriptor):
                found.append(descriptor)
        except OSError:
            pass
    return found


def daemon_environ(environ: "Mapping[str, str]") -> dict[str, str]:
    """Return what the daemon gets of the caller's environment: all but what belongs to terminal and caller.

    ISAAC_* settings come with every call that has them, and must not become those of everyone who calls later.

    PYTHONPATH stays only if this package was found by it: then the daemon's own parts are there as well. Otherwise it
    belongs to some project of the user's, and could put other versions before what the daemon was installed with.
    """
    kept = {
        name: value for name, value in environ.items() if name not in _CALLERS_OWN and name[:6] != "ISAAC_"
    }
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if ours not in [
        os.path.abspath(entry) for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if entry
    ]:
        kept.pop("PYTHONPATH", None)
    return kept
