"""What one small call costs a server, by the kernel's count of its CPU: ours, HTTP servers, JSON-RPC, gRPC."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench_ipc import NAMED, PLUGIN, converse, one_processor
from environment import Peer
from harness import Row, in_turns
from peer import Figure, Section
from place import ANSWER_S, Place, Server, listening_on

IPC = ("uvicorn", "starlette", "aiohttp", "grpcio", "jsonrpcserver", "uvloop", "httptools")
PEERS = {"ipc": IPC}
OTHERS = Path(__file__).resolve().parent / "others"
_BODY = b'{"name": "ada"}'
HTTP = (
    b"POST /greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (
        len(_BODY),
        _BODY,
    )
)
JSONRPC = b'{"jsonrpc": "2.0", "id": 1, "method": "greet", "params": {"name": "ada"}}\n'
WAYS = {
    "uvicorn + starlette": ("starlette", HTTP, "uvicorn"),
    "aiohttp": ("aiohttp", HTTP, "aiohttp"),
    "jsonrpcserver": ("jsonrpc", JSONRPC, "jsonrpcserver"),
}


def measure(place: Place, peers: Mapping[str, Peer], quick: bool) -> Iterator[Section]:
    """Measure one client that calls, waits and calls again, over a Unix socket, on one processor."""
    place.plugins.joinpath("bench.py").write_text(PLUGIN)
    count, rounds = (200, 6) if quick else (500, 30)
    peer = peers.get("ipc")
    with contextlib.ExitStack() as stack:
        stack.enter_context(one_processor())
        daemon = stack.enter_context(place.daemon())
        bare = stack.enter_context(place.floor_server("bare_uvloop"))
        daemon.wait_until_idle()
        bare.wait_until_ready()
        ours, floor = stack.enter_context(daemon.connect()), stack.enter_context(bare.connect())
        measures = {
            "floor": _cpu(bare, lambda: converse(floor, NAMED, count), count),
            "isaacd": _cpu(daemon, lambda: converse(ours, NAMED, count), count),
        }
        failed: dict[str, str] = {}
        for name, (kind, request, _) in WAYS.items() if peer else ():
            try:
                server = stack.enter_context(_serving(place, peer.python, kind))
                connection = stack.enter_context(server.connect())
                _ask(connection, request, 1)
            except (OSError, RuntimeError) as error:
                failed[name] = str(error)
                continue
            measures[name] = _cpu(server, lambda c=connection, r=request: _ask(c, r, count), count)
        if peer:
            try:
                server, call = stack.enter_context(_grpc(place, peer.python))
                measures["grpc.aio"] = _cpu(server, lambda: call(count), count)
            except (OSError, RuntimeError) as error:
                failed["grpc.aio"] = str(error)
        found = in_turns(measures, rounds)
    versions = peer.versions if peer else {}
    named = {name: versions.get(package, "") for name, (_, _, package) in WAYS.items()}
    named["grpc.aio"] = versions.get("grpcio", "")
    figures = [
        Figure(name, named.get(name, ""), found[name], found["floor"]) for name in measures if name != "floor"
    ]
    figures += [Figure(name, f"{named[name]}: {why}"[:80], []) for name, why in failed.items()]
    rows = [
        Row(
            f"{name}, CPU a call",
            "isaacd",
            found[name],
            found["isaacd"],
            target=7 if "starlette" in name else None,
            at_least=True,
        )
        for name in named
        if name in found
    ]
    note = "over a Unix socket; floor: bare uvloop + msgspec"
    yield Section("IPC: CPU of the server for one call", note, figures, rows)


def _cpu(server: Server, talk: Callable[[], None], count: int) -> Callable[[], float]:
    def measured() -> float:
        before_s = server.cpu_s()
        talk()
        return (server.cpu_s() - before_s) / count

    return measured


def _ask(connection: socket.socket, request: bytes, count: int) -> None:
    for _ in range(count):
        connection.sendall(request)
        answer = b""
        while b"hello ada" not in answer:
            piece = connection.recv(65536)
            if not piece:
                raise RuntimeError(f"it closed the connection: {answer[:60]!r}")
            answer += piece


@contextlib.contextmanager
def _serving(place: Place, python: Path, kind: str) -> Iterator[Server]:
    path = place.directory / f"{kind}.sock"
    with listening_on(path) as listening:
        argv = [str(python), str(OTHERS / "serve.py"), kind, str(listening.fileno())]
        server = Server(place.spawn(argv, (listening.fileno(),)), path)
    with server:
        yield server


@contextlib.contextmanager
def _grpc(place: Place, python: Path) -> Iterator[tuple[Server, Callable[[int], None]]]:
    """Serve by gRPC, and call it from a process that has gRPC too."""
    path = place.directory / "grpc.sock"
    with Server(place.spawn([str(python), str(OTHERS / "serve.py"), "grpc", str(path)]), path) as server:
        deadline_s = time.monotonic() + ANSWER_S
        while not path.exists():
            if time.monotonic() > deadline_s:
                raise RuntimeError("it does not listen")
            time.sleep(0.05)
        argv = [str(python), str(OTHERS / "call_grpc.py"), str(path)]
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=place.environ
        ) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            to, answers = client.stdin, client.stdout

            def call(count: int) -> None:
                to.write(f"{count}\n")
                to.flush()
                if answers.readline() != "done\n":
                    raise RuntimeError("its client failed")

            call(1)
            yield server, call
            to.close()
