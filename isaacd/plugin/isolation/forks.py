"""Forks of the nursery, as the daemon sees them: ordered, and told when they have begun and how they have ended."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import anyio
import msgspec

from isaacd.errors import PluginFailed
from isaacd.log import Log
from isaacd.plugin.isolation.nursery_terms import MAX_ORDER_BYTES, News, Order
from isaacd.plugin.isolation.output import keep_output

# Isolated from the user's own Python settings (-I), without .pth files (-S): what is imported is what we say.
_BOOT = (
    "import sys;f,d,*p=sys.argv[1:];sys.path[:0]=p;"
    "from isaacd.plugin.isolation.nursery import main;main(int(f),int(d))"
)
_BEGUN_WITHIN_S = 20.0
KILLED = -9
# Without forks for so long, it ends; the next one takes as long as the first.
_IDLE_S = 60.0


class Fork:
    """One fork; `returncode` is that of subprocess: negative for a signal, None while it runs."""

    def __init__(self, pid: int, kill: Callable[[], None]) -> None:
        self.pid = pid
        self.kill = kill
        self.returncode: int | None = None
        self._gone = asyncio.Event()

    def ended(self, returncode: int) -> None:
        """Note its end."""
        self.returncode = returncode
        self._gone.set()

    async def wait(self) -> None:
        """Wait until it has ended and was reaped."""
        await self._gone.wait()


class Forks:
    """The nursery of one daemon, started with the first fork, and what comes of it."""

    def __init__(self, modules: Callable[[], Sequence[str]], log: Log) -> None:
        self._modules = modules
        self._log = log
        # Each until it has ended and was reaped; all but the last have been lost.
        self._nurseries: dict[asyncio.Task[None], asyncio.subprocess.Process] = {}
        self._control: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._forks: dict[int, Fork] = {}
        self._begun: dict[int, asyncio.Future[News]] = {}
        self._numbers = 0
        self._starting = anyio.Lock()
        self._room: anyio.Event | None = None

    async def fork(
        self, name: str, link: socket.socket, output: int, environ: Mapping[str, str], path: Sequence[str]
    ) -> Fork:
        """Fork a process that serves `link` and writes to `output`; raises PluginFailed if that cannot be."""
        control = await self._open()
        self._numbers += 1
        number = self._numbers
        begun = self._begun[number] = asyncio.get_running_loop().create_future()
        order = msgspec.msgpack.encode(Order(number, name, dict(environ), tuple(path)))
        try:
            if len(order) > MAX_ORDER_BYTES:
                raise PluginFailed(f"no process can be started for {name}: its paths are too long")
            await self._send(control, order, [link.fileno(), output])
            with anyio.fail_after(_BEGUN_WITHIN_S):
                news = await begun
        except TimeoutError:
            raise PluginFailed(f"no process can be started for {name}: it takes too long") from None
        except OSError as error:
            raise PluginFailed(f"no process can be started for {name}: {error}") from error
        finally:
            self._begun.pop(number, None)
        if news.error:
            raise PluginFailed(f"no process can be started for {name}: {news.error}")
        return self._forks[number]

    async def aclose(self) -> None:
        """End the nursery, and with it whatever of it still runs; those that were lost before are waited for as well."""
        self._lost()
        for process in self._nurseries.values():
            with suppress(ProcessLookupError):
                process.kill()
        if self._nurseries:
            await asyncio.wait(tuple(self._nurseries))

    async def _open(self) -> socket.socket:
        if sys.platform != "linux":
            raise PluginFailed(
                "plugins that are not trusted are run only on Linux, where they can be isolated",
                hint="if you trust it: isaacctl plugins trust NAME",
            )
        async with self._starting:
            if self._control is not None:
                return self._control
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                ours.setblocking(False)
                with anyio.CancelScope(shield=True):  # one that is half begun could not be ended
                    self._process = await asyncio.create_subprocess_exec(
                        *(sys.executable, "-I", "-S", "-c", _BOOT, str(theirs.fileno()), str(os.getpid())),
                        *self._modules(),
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=asyncio.subprocess.PIPE,
                        pass_fds=(theirs.fileno(),),
                        env={"LANG": "C.UTF-8"},
                        cwd="/",
                        start_new_session=True,
                    )
            except OSError as error:
                ours.close()
                raise PluginFailed(f"no process can be started: {error}") from error
            finally:
                theirs.close()
            assert self._process is not None
            self._control = ours
            loop = asyncio.get_running_loop()
            loop.add_reader(ours, self._read)
            nursery = loop.create_task(self._attend(self._process))
            self._nurseries[nursery] = self._process
            nursery.add_done_callback(self._nurseries.pop)
            return ours

    async def _attend(self, process: asyncio.subprocess.Process) -> None:
        """Keep what a nursery says until it has ended."""
        assert process.stderr is not None
        await keep_output(process.stderr, self._log, asyncio.get_running_loop().time)
        await process.wait()

    async def _send(self, control: socket.socket, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send an order as soon as there is room; raises OSError when the nursery is gone meanwhile."""
        while True:
            try:
                socket.send_fds(control, [data], list(descriptors))
            except BlockingIOError:
                if self._room is None:
                    self._room = anyio.Event()
                    asyncio.get_running_loop().add_writer(control, self._has_room, control)
                await self._room.wait()
            else:
                return

    def _has_room(self, control: socket.socket) -> None:
        """Let all try again who wait; what a loop still polls must not be closed, or libuv aborts the process."""
        asyncio.get_running_loop().remove_writer(control)
        room, self._room = self._room, None
        if room is not None:
            room.set()

    def _read(self) -> None:
        """Take one piece of news."""
        assert self._control is not None
        try:
            data = self._control.recv(MAX_ORDER_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        news = msgspec.msgpack.decode(data, type=News)
        if news.status is not None:
            fork = self._forks.pop(news.number, None)
            if fork is not None:
                fork.ended(os.waitstatus_to_exitcode(news.status))
            if not self._forks:
                asyncio.get_running_loop().call_later(_IDLE_S, self._rest, self._numbers)
            return
        if not news.error:
            self._forks[news.number] = Fork(news.pid, lambda: self._kill(news.number))
        begun = self._begun.get(news.number)
        if begun is not None and not begun.done():
            begun.set_result(news)

    def _rest(self, numbers: int) -> None:
        """Let a nursery go that nothing was forked from for a while."""
        if not self._forks and not self._begun and numbers == self._numbers:
            self._lost()  # it ends when it is hung up on

    def _kill(self, number: int) -> None:
        """Order a death; a nursery that does not listen is killed itself, which kills all of its forks."""
        if self._control is None or number not in self._forks:
            return
        try:
            self._control.send(msgspec.msgpack.encode(Order(number)))
        except OSError:
            if self._process is not None:
                with suppress(ProcessLookupError):
                    self._process.kill()

    def _lost(self) -> None:
        """Take it that the nursery is gone: its forks die with it, and the next one begins another."""
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            self._has_room(control)
            control.close()
        for fork in self._forks.values():
            fork.ended(KILLED)
        self._forks.clear()
        for begun in self._begun.values():
            if not begun.done():
                begun.set_result(
                    News(0, error="the process that it is forked from has ended (isaacctl logs)")
                )
