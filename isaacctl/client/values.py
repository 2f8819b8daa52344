"""What the daemon says about itself and about a request that is under way."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened while a request was running, such as a piece of text of kind "delta"."""

    run: int | str
    seq: int
    kind: str
    data: Any = None


class Server(msgspec.Struct, frozen=True):
    """Which daemon answers."""

    name: str
    version: str
    pid: int


class Hello(msgspec.Struct, frozen=True):
    """What client and daemon agreed on when they met."""

    proto: int
    server: Server
    caps: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    limits: dict[str, int] = {}


class Pong(msgspec.Struct, frozen=True):
    """A sign of life."""

    pid: int
    version: str


class CommandCard(msgspec.Struct, frozen=True):
    """One command; `schema` is the JSON Schema of its arguments."""

    name: str
    summary: str
    mode: str
    plugin: str
    schema: dict[str, Any] = {}
