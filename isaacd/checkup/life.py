"""The daemon's traces: its socket, its lock, its log and its index."""

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing

from isaacd.checkup.finding import Finding, error, quoted, warning
from isaacd.checkup.machine import Machine
from isaacd.log.sink import MAX_LOG_BYTES
from isaacd.plugin.index import FILE_NAME

_ANSWER_S = 2.0


def daemon(machine: Machine) -> Iterator[Finding]:
    """Look whether socket and lock fit together: either both are in use, or neither is."""
    path, lock = machine.paths.socket, machine.paths.lock
    held = _is_held(machine)
    if os.path.lexists(path):
        found = path.lstat()
        if not stat.S_ISSOCK(found.st_mode):
            yield error(path, "it is no socket, so no daemon can listen there", f"rm {quoted(path)}")
            return
        if found.st_uid != machine.uid:
            yield error(path, f"it belongs to user {found.st_uid}", f"sudo rm {quoted(path)}")
            return
        if found.st_mode & 0o077:
            yield warning(
                path, "others may connect to it, and are turned away then", f"chmod 600 {quoted(path)}"
            )
        listens = _listens(str(path))
        if not listens and not held:
            yield warning(
                path, "nobody listens there; it is left from a daemon that was killed", f"rm {quoted(path)}"
            )
        elif not listens:
            yield error(path, "a daemon holds the lock, but does not answer", "isaacctl restart --force")
    elif held:
        yield error(lock, "a daemon holds the lock, but there is no socket", "isaacctl restart --force")


def log(machine: Machine) -> Iterator[Finding]:
    """Look whether the log can be written, and does not grow without end."""
    file = machine.paths.log_file
    if not file.exists():
        return
    if not os.access(file, os.W_OK):
        yield error(file, "it cannot be written", f"chmod 600 {quoted(file)}")
    elif file.stat().st_size > 2 * MAX_LOG_BYTES:
        yield warning(file, "it is longer than it should ever get", f"mv {quoted(file)} {quoted(file)}.old")


def index(machine: Machine) -> Iterator[Finding]:
    """Look at the index of plugins: without one they are looked for anew at each start."""
    file = machine.paths.cache_dir / FILE_NAME
    if os.path.lexists(file) and (file.is_symlink() or not file.is_file() or not os.access(file, os.R_OK)):
        yield warning(
            file, "the index of plugins cannot be read, so each start takes longer", f"rm {quoted(file)}"
        )


def _is_held(machine: Machine) -> bool:
    try:
        descriptor = os.open(machine.paths.lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _listens(path: str) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.settimeout(_ANSWER_S)
        try:
            sock.connect(path)
        except BlockingIOError:
            return True  # so many are asking that there is no place in the queue
        except OSError:
            return False
    return True
