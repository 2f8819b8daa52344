"""Handlers and jobs as the bus and the timetable know them: whose they are, and what calls them, wherever that is."""

from collections.abc import Awaitable, Callable

import msgspec

from isaacd.context import Event


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """A handler of events; `call` runs it to its end, and may raise anything."""

    plugin: str
    name: str
    event: str
    call: Callable[[Event], Awaitable[object]]
    timeout_s: float


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """A job; `call` runs it to its end, and may raise anything."""

    plugin: str
    name: str
    every_s: float
    jitter: float
    timeout_s: float
    call: Callable[[], Awaitable[object]]
