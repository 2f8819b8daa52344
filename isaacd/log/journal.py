"""The journal of systemd, spoken to in its own protocol, so that every field can be searched for."""

import array
import os
import re
import socket
from collections.abc import Mapping

import msgspec

JOURNAL = "/run/systemd/journal/socket"
IDENTIFIER = "isaacd"
# As in syslog(3).
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3}
_NO_NAME = re.compile(r"[^A-Z0-9_]")
MAX_NAME = 64
_MAX_DATAGRAM_BYTES = 150_000

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


def is_our_journal(environ: Mapping[str, str]) -> bool:
    """Say whether standard error leads to the journal: then JOURNAL_STREAM names it (systemd.exec(5))."""
    device, colon, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    if not (colon and device.isdecimal() and inode.isdecimal()):
        return False
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (int(device), int(inode))


class JournalSink:
    """Sends each line as fields: MESSAGE, PRIORITY, and ISAAC_NAME for every other one.

    https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
    """

    place = "journal"

    def __init__(self, address: str = JOURNAL) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # the daemon must not wait for a journal that is behind

    def write(self, line: bytes) -> None:
        """Send one line of JSON; raises OSError if the journal does not take it."""
        data = entry(line)
        try:
            if len(data) > _MAX_DATAGRAM_BYTES:
                raise OSError(0, "too long for a datagram")
            self._socket.sendto(data, self._address)
        except BlockingIOError:
            raise
        except OSError:
            self._send_sealed(data)

    def _send_sealed(self, data: bytes) -> None:
        """Send what is too long for a datagram as a file in memory that nobody can change any more."""
        import fcntl

        descriptor = os.memfd_create("isaac-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
            self._socket.sendmsg([b""], rights, 0, self._address)
        finally:
            os.close(descriptor)

    def reopen(self) -> None:
        """Do nothing: there is no file."""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def entry(line: bytes) -> bytes:
    """Make an entry of the journal of a line of the log; the journal has a time of its own."""
    fields = _decode(line)
    fields.pop("ts", None)
    level = _shown(fields.pop("level", None)) or "info"
    event = _shown(fields.pop("event", None))
    # What people look at: the event, and what is said of it.
    said = [f"{name}={_shown(value)}" for name, value in fields.items() if name != "exception"]
    exception = _shown(fields.get("exception"))
    message = " ".join([event, *said]) + (f"\n{exception}" if exception else "")
    parts = [
        _field("MESSAGE", message),
        _field("PRIORITY", str(_PRIORITIES.get(level, 6))),
        _field("SYSLOG_IDENTIFIER", IDENTIFIER),
        _field("ISAAC_EVENT", event),
    ]
    parts += [_field(_name(name), _shown(value)) for name, value in fields.items()]
    return b"".join(parts)


def _shown(value: msgspec.Raw | None) -> str:
    if value is None:
        return ""
    try:
        return _text(value)
    except msgspec.DecodeError:
        return bytes(value).decode("utf-8", "replace")


def _name(name: str) -> str:
    """Return a name that the journal takes: capital letters, digits and _, a letter first."""
    return f"ISAAC_{_NO_NAME.sub('_', name.upper())}"[:MAX_NAME]


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" not in data:
        return b"%b=%b\n" % (name.encode(), data)
    return b"%b\n%b%b\n" % (name.encode(), len(data).to_bytes(8, "little"), data)
