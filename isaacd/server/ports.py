"""What a session needs of its surroundings, and how its own methods and faces see it; for types only."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Protocol

from isaacd.command import Call, Catalog, Command
from isaacd.context import Services, Sink
from isaacd.errors import IsaacError
from isaacd.faces.http.house import House
from isaacd.faces.http.ports import Shared as OfHttp
from isaacd.log import Log
from isaacd.server.hangup import Hangups
from isaacd.server.outbox import Outbox
from isaacd.server.peer import Timeouts
from isaacd.server.run import Run
from isaacd.wire import Codec, Message, Request


class Peer(Protocol):
    """The transport, as far as a session may steer it."""

    def pause_reading(self) -> None:
        """Deliver no more bytes for now."""
        ...

    def resume_reading(self) -> None:
        """Deliver bytes again."""
        ...

    def close(self) -> None:
        """Send what is buffered, then close."""
        ...


class Face(Protocol):
    """Another language on the same connection; `returns` says that its peer comes back once the daemon has left."""

    @property
    def returns(self) -> bool:
        """Whether it does."""
        ...

    def take(self, message: Message) -> None:
        """Act on one message."""
        ...

    def farewell(self, running: tuple[int | str, ...]) -> None:
        """Say that the daemon leaves, and which requests it has not finished."""
        ...

    def close(self) -> None:
        """End the conversation."""
        ...


class Shared(OfHttp, Protocol):
    """What all sessions of one daemon have in common."""

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task; it never raises."""
        ...


class Owner(Protocol):
    """Whoever has accepted a connection, and has all of them."""

    loop: asyncio.AbstractEventLoop
    log: Log
    uid: int
    holds: bool
    timeouts: Timeouts
    hangups: Hangups
    connections: set[Any]
    numbers: "itertools.count[int]"
    shared: Shared
    changed: Callable[[], None]

    def has_room(self) -> bool:
        """Say whether one more may connect over TCP."""
        ...

    def house(self) -> House:
        """Return what all connections of HTTP share."""
        ...


class Conversation(Protocol):
    """A session; `face` is set once another language is spoken."""

    codec: Codec
    outbox: Outbox
    face: Face | None
    runs: dict[int | str, Run]
    sink: Sink | None
    can_ask: bool

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        ...

    @property
    def services(self) -> Services:
        """What all requests share."""
        ...

    def execute(self, command: Command, call: Call, request_id: int | str) -> None:
        """Run a command and answer the request with its result."""
        ...

    def begin(
        self,
        command: Command,
        call: Call,
        run_id: int | str,
        finish: Callable[[Run, object, IsaacError | None], None],
        *,
        wants_events: bool,
    ) -> None:
        """Start a run."""
        ...

    def reply(self, request_id: int | str, result: object) -> None:
        """Answer a request."""
        ...

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        ...

    def reply_error(self, request_id: int | str | None, error: IsaacError) -> None:
        """Answer a request with an error."""
        ...

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task that ends by itself and never raises."""
        ...


class Builtin(Protocol):
    """What answers a method by itself."""

    def answer(self, session: Any, request: Request) -> None:
        """Answer a request; raises IsaacError for the caller to send."""
