"""What it costs that a plugin is not trusted: a call over to its process and back, its start, and a first look at it."""

import socket
import time
from collections.abc import Callable, Iterator

from alone import alone
from harness import Effort, Row, in_turns
from place import Place, Server

PLUGIN = '''"""Greets."""

from isaacd.api import Context, Plugin

plugin = Plugin("{name}")


@plugin.command
async def {name}(context: Context, name: str = "nobody") -> str:
    """Greet from a task."""
    return "hello " + name


@plugin.command
def leave(context: Context) -> None:
    """End the process."""
    import os

    os._exit(0)
'''
# [0, 1, name, [{"name": "ada"}]], names of five letters.
FRAME = b"\x94\x00\x01\xa5%b\x91\x81\xa4name\xa3ada"
LEAVE = b"\x94\x00\x01\xabapart.leave\x90"
REPLY = b"hello ada"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure the same plugin inside the daemon and apart from it, then 20 that are seen for the first time."""
    place.plugins.joinpath("apart.py").write_text(PLUGIN.format(name="apart"))
    place.plugins.joinpath("insid.py").write_text(PLUGIN.format(name="insid"))
    place.trust(place.plugins / "insid.py")
    count = effort.rounds(300, 100)
    with place.daemon() as daemon:
        daemon.wait_until_idle()
        with daemon.connect() as one, daemon.connect() as other:
            measures = {"inside": _calls(one, b"insid", count), "apart": _calls(other, b"apart", count)}
            found = in_turns(measures, effort.rounds(20, 5))
        yield Row(
            "a call of an isolated plugin",
            "the same plugin inside the daemon",
            found["apart"],
            found["inside"],
            metadata={"calls a value": count},
        )
        starts = [_start(daemon) for _ in range(2)]  # a third crash in a row would have to wait
        yield Row("start of an isolated process, up to its first answer", ours=starts)
    place.trust()
    with place.daemon() as daemon:
        daemon.wait_until_idle()
        plugins = effort.size(20, 2)
        start_s = time.perf_counter()
        for number in range(20 - plugins, 20):
            place.plugins.joinpath(f"made{number}.py").write_text(PLUGIN.format(name=f"made{number}"))
        with daemon.connect() as connection:
            while b"hello" not in _ask(connection, b"\x94\x00\x01\xa6made19\x90"):
                time.sleep(0.01)
        yield Row(
            f"{plugins} isolated plugins, from their files to the last one's answer",
            ours=[time.perf_counter() - start_s],
        )


def _calls(connection: socket.socket, name: bytes, count: int) -> Callable[[], float]:
    def converse() -> float:
        start_s = time.perf_counter()
        for _ in range(count):
            answer = _ask(connection, FRAME % name)
            if REPLY not in answer:
                raise RuntimeError(f"an unexpected answer: {answer!r}")
        return time.perf_counter() - start_s

    return converse


def _start(daemon: Server) -> float:
    """End the process, and return the time until the next one answers."""
    with daemon.connect() as connection:
        _ask(connection, LEAVE)
        start_s = time.perf_counter()
        answer = _ask(connection, FRAME % b"apart")
        if REPLY not in answer:
            raise RuntimeError(f"an unexpected answer: {answer!r}")
        return time.perf_counter() - start_s


def _ask(connection: socket.socket, frame: bytes) -> bytes:
    connection.sendall(frame)
    return connection.recv(65536)


if __name__ == "__main__":
    alone(__file__)
