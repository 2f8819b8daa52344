"""A day of a daemon's life within seconds: `python -m tests.soak HOURS` lives it, and prints what it saw as JSON.

The daemon is the real one, with real files, databases and sockets; only its clock is a number (tests/virtual_loop.py).
`python -m tests.soak HOURS jumps` has somebody set the wall clock forth and back meanwhile, as JUMPS says.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isaacd.app import App, Launch
from isaacd.config import ConfigSource
from isaacd.log import open_log
from isaacd.paths import Paths
from isaacd.plugin.trust import FILE_NAME, Trust
from isaacd.server.singleton import Singleton
from isaacd.server.supervisor import Supervisor
from tests.virtual_loop import VirtualLoop, run

HOUR_S = 3600
# 2026-03-01, eleven in the evening in Berlin: the next day is not far.
BEGINS = 1_772_402_400.0
TICKS_EVERY_MIN = 10
TTL_S = HOUR_S
IDLE_S = HOUR_S
WATCHDOG_S = 30.0
MAX_LOG_BYTES = 64 * 1024
DAY_USD = 0.2
# From which minute on the wall clock is ahead of the truth by how much.
JUMPS = {33: 3 * HOUR_S, 51: 0, 68: -2 * HOUR_S, 97: 0, 113: 400 * 24 * HOUR_S, 119: 0}
CONFIG = f"""
[daemon]
idle_exit_s = {IDLE_S}
[budget]
day_usd = {DAY_USD}
[ai.retry]
max_attempts = 1
[ai.providers.echo]
kind = "echo"
model = "echo-1"
[ai.prices."echo-1"]
input = 10
output = 1000
"""
PLUGIN = '''
from collections.abc import AsyncIterator
from isaacd.api import ChatRequest, Context, Finish, Host, Piece, Plugin, ProviderConfig, TextDelta, Usage

plugin = Plugin("echo", summary="Says it again, for money.", capabilities=("cache",))

@plugin.provider
class Echo:
    """Says the last thing again."""

    kind = "echo"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer with the last turn."""
        yield TextDelta(text=request.messages[-1].content)
        yield Finish(reason="stop", model="echo-1", usage=Usage(input_tokens=100, output_tokens=40))

    async def aclose(self) -> None:
        """Nothing is held open."""

@plugin.command
async def keep(context: Context, key: str, ttl_s: float) -> None:
    """Keep a value for a while."""
    await context.cache.set(key, key, ttl_s=ttl_s)

@plugin.command
async def kept(context: Context, key: str) -> str | None:
    """Say what is kept."""
    return await context.cache.get(key)

@plugin.command
def chatter(context: Context, count: int) -> None:
    """Fill the log."""
    for number in range(count):
        context.log.info("chatter", text="x" * 200, number=number)
'''


class VirtualClock:
    """The wall and the monotonic clock of a loop (the port Clock); `ahead_s` is by how much the wall's was set."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.ahead_s = 0.0

    def now(self) -> float:
        return BEGINS + self._loop.time() + self.ahead_s

    def monotonic(self) -> float:
        return self._loop.time()


class Client:
    """A connection for a request, as `isaacctl` makes one."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    async def __call__(self, method: str, **params: object) -> tuple[Any, str]:
        """Return the result and "", or None and the name of the error."""
        reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 24)
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        writer.write(json.dumps(request).encode() + b"\n")
        reply = json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()
        error = reply.get("error")
        return reply.get("result"), "" if error is None else f"{error['data']['name']}: {error['message']}"


class Manager:
    """Counts what a service manager is told."""

    def __init__(self, loop: VirtualLoop, address: Path) -> None:
        self.told: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))
        self._socket.setblocking(False)
        loop.add_reader(self._socket, self._read)

    def close(self, loop: VirtualLoop) -> None:
        """Listen no more."""
        loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for line in self._socket.recv(65536).decode().splitlines():
            self.told[line.partition("=")[0]] += 1


def measured(paths: Paths) -> dict[str, int]:
    """Return what the process has now."""
    rss = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
    files = len(list(Path("/proc/self/fd").iterdir()))
    logs = sum(file.stat().st_size for file in paths.state_dir.glob("isaacd.log*"))
    return {"rss_kib": rss, "files": files, "tasks": len(asyncio.all_tasks()), "log_bytes": logs}


async def live(loop: VirtualLoop, hours: int, jumps: Mapping[int, float], base: Path) -> dict[str, Any]:
    """Live for so many hours with clients, then alone until the daemon leaves."""
    environ = {"HOME": str(base), "XDG_RUNTIME_DIR": str(base), "NOTIFY_SOCKET": str(base / "notify"),
               "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}  # fmt: skip
    paths = Paths.from_environ(environ, os.geteuid())
    folder = paths.data_dir / "plugins/isaac_plugins"
    folder.mkdir(parents=True, mode=0o700)
    paths.config_dir.mkdir(parents=True, mode=0o700)
    paths.config_file.write_text(CONFIG)
    (folder / "echo.py").write_text(PLUGIN)
    Trust(paths.data_dir / "plugins" / FILE_NAME).trust("echo", folder / "echo.py", now=0.0)
    manager = Manager(loop, base / "notify")
    clock = VirtualClock(loop)
    log = open_log(paths.log_file, now=clock.now, max_bytes=MAX_LOG_BYTES)
    singleton = Singleton.acquire(paths)
    app = App(
        paths=paths,
        environ=environ,
        clock=clock,
        log=log,
        source=ConfigSource(paths.config_file, environ),
        launch=Launch(on_demand=True),
        supervisor=Supervisor.from_environ(environ, log),
    )
    app.load()
    daemon = asyncio.create_task(app.serve(singleton))
    await asyncio.sleep(1)
    seen = await day(Client(paths.socket), loop, clock, hours, jumps, lambda: measured(paths))
    alone = loop.time()
    await daemon
    seen["left_after_s"] = round(loop.time() - alone)
    seen["watchdog"] = manager.told["WATCHDOG"]
    seen["lived_s"] = round(loop.time())
    seen["socket_left"] = paths.socket.exists()
    manager.close(loop)
    log.close()
    return seen


async def day(
    ask: Client,
    loop: VirtualLoop,
    clock: VirtualClock,
    hours: int,
    jumps: Mapping[int, float],
    look: Callable[[], dict[str, int]],
) -> dict[str, Any]:
    """Ask something every minute, and look after an hour and at the end."""
    seen: dict[str, Any] = {"errors": Counter(), "asked": 0, "early": 0, "late": 0, "cached": 0}
    tick = [*"notes add tick".split()]
    made, error = await ask("schedule.add", when=f"every {TICKS_EVERY_MIN} minutes", line=tick)
    assert not error, error
    first = clock.now()
    for minute in range(hours * 60):
        await asyncio.sleep(60 - loop.time() % 60)
        clock.ahead_s = jumps.get(minute, clock.ahead_s)
        for method, params in (("greet", {}), ("status", {"full": True}), ("chatter", {"count": 5})):
            name = "echo.chatter" if method == "chatter" else method
            _, error = await ask(name, **params)
            seen["errors"][error] += bool(error)
        if minute % 10 == 0:
            _, error = await ask(
                "ask", question=f"question {minute}", provider="echo", cache=False, max_tokens=40
            )
            seen["asked"] += not error
            seen["errors"][error.partition(":")[0]] += bool(error)
            key = f"key {minute}"
            await ask("echo.keep", key=key, ttl_s=TTL_S)
            before, _ = await ask("echo.kept", key=f"key {minute - (TTL_S // 60 - 10)}")
            after, _ = await ask("echo.kept", key=f"key {minute - TTL_S // 60}")
            if minute >= TTL_S // 60:
                seen["early"] += before is None
                seen["late"] += after is not None
        if minute % 30 == 7:  # the same questions, day in, day out: all but the first are kept ones
            _, error = await ask("ask", question=f"usual {minute // 30 % 2}", provider="echo", max_tokens=40)
            seen["cached"] += not error
        if minute == 60:
            seen["early_on"] = look()
    await asyncio.sleep(5)
    seen["end"] = look()
    seen["ticks"] = sum(note["text"] == "tick" for note in (await ask("notes.list", limit=100_000))[0])
    seen["expected_ticks"] = int((clock.now() - first) // (TICKS_EVERY_MIN * 60))
    seen["days"] = (await ask("usage", by="day", since="7d"))[0]
    seen["status"] = (await ask("status", full=True))[0]
    _, error = await ask("schedule.remove", schedules=[str(made["id"])])
    seen["removed"] = error
    seen["errors"] = {name: count for name, count in seen["errors"].items() if count}
    return seen


if __name__ == "__main__":
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="isaac-soak-", dir="/tmp") as name:
        print(json.dumps(run(live, (int(sys.argv[1]), JUMPS if "jumps" in sys.argv else {}, Path(name)))))
