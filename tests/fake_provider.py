"""A service that speaks OpenAI's chat completions on a real socket, and fails in every way that services do.

It is written on bare asyncio streams, so that a script decides about every byte. A script is an async function of an
`Exchange`, and is cancelled when the client leaves. `FakeProvider.script` answers every request, but those in
`scripts` come first, one for each request.
"""

import asyncio
import contextlib
import json
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Self

import msgspec

DONE = b"data: [DONE]\n\n"


class Received(msgspec.Struct):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int


class Exchange:
    """One request and the means to answer it, byte by byte."""

    def __init__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.keep_alive = True
        self._writer = writer

    async def head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.raw(b"0\r\n\r\n")

    async def reply(
        self, status: int, body: bytes | dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        kind = "application/json" if isinstance(body, dict) else "text/html"
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        await self.head(status, {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})})
        await self.raw(data)

    async def open_stream(self, content_type: str = "text/event-stream; charset=utf-8") -> None:
        await self.head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.keep_alive = False
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def hang_up(self) -> None:
        """Close without a word more."""
        self.keep_alive = False
        self._writer.close()


Script = Callable[[Exchange], Coroutine[Any, Any, None]]


def event(**fields: Any) -> bytes:
    """Return one server-sent event with `fields` as JSON."""
    return (
        b"data: "
        + json.dumps({"object": "chat.completion.chunk", "model": "fake-1", **fields}).encode()
        + b"\n\n"
    )


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    """Return an event that adds `fields` to the message."""
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": finish_reason}])


def usage(prompt: int = 12, completion: int = 5, cached: int = 4, reasoning: int = 1) -> bytes:
    """Return the event that counts tokens."""
    return event(
        choices=[],
        usage={
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        },
    )


def answer(*texts: str, finish: str = "stop") -> list[bytes]:
    """Return the events of a whole answer."""
    return [
        delta(role="assistant", content=""),
        *(delta(content=text) for text in texts),
        delta(finish),
        usage(),
        DONE,
    ]


def stream(
    *events: bytes, end: bool = True, content_type: str = "text/event-stream; charset=utf-8"
) -> Script:
    """Send events, each in a chunk of its own."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream(content_type)
        for item in events:
            await exchange.chunk(item)
        if end:
            await exchange.end()

    return script


def says(*texts: str, finish: str = "stop") -> Script:
    """Answer as services do when all is well."""
    return stream(*answer(*texts, finish=finish))


def bytewise(*events: bytes) -> Script:
    """Send events one byte a chunk, without Nagle in between."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for byte in b"".join(events):
            await exchange.chunk(bytes([byte]))
        await exchange.end()

    return script


def gated(gate: asyncio.Semaphore, *events: bytes) -> Script:
    """Send each event only after a release of `gate`."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for item in events:
            await gate.acquire()
            await exchange.chunk(item)
        await exchange.end()

    return script


def stalled(*events: bytes) -> Script:
    """Send events, then nothing until the client goes."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for item in events:
            await exchange.chunk(item)
        await asyncio.Event().wait()

    return script


async def silent(exchange: Exchange) -> None:
    """Take the request and never answer."""
    await asyncio.Event().wait()


def reset(*events: bytes) -> Script:
    """Send events, then reset the connection once the client has had the chance to read them."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        for item in events:
            await exchange.chunk(item)
        exchange.reset()

    return script


def truncated(*events: bytes) -> Script:
    """Send events, then close without the end of the chunked body."""

    async def script(exchange: Exchange) -> None:
        await stream(*events, end=False)(exchange)
        exchange.hang_up()

    return script


def endless(text: str = "again and ") -> Script:
    """Send text until the client goes."""

    async def script(exchange: Exchange) -> None:
        await exchange.open_stream()
        piece = delta(content=text)
        while True:
            await exchange.chunk(piece)

    return script


def slow(gate: asyncio.Event, *events: bytes) -> Script:
    """Take the request, and answer as usual once the gate is open."""

    async def script(exchange: Exchange) -> None:
        await gate.wait()
        await stream(*events)(exchange)

    return script


def malformed(*events: bytes) -> Script:
    """Send events, then one that is no JSON."""
    return stream(*events, b"data: {not json at all\n\n")


def limited(**headers: str) -> Script:
    """Refuse for the rate of calls; `retry_after`, `retry_after_ms` or others say how long to wait."""
    return refuses(429, openai_error("slow down", "rate_limit_exceeded", "requests"), **headers)


def refuses(status: int, body: bytes | dict[str, Any] | None = None, **headers: str) -> Script:
    """Answer with a status, a body and headers (`_` in a name stands for `-`)."""
    if body is None:
        body = {"error": {"message": f"status {status}", "type": "error", "code": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def script(exchange: Exchange) -> None:
        await exchange.reply(status, body, named)

    return script


def openai_error(
    message: str, code: str | None = None, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    """Return an error in OpenAI's form."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def completion(text: str) -> dict[str, Any]:
    """Return a whole answer as a service sends it that does not stream."""
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "model": "fake-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }


class FakeProvider:
    """The server; use it as an async context manager. Wait on `idle()` until all connections are gone."""

    def __init__(
        self, script: Script | None = None, scripts: Iterable[Script] = (), *, greeting: bytes = b""
    ) -> None:
        self.greeting = greeting  # said before anything is heard; then the connection is closed
        self.script = script or says("Hello", ", world")
        self.scripts = deque(scripts)
        self.requests: list[Received] = []
        self.connections = 0
        self.open = 0
        self.deserted = 0  # answers whose client left before their end
        self.port = 0
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def idle(self) -> None:
        """Wait until no connection is open."""
        await self._until(lambda: self.open == 0)

    async def left(self, times: int) -> None:
        """Wait until so many answers were left by their clients before their end, and their connections are gone."""
        await self._until(lambda: self.deserted >= times and self.open == 0)

    async def called(self, times: int) -> None:
        """Wait until so many requests have come."""
        await self._until(lambda: len(self.requests) >= times)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open += 1
        connection = _Connection(self.connections, reader, writer)
        try:
            if self.greeting:
                writer.write(self.greeting)
                writer.close()
                await writer.wait_closed()
                return
            while (request := await connection.request()) is not None:
                self.requests.append(request)
                await self._notify()
                if not await connection.answer(
                    request, self.scripts.popleft() if self.scripts else self.script
                ):
                    self.deserted += connection.deserted
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self.open -= 1
            if not writer.is_closing():  # a script may have sent its last words already
                writer.transport.abort()
            await self._notify()


class _Connection:
    """HTTP/1.1 with keep-alive, as much of it as a client of one protocol needs."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._number = number
        self._reader = reader
        self._writer = writer
        self._early = b""
        self.deserted = False

    async def request(self) -> Received | None:
        try:
            head = self._early + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        self._early = b""
        first, *lines = head.decode().rstrip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        if body and "json" in headers.get("content-type", "json"):
            return Received(method, path, headers, json.loads(body), self._number)
        return Received(method, path, headers, body or None, self._number)

    async def answer(self, request: Received, script: Script) -> bool:
        """Run the script; say whether the connection can serve another request."""
        exchange = Exchange(request, self._writer)
        answering = asyncio.ensure_future(script(exchange))
        watching = asyncio.create_task(self._client_leaves())
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            failed = answering.exception() if answering.done() else None
            if isinstance(failed, ConnectionError) or (watching.done() and watching.result()):
                self.deserted = failed is not None or not answering.done()
                return False
            await answering
        finally:
            answering.cancel()
            watching.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)
        return exchange.keep_alive

    async def _client_leaves(self) -> bool:
        """Wait for what the client does next: it leaves, or begins its next request."""
        with contextlib.suppress(ConnectionError):
            self._early = await self._reader.read(1)
        return not self._early
