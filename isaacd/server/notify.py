"""What the daemon tells its service manager (sd_notify(3)): ready, reloading, stopping, how it does, and that it lives."""

import array
import socket
import time
from collections.abc import MutableMapping, Sequence

FD_NAME_BYTES = 255


class Notifier:
    """Sends datagrams to NOTIFY_SOCKET; without one, or when nobody reads there, it does nothing."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    @classmethod
    def from_environ(cls, environ: MutableMapping[str, str]) -> "Notifier":
        """Take the address out of the environment, so that programs which are started cannot speak for us."""
        address = environ.pop("NOTIFY_SOCKET", "")
        return cls(address if address[:1] in ("/", "@") and len(address) > 1 else None)

    @property
    def is_heard(self) -> bool:
        """Whether there is a service manager to tell."""
        return self._address is not None

    def ready(self, status: str = "") -> None:
        """Say that requests are answered, after a start or a reload."""
        self._send("READY=1", _status(status))

    def reloading(self) -> None:
        """Say that the configuration is read anew; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str = "") -> None:
        """Say that the daemon drains and leaves."""
        self._send("STOPPING=1", _status(status))

    def status(self, text: str) -> None:
        """Show a line of text in `systemctl status`."""
        self._send(_status(text))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Ask for more time to start or stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def store(self, name: str, descriptor: int) -> bool:
        """Have the manager keep a descriptor over a restart; say whether it was handed over."""
        return self._send("FDSTORE=1", f"FDNAME={name[:FD_NAME_BYTES]}", descriptors=(descriptor,))

    def forget(self, name: str) -> None:
        """Have the manager close what it keeps by this name."""
        self._send("FDSTOREREMOVE=1", f"FDNAME={name[:FD_NAME_BYTES]}")

    def barrier(self, descriptor: int) -> bool:
        """Send a descriptor that the manager closes once it has read all that was sent before; say whether it went."""
        return self._send("BARRIER=1", descriptors=(descriptor,))

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str, descriptors: Sequence[int] = ()) -> bool:
        if self._address is None:
            return False
        data = "\n".join(line for line in lines if line).encode("utf-8", "replace")
        sent = bool(descriptors)
        try:
            if self._socket is None:
                self._socket = socket.socket(
                    socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)
                )
                # A manager that is busy must not hold up the daemon for long.
                self._socket.settimeout(1.0)
            ancillary = (
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if sent else []
            )
            self._socket.sendmsg([data], ancillary, 0, _address(self._address))
        except OSError:
            return False
        return True


def watchdog_s(environ: MutableMapping[str, str], pid: int) -> float | None:
    """Return how often at least the watchdog must be fed, in seconds; None if there is none, or it is not for us."""
    micros, meant = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    if not micros.isdecimal() or int(micros) <= 0 or (meant and meant != str(pid)):
        return None
    return int(micros) / 1_000_000


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}" if text else ""


def _address(address: str) -> str:
    return "\0" + address[1:] if address[0] == "@" else address
