"""A provider on a socket that answers every prompt with itself, for daemons in other processes."""

import asyncio
import json
import threading
from collections import Counter
from typing import Any, Self

import anyio

from tests.fake_provider import Exchange, FakeProvider, answer


def fitting(body: dict[str, Any]) -> str:
    """Return JSON that keeps the schema of a request, as far as its form goes; "" where none is asked for."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return "" if schema is None else json.dumps(_value(schema, schema.get("$defs", {})))


def _value(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(known[schema["$ref"].rpartition("/")[2]], known)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        named = {name: _value(item, known) for name, item in schema.get("properties", {}).items()}
        return dict.fromkeys(schema.get("required", ()), "x") | named
    return {"array": [], "string": "x", "integer": 1, "number": 1, "boolean": False}.get(str(kind))


class Answering:
    """A provider in a thread of its own that answers every prompt with itself, and holds some back."""

    def __init__(self) -> None:
        self.held = False
        self.asked = 0
        self.answered: Counter[str] = Counter()
        self.provider: Any = None
        self._ready, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,))

    async def _serve(self) -> None:
        self._gate, self._loop = asyncio.Event(), asyncio.get_running_loop()
        async with FakeProvider(self._answer) as provider:
            self.provider = provider
            self._ready.set()
            await anyio.to_thread.run_sync(self._done.wait)

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.reply(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})
            return
        prompt = exchange.request.body["messages"][-1]["content"]
        if isinstance(prompt, list):  # with attachments
            prompt = " ".join(part.get("text", "") for part in prompt)
        self.asked += 1
        if self.held and sum(self.answered.values()) >= 20:
            await self._gate.wait()
        self.answered[prompt] += 1
        await exchange.open_stream()
        text = fitting(exchange.request.body) or f"re: {prompt}"
        for item in answer(text):
            await exchange.chunk(item)
        await exchange.end()

    def release(self) -> None:
        """Hold nothing back any more."""
        self.held = False
        self._loop.call_soon_threadsafe(self._gate.set)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(90)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._done.set()
        self._thread.join(90)

    @property
    def config(self) -> str:
        return f'[ai.providers.fake]\nbase_url = "{self.provider.base_url}"\nmodel = "m"\n'
