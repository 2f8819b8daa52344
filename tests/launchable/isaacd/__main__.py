"""Take over listener and lock, note the start, and answer every request with what a test can check."""

import os
import socket
import sys
import threading
from pathlib import Path

from isaacctl.talk import Unpacker, pack


def main() -> None:
    home = os.environ["HOME"]
    with Path(home, "starts").open("a") as file:
        file.write(f"{os.getpid()}\n")
    mode = os.environ.get("FAKE_ISAACD", "")
    if mode.startswith("die"):
        sys.stderr.write("fake isaacd: there is no way to go on\n")
        sys.exit(int(mode.removeprefix("die") or 1))
    os.chdir("/")
    listener = socket.socket(fileno=int(sys.argv[sys.argv.index("--socket-fd") + 1]))
    if mode == "read-and-die":
        connection, _ = listener.accept()
        connection.recv(65536)
        sys.stderr.write("fake isaacd: died of a question\n")
        os._exit(9)
    if mode == "deaf":
        threading.Event().wait()
    listener.listen(128)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, listener), daemon=True).start()


def serve(connection: socket.socket, listener: socket.socket) -> None:
    unpacker = Unpacker()
    while data := connection.recv(65536):
        unpacker.feed(data)
        while (message := unpacker.next_array()) is not None:
            answer(connection, listener, message)


def answer(connection: socket.socket, listener: socket.socket, message: list) -> None:
    if message[2] == b"daemon.stop":
        connection.sendall(pack([1, message[1], None, True]))
        if os.environ.get("FAKE_ISAACD") != "stubborn":
            Path(listener.getsockname()).unlink()
            os._exit(0)
    elif message[2] == b"hello":
        server = {"name": "isaacd", "version": "fake", "pid": os.getpid()}
        connection.sendall(pack([1, message[1], None, {"proto": 1, "server": server}]))
    elif message[2] == b"ping":
        connection.sendall(pack([1, message[1], None, {"pid": os.getpid(), "version": "fake"}]))
    else:
        facts = {
            "pid": os.getpid(),
            "sid": os.getsid(0),
            "cwd": str(Path.cwd()),
            "arguments": sys.argv[1:],
            "descriptors": sorted(int(path.name) for path in Path("/dev/fd").iterdir()),
            "environment": dict(os.environ),
        }
        connection.sendall(pack([1, message[1], None, {"exit": 0, "out": repr(facts)}]))


if __name__ == "__main__":
    main()
