"""One command under way: its scope to cancel, its deadline, its events, and exactly one response."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import anyio
import anyio.lowlevel

from isaacd.command import Call, Command
from isaacd.context import NOWHERE, Context, Origin, Services
from isaacd.errors import Cancelled, ClientTooSlow, DeadlineExceeded, InvalidRequest, IsaacError, untraced
from isaacd.server.outbox import Outbox
from isaacd.server.question import Questions
from isaacd.trace import Trace, span
from isaacd.wire import Codec

MAX_INPUT_CHUNK_BYTES = 64 * 1024
EVENT_METHOD = "$/event"
MAX_DEADLINE_MS = 366 * 24 * 3600 * 1000
EVENTS_A_TURN = 16


class Run:
    """A command that does not answer at once.

    `id` is what events and cancel call it: the request's id, or the name that `start` gave.
    """

    def __init__(
        self,
        *,
        run_id: int | str,
        command: Command,
        call: Call,
        codec: Codec,
        outbox: Outbox,
        services: Services,
        wants_events: bool,
        can_ask: bool = False,
        sink: tuple[object, ...] | None = None,
        origin: Origin = NOWHERE,
        trace: Trace,
    ) -> None:
        self.trace = trace
        self.id = run_id
        self.command = command
        self.scope = anyio.CancelScope()
        self._call = call
        self._codec = codec
        self._outbox = outbox
        self._services = services
        deadline_ms = call.meta.deadline_ms
        self._deadline = math.inf if deadline_ms is None else anyio.current_time() + _seconds(deadline_ms)
        self._wants_events = wants_events
        self._can_ask = can_ask and wants_events
        self._questions: Questions | None = None
        self._interruptible: anyio.CancelScope | None = None
        self._sink = sink
        self._origin = origin
        self._seq = 0
        self._emitted = 0
        self._reason: IsaacError | None = None
        self._input: bytes | None = None
        self._input_ended = False
        self._input_ready: anyio.Event | None = None

    async def main(self) -> tuple[object, IsaacError | None]:
        """Run the command to its end and return its result or what went wrong; raises only when cancelled as a task."""
        result: object = None
        error: IsaacError | None = None
        self.scope.deadline = self._deadline
        with self.scope:
            context = Context(
                self._services, self._call.meta, self, self.id, (), self.command.plugin, origin=self._origin
            )
            try:
                with span("command"):
                    result = await self.command.run(context, self._call.args)
                await self._outbox.room()
            except IsaacError as raised:
                error = untraced(raised)
            except BaseException as raised:
                if isinstance(raised, anyio.get_cancelled_exc_class()) and _is_cancelled():
                    raise
                # SystemExit and its like, or the cancellation of something else that the command waited for: left
                # alone, it would end the task group and with it the daemon.
                context.log.exception("command failed", command=self.command.name, plugin=self.command.plugin)
                error = self.command.failed(raised)
        if self.scope.cancelled_caught:
            error = self._why_stopped()
        return result, error

    def cancel(self, reason: IsaacError | None = None) -> None:
        """Ask the command to stop; it still gets its one response, which is `reason` or that it was cancelled."""
        if not self.scope.cancel_called:
            self._reason = reason or Cancelled(f"{self.command.name} was cancelled")
            self.scope.cancel()

    async def emit(self, kind: str, data: object) -> None:
        """Send an event of this run, if the caller wanted events; now and then others get their turn first."""
        self._emitted += 1
        if self._emitted % EVENTS_A_TURN == 0:
            # A generator that waits for nothing else would hold up the whole daemon, and could not be cancelled.
            await anyio.lowlevel.checkpoint()
        if self._wants_events:
            await self._outbox.event(self, kind, data)

    def encode_event(self, kind: str, data: object) -> bytes:
        """Encode the next event, for the sink that the caller named."""
        event = (self.id, self._seq, kind, data)
        self._seq += 1
        if self._sink:
            method, *leading = self._sink
            return self._codec.encode_notification(str(method), (*leading, event))
        return self._codec.encode_notification(EVENT_METHOD, event)

    async def read(self, max_bytes: int) -> bytes | None:
        """Ask the caller for the next bytes of its standard input and wait for them."""
        if not self._wants_events:
            return None
        tty = self._call.meta.tty
        if self._input_ended or (tty is not None and tty.ended):
            return b""
        self._input_ready = anyio.Event()
        await self._outbox.event(self, "input", min(max_bytes, MAX_INPUT_CHUNK_BYTES))
        await self._input_ready.wait()
        self._input_ready = None
        chunk, self._input = self._input, None
        assert chunk is None or isinstance(chunk, bytes)
        return chunk

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        """Ask the person at the caller (`line` or `confirm`); None if the caller cannot be asked."""
        if not self._can_ask:
            return None
        if self._questions is None:
            self._questions = Questions(self.emit)
            if self._input_ended:
                self._questions.end()
        return await self._questions.ask(kind, data, timeout_s)

    @contextmanager
    def interruptible(self) -> Iterator[anyio.CancelScope]:
        """Mark work that `interrupt` stops, while the command itself goes on."""
        outer = self._interruptible
        with anyio.CancelScope() as scope:
            self._interruptible = scope
            try:
                yield scope
            finally:
                self._interruptible = outer

    def interrupt(self) -> None:
        """Stop what the command has marked for it, if anything."""
        if self._interruptible is not None:
            self._interruptible.cancel()

    def feed(self, chunk: bytes, question: int | None = None) -> None:
        """Take the bytes that the caller sent; raises InvalidRequest if none were asked for or they are too many."""
        if question is not None:
            if self._questions is None or not self._questions.answer(question, chunk):
                raise InvalidRequest("an answer to a question that is not open, or a very long one")
            return
        if self._input_ready is None or self._input_ready.is_set():
            raise InvalidRequest("input that was not asked for")
        if len(chunk) > MAX_INPUT_CHUNK_BYTES:
            raise InvalidRequest("a piece of input is longer than was asked for")
        self._input = chunk
        self._input_ready.set()

    def end_input(self) -> None:
        """Note that the caller will never send any more input."""
        self._input_ended = True
        if self._questions is not None:
            self._questions.end()
        if self._input_ready is not None and not self._input_ready.is_set():
            self._input = b""
            self._input_ready.set()

    def _why_stopped(self) -> IsaacError:
        if self._outbox.closed:
            return ClientTooSlow("the connection is gone")
        return self._reason or DeadlineExceeded(f"{self.command.name} did not finish within the time allowed")


def _seconds(deadline_ms: int) -> float:
    """Return the deadline in seconds; JSON has integers that no float can hold."""
    return max(0, min(deadline_ms, MAX_DEADLINE_MS)) / 1000


def _is_cancelled() -> bool:
    """Tell whether a scope around the current task was cancelled."""
    return anyio.current_effective_deadline() == -math.inf
