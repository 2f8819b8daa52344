"""Between a host's pipes and the daemon's socket, over restarts of the daemon, and with little to import.

Lines pass as they are. They are also read, to know which requests are unanswered and how the conversation began, so that
it can begin again with the next daemon.
"""

import os
import select

from isaacctl.jsontext import encoded, lines, messages, renamed
from isaacctl.talk import (
    EXIT_OUTPUT_CLOSED,
    EXIT_PERMISSION,
    EXIT_TRY_LATER,
    Refused,
    connect,
    socket_path,
    system_socket,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Mapping

    from isaacctl.jsontext import Json

CHUNK_BYTES = 65536
# More than a message may have: a line that never ends is passed on, for the daemon to refuse.
MAX_LINE_BYTES = 17 * 1024 * 1024
MAX_WAITING_BYTES = 1024 * 1024
# What a pipe that has room surely takes without waiting (POSIX: PIPE_BUF).
PIPE_BYTES = 4096
PATIENCE_S = 15.0
OPEN_ID = "isaacctl-open"
ATTEMPTS = 5
LEFT = "notifications/isaac/left"
AGAIN_ID = "isaacctl-again"
SHUTTING_DOWN = -32014
SERVER_CANCELLED = -32802
UNAVAILABLE = -32603
# Asking anew for these does nothing twice.
_HARMLESS = ("ping", "tools/list", "logging/setLevel", "initialize")
_CHANGED = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'


class Bridge:
    """One host: `source` and `sink` are its pipes, `opening` what the daemon is told before the host's own words."""

    def __init__(
        self, source: int, sink: int, opening: bytes, environ: "Mapping[str, str]", uid: int
    ) -> None:
        self._source = source
        self._sink = sink
        self._opening = opening
        self._environ = environ
        self._uid = uid
        self._sock: _socket.socket | None = None
        self._from_host = bytearray()
        self._from_daemon = bytearray()
        self._to_host = bytearray()
        self._to_daemon = bytearray()
        self._ended = False  # whether the host has said all that it will say
        self._initialize: bytes | None = None
        self._level: bytes | None = None
        self._begun = False  # whether the host knows that the conversation has begun
        self._again = False  # whether the answer to a repeated beginning is still to come
        self._unanswered: dict[int | str, tuple[str, bytes]] = {}
        self._untouched: set[int | str] = set()  # of those, what the daemon before has not begun with

    def run(self) -> int:
        """Pass on what either side says until the host is done, and return the exit code."""
        self._connect()
        while not (self._ended and not self._unanswered and not self._to_host):
            if self._ended and self._sock is None and not self._to_host:
                break
            poll = select.poll()
            if not self._ended and len(self._to_daemon) < MAX_WAITING_BYTES:
                poll.register(self._source, select.POLLIN)
            if self._to_host:
                poll.register(self._sink, select.POLLOUT)
            if self._sock is not None:
                wanted = select.POLLOUT if self._to_daemon else 0
                if len(self._to_host) < MAX_WAITING_BYTES:
                    wanted |= select.POLLIN
                poll.register(self._sock.fileno(), wanted)
            for descriptor, events in poll.poll():
                if descriptor == self._source and events:
                    self._hear_host()
                elif descriptor == self._sink and events:
                    if events & ~select.POLLOUT:
                        return EXIT_OUTPUT_CLOSED
                    self._tell_host()
                elif self._sock is not None and descriptor == self._sock.fileno():
                    self._serve_daemon(events)
        return 0

    # The host's side.

    def _hear_host(self) -> None:
        try:
            data = os.read(self._source, CHUNK_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._ended = True
            data = b"\n" if self._from_host else b""
        for line in lines(self._from_host, data):
            if line.strip():
                self._from_host_line(line)
        if len(self._from_host) > MAX_LINE_BYTES:
            self._say(bytes(self._from_host))  # the daemon says that it is too long, and hangs up
            self._from_host.clear()

    def _from_host_line(self, line: bytes) -> None:
        # It is on its way before it is read here, which needs an import the first time.
        self._say(line)
        asks = False
        for message in messages(line):
            method, number = message.get("method"), message.get("id")
            if not isinstance(method, str):
                continue
            if method == "initialize" and self._initialize is None:
                self._initialize = line
            elif method == "logging/setLevel":
                self._level = line
            elif method == "notifications/cancelled":
                params = message.get("params")
                cancelled = params.get("requestId") if isinstance(params, dict) else None
                if isinstance(cancelled, (int, str)):
                    self._unanswered.pop(cancelled, None)
            if isinstance(number, (int, str)) and not isinstance(number, bool):
                self._unanswered.setdefault(number, (method, line))
                asks = True
        if self._sock is None and asks:
            # What is only said, without a question, was for the daemon before.
            self._come_back()

    def _tell_host(self) -> None:
        try:
            sent = os.write(self._sink, bytes(self._to_host[:PIPE_BYTES]))
        except BlockingIOError:
            return
        except BrokenPipeError:
            raise Refused("", EXIT_OUTPUT_CLOSED) from None
        del self._to_host[:sent]

    # The daemon's side.

    def _say(self, data: bytes) -> None:
        if self._sock is not None:
            self._to_daemon += data
            try:
                self._send()
            except (BlockingIOError, ConnectionError):
                pass  # the loop goes on with it, or notices the end

    def _send(self) -> None:
        assert self._sock is not None
        sent = self._sock.send(bytes(self._to_daemon[:CHUNK_BYTES]))
        del self._to_daemon[:sent]

    def _serve_daemon(self, events: int) -> None:
        assert self._sock is not None
        try:
            if events & select.POLLOUT:
                self._send()
            if events & ~select.POLLOUT:
                data = self._sock.recv(CHUNK_BYTES)
                if not data:
                    self._lost()
                    return
                for line in lines(self._from_daemon, data):
                    self._from_daemon_line(line)
        except BlockingIOError:
            return
        except ConnectionError:
            self._lost()

    def _from_daemon_line(self, line: bytes) -> None:
        for message in messages(line):
            number = message.get("id")
            if message.get("method") == LEFT:
                # Whatever it does not name was never begun, so that it can be asked of the next daemon.
                params = message.get("params")
                running = params.get("running") if isinstance(params, dict) else None
                self._untouched.update(self._unanswered)
                self._untouched.difference_update(running if isinstance(running, list) else self._unanswered)
                return
            if "method" in message or not isinstance(number, (int, str)):
                continue
            if number == AGAIN_ID:
                self._again = False
                return
            error = message.get("error")
            if isinstance(error, dict) and error.get("code") == SHUTTING_DOWN:
                self._untouched.add(number)
                return  # nothing was done; it is asked again of the next daemon
            method, _ = self._unanswered.pop(number, ("", b""))
            if method == "initialize" and error is None:
                self._begun = True
        self._to_host += line

    def _lost(self) -> None:
        """Note that the daemon is gone, answer what may have been done already, and come back for the rest."""
        if self._sock is not None:
            self._sock.close()
        self._sock = None
        self._from_daemon.clear()
        self._to_daemon.clear()
        for number, (method, _) in list(self._unanswered.items()):
            if method not in _HARMLESS and number not in self._untouched:
                del self._unanswered[number]
                text = "the daemon was stopped while this ran, and some of it may have been done; ask again if that is harmless"
                self._answer(number, SERVER_CANCELLED, text)
        self._untouched.clear()
        if self._unanswered:
            self._come_back()

    def _come_back(self) -> None:
        """Connect anew, begin the conversation again, and send what is unanswered; else answer why that cannot be."""
        try:
            self._connect()
        except Refused as refused:
            for number in list(self._unanswered):
                self._answer(number, UNAVAILABLE, refused.message)
            self._unanswered.clear()
            _complain(refused.message)
            return
        if self._begun and self._initialize is not None:
            self._again = True
            self._say(renamed(self._initialize, AGAIN_ID))
            if self._level is not None:
                self._say(renamed(self._level, AGAIN_ID))
            # Another daemon may have other plugins.
            self._to_host += _CHANGED
        for line in dict.fromkeys(line for _, line in self._unanswered.values()):
            self._say(line)

    def _answer(self, number: int | str, code: int, text: str) -> None:
        self._to_host += encoded({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}})

    def _connect(self) -> None:
        """Connect, starting the daemon if there is none, and tell it what this host may do; raises Refused."""
        after_drain = False
        for _ in range(ATTEMPTS):
            sock = _reach(self._environ, self._uid, after_drain=after_drain)
            try:
                error = self._open(sock)
            except ConnectionError:
                sock.close()  # it has ended at this very moment
                continue
            if error is None:
                sock.setblocking(False)
                self._sock = sock
                return
            sock.close()
            after_drain = isinstance(error, dict) and error.get("code") == SHUTTING_DOWN
            if not after_drain:
                raise Refused(_told(error), EXIT_PERMISSION)
        raise Refused("isaacd ends again and again; isaacctl logs shows why", EXIT_TRY_LATER)

    def _open(self, sock: "_socket.socket") -> "Json":
        """Say who is there; return the error if the daemon wants none of it. Raises ConnectionError where it has ended."""
        sock.settimeout(PATIENCE_S)
        line = b""
        try:
            sock.sendall(self._opening)
            while b"\n" not in line:
                data = sock.recv(CHUNK_BYTES)
                if not data:
                    raise ConnectionResetError
                line += data
        except TimeoutError:
            sock.close()
            raise Refused(
                f"isaacd has not answered for {PATIENCE_S:g} s; try: isaacctl restart", EXIT_TRY_LATER
            ) from None
        return next((item["error"] for item in messages(line) if "error" in item), None)


def _reach(environ: "Mapping[str, str]", uid: int, *, after_drain: bool) -> "_socket.socket":
    """Connect to the daemon; start it, or wait for one that is leaving, if need be."""
    path = socket_path(environ, uid)
    if not after_drain:
        try:
            return connect(path, uid)
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            pass
    other = system_socket(uid)
    if "ISAACD_SOCKET" not in environ and os.path.exists(other):
        path = other
    from isaacctl.launch import start

    return start(path, environ, uid, after_drain=after_drain)[0]


def _told(error: "Json") -> str:
    if not isinstance(error, dict):
        return "isaacd refused the host"
    data = error.get("data")
    hint = data.get("hint") if isinstance(data, dict) else None
    return f"{error.get('message')}\n{hint}" if hint else str(error.get("message"))


def _complain(message: str) -> None:
    try:
        os.write(2, f"isaacctl mcp: {message}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # there is nobody to tell
