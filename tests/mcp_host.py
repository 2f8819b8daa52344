"""A host of the Model Context Protocol, written by hand: says lines, and reads what comes back as plain objects."""

import json
from typing import Any

import anyio.abc

from isaacd.command import Command
from isaacd.wire import JsonLinesCodec
from tests.fakes import Conversation

CLIENT = {"name": "a-host", "version": "1.0"}


def initialize(
    version: str = "2025-11-25", capabilities: Any = None, number: int | str = 0
) -> dict[str, Any]:
    """The request that begins a conversation."""
    params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": params}


def request(number: int | str, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def call(number: int | str, name: str, token: int | str | None = None, **arguments: Any) -> dict[str, Any]:
    """The request that calls a tool; with a token it wants to know how far that is."""
    meta = {} if token is None else {"_meta": {"progressToken": token}}
    return request(number, "tools/call", name=name, arguments=arguments, **meta)


class Host:
    """One host at a session; `take` returns what the daemon has said since."""

    def __init__(self, group: anyio.abc.TaskGroup, *commands: Command) -> None:
        self.talk = Conversation(group=group, codec=JsonLinesCodec())
        self.talk.shared.catalog.add(*commands)
        self.kept: list[Any] = []  # all that was heard by `answer`

    @property
    def services(self) -> Any:
        return self.talk.shared.services

    def say(self, *messages: Any) -> None:
        for message in messages:
            self.talk.say(json.dumps(message).encode() + b"\n")

    def say_raw(self, data: bytes) -> None:
        self.talk.say(data)

    def take(self) -> list[Any]:
        lines = b"".join(self.talk.written).splitlines()
        self.talk.written.clear()
        return [json.loads(line) for line in lines]

    async def until(self, number: int | str | None = None, method: str | None = None) -> list[Any]:
        """Collect what is said until there is an answer to this request, or a message with this method."""
        heard: list[Any] = []
        with anyio.fail_after(60):
            while True:
                self.talk._changed = anyio.Event()
                heard += self.take()
                for item in heard:
                    if (
                        item.get("method") == method
                        if method
                        else item.get("id") == number and "method" not in item
                    ):
                        return heard
                await self.talk._changed.wait()

    async def answer(self, message: dict[str, Any]) -> Any:
        """Say a request, and return its answer; what else is said meanwhile is dropped."""
        self.say(message)
        heard = await self.until(message["id"])
        self.kept += heard
        return next(item for item in heard if item.get("id") == message["id"] and "method" not in item)

    async def begin(
        self, version: str = "2025-11-25", capabilities: Any = None, **opening: Any
    ) -> dict[str, Any]:
        """Begin a conversation, as `isaacctl mcp` does where something is granted."""
        if opening:
            opened = await self.answer(request("open", "mcp.open", **opening))
            assert "result" in opened, opened
        begun = await self.answer(initialize(version, capabilities))
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return dict(begun["result"])
