"""Other languages on a connection: the first request of one hands the conversation over to its face."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd.command import Call, Catalog, Command
from isaacd.context import Context, Meta, Services
from isaacd.errors import InvalidParams, IsaacError, MethodNotFound
from isaacd.wire import Request

if TYPE_CHECKING:
    from isaacd.faces.mcp.access import Access
    from isaacd.faces.mcp.port import Under
    from isaacd.server.ports import Conversation
    from isaacd.wire import JsonCodec

MCP_OPEN = "mcp.open"


class Opening(msgspec.Struct, frozen=True):
    """What `isaacctl mcp` says before its host says anything: what is granted, and where the person is."""

    scope: tuple[str, ...] = ()
    token: str = ""
    cwd: str | None = None
    env: dict[str, str] | None = None


class SessionPort:
    """A session, as far as a face may use it."""

    def __init__(self, session: "Conversation", codec: "JsonCodec") -> None:
        self.codec = codec
        self._session = session

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        return self._session.catalog

    @property
    def services(self) -> Services:
        """What all requests share."""
        return self._session.services

    @property
    def is_behind(self) -> bool:
        """Whether the other end does not read what was sent."""
        return self._session.outbox.congested

    def send(self, frame: bytes) -> None:
        """Send a frame that must not be lost."""
        self._session.send(frame)

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task that ends by itself and never raises."""
        self._session.spawn(main, *args)

    def under_way(self, request_id: int | str) -> "Under | None":
        """Return the request of this id that is under way."""
        return self._session.runs.get(request_id)

    def begin(
        self,
        command: Command,
        call: Call,
        run_id: int | str,
        finish: Callable[[Any, object, IsaacError | None], None],
        *,
        wants_events: bool,
    ) -> None:
        """Start a command; raises InvalidRequest if the id is in use, ShuttingDown while the daemon drains."""
        self._session.begin(command, call, run_id, finish, wants_events=wants_events)


class Mcp:
    """The methods that begin a conversation in the Model Context Protocol."""

    def answer(self, session: "Conversation", request: Request) -> None:
        """Hand the conversation over; raises MethodNotFound where that language cannot be spoken."""
        from isaacd.wire import JsonLinesCodec

        codec = session.codec
        if not isinstance(codec, JsonLinesCodec):
            raise MethodNotFound(f"no command {request.method!r} in this language", hint="send JSON lines")
        if session.runs:
            raise InvalidParams("a conversation is handed over before anything else is under way on it")
        from isaacd.faces.mcp.access import Access

        if request.method == MCP_OPEN:
            self._open(session, codec, request)
            return
        if not isinstance(_wanted(request), str):
            raise InvalidParams(
                "initialize: `protocolVersion` must be a version of the Model Context Protocol"
            )
        _begin(session, codec, Access(), Meta())
        assert session.face is not None
        session.face.take(request)

    def _open(self, session: "Conversation", codec: "JsonCodec", request: Request) -> None:
        from isaacd.faces.mcp.access import Access

        try:
            opening = msgspec.json.decode(bytes(request.params) or b"{}", type=Opening)
        except (ValueError, RecursionError) as error:
            raise InvalidParams(f"{MCP_OPEN}: {error}") from None
        meta = Meta(cwd=opening.cwd, env=opening.env)

        async def open_mcp(context: Context) -> object:
            """Check what is granted."""
            book = None
            if opening.token:
                book = context.services.tokens
                await book.open()
            access = Access(opening.scope, opening.token, book)
            scopes = access.scopes
            _begin(session, codec, access, meta, returns=True)
            return {"scopes": scopes}

        def finish(run: Any, result: object, error: IsaacError | None) -> None:
            if error is not None:
                session.reply_error(run.id, error)
            else:
                session.reply(run.id, result)

        command = Command(open_mcp, name=MCP_OPEN, plugin="isaacd", hidden=True)
        session.begin(command, command.bind({}, meta), request.id, finish, wants_events=False)


def _begin(
    session: "Conversation", codec: "JsonCodec", access: "Access", meta: Meta, *, returns: bool = False
) -> None:
    from isaacd.faces.mcp.face import Face

    session.face = Face(SessionPort(session, codec), access, meta, returns=returns)


def _wanted(request: Request) -> object:
    try:
        return msgspec.json.decode(bytes(request.params) or b"{}", type=dict[str, Any]).get("protocolVersion")
    except (ValueError, RecursionError):
        return None


FACES = {"initialize": Mcp(), MCP_OPEN: Mcp()}
