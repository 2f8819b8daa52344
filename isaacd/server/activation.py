"""What a service manager hands over at the start: listening sockets and kept connections, by name (sd_listen_fds(3))."""

import contextlib
import os
import socket
from collections.abc import MutableMapping

import msgspec

from isaacd.errors import InvalidParams

FIRST_FD = 3
MAX_FDS = 4096
# Names of descriptors that an earlier daemon had kept.
CONNECTION = "isaac-connection-"
DOOR = "isaac-door-"
STATE = "isaac-state"
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


class Inherited(msgspec.Struct, frozen=True):
    """Descriptors that were handed over; all of them are closed in programs that this one starts."""

    listening: int | None = None
    connections: dict[str, int] = {}
    state: int | None = None
    doors: dict[str, int] = {}


NOTHING = Inherited()


def inherited(environ: MutableMapping[str, str], pid: int) -> Inherited:
    """Take what the service manager hands over, and take its variables out of `environ`.

    Nothing, if it is meant for another process. A descriptor that is nothing of ours is closed. Raises InvalidParams
    if a socket is handed over that cannot be listened on.
    """
    count, names = _count(environ, pid), environ.get("LISTEN_FDNAMES", "").split(":")
    for name in _VARIABLES:
        environ.pop(name, None)
    listening: int | None = None
    state: int | None = None
    connections: dict[str, int] = {}
    doors: dict[str, int] = {}
    for index in range(count):
        descriptor = FIRST_FD + index
        name = names[index] if index < len(names) else ""
        try:
            os.set_inheritable(descriptor, False)
        except OSError:
            continue  # the manager counted one that is not there
        if name.startswith(CONNECTION):
            connections[name] = descriptor
        elif name.startswith(DOOR):
            doors[name] = descriptor
        elif name == STATE and state is None:
            state = descriptor
        elif listening is None and _listens(descriptor):
            # By name where there is one; systemd-socket-activate calls it `unknown`, and some managers nothing.
            listening = descriptor
        else:
            os.close(descriptor)
    if count and listening is None and not connections and state is None:
        raise InvalidParams(
            "the service manager handed over no listening Unix stream socket",
            hint="its socket unit needs ListenStream= with an absolute path",
        )
    return Inherited(listening, connections, state, doors)


def _count(environ: MutableMapping[str, str], pid: int) -> int:
    meant, count = environ.get("LISTEN_PID", ""), environ.get("LISTEN_FDS", "")
    if not (meant.isdecimal() and count.isdecimal()) or int(meant) != pid:
        return 0
    return min(int(count), MAX_FDS)


def _listens(descriptor: int) -> bool:
    """Say whether a descriptor is a Unix stream socket that listens."""
    try:
        found = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return False
    with contextlib.closing(found):
        is_stream = found.family == socket.AF_UNIX and found.type == socket.SOCK_STREAM
        try:
            return is_stream and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        except OSError:
            return is_stream  # macOS does not tell
