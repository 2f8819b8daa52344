"""The other end of a connection: who it is by the kernel's word, and how long it may take."""

import socket
import struct
import sys

import msgspec

# <sys/un.h> on macOS: struct xucred {cr_version; cr_uid; cr_ngroups; cr_groups[16]}, option LOCAL_PEERCRED.
_MACOS_SOL_LOCAL = 0
_MACOS_LOCAL_PEERCRED = 1
_MACOS_XUCRED = struct.Struct("=IIh2x16I")

_UCRED = struct.Struct("3i")


class Timeouts(msgspec.Struct, frozen=True):
    """How long a peer may take: for its first byte, and to read anything once it is behind."""

    first_byte_s: float = 5.0
    stalled_s: float = 30.0


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process that connected; raises OSError where the kernel does not tell."""
    if sys.platform == "darwin":
        raw = connection.getsockopt(_MACOS_SOL_LOCAL, _MACOS_LOCAL_PEERCRED, _MACOS_XUCRED.size)
        return int(_MACOS_XUCRED.unpack(raw)[1])
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(raw)[1])


def peer_pid(connection: socket.socket) -> int | None:
    """Return the process that connected; None where the kernel does not tell."""
    if sys.platform == "darwin":
        return None
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    except OSError:
        return None
    return int(_UCRED.unpack(raw)[0]) or None
