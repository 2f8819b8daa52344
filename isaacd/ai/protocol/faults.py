"""How a decoder says that what arrived is not an answer."""

from typing import Protocol

from isaacd.errors import IsaacError


class Faults(Protocol):
    """Makes the errors of one answer, which name its provider; an HttpReply is one."""

    def refused(self, body: bytes) -> IsaacError:
        """Say what an error means that came as a part of the answer."""
        ...

    def broke_off(self) -> IsaacError:
        """Say that the answer ended before its end."""
        ...

    def malformed(self, data: bytes) -> IsaacError:
        """Say that `data` is not what this protocol sends."""
        ...
