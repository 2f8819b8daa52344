"""What connections of HTTP need of the daemon and of their transport, and what they are told; for types only."""

from typing import Protocol

from isaacd.command import Catalog
from isaacd.context import Services
from isaacd.trace import Traces


class Peer(Protocol):
    """The transport, as far as a session may steer it."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def pause_reading(self) -> None:
        """Deliver no more bytes for now."""
        ...

    def resume_reading(self) -> None:
        """Deliver bytes again."""
        ...

    def finish(self) -> None:
        """Send no more, and go on to listen."""
        ...

    def close(self) -> None:
        """Send what is buffered, then close."""
        ...


class Session(Protocol):
    """A connection, as far as all of them are told something."""

    def revoked(self, token: str) -> None:
        """End what is under way for a token."""
        ...


class Shared(Protocol):
    """The daemon, as far as this face needs it."""

    draining: bool
    requests: int
    traces: Traces

    @property
    def catalog(self) -> Catalog:
        """All commands."""
        ...

    @property
    def services(self) -> Services:
        """What all requests share."""
        ...

    def run_started(self) -> None:
        """Count a run."""
        ...

    def run_ended(self) -> None:
        """Count it no longer."""
        ...
