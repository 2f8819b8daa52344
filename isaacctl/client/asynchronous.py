"""The client for programs that do other things meanwhile."""

import os
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import anyio
import anyio.abc
import anyio.to_thread

from isaacctl.client.blocking import CHUNK_BYTES, CONNECT_TIMEOUT_S
from isaacctl.client.conversation import Conversation, Inbox, call_meta
from isaacctl.client.door import open_connection
from isaacctl.client.questions import AsyncQuestions
from isaacctl.client.streams import AsyncStream
from isaacctl.client.trouble import ConnectionLost
from isaacctl.client.values import CommandCard, Hello, Pong

T = TypeVar("T")

FAREWELL_S = 1.0


class AsyncClient(AsyncQuestions):
    """A connection to the daemon for asyncio and trio; all tasks may call on it at the same time.

    Use it with `async with`: that connects, and starts the daemon if none runs (unless `start` is false); raises
    DaemonUnavailable. The options are those of Client. A call that is cancelled is cancelled in the daemon too.

    Example:
        async with AsyncClient() as client:
            print(await client.call("greet", name="ada"))
            async with client.stream("ask", question="list open ports") as answer:
                async for text in answer.deltas():
                    print(text, end="", flush=True)
    """

    def __init__(
        self,
        *,
        start: bool = True,
        timeout_s: float | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        cwd: str | os.PathLike[str] | None = None,
        caller: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._start = start
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._cwd = cwd
        self._caller = caller
        self._environ = os.environ if environ is None else environ
        self._talk = Conversation()
        self._pending = self._talk.greeting()  # goes out together with the first request
        self._stream: anyio.abc.SocketStream | None = None
        self._group = anyio.create_task_group()
        self._sending = anyio.Lock()
        self._news = anyio.Event()  # replaced each time something has come

    async def __aenter__(self) -> Self:
        def open_and_name() -> str:
            # Connecting may mean starting the daemon, which waits; the loop then makes a connection of its own.
            with open_connection(
                self._environ, start_daemon=self._start, connect_timeout_s=self._connect_timeout_s
            ) as sock:
                return str(sock.getpeername())

        path = await anyio.to_thread.run_sync(open_and_name)
        self._stream = await anyio.connect_unix(path)
        await self._group.__aenter__()
        self._group.start_soon(self._read, self._stream)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        # The group is not told of the body's error: it would come out wrapped in an ExceptionGroup.
        await self._group.__aexit__(None, None, None)
        stream, self._stream = self._stream, None
        self._lose("the client was closed")
        if stream is not None:
            await stream.aclose()

    @overload
    async def call(
        self,
        method: str,
        /,
        *args: object,
        type: type[T],
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> T: ...

    @overload
    async def call(
        self,
        method: str,
        /,
        *args: object,
        type: None = None,
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Any: ...

    async def call(
        self,
        method: str,
        /,
        *args: object,
        type: Any = None,  # noqa: A002 - what msgspec calls it
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Any:
        """Call a command and return its result; see Client.call."""
        inbox = await self._begin(method, args, named, call_meta(deadline_ms, self._cwd, self._caller))
        await self._wait(inbox, timeout_s)
        return inbox.decode(type)

    @overload
    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: type[T],
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> AsyncStream[T]: ...

    @overload
    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: None = None,
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> AsyncStream[Any]: ...

    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: Any = None,  # noqa: A002
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> AsyncStream[Any]:
        """Call a command and iterate over its events as they come; the request is sent by `async with`.

        Events that are not fetched wait in memory: other requests on this connection must not stand behind them.
        """
        meta = call_meta(deadline_ms, self._cwd, self._caller, stream=True)
        inbox, frame = self._talk.request(method, args, named, meta)

        async def send() -> None:
            await self._send(frame)

        return AsyncStream(inbox, type, timeout_s, send=send, wait=self._wait, give_up=self._give_up)

    async def notify(self, method: str, /, *args: object, **named: object) -> None:
        """Send a message that is not answered."""
        if args and named:
            raise TypeError(f"the arguments of {method} are either positional or named, not both")
        await self._send(self._talk.notification(method, args, named))

    async def cancel(self, request_id: int | str) -> None:
        """Ask the daemon to stop the request, or the run, of this name."""
        await self.notify("cancel", request_id)

    async def hello(self, *, timeout_s: float | None = None) -> Hello:
        """Return what the daemon said when it was met: its version, methods and limits."""
        await self._send(b"")  # if nothing has been sent yet, the greeting is
        await self._wait(self._talk.hello, timeout_s)
        return self._talk.hello.decode(Hello)

    async def ping(self, *, timeout_s: float | None = None) -> Pong:
        """Return a sign of life."""
        return await self.call("ping", type=Pong, timeout_s=timeout_s)

    async def commands(self, *, timeout_s: float | None = None) -> list[CommandCard]:
        """Return every command with the JSON Schema of its arguments."""
        return await self.call("commands", type=list[CommandCard], timeout_s=timeout_s)

    async def _begin(
        self, method: str, args: tuple[object, ...], named: dict[str, object], meta: dict[str, object]
    ) -> Inbox:
        inbox, frame = self._talk.request(method, args, named, meta)
        await self._send(frame)
        return inbox

    async def _send(self, frame: bytes) -> None:
        if self._stream is None:
            raise ConnectionLost("the client is not open")
        # A frame that is cut short would spoil all that follow, so nothing interrupts a write.
        with anyio.CancelScope(shield=True):
            async with self._sending:
                data, self._pending = self._pending + frame, b""
                try:
                    await self._stream.send(data)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    self._lose("isaacd closed the connection")

    async def _read(self, stream: anyio.abc.SocketStream) -> None:
        while True:
            try:
                data = await stream.receive(CHUNK_BYTES)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._lose("isaacd closed the connection")
                return
            self._talk.receive(data)
            self._tell()

    def _lose(self, reason: str) -> None:
        self._talk.lose(reason)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def _wait(self, inbox: Inbox, limit_s: float | None, event: bool = False) -> None:
        """Wait until the request is over, or (with `event`) until an event of it has come."""
        limit_s = self._timeout_s if limit_s is None else limit_s
        try:
            with anyio.fail_after(limit_s):
                while not (inbox.is_over or (event and inbox.events)):
                    if self._stream is None:
                        raise ConnectionLost("the client is not open")
                    await self._news.wait()
        except TimeoutError:
            await self._give_up(inbox)
            raise TimeoutError(f"nothing came from isaacd for {limit_s:g} s") from None
        except BaseException:  # cancelled: so is the request
            await self._give_up(inbox)
            raise

    async def _give_up(self, inbox: Inbox) -> None:
        """Cancel a request that nobody waits for any more."""
        if inbox.is_over:
            return
        self._talk.forget(inbox)
        with anyio.move_on_after(FAREWELL_S, shield=True), suppress(ConnectionLost):
            await self._send(self._talk.cancellation(inbox))
