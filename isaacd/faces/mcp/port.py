"""What a face needs of the connection that it is spoken on."""

from collections.abc import Callable
from typing import Any, Protocol

from isaacd.command import Call, Catalog, Command
from isaacd.context import Services
from isaacd.errors import IsaacError
from isaacd.wire import JsonCodec


class Under(Protocol):
    """A request under way."""

    @property
    def id(self) -> int | str:
        """What the other end calls it."""
        ...

    def cancel(self, reason: IsaacError | None = None) -> None:
        """Stop it; it still ends with its one result or error."""
        ...


class Port(Protocol):
    """One connection of the daemon, as far as a face may use it."""

    @property
    def codec(self) -> JsonCodec:
        """What writes its messages."""
        ...

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        ...

    @property
    def services(self) -> Services:
        """What all requests share."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether the other end does not read what was sent."""
        ...

    def send(self, frame: bytes) -> None:
        """Send a frame that must not be lost."""
        ...

    def spawn(self, main: Callable[..., Any], *args: object) -> None:
        """Start a task that ends by itself and never raises."""
        ...

    def under_way(self, request_id: int | str) -> Under | None:
        """Return the request of this id that is under way."""
        ...

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
        ...
