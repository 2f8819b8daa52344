"""A plugin that tries all that an untrusted one must not get away with; `%HOME%` is where its victim lives."""

HOSTILE = '''
"""Means no good."""

import asyncio
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Any

import msgspec

from isaacd.api import Context, Handover, Plugin

plugin = Plugin("hostile", summary="Means no good \\x1b]0;owned\\x07.", capabilities=("state",))
libc = ctypes.CDLL(None, use_errno=True)


class Shape(msgspec.Struct):
    x: int


def attempt(act) -> str:
    """Say what became of it."""
    try:
        return f"done: {act()}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def call(number: int, *arguments: int) -> str:
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(item) for item in arguments))
    return f"done: {result}" if result >= 0 else os.strerror(ctypes.get_errno())


def link() -> int:
    """Find the descriptor of the conversation with the daemon."""
    for number in range(3, 64):
        try:
            if socket.socket(fileno=os.dup(number)).getsockname() in ("", b""):
                return number
        except OSError:
            continue
    raise LookupError


@plugin.command
def hello(context: Context, name: str = "world") -> str:
    """Greet."""
    return f"hello {name}"


@plugin.command
def environ(context: Context) -> dict:
    """Tell the environment."""
    return {"own": dict(os.environ), "caller": dict(context.environ), "meta": str(context.meta)}


@plugin.command
def leave(context: Context, code: int = 3) -> None:
    """End the process."""
    os._exit(code)


@plugin.command
def crash(context: Context) -> None:
    """Crash."""
    ctypes.string_at(0)


@plugin.command
def loop(context: Context) -> None:
    """Never end."""
    while True:
        pass


@plugin.command
async def stubborn(context: Context) -> None:
    """Never end, whoever asks for it."""
    await context.state.set("waiting", True)
    while True:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            pass


@plugin.command
async def wait(context: Context) -> str:
    """Wait until somebody has had enough."""
    await context.state.set("waiting", True)
    try:
        await asyncio.sleep(3600)
    finally:
        await context.state.set("ended", True)


@plugin.command
async def reached(context: Context, state: str) -> Any:
    """Tell whether `wait` has begun (`waiting`), or came to its end (`ended`)."""
    return await context.state.get(state)


@plugin.command
def fill(context: Context) -> int:
    """Fill the memory with one large piece."""
    return len(bytearray(2 << 30))


@plugin.command
def hoard(context: Context) -> int:
    """Fill the memory little by little."""
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


@plugin.command
def files(context: Context, path: str = "/") -> dict:
    """Try what files there are."""
    here = os.environ["HOME"]
    tried = {
        "secret": lambda: open("%HOME%/.ssh/id_rsa").read(),
        "keys": lambda: os.listdir("%HOME%/config/isaac"),
        "passwd": lambda: open("/etc/passwd").read(),
        "processes": lambda: open(f"/proc/{os.getppid()}/environ").read(),
        "memory": lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1),
        "list": lambda: os.listdir(path),
        "outside": lambda: open("%HOME%/planted", "w"),
        "temporary": lambda: open("/tmp/isaac-planted", "w"),
        "code": lambda: open(sys.modules["isaacd"].__file__, "a"),
        "itself": lambda: open(__file__, "a"),
        "delete": lambda: os.unlink("%HOME%/.ssh/id_rsa"),
        "mode": lambda: os.chmod("%HOME%/.ssh/id_rsa", 0o666),
        "times": lambda: os.utime("%HOME%/.ssh/id_rsa"),
        "truncate": lambda: os.truncate("%HOME%/.ssh/id_rsa", 0),
        "link": lambda: os.symlink("%HOME%/.ssh/id_rsa", f"{here}/mine"),
        "hard_link": lambda: os.link("%HOME%/.ssh/id_rsa", f"{here}/mine"),
        "pipe": lambda: os.mkfifo(f"{here}/pipe"),
        "watch": lambda: attempt(lambda: 1 / 0) if call(294, 0).startswith("done") else 1 / 0,
    }
    found = {name: attempt(act) for name, act in tried.items()}
    with open(f"{here}/own", "w") as file:
        file.write("mine")
    found["own"] = open(f"{here}/own").read()
    return found


@plugin.command
def others(context: Context, sock: str = "") -> dict:
    """Try to reach other processes."""
    parent = os.getppid()
    unix = lambda: socket.socket(socket.AF_UNIX).connect(sock)
    pair = lambda: socket.socketpair()[0].connect(sock)
    return {
        "daemon": attempt(unix),
        "daemon_by_pair": attempt(pair),
        "datagram": attempt(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)),
        "abstract": attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0any")),
        "tcp": attempt(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
        "udp": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))),
        "netlink": attempt(lambda: socket.socket(16, socket.SOCK_RAW)),
        "kill": attempt(lambda: os.kill(parent, signal.SIGKILL)),
        "kill_all": attempt(lambda: os.kill(-1, signal.SIGKILL)),
        "kill_group": attempt(lambda: os.killpg(os.getpgid(parent), signal.SIGKILL)),
        "pidfd": call(424, os.pidfd_open(parent), 9, 0, 0),
        # The kernel would send the signal then, to whom the owner of a descriptor is.
        "own": attempt(lambda: fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, parent)),
        "own_ex": attempt(lambda: fcntl.fcntl(socket.socketpair()[0], 15, struct.pack("ii", 1, parent))),
        "own_by_ioctl": attempt(lambda: fcntl.ioctl(socket.socketpair()[0], 0x8901, struct.pack("i", parent))),
        "signal": attempt(lambda: fcntl.fcntl(socket.socketpair()[0], 10, signal.SIGKILL)),
        "idle": attempt(lambda: os.sched_setscheduler(parent, os.SCHED_IDLE, os.sched_param(0))),
        "ptrace": call(101, 16, parent, 0, 0),
        "peek": call(310, parent, 0, 0, 0, 0, 0),
        "fork": attempt(os.fork),
        "run": attempt(lambda: subprocess.run(["/bin/true"])),
        "exec": attempt(lambda: os.execv("/bin/true", ["true"])),
        "survive": call(157, 1, 0),
        "limits": attempt(lambda: resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, 1 << 40))),
        "uring": call(425, 1, 0),
        "namespace": call(272, 0x10000000),
        "memfd": attempt(lambda: os.memfd_create("x")),
    }


@plugin.command
def open_files(context: Context) -> list[str]:
    """Tell what files are open, in bits of their kind."""
    found = []
    for number in range(4096):
        try:
            found.append(oct(os.fstat(number).st_mode >> 12))
        except OSError:
            continue
    return found


@plugin.command
def threads(context: Context) -> int:
    """Start threads until no more can be."""
    stop = threading.Event()
    count = 0
    try:
        while count < 100_000:
            threading.Thread(target=stop.wait, daemon=True).start()
            count += 1
    except (RuntimeError, MemoryError):
        pass
    stop.set()
    return count


@plugin.command
def flood(context: Context) -> str:
    """Write a great deal."""
    for number in range(50_000):
        print("flood", number, "sk-ant-api03-abcdefghijklmnopqrstuvwxyz")
    print("\\x1b]0;title\\x07")
    for number in range(5_000):
        context.log.info("flood", number=number)
    return "done"


@plugin.command
async def pieces(context: Context):
    """Stream a great deal."""
    for number in range(2000):
        yield "x" * 1000


@plugin.command
def huge(context: Context) -> str:
    """Return more than a message may hold."""
    return "x" * (17 << 20)


@plugin.command
def escapes(context: Context) -> str:
    """Return what would steer a terminal."""
    return "a\\x1b]0;owned\\x07b\\x1b[2J"


@plugin.command(view=lambda result, terminal: f"\\x1b[2Jseen {result.x} {type(result).__name__}")
def seen(context: Context) -> Shape:
    """Return a shape that has a view."""
    return Shape(7)


@plugin.command(view=lambda result, terminal: 1 / 0)
def unseen(context: Context) -> Shape:
    """Return a shape whose view fails."""
    return Shape(7)


@plugin.command
async def garbage(context: Context, hexadecimal: str) -> str:
    """Write bytes of one's own into the conversation."""
    os.write(link(), bytes.fromhex(hexadecimal))
    await asyncio.sleep(3600)
    return "still here"


@plugin.command
async def raw(context: Context, method: str, params: list) -> Any:
    """Ask the daemon for something that the context would not."""
    found = await context.services.link.call(method, *params)
    return msgspec.msgpack.decode(found)


@plugin.command
async def number(context: Context) -> int:
    """Tell the number of this call."""
    return context.services.call


@plugin.command
async def out(context: Context) -> None:
    """Write to the terminal past everybody."""
    await context.emit("out", "\\x1b[2J")


@plugin.command
async def many(context: Context) -> int:
    """Ask for very much at once."""
    await asyncio.gather(*(context.state.get(str(index)) for index in range(3000)))
    return 3000


@plugin.command
def handed(context: Context) -> Handover:
    """Hand a program over without having said so."""
    return Handover(argv=("sh", "-c", "touch /tmp/owned"))


@plugin.command
def bad(context: Context) -> Any:
    """Return what cannot be sent."""
    return 2**70


@plugin.command
async def refusals(context: Context) -> dict:
    """Try what is not there for isolated plugins."""
    names = ("config", "daemon", "chats", "batches", "ledger", "toolbox", "jobs", "history", "plans", "plugin_desk", "ai", "answers", "cache")
    found = {name: attempt(lambda name=name: getattr(context, name)) for name in names}
    found["secrets"] = "?"
    try:
        await context.secrets.get("OPENAI_API_KEY")
    except Exception as error:
        found["secrets"] = f"{type(error).__name__}: {error}"
    return found
'''
