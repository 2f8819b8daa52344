"""A small daemon for the client's tests: a real Unix socket, the real wire, and answers written by the test."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

Params = Any


class Peer:
    """One accepted connection, as a test's script sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    def receive(self) -> list[Any] | None:
        """Return the client's next message; None at the end."""
        while True:
            message, self._buffer = _first(self._buffer)
            if message is not None:
                return message
            data = self.sock.recv(65536)
            if not data:
                return None
            self._buffer += data

    def send(self, *messages: Any) -> None:
        self.sock.sendall(b"".join(msgspec.msgpack.encode(message) for message in messages))

    def event(self, kind: str, data: Any, *, run: int = 1, seq: int = 0) -> None:
        self.send([2, "$/event", [run, seq, kind, data]])

    def result(self, value: Any, *, call: int = 1) -> None:
        self.send([1, call, None, value])

    def error(self, error: Any, *, call: int = 1) -> None:
        self.send([1, call, error, None])


Script = Callable[[Peer, list[Any]], None]


class FakeDaemon:
    """Answers every request on every connection with the test's script, a thread each; `ping` it answers itself."""

    def __init__(self, directory: Path, script: Script, *, answer_ping: bool = True) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self.path = directory / "isaacd.sock"
        self.requests: list[list[Any]] = []
        self.failures: list[BaseException] = []
        self._script = script
        self._answer_ping = answer_ping
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(128)
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(90)
        if self.failures:
            raise self.failures[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        peer = Peer(sock)
        with sock:
            try:
                while (message := peer.receive()) is not None:
                    if message[0] == 0 and message[2] == "ping":
                        if self._answer_ping:
                            peer.result(None, call=message[1])
                        continue
                    self.requests.append(message)
                    self._script(peer, message)
            except (ConnectionError, ValueError, OSError):
                pass  # the client left; that is its right
            except BaseException as error:  # noqa: BLE001 - told by close()
                self.failures.append(error)


@contextlib.contextmanager
def serving(directory: Path, script: Script, **options: Any) -> Iterator[FakeDaemon]:
    daemon = FakeDaemon(directory, script, **options)
    try:
        yield daemon
    finally:
        daemon.close()


def _first(buffer: bytes) -> tuple[list[Any] | None, bytes]:
    """Split the first whole message off; the messages of tests are small, so trying lengths is good enough."""
    if not buffer:
        return None, buffer
    try:
        return msgspec.msgpack.decode(buffer), b""
    except msgspec.DecodeError as error:
        if "trailing" in str(error):
            end = int("".join(filter(str.isdigit, str(error).rpartition("byte")[2])))
            return msgspec.msgpack.decode(buffer[:end]), buffer[end:]
        return None, buffer


def environment(runtime: Path, **more: str) -> dict[str, str]:
    """Return an environment in which everything of the product lives under a test's directory."""
    home = runtime / "home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        **more,
    }
