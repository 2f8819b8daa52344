"""`/mcp`: the Model Context Protocol over HTTP, each message of a host a request of its own, and sessions that tie them together.

Source: "Streamable HTTP" in the specification, versions 2025-03-26 to 2025-11-25.
"""

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import anyio
import anyio.abc

from isaacd.command import Call, Catalog, Command
from isaacd.context import Context, Meta, Origin, Services
from isaacd.errors import Cancelled, InvalidRequest, IsaacError, ShuttingDown
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.gate import Asker
from isaacd.faces.http.house import House
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.reply import EVENTS, JSON, event
from isaacd.faces.mcp.access import Granted
from isaacd.faces.mcp.asking import unguessable
from isaacd.faces.mcp.face import Face
from isaacd.faces.mcp.spec import VERSIONS
from isaacd.tokens.scope import Scope
from isaacd.wire import JsonLinesCodec, Message, Request, to_wire_error

SESSION: Final = "mcp-session-id"
VERSION: Final = "mcp-protocol-version"
MAX_SESSIONS: Final = 64
IDLE_S: Final = 3600.0
# Far from the numbers of connections: whose plans are whose is told by them.
_numbers = itertools.count(1 << 40)


class Stream:
    """The answer to one POST: a response alone is JSON, and a stream of events once something is said before it."""

    def __init__(self, exchange: Exchange, group: anyio.abc.TaskGroup) -> None:
        self.group = group
        self._exchange = exchange
        self._last: bytes | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the host does not read."""
        return self._exchange.is_behind

    def send(self, frame: bytes) -> None:
        """Send a message; the first is kept back for a moment, since most often it is the only one."""
        if self._exchange.ended:
            return
        if self._exchange.answered or self._last is not None or b'"method":' in frame[:400]:
            self._begin()
            self._exchange.write(event(frame.rstrip(b"\n")))
        else:
            self._last = frame.rstrip(b"\n")

    def end(self, more: tuple[tuple[str, str], ...]) -> None:
        """End the answer; one without any message says that what came was taken."""
        if self._exchange.answered:
            self._exchange.end()
        elif self._last is None:
            self._exchange.reply(202, JSON, b"", more)
        else:
            self._exchange.json(self._last, more)

    def _begin(self) -> None:
        if not self._exchange.answered:
            self._exchange.begin(EVENTS)
        if self._last is not None:
            self._exchange.write(event(self._last))
            self._last = None


# Which POST what is said at this moment belongs to.
_current: ContextVar[Stream | None] = ContextVar("_current", default=None)


class _Run:
    """A request under way."""

    def __init__(self, run_id: int | str) -> None:
        self.id = run_id
        self.scope = anyio.CancelScope()
        self.reason: IsaacError | None = None

    def cancel(self, reason: IsaacError | None = None) -> None:
        """Stop it."""
        self.reason = reason
        self.scope.cancel()


class McpSession:
    """One host's conversation, over as many connections as it likes (the port of the face)."""

    def __init__(self, house: House, access: Granted) -> None:
        self.codec = JsonLinesCodec()
        self.access = access
        self.used_at = 0.0
        self._house = house
        self._origin = Origin(next(_numbers))
        self.runs: dict[int | str, _Run] = {}
        self.face = Face(self, access, Meta(), can_tell=False)

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        return self._house.shared.catalog

    @property
    def services(self) -> Services:
        """What all requests share."""
        return self._house.services

    @property
    def is_behind(self) -> bool:
        """Whether the host does not read, or has nothing open in which it could be told something."""
        stream = _current.get()
        return stream is None or stream.is_behind

    def send(self, frame: bytes) -> None:
        """Send what belongs to the request under way."""
        stream = _current.get()
        if stream is not None:
            stream.send(frame)

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start nothing: there is no stream in which a host could be told that something has changed."""

    def under_way(self, request_id: int | str) -> _Run | None:
        """Return the request of this id that is under way."""
        return self.runs.get(request_id)

    def begin(
        self,
        command: Command,
        call: Call,
        run_id: int | str,
        finish: Callable[[Any, object, IsaacError | None], None],
        *,
        wants_events: bool,
    ) -> None:
        """Start a command within the POST that asks for it."""
        if run_id in self.runs:
            raise InvalidRequest(f"the id {run_id!r} is already in use by a request under way")
        if self._house.shared.draining:
            raise ShuttingDown("the daemon is stopping", hint="try again in a moment", retry_after_ms=1000)
        stream = _current.get()
        assert stream is not None
        run = self.runs[run_id] = _Run(run_id)
        stream.group.start_soon(self._serve, run, command, call, finish)

    async def _serve(
        self,
        run: _Run,
        command: Command,
        call: Call,
        finish: Callable[[Any, object, IsaacError | None], None],
    ) -> None:
        result: object = None
        error: IsaacError | None = None
        try:
            with run.scope:
                context = Context(
                    self.services, call.meta, None, run.id, (), command.plugin, origin=self._origin
                )
                try:
                    result = await command.run(context, call.args)
                except IsaacError as raised:
                    error = raised
            if run.scope.cancelled_caught:
                error = run.reason or Cancelled("it was cancelled")
        finally:
            del self.runs[run.id]
        finish(run, result, error)

    def close(self) -> None:
        """End the conversation, and all that is under way in it."""
        self.face.close()
        for run in tuple(self.runs.values()):
            run.cancel()


class Sessions:
    """The conversations of all hosts over HTTP, by names that nobody can guess; the one used longest ago leaves first."""

    def __init__(self) -> None:
        self._by_name: dict[str, McpSession] = {}

    def begin(self, house: House, asker: Asker) -> McpSession:
        """Return a conversation without a name yet."""
        return McpSession(house, Granted(_scopes(asker), asker.token))

    def keep(self, session: McpSession, now: float) -> str:
        """Give a conversation a name, and keep it."""
        for name, other in list(self._by_name.items()):
            if not other.runs and now - other.used_at > IDLE_S:
                self.end(name)
        if len(self._by_name) >= MAX_SESSIONS:
            self.end(min(self._by_name, key=lambda name: self._by_name[name].used_at))
        name = unguessable(16)
        session.used_at = now
        self._by_name[name] = session
        return name

    def find(self, name: str, asker: Asker, now: float) -> McpSession:
        """Return the conversation of this name, if it is that of who asks; raises RefusedError (404)."""
        session = self._by_name.get(name)
        if session is None or session.access.token != asker.token:
            raise RefusedError(
                404, "there is no such session; begin anew with `initialize`", code="not_found"
            )
        session.access.renew(_scopes(asker))  # what the token is good for now
        session.used_at = now
        return session

    def end(self, name: str) -> None:
        """Forget a conversation."""
        self._by_name.pop(name).close()


def _scopes(asker: Asker) -> tuple[Scope, ...]:
    """Return what a host may: what its token is good for; without one it may ask, as over its pipes."""
    return asker.scopes if asker.token is not None else ()


async def post(house: House, exchange: Exchange) -> None:
    """Take one message of a host, or a batch, and answer it; raises RefusedError where no session has begun."""
    _check(exchange)
    sessions: Sessions = house.mcp
    now = house.clock.monotonic()
    name = exchange.head.fields.get(SESSION)
    session = (
        sessions.begin(house, exchange.asker) if name is None else sessions.find(name, exchange.asker, now)
    )
    body, exchange.body = exchange.body, b""
    try:
        message = session.codec.decode_frame(body)
    except IsaacError as error:
        session.codec.broken = False
        frame = session.codec.encode_error(session.codec.failed_id, to_wire_error(error))
        exchange.reply(400, JSON, frame.rstrip(b"\n"))
        return
    if name is None and not _is_beginning(message):
        raise RefusedError(
            400, "a session begins with `initialize`; then send its Mcp-Session-Id", code="invalid_request"
        )
    more: tuple[tuple[str, str], ...] = ()
    async with anyio.create_task_group() as group:
        stream = Stream(exchange, group)
        token = _current.set(stream)
        try:
            session.face.take(message)
        finally:
            _current.reset(token)
    if name is None and session.face.has_begun:
        more = (
            ("Mcp-Session-Id", sessions.keep(session, now)),
            ("Access-Control-Expose-Headers", "Mcp-Session-Id"),
        )
    elif name is None:
        session.close()
    stream.end(more)


def delete(house: House, exchange: Exchange) -> None:
    """End a session."""
    name = exchange.head.fields.get(SESSION, "")
    sessions: Sessions = house.mcp
    sessions.find(name, exchange.asker, house.clock.monotonic())
    sessions.end(name)
    exchange.reply(204, JSON, b"")


def _check(exchange: Exchange) -> None:
    """Raise RefusedError for a host that could not read the answer, or speaks another version."""
    fields = exchange.head.fields
    kinds = {part.partition(";")[0].strip().lower() for part in fields.get("accept", "").split(",")}
    if not {"application/json", "text/event-stream"} <= kinds and "*/*" not in kinds:
        raise RefusedError(
            406, "Accept has to name application/json and text/event-stream", code="not_acceptable"
        )
    version = fields.get(VERSION)
    if version is not None and version not in VERSIONS:
        raise RefusedError(
            400, f"MCP-Protocol-Version has to be one of {', '.join(VERSIONS)}", code="unsupported_version"
        )


def _is_beginning(message: Message) -> bool:
    return type(message) is Request and message.method == "initialize"
