"""Requests, events and responses of one connection, with no I/O: what both kinds of client have in common."""

import itertools
import os
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, overload

import msgspec

from isaacctl import __version__
from isaacctl.client.trouble import ClientError, ConnectionLost, RemoteError
from isaacctl.client.values import Event
from isaacd.errors import IsaacError
from isaacd.wire import NativeCodec, Notification, Response, has_error, read_error

T = TypeVar("T")

PROTOCOL = 1
EVENT_METHOD = "$/event"


class Inbox:
    """What has come for one request and was not fetched yet."""

    __slots__ = ("events", "failure", "id", "is_over", "result")

    def __init__(self, request_id: int) -> None:
        self.id = request_id
        self.events: deque[Event] = deque()
        self.is_over = False
        self.failure: ClientError | None = None
        self.result = msgspec.Raw()

    @overload
    def decode(self, wanted: type[T]) -> T: ...

    @overload
    def decode(self, wanted: None) -> Any: ...

    def decode(self, wanted: Any) -> Any:
        """Return the result as the type wanted.

        Raises RemoteError or ConnectionLost if there is none, msgspec.ValidationError if it is of another type.
        """
        if self.failure is not None:
            raise self.failure
        return msgspec.msgpack.decode(self.result or b"\xc0", type=Any if wanted is None else wanted)


class Conversation:
    """Encodes what is sent and sorts what comes; requests may overlap in any order."""

    def __init__(self) -> None:
        self._codec = NativeCodec()
        self._ids = itertools.count(1)
        self._inboxes: dict[int | str, Inbox] = {}
        self.hello = Inbox(0)

    def greeting(self) -> bytes:
        """Return the request that begins the conversation; nobody needs to wait for its answer."""
        self._inboxes[self.hello.id] = self.hello
        hello = {
            "proto": [PROTOCOL],
            "client": {"name": "isaacctl.client", "version": __version__},
            "errors": "map",
        }
        return self._codec.encode_request(self.hello.id, "hello", hello)

    def request(
        self, method: str, args: Sequence[object], named: Mapping[str, object], meta: Mapping[str, object]
    ) -> tuple[Inbox, bytes]:
        """Return where the answer will be, and the bytes to send; raises TypeError for arguments that cannot be."""
        if args and named:
            raise TypeError(f"the arguments of {method} are either positional or named, not both")
        given = {name: value for name, value in meta.items() if value is not None}
        inbox = Inbox(next(self._ids))
        try:
            if args and given:
                frame = self._codec.encode_request(inbox.id, "call", [method, list(args), given])
            elif args:
                frame = self._codec.encode_request(inbox.id, method, list(args))
            elif given:
                frame = self._codec.encode_request(inbox.id, method, {**named, "_meta": given})
            else:
                frame = self._codec.encode_request(inbox.id, method, dict(named) if named else None)
        except IsaacError as error:
            raise TypeError(error.message) from None
        self._inboxes[inbox.id] = inbox
        return inbox, frame

    def notification(self, method: str, args: Sequence[object], named: Mapping[str, object]) -> bytes:
        """Return the bytes of a message that is not answered."""
        try:
            return self._codec.encode_notification(method, list(args) if args else dict(named) or None)
        except IsaacError as error:
            raise TypeError(error.message) from None

    def cancellation(self, inbox: Inbox) -> bytes:
        """Return the bytes that ask the daemon to stop a request; its answer still comes."""
        return self._codec.encode_notification("cancel", [inbox.id])

    def forget(self, inbox: Inbox) -> None:
        """Take no more notice of a request."""
        self._inboxes.pop(inbox.id, None)

    def receive(self, data: bytes) -> None:
        """Take bytes from the daemon and put what they say into the inboxes; no bytes are the end."""
        if not data:
            self.lose("isaacd closed the connection")
            return
        self._codec.receive_data(data)
        try:
            while (message := self._codec.next_message()) is not None:
                if isinstance(message, Response):
                    self._response(message)
                elif isinstance(message, Notification) and message.method == EVENT_METHOD:
                    self._event(message)
        except (IsaacError, msgspec.MsgspecError) as error:
            self.lose(f"what answers does not speak like isaacd: {error}")

    def lose(self, reason: str) -> None:
        """End every request that is under way."""
        for inbox in self._inboxes.values():
            inbox.failure = ConnectionLost(reason)
            inbox.is_over = True
        self._inboxes.clear()

    def _response(self, response: Response) -> None:
        if response.id is None:
            self.lose(f"isaacd did not understand a request: {read_failure(response).message}")
            return
        inbox = self._inboxes.pop(response.id, None)
        if inbox is None:
            return  # nobody waits for it any more
        inbox.is_over = True
        if has_error(response, "msgpack"):
            inbox.failure = read_failure(response)
        else:
            inbox.result = response.result

    def _event(self, notification: Notification) -> None:
        event = msgspec.msgpack.decode(notification.params, type=Event)
        inbox = self._inboxes.get(event.run)
        if inbox is not None:
            inbox.events.append(event)


def read_failure(response: Response) -> RemoteError:
    """Return the error of a response as an exception."""
    error = read_error(response.error, "msgpack")
    data = error.data
    after, hint = data.get("retry_after_ms"), data.get("hint")
    return RemoteError(
        error.code,
        str(data.get("name", "")),
        error.message,
        retryable=bool(data.get("retryable", False)),
        retry_after_ms=after if isinstance(after, int) else None,
        hint=hint if isinstance(hint, str) else None,
        detail=data.get("detail"),
    )


def call_meta(
    deadline_ms: int | None,
    cwd: str | os.PathLike[str] | None,
    caller: str | None = None,
    *,
    stream: bool = False,
) -> dict[str, object]:
    """Return what a request says about itself; None stands for what it does not say."""
    return {
        "deadline_ms": deadline_ms,
        "cwd": None if cwd is None else os.path.abspath(cwd),
        "caller": caller,
        "stream": True if stream else None,
    }
