"""What one request costs the daemon: CPU against a bare uvloop protocol, and system calls."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alone import alone
from harness import Effort, Row, in_turns, joined
from place import Place, Server

PLUGIN = '''"""Commands that do nothing but answer."""

from isaacd.api import Context, Plugin

plugin = Plugin("bench")


@plugin.command
def inline(context: Context, name: str = "nobody") -> str:
    """Answer at once."""
    return f"hello {name}"


@plugin.command
async def asynch(context: Context, name: str = "nobody") -> str:
    """Answer from a task that can be cancelled."""
    return f"hello {name}"
'''
FLOOR = "bare uvloop + msgspec"
REPLY = b"\x94\x01\x01\xc0\xa9hello ada"


# The three ways to write the same request: [0, 1, "bench.inline", params].
NAMED = b"\x94\x00\x01\xacbench.inline\x91\x81\xa4name\xa3ada"
POSITIONAL = b"\x94\x00\x01\xacbench.inline\x91\xa3ada"
BARE = b"\x94\x00\x01\xacbench.inline\x90"
TASK = NAMED.replace(b"inline", b"asynch")


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure one client that asks, waits and asks again, so that the server sleeps between requests."""
    place.plugins.joinpath("bench.py").write_text(PLUGIN)
    count = effort.rounds(1000, 500)
    with one_processor(), place.daemon() as daemon, place.floor_server("bare_uvloop") as bare:
        daemon.wait_until_idle()
        bare.wait_until_ready()
        with daemon.connect() as ours, bare.connect() as floor:
            measures = {"task": _cpu(daemon, ours, TASK, count)}
            for name, frame in (("named", NAMED), ("none", BARE), ("positional", POSITIONAL)):
                measures[f"floor, {name}"] = _cpu(bare, floor, frame, count)
                measures[name] = _cpu(daemon, ours, frame, count)
            found = in_turns(measures, effort.rounds(60, 15))
            per = {"requests a value": count}
            for what, name, target in (
                ("CPU a request, inline", "named", 1.15),
                ("the same without arguments", "none", 1.15),
                ("the same with positional arguments", "positional", None),
            ):
                yield Row(what, FLOOR, found[name], found[f"floor, {name}"], target=target, metadata=per)
            yield Row(
                "CPU a request, async command",
                "inline",
                found["task"],
                found["named"],
                target=6,
                metadata=per,
            )
            counts = [
                _syscalls(daemon, lambda: converse(ours, NAMED, count), count, place.directory)
                for _ in range(effort.rounds(5, 3))
            ]
            yield joined([[row] for row in counts])[0]


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep client and servers on one processor.

    A wake-up across processors costs the server 15 us or more of kernel time on some machines, and the scheduler
    decides anew each time which of the servers pays that.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def converse(connection: socket.socket, frame: bytes, count: int) -> None:
    """Send `count` requests, each when the one before is answered."""
    reply_bytes = len(REPLY)
    for _ in range(count):
        connection.sendall(frame)
        reply = connection.recv(4096)
        while len(reply) < reply_bytes:
            reply += connection.recv(4096)
    if frame.endswith(b"ada") and reply != REPLY:
        raise RuntimeError(f"the server answered {reply!r}")


def _cpu(server: Server, connection: socket.socket, frame: bytes, count: int) -> Callable[[], float]:
    def measured() -> float:
        before_s = server.cpu_s()
        converse(connection, frame, count)
        return (server.cpu_s() - before_s) / count

    return measured


def _syscalls(server: Server, talk: Callable[[], None], count: int, directory: Path) -> Row:
    """Count with strace; it says on standard error when it has attached.

    Timers of the daemon that ring meanwhile are counted as well; of several counts the median has none of them.
    """
    name, target = "system calls a request, inline", 3
    if shutil.which("strace") is None:
        return Row(name, target=target, note="there is no strace here")
    report = directory / "strace"
    argv = ["strace", "-f", "-c", "-U", "calls,name", "-o", report, "-p", str(server.pid)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if "attached" in said:
            talk()
            strace.send_signal(signal.SIGINT)
        strace.wait()
    if "attached" not in said:
        return Row(name, target=target, note=said.strip())
    calls = {
        kind: int(number) for number, kind in re.findall(r"^ *(\d+) (\w+)$", report.read_text(), re.MULTILINE)
    }
    calls.pop("total", None)
    # The call that strace interrupts when it attaches or leaves is not a request's: whole calls a request count.
    return Row(
        name, ours=[round(sum(calls.values()) / count, 2)], unit="integer", target=target, metadata=calls
    )


if __name__ == "__main__":
    alone(__file__)
