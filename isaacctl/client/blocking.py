"""The client for programs that wait."""

import os
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from isaacctl.client.conversation import Conversation, Inbox, call_meta
from isaacctl.client.door import open_connection
from isaacctl.client.questions import Questions
from isaacctl.client.streams import Stream
from isaacctl.client.trouble import ConnectionLost
from isaacctl.client.values import CommandCard, Hello, Pong

T = TypeVar("T")

CHUNK_BYTES = 262144
CONNECT_TIMEOUT_S = 15.0


class Client(Questions):
    """A connection to the daemon.

    It connects at once, and starts the daemon if none runs (unless `start` is false); raises DaemonUnavailable.
    Use one Client a thread: it is not safe to share. Requests may overlap, for example a call in a stream's loop.

    `timeout_s` is how long to wait for something to come, by default for ever; a method's own `timeout_s` wins.
    When it is over, the request is cancelled and TimeoutError raised. `cwd` is where relative paths in arguments
    begin, by default nowhere. `caller` is this program's name in budgets and reports of AI calls.

    Example:
        with Client(timeout_s=30) as client:
            client.call("greet", name="ada")
    """

    def __init__(
        self,
        *,
        start: bool = True,
        timeout_s: float | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        cwd: str | os.PathLike[str] | None = None,
        caller: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._cwd = cwd
        self._caller = caller
        self._talk = Conversation()
        self._pending = self._talk.greeting()  # goes out together with the first request
        self._sock: socket.socket | None = open_connection(
            os.environ if environ is None else environ,
            start_daemon=start,
            connect_timeout_s=connect_timeout_s,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what is still under way is cancelled by the daemon."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        self._talk.lose("the client was closed")

    @overload
    def call(
        self,
        method: str,
        /,
        *args: object,
        type: type[T],
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> T: ...

    @overload
    def call(
        self,
        method: str,
        /,
        *args: object,
        type: None = None,
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Any: ...

    def call(
        self,
        method: str,
        /,
        *args: object,
        type: Any = None,  # noqa: A002 - what msgspec calls it
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Any:
        """Call a command and return its result, as `type` if that is given.

        Arguments are either named or positional. One that is called like an option here goes into a mapping:
        `client.call("x", {"type": 1})`. After `deadline_ms` the daemon itself gives up, with the RemoteError
        "deadline_exceeded". Raises RemoteError, ConnectionLost, TimeoutError, or msgspec.ValidationError if the
        result is not a `type`.

        Example:
            client.call("status")
            client.call("greet", "ada", type=str)
        """
        inbox = self._begin(method, args, named, call_meta(deadline_ms, self._cwd, self._caller))
        self._wait(inbox, timeout_s)
        return inbox.decode(type)

    @overload
    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: type[T],
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Stream[T]: ...

    @overload
    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: None = None,
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Stream[Any]: ...

    def stream(
        self,
        method: str,
        /,
        *args: object,
        type: Any = None,  # noqa: A002
        deadline_ms: int | None = None,
        timeout_s: float | None = None,
        **named: object,
    ) -> Stream[Any]:
        """Call a command and iterate over its events as they come; `timeout_s` counts anew for each of them.

        Example:
            with client.stream("ask", question="list open ports") as answer:
                for text in answer.deltas():
                    print(text, end="")
            print(answer.result)
        """
        inbox = self._begin(method, args, named, call_meta(deadline_ms, self._cwd, self._caller, stream=True))
        return Stream(inbox, type, timeout_s, wait=self._wait, give_up=self._give_up)

    def notify(self, method: str, /, *args: object, **named: object) -> None:
        """Send a message that is not answered."""
        if args and named:
            raise TypeError(f"the arguments of {method} are either positional or named, not both")
        self._send(self._talk.notification(method, args, named))

    def cancel(self, request_id: int | str) -> None:
        """Ask the daemon to stop the request, or the run, of this name."""
        self.notify("cancel", request_id)

    def hello(self, *, timeout_s: float | None = None) -> Hello:
        """Return what the daemon said when it was met: its version, methods and limits."""
        self._send(b"")  # if nothing has been sent yet, the greeting is
        self._wait(self._talk.hello, timeout_s)
        return self._talk.hello.decode(Hello)

    def ping(self, *, timeout_s: float | None = None) -> Pong:
        """Return a sign of life."""
        return self.call("ping", type=Pong, timeout_s=timeout_s)

    def commands(self, *, timeout_s: float | None = None) -> list[CommandCard]:
        """Return every command with the JSON Schema of its arguments."""
        return self.call("commands", type=list[CommandCard], timeout_s=timeout_s)

    def _begin(
        self, method: str, args: tuple[object, ...], named: dict[str, object], meta: dict[str, object]
    ) -> Inbox:
        inbox, frame = self._talk.request(method, args, named, meta)
        self._send(frame)
        return inbox

    def _send(self, frame: bytes) -> None:
        if self._sock is None:
            raise ConnectionLost("the client was closed")
        data, self._pending = self._pending + frame, b""
        self._sock.settimeout(None)
        try:
            self._sock.sendall(data)
        except OSError as error:
            self._talk.lose(f"isaacd closed the connection ({error.strerror})")

    def _wait(self, inbox: Inbox, timeout_s: float | None, event: bool = False) -> None:
        """Read until the request is over, or (with `event`) until an event of it has come."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while not (inbox.is_over or (event and inbox.events)):
            if self._sock is None:
                raise ConnectionLost("the client was closed")
            left_s = None if deadline is None else max(deadline - time.monotonic(), 0.000001)
            self._sock.settimeout(left_s)
            try:
                data = self._sock.recv(CHUNK_BYTES)
            except TimeoutError:
                self._give_up(inbox)
                raise TimeoutError(f"nothing came from isaacd for {limit_s:g} s") from None
            except OSError:
                data = b""
            self._talk.receive(data)

    def _give_up(self, inbox: Inbox) -> None:
        """Cancel a request that nobody waits for any more."""
        self._talk.forget(inbox)
        if self._sock is not None and not inbox.is_over:
            self._send(self._talk.cancellation(inbox))
