"""What a host is told while a call runs: how far it is, and what is worth a line in its log."""

from collections.abc import Callable
from typing import Any

from isaacd.context import Unattended
from isaacd.errors import IsaacError
from isaacd.faces.mcp import spec
from isaacd.safety.visible import plain

# A host that is told more often than that draws no faster.
EVERY_S = 0.25
_MAX_CHARS = 400


class Telling(Unattended):
    """The events of one call; `tell` sends a notification if the host reads, `token` is what its progress is called.

    A command that a host calls has no input, and can ask nobody: consent is given before it starts.
    """

    def __init__(
        self,
        tell: Callable[[str, dict[str, Any]], None],
        log: Callable[[str, str], None],
        *,
        token: int | str | None,
        version: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._tell = tell
        self._log = log
        self._token = token
        self._version = version
        self._monotonic = monotonic
        self._next = float("-inf")
        self._done = 0.0
        self._chars = 0

    async def emit(self, kind: str, data: object) -> None:
        """Pass on what a host has a place for."""
        if kind == "progress" and isinstance(data, dict):
            self._progress(data.get("done"), data.get("total"), str(data.get("label") or ""))
        elif kind == "delta" and isinstance(data, str):
            self._chars += len(data)
            if self._monotonic() >= self._next:
                self._progress(self._chars, None, f"{self._chars} characters so far")
        elif kind == "log":
            self._log("info", str(data))

    def _progress(self, done: object, total: object, label: str) -> None:
        """Tell it, if it was asked for; the protocol wants numbers that only grow."""
        if self._token is None:
            return
        self._next = self._monotonic() + EVERY_S
        given = float(done) if isinstance(done, int | float) else 0.0
        self._done = given if given > self._done else self._done + 0.001
        said: dict[str, Any] = {"progressToken": self._token, "progress": _number(self._done)}
        if isinstance(total, int | float) and total >= self._done:
            said["total"] = total
        if label and self._version >= spec.HAS_PROGRESS_MESSAGE:
            said["message"] = plain(label)[:_MAX_CHARS]
        try:
            self._tell("notifications/progress", said)
        except IsaacError:
            return  # what cannot be sent is not worth the call


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else round(value, 3)
