"""The events of one request as they come, and its result at the end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from isaacctl.client.conversation import Inbox
from isaacctl.client.trouble import ConnectionLost
from isaacctl.client.values import Event

T = TypeVar("T")


class Stream(Generic[T]):
    """The events of one request, then its result. Leaving the `with` block early cancels the request."""

    def __init__(
        self,
        inbox: Inbox,
        wanted: type[T] | None,
        timeout_s: float | None,
        *,
        wait: Callable[[Inbox, float | None, bool], None],
        give_up: Callable[[Inbox], None],
    ) -> None:
        self._wait = wait
        self._give_up = give_up
        self._inbox = inbox
        self._wanted = wanted
        self._timeout_s = timeout_s
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        inbox = self._inbox
        if not inbox.events:
            if self._left:
                raise StopIteration
            self._wait(inbox, self._timeout_s, True)
        if inbox.events:
            return inbox.events.popleft()
        if inbox.failure is not None:
            raise inbox.failure
        raise StopIteration

    def deltas(self) -> Iterator[str]:
        """Iterate over the pieces of text alone."""
        for event in self:
            if event.kind == "delta" and isinstance(event.data, str):
                yield event.data

    @property
    def id(self) -> int:
        """What the daemon calls this request."""
        return self._inbox.id

    @property
    def result(self) -> T:
        """The result; waits for it if events are still to come, and drops these."""
        if self._left and not self._inbox.is_over:
            raise ConnectionLost("the stream was left before its end")
        self._wait(self._inbox, self._timeout_s, False)
        return self._inbox.decode(self._wanted)

    def close(self) -> None:
        """Cancel the request unless it is over."""
        if not self._inbox.is_over and not self._left:
            self._give_up(self._inbox)
        self._left = True


class AsyncStream(Generic[T]):
    """The events of one request, then its result. Leaving the `async with` block early cancels the request."""

    def __init__(
        self,
        inbox: Inbox,
        wanted: type[T] | None,
        timeout_s: float | None,
        *,
        send: Callable[[], Awaitable[None]],
        wait: Callable[[Inbox, float | None, bool], Awaitable[None]],
        give_up: Callable[[Inbox], Awaitable[None]],
    ) -> None:
        self._send = send
        self._wait = wait
        self._give_up = give_up
        self._inbox = inbox
        self._wanted = wanted
        self._timeout_s = timeout_s
        self._left = False

    async def __aenter__(self) -> Self:
        await self._send()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        inbox = self._inbox
        if not inbox.events:
            if self._left:
                raise StopAsyncIteration
            await self._wait(inbox, self._timeout_s, True)
        if inbox.events:
            return inbox.events.popleft()
        if inbox.failure is not None:
            raise inbox.failure
        raise StopAsyncIteration

    async def deltas(self) -> AsyncIterator[str]:
        """Iterate over the pieces of text alone."""
        async for event in self:
            if event.kind == "delta" and isinstance(event.data, str):
                yield event.data

    @property
    def id(self) -> int:
        """What the daemon calls this request."""
        return self._inbox.id

    @property
    def result(self) -> T:
        """The result; raises RuntimeError before the end of the events."""
        if not self._inbox.is_over:
            raise RuntimeError("the result is there when all events have come")
        return self._inbox.decode(self._wanted)

    async def aclose(self) -> None:
        """Cancel the request unless it is over."""
        if not self._left:
            self._left = True
            await self._give_up(self._inbox)
