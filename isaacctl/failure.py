"""What is wrong with the daemon, for a person and for the exit code."""

import _socket
import sys

from isaacctl import __version__
from isaacctl.talk import EXIT_DEFECT, EXIT_TRY_LATER, Refused, connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from isaacctl.talk import Unpacked

PING = b"\x94\x00\x01\xa4ping\x90"  # [0, 1, "ping", []]
PING_ANSWER_S = 2.0

EXIT_CODES = {
    "invalid_params": 2,
    "not_found": 1,
    "provider_unavailable": 69,
    "rate_limited": 69,
    "overloaded": EXIT_TRY_LATER,
    "busy": EXIT_TRY_LATER,
    "shutting_down": EXIT_TRY_LATER,
    "server_cancelled": EXIT_TRY_LATER,
    "client_too_slow": EXIT_TRY_LATER,
    "method_not_found": EXIT_TRY_LATER,
    "unsupported_version": EXIT_TRY_LATER,
    "permission_denied": 77,
    "config_invalid": 78,
    "deadline_exceeded": 124,
    "cancelled": 130,
}


def is_draining(error: "Unpacked") -> bool:
    """Say whether the daemon refused because it is about to stop."""
    return _parts(error)[0] == "shutting_down"


def explain(error: "Unpacked", pid: int | None) -> tuple[str, int]:
    """Return what to tell the person, and the exit code."""
    name, message, hint = _parts(error)
    if name in ("method_not_found", "unsupported_version"):
        # A command that does not exist is told in a result; this is `cli.run` itself being unknown.
        message = f"isaacd (pid {pid}) is of another version than isaacctl {__version__}: {message}"
        hint = "restart it with: isaacctl restart"
    if hint:
        message = f"{message}\n  {hint}"
    return message, EXIT_CODES.get(name, EXIT_DEFECT)


def is_alive(path: str, uid: int) -> bool:
    """Say whether the daemon answers a ping on a connection of its own."""
    try:
        sock = connect(path, uid)
        try:
            sock.settimeout(PING_ANSWER_S)
            sock.send(PING)
            return bool(sock.recv(1))
        finally:
            sock.close()
    except (FileNotFoundError, ConnectionRefusedError):
        return True  # a daemon that stops takes no new connections; were it dead, ours would have ended
    except (OSError, Refused):
        return False


def peer_pid(sock: _socket.socket) -> int | None:
    """Return the process that listens at the other end, where the system tells."""
    if not hasattr(_socket, "SO_PEERCRED"):
        return None
    return int.from_bytes(sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)


def _parts(error: "Unpacked") -> tuple[str, str, str]:
    """Return name, message and hint of an error in either form."""
    if isinstance(error, dict):
        data = error.get(b"data")
        if not isinstance(data, dict):
            data = {}
        return _text(data.get(b"name")), _text(error.get(b"message")), _text(data.get(b"hint"))
    if isinstance(error, list) and error:
        name, separator, message = _text(error[-1]).partition(": ")
        if separator and name.lower().replace("_", "").isalpha():
            return name.lower(), message, ""
        return "", _text(error[-1]), ""
    return "", _text(error), ""


def _text(value: "Unpacked") -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
