"""The way to the daemon: its MessagePack by hand, and one request with all that may come back, until the end.

This is one long module because every module more costs each command line two hundredths of a bare interpreter's start.
"""

import _signal  # type: ignore[import-not-found] # a builtin; `signal` would import enum
import _socket
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from isaacctl.gather import Gathering
    from isaacctl.prompt import Person

    Packable = None | bool | int | str | bytes | Sequence["Packable"] | Mapping[str, "Packable"]
    Unpacked = None | bool | int | bytes | list["Unpacked"] | dict["Unpacked", "Unpacked"]

CHUNK_BYTES = 65536
MAX_BLOB_BYTES = 64 * 1024 * 1024
SILENCE_S = 5.0
CANCEL = b"\x93\x02\xa6cancel\x91\x01"  # [2, "cancel", [1]]
INTERRUPT = b"\x93\x02\xab$/interrupt\x91\x01"

EXIT_FAILED = 1
EXIT_DEFECT = 70
EXIT_TRY_LATER = 75
EXIT_PERMISSION = 77
EXIT_CONFIG = 78
EXIT_CANCELLED = 130
EXIT_OUTPUT_CLOSED = 141


class Refused(Exception):
    """The client cannot go on: what to tell the person, and the exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class Unanswered(Exception):
    """The daemon went away, or is going away, and has not acted on the request: it can be sent again."""

    def __init__(self, *, draining: bool) -> None:
        super().__init__()
        self.draining = draining


class BrokenOff(Exception):
    """The connection ended after the daemon had read the request, and before it had answered."""


def socket_path(environ: "Mapping[str, str]", uid: int) -> str:
    """Return the path of the socket: ISAACD_SOCKET, or one in the user's runtime directory."""
    given = environ.get("ISAACD_SOCKET")
    if given:
        if given[0] != "/" or given[-1] == "/":
            raise Refused(
                f"ISAACD_SOCKET is {given!r}; it must be the absolute path of a socket", EXIT_CONFIG
            )
        return given
    base = environ.get("XDG_RUNTIME_DIR")
    if base and base[0] == "/":
        try:
            found = os.stat(base)
        except OSError:
            pass
        else:
            if stat.S_ISDIR(found.st_mode) and found.st_uid == uid:
                return f"{base.rstrip('/')}/isaacd/isaacd.sock"
    return f"/tmp/isaacd-{uid}/isaacd.sock"  # noqa: S108 - made 0700 and checked before use


def system_socket(uid: int) -> str:
    """Return the path of the socket that a host with many users may have for this one (isaacd@.socket)."""
    return f"/run/isaacd/{uid}/isaacd.sock"


def check(directory: str, uid: int) -> None:
    """Raise Refused unless only the user can reach the directory; FileNotFoundError if it is not there."""
    try:
        found = os.lstat(directory)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused(f"cannot reach {directory}: {error.strerror}", EXIT_PERMISSION) from None
    if stat.S_ISLNK(found.st_mode):
        fault = "is a symbolic link"
    elif not stat.S_ISDIR(found.st_mode):
        fault = "is not a directory"
    elif found.st_uid != uid:
        fault = f"belongs to user {found.st_uid}, not to you (user {uid})"
    elif found.st_mode & stat.S_ISVTX and found.st_mode & 0o022:
        fault = "is for everybody; set ISAACD_SOCKET to a path in a directory of yours"
    elif found.st_mode & 0o077:
        fault = f"is open to other users (mode {stat.S_IMODE(found.st_mode):04o}); close it with: chmod 700 {directory}"
    else:
        return
    raise Refused(f"the directory of the socket is not safe: {directory} {fault}", EXIT_PERMISSION)


def connect(path: str, uid: int) -> _socket.socket:
    """Connect to the daemon.

    Raises FileNotFoundError or ConnectionRefusedError if none listens there, BlockingIOError if its queue is full,
    Refused if the place is not safe.
    """
    check(os.path.dirname(path), uid)
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    sock.settimeout(0)
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError, BlockingIOError)):
            raise
        code = EXIT_PERMISSION if isinstance(error, PermissionError) else EXIT_TRY_LATER
        raise Refused(f"cannot connect to {path}: {error.strerror or error}", code) from None
    if sock.fileno() < 3:
        # Started without one of 0, 1 and 2: output must not end up in the socket.
        from isaacctl.terminal import above_standard

        return above_standard(sock)
    return sock


class Talk:
    """A conversation about the request with id 1; `after` is the command line to run next, if any."""

    __slots__ = (
        "_asked_to_cancel",
        "_cancelled",
        "_gathering",
        "_heard",
        "_path",
        "_person",
        "_sending",
        "_sock",
        "_uid",
        "_unpacker",
        "_wanted",
        "after",
    )

    def __init__(self, sock: _socket.socket, path: str, uid: int) -> None:
        self._sock = sock
        self._path = path
        self._uid = uid
        self._unpacker = Unpacker()
        self._wanted = 0  # bytes of standard input that the daemon waits for
        self._person: Person | None = None  # who has been asked for a line
        self._gathering: Gathering | None = None  # what looks things up for the daemon
        self.after: list[str] = []
        self._heard = self._sending = self._cancelled = self._asked_to_cancel = False

    def run(self, request: bytes) -> int:
        """Send the request and return the exit code; raises Unanswered, BrokenOff or Refused."""
        self._sock.settimeout(SILENCE_S)
        if _signal.getsignal(_signal.SIGINT) not in (_signal.SIG_IGN, None):
            _signal.signal(_signal.SIGINT, self._interrupt)
        try:
            self._send(request)
            code = self._answer()
        except (ConnectionResetError, BrokenPipeError, BrokenOff) as error:
            if self._cancelled:
                return EXIT_CANCELLED
            if self._heard or isinstance(error, BrokenOff):
                raise BrokenOff from None
            # A reset says that bytes of ours were never read, and the request is all we have sent: nothing was done.
            raise Unanswered(draining=False) from None
        except (AssertionError, IndexError, KeyError, TypeError, ValueError) as error:
            raise Refused(
                f"what listens at {self._path} does not speak like isaacd ({error})", EXIT_DEFECT
            ) from None
        finally:
            self._sock.close()
        return EXIT_CANCELLED if self._cancelled else code

    def _answer(self) -> int:
        while True:
            message = self._unpacker.next_array()
            if message is None:
                data = self._receive()
                if not data:
                    raise BrokenOff
                self._heard = True
                self._unpacker.feed(data)
            elif message[0] == 1:
                return self._finish(message[3]) if message[2] is None else self._failed(message[2])
            elif message[0] == 2 and message[1] == b"$/event":
                self._event(message[2])

    def _event(self, params: "Unpacked") -> None:
        assert isinstance(params, list)
        kind, data = params[2], params[3]
        if kind == b"out":
            self._write(1, data)
        elif kind == b"err":
            self._write(2, data)
        elif kind == b"input":
            assert isinstance(data, int)
            self._wanted = min(data, CHUNK_BYTES)
        elif kind == b"line" or kind == b"confirm":
            self._ask(kind, data)
        elif kind == b"gather":
            self._gather(data)

    def _gather(self, question: "Unpacked") -> None:
        if self._gathering is None:
            from isaacctl.gather import Gathering

            self._gathering = Gathering()
        self._send(self._gathering.answer(question))

    def _ask(self, kind: bytes, question: "Unpacked") -> None:
        if self._person is None:
            from isaacctl.prompt import Person

            self._person = Person()
        answer = self._person.answer(kind, question)
        if self._person.interrupted:
            # Before the answer: that is a no, after which the daemon would go on with something else.
            self._person.interrupted = False
            self._interrupt(2, None)
        self._send(answer)

    def _finish(self, result: "Unpacked") -> int:
        assert isinstance(result, dict)
        code = result[b"exit"]
        assert isinstance(code, int)
        self._write(1, result.get(b"out"))
        self._write(2, result.get(b"err"))
        plan, program, after = result.get(b"run"), result.get(b"exec"), result.get(b"after")
        if plan:
            from isaacctl.execute import carry_out

            self._sock.close()
            code = carry_out(plan, result.get(b"plan"), lambda: self._cancelled)
        elif program:
            from isaacctl.terminal import run_program, words

            self._sock.close()
            code = run_program(words(program))
        if after and not code:
            from isaacctl.terminal import words

            self.after = words(after)
        return code & 255

    def _failed(self, error: "Unpacked") -> int:
        from isaacctl.failure import explain, is_draining, peer_pid

        if is_draining(error):
            raise Unanswered(draining=True)
        message, code = explain(error, peer_pid(self._sock))
        if code != EXIT_CANCELLED:
            self._write(2, f"error: {message}\n".encode("utf-8", "surrogateescape"))
        return code

    def _receive(self) -> bytes:
        """Return the next bytes, or none at the end; while the daemon waits for input, pass that on."""
        while True:
            try:
                while self._wanted:
                    from isaacctl.terminal import input_frame

                    frame = input_frame(self._sock.fileno(), self._wanted, SILENCE_S)
                    if frame is None:
                        break  # the daemon has something to say first
                    self._wanted = 0
                    self._send(frame)
                return self._sock.recv(CHUNK_BYTES)
            except TimeoutError:
                self._make_sure_it_lives()

    def _send(self, data: bytes) -> None:
        self._sending = True
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except TimeoutError:
                self._make_sure_it_lives()
        self._sending = False
        if self._cancelled:
            self._ask_to_cancel()

    def _write(self, descriptor: int, data: "Unpacked") -> None:
        """Write all of it; what cannot be said on standard error is dropped, lost output ends the process."""
        if not data:
            return
        assert isinstance(data, bytes)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                from isaacctl.terminal import wait_for_room

                wait_for_room(descriptor)
            except OSError as error:
                if descriptor == 2:
                    return
                if isinstance(error, BrokenPipeError):
                    raise Refused("", EXIT_OUTPUT_CLOSED) from None
                raise Refused(f"cannot write to standard output: {error.strerror}", EXIT_FAILED) from None

    def _interrupt(self, _signum: int, _frame: object) -> None:
        """Ask the daemon to stop at the first Ctrl-C, leave at the second."""
        if self._person is not None and self._person.stays:
            if self._person.interrupts(self._sending):
                self._send(INTERRUPT)
            return
        if self._cancelled:
            os._exit(EXIT_CANCELLED)
        self._cancelled = True
        if not self._sending:
            self._ask_to_cancel()

    def _ask_to_cancel(self) -> None:
        if self._asked_to_cancel:
            return
        self._asked_to_cancel = True
        self._wanted = 0
        try:
            self._send(CANCEL)
        except OSError:
            pass  # the reading side will find out

    def _make_sure_it_lives(self) -> None:
        from isaacctl.failure import is_alive, peer_pid
        from isaacctl.importing import told

        if not is_alive(self._path, self._uid):
            doing, pid = told(self._path), peer_pid(self._sock)
            then = "restart --force" if doing else "restart"
            if not doing:
                from isaacctl.launch import is_left_to_systemd

                if is_left_to_systemd(self._path, os.environ):
                    then = "doctor"  # whoever listens need not be the daemon, nor able to start it
            raise Refused(f"isaacd (pid {pid}) does not answer{doing}; try: isaacctl {then}", EXIT_TRY_LATER)


# MessagePack, as much of it as the command line needs: nothing to import, linear in the bytes.

# What follows the tags c4 to df: the kind of value, and how many bytes hold its length (or the value itself).
_SIZED = (
    *(("blob", 1), ("blob", 2), ("blob", 4)),  # bin
    *(("ext", 1), ("ext", 2), ("ext", 4)),
    *(("skip", 4), ("skip", 8)),  # float
    *(("uint", 1), ("uint", 2), ("uint", 4), ("uint", 8)),
    *(("int", 1), ("int", 2), ("int", 4), ("int", 8)),
    *(("skip", 2), ("skip", 3), ("skip", 5), ("skip", 9), ("skip", 17)),  # fixext
    *(("blob", 1), ("blob", 2), ("blob", 4)),  # str
    *(("array", 2), ("array", 4)),
    *(("map", 2), ("map", 4)),
)


def pack(value: "Packable") -> bytes:
    """Encode a value; a str that is not valid UTF-8 (surrogate escapes) becomes the bytes it stands for."""
    pieces: list[bytes] = []
    _pack(value, pieces)
    return b"".join(pieces)


def _pack(value: "Packable", out: list[bytes]) -> None:
    if isinstance(value, str):
        try:
            data, fixed, tags = value.encode(), 0xA0, b"\xd9\xda\xdb"
        except UnicodeEncodeError:
            data, fixed, tags = value.encode("utf-8", "surrogateescape"), 0, b"\xc4\xc5\xc6"
        out.append(_head(len(data), fixed, 32, tags))
        out.append(data)
    elif value is None:
        out.append(b"\xc0")
    elif value is True or value is False:
        out.append(b"\xc3" if value else b"\xc2")
    elif isinstance(value, int):
        out.append(_integer(value))
    elif isinstance(value, bytes):
        out.append(_head(len(value), 0, 0, b"\xc4\xc5\xc6"))
        out.append(value)
    elif isinstance(value, (list, tuple)):
        out.append(_head(len(value), 0x90, 16, b"\xdc\xdc\xdd"))
        for item in value:
            _pack(item, out)
    elif isinstance(value, dict):
        out.append(_head(len(value), 0x80, 16, b"\xde\xde\xdf"))
        for key, item in value.items():
            _pack(key, out)
            _pack(item, out)
    else:
        raise TypeError(type(value).__name__)


def _head(count: int, fixed: int, below: int, tags: bytes) -> bytes:
    """Return the tag and length of a value: `fixed` holds lengths under `below`, `tags` have 1, 2 and 4 bytes."""
    if fixed and count < below:
        return bytes((fixed | count,))
    if count < 256 and tags[0] != tags[1]:
        return bytes((tags[0], count))
    if count < 65536:
        return tags[1:2] + count.to_bytes(2, "big")
    return tags[2:3] + count.to_bytes(4, "big")


def _integer(value: int) -> bytes:
    if -32 <= value < 128:
        return bytes((value & 0xFF,))
    if value >= 0:
        for tag, width in ((b"\xcc", 1), (b"\xcd", 2), (b"\xce", 4), (b"\xcf", 8)):
            if value < 1 << 8 * width:
                return tag + value.to_bytes(width, "big")
    else:
        for tag, width in ((b"\xd0", 1), (b"\xd1", 2), (b"\xd2", 4), (b"\xd3", 8)):
            if value >= -1 << 8 * width - 1:
                return tag + value.to_bytes(width, "big", signed=True)
    raise OverflowError(value)


class Unpacker:
    """Turn a stream of bytes into values, however it is cut; each byte is looked at once.

    Strings come as bytes, because what is written to a terminal need not be decoded first. Floats and extension
    values come as None: nothing the command line acts on has any.
    """

    __slots__ = ("_buffer", "_open", "_position")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0
        self._open: list[
            tuple[list[Unpacked], int, bool]
        ] = []  # the items so far, how many there will be, a map?

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    def next_array(self) -> "list[Unpacked] | None":
        """Return the next whole message, or None if bytes are missing.

        Raises ValueError for bytes that are no MessagePack, or whose outermost value is not an array.
        """
        while True:
            start = self._position
            try:
                value, count, is_map = self._value()
            except IndexError:
                self._position = start
                return None
            if count < 0:
                if not self._open:
                    raise ValueError("a message is not an array")
            else:
                if is_map and not self._open:
                    raise ValueError("a message is not an array")
                self._open.append(([], count, is_map))
                if count:
                    continue
                value = self._close()
            message = self._add(value)
            if message is not None:
                return message

    def _add(self, value: "Unpacked") -> "list[Unpacked] | None":
        """Put a value where it belongs, and close every array and map that is full with it."""
        while self._open:
            items, count, _ = self._open[-1]
            items.append(value)
            if len(items) < count:
                return None
            value = self._close()
        return value if isinstance(value, list) else None

    def _close(self) -> "Unpacked":
        items, _, is_map = self._open.pop()
        if not is_map:
            return items
        try:
            return dict(zip(items[::2], items[1::2], strict=True))
        except TypeError:
            raise ValueError("a key is an array or a map") from None

    def _value(self) -> "tuple[Unpacked, int, bool]":
        """Read one value, or the head of an array or map: (value, number of items or -1, is it a map)."""
        tag = self._buffer[self._position]
        self._position += 1
        if tag < 0x80 or tag >= 0xE0:
            return tag if tag < 0x80 else tag - 256, -1, False
        if tag < 0xA0:
            return None, (tag & 15) * (1 if tag >= 0x90 else 2), tag < 0x90
        if tag < 0xC0:
            return self._take(tag & 31), -1, False
        if tag < 0xC4:
            if tag == 0xC1:
                raise ValueError("c1 is no MessagePack")
            return None if tag == 0xC0 else tag == 0xC3, -1, False
        kind, width = _SIZED[tag - 0xC4]
        data = self._take(width)
        number = int.from_bytes(data, "big", signed=kind == "int")
        if kind == "blob":
            return self._take(number), -1, False
        if kind == "ext":
            self._take(number + 1)
            return None, -1, False
        if kind == "array" or kind == "map":
            return None, number * (2 if kind == "map" else 1), kind == "map"
        return None if kind == "skip" else number, -1, False

    def _take(self, count: int) -> bytes:
        if count > MAX_BLOB_BYTES:
            raise ValueError("a value is larger than allowed")
        end = self._position + count
        if end > len(self._buffer):
            raise IndexError
        data = bytes(self._buffer[self._position : end])
        self._position = end
        return data
