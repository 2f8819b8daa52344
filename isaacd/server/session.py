"""One conversation: requests become replies, events and runs. It knows no socket."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isaacd.command import Call, Catalog, Command, Later
from isaacd.context import NO_META, NOWHERE, Context, Meta, Origin, Services, Sink
from isaacd.errors import (
    DeadlineExceeded,
    InternalError,
    InvalidRequest,
    IsaacError,
    ServerCancelled,
    ShuttingDown,
)
from isaacd.server import methods
from isaacd.server.outbox import Outbox
from isaacd.server.run import Run
from isaacd.trace import QUICK_FULL, Trace, add, enter, leave, span
from isaacd.wire import Codec, Message, Notification, Request, to_wire_error

if TYPE_CHECKING:
    from isaacd.server.ports import Face, Peer, Shared


class Session:
    """The daemon's side of one connection, from its first byte on.

    `patient` says that a command line runs here, which may leave its output unread for as long as a person likes;
    `can_ask` that the peer has said in `hello` that it shows a person the questions of commands. Once there is a `face`,
    another language is spoken, and every message is for it.
    """

    def __init__(
        self, codec: Codec, outbox: Outbox, peer: "Peer", shared: "Shared", origin: Origin = NOWHERE
    ) -> None:
        self.codec = codec
        self.outbox = outbox
        self.runs: dict[int | str, Run] = {}
        self.sink: Sink | None = None
        self.can_ask = False
        self.patient = False
        self.face: Face | None = None
        self.origin = origin
        self._peer = peer
        self._shared = shared
        self._services = shared.services
        self._arrived = 0.0
        self._paused = False
        self._held = False
        self._closing = False
        self._ended = False

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        return self._shared.catalog

    @property
    def returns(self) -> bool:
        """Whether the peer is a client of ours that comes back by itself."""
        return self.face is not None and self.face.returns

    @property
    def services(self) -> Services:
        """What all requests share."""
        return self._services

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task; it never raises."""
        self._shared.spawn(main, *args)

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer and answer every message that is complete."""
        # Nearly always one chunk is one message, and its answer one write: then there is no batch to keep.
        if not (self.runs or self._closing or self._held or self.outbox.congested):
            message = self.codec.whole_message(data)
            if type(message) is Request:
                self._request(message)
                return
            if message is not None:
                self._take(message)
                return
        self.codec.receive_data(data)
        self._pump()

    def end(self) -> bool:
        """Take the end of what the peer sends; tell whether it is still owed answers, and so has to stay connected."""
        self._ended = True
        for run in self.runs.values():
            run.end_input()
        self.codec.receive_end()
        self._pump()
        return self._owes()

    def resume(self) -> None:
        """Go on after the peer has caught up."""
        self.outbox.resume()
        self._unpause()

    def pause(self) -> None:
        """Take no more requests while the peer does not read its replies."""
        self.outbox.pause()
        if not self._paused:
            self._paused = True
            self._peer.pause_reading()

    def farewell(self) -> None:
        """Say that the daemon leaves, to a peer whose language has a word for it."""
        if self.face is not None and not self._closing:
            self.face.farewell(tuple(self.runs))

    def disconnect(self) -> None:
        """Cancel everything: the peer is gone."""
        self._closing = True
        self.outbox.close()
        if self.face is not None:
            self.face.close()
        for run in tuple(self.runs.values()):
            run.cancel()

    def hold(self) -> None:
        """Take no more requests: they wait in the socket for the daemon that comes after this one."""
        self._held = True
        self._pause_reading()

    def left(self) -> bytes | None:
        """Return what was received and is not answered; None while something is under way, or is still to be sent."""
        if self.runs or self._closing or self._ended or self.codec.broken or self.outbox.is_behind:
            return None
        if self.face is not None:
            return None  # what was agreed on is not written down; `isaacctl mcp` begins anew by itself
        return self.codec.left()

    def stop_runs(self) -> None:
        """Cancel what is under way because the daemon stops; each run still gets its response."""
        for run in tuple(self.runs.values()):
            # Not `shutting_down`: that promises that nothing was done, so that `isaacctl` may send it again by itself.
            run.cancel(ServerCancelled("the daemon stopped before this had ended"))

    def _pump(self) -> None:
        outbox = self.outbox
        outbox.begin()
        try:
            while not (self._closing or self._held):
                if len(self.runs) >= methods.MAX_IN_FLIGHT or outbox.congested:
                    self._pause_reading()
                    return
                try:
                    message = self.codec.next_message()
                except IsaacError as error:
                    self._refuse(error)
                    continue
                if message is None:
                    return
                self._take(message)
        finally:
            outbox.flush()

    def _take(self, message: Message) -> None:
        if self.face is not None:
            self._shared.requests += 1
            self._arrived = self._shared.traces.monotonic()
            self.face.take(message)
        elif type(message) is Request:
            self._request(message)
        elif type(message) is Notification:
            self._notification(message)

    def _request(self, request: Request) -> None:
        """Answer a request, or start what answers it; a plain function is called here: the shortest way through the house."""
        shared = self._shared
        shared.requests += 1
        traces = shared.traces
        self._arrived = arrived = traces.monotonic()
        command = shared.catalog.find(request.method)
        try:
            if command is None:
                self._other(request)
                return
            if command.renew is not None:
                command = command.renew()
            call = command.decode(request.params, self.codec.format)
            meta = call.meta
            if (
                command.plain is None
                or traces.listener is not None
                or not (meta is NO_META or _asks_nothing(meta))
            ):
                self.execute(command, call, request.id)
                return
            try:
                result = command.plain(
                    Context(self._services, meta, None, request.id, (), command.plugin, self.origin),
                    call.args,
                )
                frame = self.codec.encode_result(request.id, result)
            except Later:
                trace = self._trace(command, call)
                self.begin(command, call, request.id, self._finish, wants_events=False, trace=trace)
                return
            except IsaacError as error:
                self._trace(command, call).end(error.name)
                raise
            except (
                BaseException
            ) as raised:  # SystemExit too: it is the plugin's, and there is no task to cancel here
                broke = command.broke(raised, self._services.log)
                self._trace(command, call).end(broke.name)
                raise broke from raised
            self.outbox.send(frame)
            quick = traces.quick
            quick += command.name, arrived, traces.monotonic() - arrived
            if len(quick) >= QUICK_FULL:
                traces.settle()
        except IsaacError as error:
            self.reply_error(request.id, error)
        except BaseException:  # one defect must not end the connection, nor a plugin's SystemExit the daemon
            shared.services.log.exception("request failed", method=request.method)
            self.reply_error(
                request.id, InternalError("the daemon failed at this request", hint="see the log")
            )

    def _other(self, request: Request) -> None:
        """Answer a method of the conversation itself, or a command that may still come."""
        builtin = methods.BUILTIN.get(request.method)
        if builtin is not None:
            builtin.answer(self, request)
            return
        command = self._shared.catalog.get(request.method)
        self.execute(command, command.decode(request.params, self.codec.format), request.id)

    def execute(self, command: Command, call: Call, request_id: int | str) -> None:
        """Run a command and answer the request with its result; an inline command answers at once."""
        deadline_ms = call.meta.deadline_ms
        if deadline_ms is not None and deadline_ms <= 0:
            raise DeadlineExceeded(f"{command.name} came after its deadline")
        handler = command.immediate
        trace = self._trace(command, call)
        if handler is not None:
            context = Context(self._services, call.meta, None, request_id, (), command.plugin, self.origin)
            token = enter(trace)
            try:
                result = command.answer(handler, context, call.args)
                if result is not None or command.mode == "inline":
                    self.outbox.send(self.codec.encode_result(request_id, result))
                    trace.end("ok")
                    return
            except Later:
                pass
            except IsaacError as error:
                trace.end(error.name)
                raise
            finally:
                leave(token)
        self.patient = self.patient or command.live
        wants_events = call.meta.stream or command.live
        self.begin(command, call, request_id, self._finish, wants_events=wants_events, trace=trace)

    def _trace(self, command: Command, call: Call) -> Trace:
        traces = self._shared.traces
        trace = traces.begin(command.name, self._arrived, call.meta.trace)
        add(trace, "decode", self._arrived, traces.monotonic())
        return trace

    def begin(
        self,
        command: Command,
        call: Call,
        run_id: int | str,
        finish: Callable[[Run, object, IsaacError | None], None],
        *,
        wants_events: bool,
        trace: Trace | None = None,
    ) -> None:
        """Start a run; raises InvalidRequest if its id is in use, ShuttingDown while the daemon drains."""
        if run_id in self.runs:
            raise InvalidRequest(f"the id {run_id!r} is already in use by a request under way")
        if self._shared.draining:
            raise _shutting_down()
        run = Run(
            run_id=run_id,
            command=command,
            call=call,
            codec=self.codec,
            outbox=self.outbox,
            services=self._shared.services,
            wants_events=wants_events,
            can_ask=self.can_ask or command.live,
            sink=call.meta.sink or self.sink,
            origin=self.origin,
            trace=trace or self._trace(command, call),
        )
        if self._ended:
            run.end_input()
        self.runs[run_id] = run
        self._shared.run_started()
        self._shared.spawn(self._serve, run, finish)

    async def _serve(self, run: Run, finish: Callable[[Run, object, IsaacError | None], None]) -> None:
        """Run to the end, answer, and read on if there were too many; a defect here ends this connection only."""
        enter(run.trace)
        try:
            try:
                result, error = await run.main()
                with span("reply"):
                    finish(run, result, error)
                run.trace.end("ok" if error is None else error.name)
            finally:
                run.trace.end("broken")
                self.runs.pop(run.id, None)
                self._shared.run_ended()
            self._unpause()
        except Exception:  # it must not reach the task group, which all connections share
            self._shared.services.log.exception("connection failed")
            self._closing = True
            self._peer.close()

    def _finish(self, run: Run, result: object, error: IsaacError | None) -> None:
        if error is None:
            self.reply(run.id, result)
        else:
            self.reply_error(run.id, error)

    def send(self, frame: bytes) -> None:
        """Send a frame that must not be lost."""
        self.outbox.send(frame)

    def reply(self, request_id: int | str, result: object) -> None:
        """Send the response; a result that cannot be sent becomes an error."""
        try:
            frame = self.codec.encode_result(request_id, result)
        except IsaacError as error:
            self.reply_error(request_id, error)
            return
        self.outbox.send(frame)

    def reply_error(self, request_id: int | str | None, error: IsaacError) -> None:
        """Send an error response."""
        self.outbox.send(self.codec.encode_error(request_id, to_wire_error(error)))

    def _notification(self, notification: Notification) -> None:
        handler = methods.NOTIFIED.get(notification.method)
        if handler is None:
            return  # unknown notifications are ignored, so that newer clients can send what older daemons don't know
        try:
            handler(self, notification)
        except IsaacError as error:
            self._shared.services.log.debug(
                "notification refused", method=notification.method, reason=error.message
            )

    def _refuse(self, error: IsaacError) -> None:
        # Neovim closes a channel that answers an id it never used, so without one there the log has to do.
        if self.codec.failed_id is not None or self.codec.broken or self.codec.format == "json":
            self.reply_error(self.codec.failed_id, error)
        else:
            self._services.log.debug("message refused", reason=error.message)
        if self.codec.broken:
            self._closing = True
            self.outbox.flush()
            self._peer.close()

    def _pause_reading(self) -> None:
        if not self._paused:
            self._paused = True
            self._peer.pause_reading()

    def _unpause(self) -> None:
        """Read on if nothing speaks against it any more."""
        if (
            self._paused
            and not self._held
            and not self.outbox.congested
            and len(self.runs) < methods.MAX_IN_FLIGHT
            and not self._closing
        ):
            self._paused = False
            self._peer.resume_reading()
            self._pump()
        self._part()

    def _part(self) -> None:
        """Let a peer go that has nothing more to say and has got all its answers."""
        if self._ended and not self._closing and not self._owes():
            self._closing = True
            self._peer.close()

    def _owes(self) -> bool:
        return bool(self.runs) or self._paused


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("the daemon is stopping", hint="try again in a moment", retry_after_ms=1000)


def _asks_nothing(meta: Meta) -> bool:
    """Say whether a request can be answered without notes: it has no deadline, and no name for its trace."""
    return meta.deadline_ms is None and meta.trace is None
