"""One end of a conversation between two processes: requests both ways, each with exactly one answer."""

import asyncio
from typing import Any, Protocol, TypeVar

import msgspec

from isaacd import errors
from isaacd.errors import Cancelled, InternalError, IsaacError, PluginFailed
from isaacd.wire import (
    Message,
    NativeCodec,
    Notification,
    Request,
    Response,
    has_error,
    read_error,
    to_wire_error,
)

T = TypeVar("T")
# So many requests of the other end are answered at once; then no more is read until one of them is.
MAX_IN_FLIGHT = 64
_WRITE_HIGH_BYTES = 1024 * 1024
_TEXT_CHARS = 4096
_LAST_ID = 2**31
_KINDS = {
    kind.name: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, IsaacError)
}


class Answering(Protocol):
    """Who answers the other end."""

    async def answer(self, method: str, params: msgspec.Raw) -> object:
        """Answer one request; raises IsaacError."""
        ...

    def told(self, method: str, params: msgspec.Raw) -> None:
        """Take what wants no answer."""
        ...

    def lost(self, error: Exception | None) -> None:
        """Learn that the other end has hung up, or that this one has failed; call `close` once the reason is known."""
        ...

    def ended(self, reason: str) -> None:
        """Learn that it is over, and why."""
        ...


class Link(asyncio.Protocol):
    """One end of the conversation, in the native language of the wire; `ping` is answered by the link itself.

    What is no message, or answers what was not asked, ends it.
    """

    def __init__(self, who: Answering) -> None:
        self._who = who
        self._codec = NativeCodec()
        self._codec.error_maps = True
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._ids = 0
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self.abandoned: dict[int, float] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self._reason = ""

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return bool(self._reason)

    async def call(self, method: str, *params: object) -> msgspec.Raw:
        """Ask the other end and return its undecoded answer; raises what it answers, PluginFailed when it is gone.

        When the caller is cancelled, the other end is told; what it still answers counts for nothing.
        """
        await self._writable.wait()
        if self._reason:
            raise PluginFailed(self._reason)
        self._ids = self._ids % _LAST_ID + 1
        number = self._ids
        self._send(self._codec.encode_request(number, method, params))
        future = self._waiting[number] = self._loop.create_future()
        try:
            answer: msgspec.Raw = await future
            return answer
        except asyncio.CancelledError:
            if self._waiting.pop(number, None) is not None and not self._reason:
                self.abandoned[number] = self._loop.time()
                self.tell("cancel", number)
            raise

    async def ask(self, kind: type[T], method: str, *params: object) -> T:
        """Ask the other end for a `kind`; raises PluginFailed if it answers with something else."""
        raw = await self.call(method, *params)
        try:
            return self._codec.decode(raw, kind)
        except IsaacError as error:
            raise PluginFailed(f"an answer to {method} is not what it should be: {error.message}") from None

    def tell(self, method: str, *params: object) -> None:
        """Say something that wants no answer."""
        if not self._reason:
            self._send(self._codec.encode_notification(method, params))

    def _send(self, data: bytes) -> None:
        """Write; once the other end has hung up, nothing is written, and who waits is told the reason when it is known."""
        if not self._transport.is_closing():  # uvloop refuses what asyncio drops
            self._transport.write(data)

    def close(self, reason: str) -> None:
        """End it; whoever waits for an answer is told the reason."""
        if self._reason:
            return
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(PluginFailed(reason))
                future.exception()  # somebody may have been cancelled meanwhile: then nobody fetches it
        self._waiting.clear()
        self.abandoned.clear()
        for task in tuple(self._tasks.values()):
            task.cancel()
        self._writable.set()
        self._who.ended(reason)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH_BYTES)

    def data_received(self, data: bytes) -> None:
        """Take all messages that are complete."""
        self._codec.receive_data(data)
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Have the reason found out; until then, whoever waits goes on waiting."""
        if not self._reason:
            self._who.lost(exc)

    def pause_writing(self) -> None:
        """Hold back: the other end does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def _pump(self) -> None:
        while not self._reason:
            if len(self._tasks) >= MAX_IN_FLIGHT:
                self._paused = True
                if not self._transport.is_closing():
                    self._transport.pause_reading()
                return
            try:
                message = self._codec.next_message()
            except IsaacError as error:
                self.close(f"sent what is no message: {error.message[:_TEXT_CHARS]}")
                return
            if message is None:
                return
            self._take(message)

    def _take(self, message: Message) -> None:
        if type(message) is Response:
            self._answered(message)
        elif type(message) is Request:
            self._asked(message)
        elif type(message) is Notification:
            if message.method == "cancel":
                self._cancelled(message.params)
            else:
                self._who.told(message.method, message.params)

    def _answered(self, response: Response) -> None:
        number = response.id
        if number in self.abandoned:
            del self.abandoned[number]
            return
        future = self._waiting.pop(number, None) if isinstance(number, int) else None
        if future is None:
            self.close("it answered a request that nobody made")
        elif not future.done():
            if has_error(response, "msgpack"):
                future.set_exception(_error_of(response.error))
            else:
                future.set_result(msgspec.Raw(bytes(response.result)))

    def _asked(self, request: Request) -> None:
        if request.method == "ping":
            self._send(self._codec.encode_result(request.id, True))
        elif request.id in self._tasks:
            self.close("it used the number of a request twice")
        else:
            params = msgspec.Raw(bytes(request.params))
            coroutine = self._answer(int(request.id), request.method, params)
            self._tasks[int(request.id)] = self._loop.create_task(coroutine)

    def _cancelled(self, params: msgspec.Raw) -> None:
        try:
            (number,) = self._codec.decode(params, tuple[int])
        except IsaacError:
            return
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()

    async def _answer(self, number: int, method: str, params: msgspec.Raw) -> None:
        error: IsaacError | None = None
        result: object = None
        try:
            result = await self._who.answer(method, params)
        except IsaacError as raised:
            error = raised
        except asyncio.CancelledError:
            error = Cancelled(f"{method} was cancelled")
        except BaseException as raised:  # noqa: BLE001 - whoever answers must not end the process with it
            error = InternalError(f"{method} failed: {type(raised).__name__}")
        finally:
            self._tasks.pop(number, None)
        if self._reason:
            return
        try:
            if error is None:
                self._send(self._codec.encode_result(number, result))
        except IsaacError as unsendable:
            error = unsendable
        if error is not None:
            self._send(self._codec.encode_error(number, to_wire_error(error)))
        if self._paused:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
            self._pump()


def _error_of(raw: msgspec.Raw) -> IsaacError:
    """Make the error that the other end has sent; one of an unknown kind is the plugin's failure."""
    sent = read_error(raw, "msgpack")
    kind = _KINDS.get(str(sent.data.get("name")), PluginFailed)
    hint, detail, retry = (sent.data.get(name) for name in ("hint", "detail", "retry_after_ms"))
    return kind(
        sent.message[:_TEXT_CHARS],
        hint=hint[:_TEXT_CHARS] if isinstance(hint, str) else None,
        detail=detail if isinstance(detail, dict) else None,
        retry_after_ms=retry if isinstance(retry, int) and retry >= 0 else None,
    )
