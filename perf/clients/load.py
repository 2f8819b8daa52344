"""Load an OpenAI-compatible endpoint, and print what each request took: `load.py ADDRESS CLIENTS COUNT PATH TOKEN FORM`.

ADDRESS is `unix:PATH` or `HOST:PORT`, FORM the JSON of a request, in which `{n}` becomes a number, other with every
request. Each client has one connection, and asks again when it is answered. Nothing is imported that costs much: what is measured
is the other side. Prints {"took_s": of all, "each_s": [of each request, in the order of their ends]}.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

PATIENCE_S = 120.0
GREETING_S = 10.0


class Connection(asyncio.Protocol):
    """One client: sends its next request when the answer before is whole, and fails for any answer but 200."""

    def __init__(self, requests: Iterator[bytes], each_s: list[float]) -> None:
        self._requests = requests
        self._each_s = each_s
        self._data = b""
        self._began_s = 0.0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's are of no class of asyncio
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(None)
            return
        self._began_s = time.perf_counter()
        self._transport.write(request)
        if not self._each_s:
            # Who does not speak HTTP may say nothing at all.
            asyncio.get_running_loop().call_later(GREETING_S, self._look)

    def _look(self) -> None:
        if not self._each_s:
            self._end(TimeoutError(f"it does not answer within {GREETING_S:g} s"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, gap, body = self._data.partition(b"\r\n\r\n")
        if not gap:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._end(RuntimeError(f"it answered {self._data[:500]!r}"))
            return
        fields = head.lower()
        _, named, rest = fields.partition(b"content-length:")
        if len(body) < int(rest.split(b"\r\n")[0]) if named else not body.endswith(b"0\r\n\r\n"):
            return
        self._each_s.append(time.perf_counter() - self._began_s)
        self._data = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionError("it closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(error) if error else self.over.set_result(None)
        self._transport.close()


def requests(count: int, path: str, token: str, form: str) -> Iterator[bytes]:
    for number in range(count):
        body = form.replace("{n}", str(number)).encode()
        yield (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


async def main(address: str, clients: int, count: int, path: str, token: str, form: str) -> None:
    loop = asyncio.get_running_loop()
    each_s: list[float] = []
    todo = requests(count, path, token, form)
    began_s = time.perf_counter()
    connections = []
    for _ in range(clients):
        if address.startswith("unix:"):
            made = await loop.create_unix_connection(lambda: Connection(todo, each_s), address[5:])
        else:
            host, _, port = address.rpartition(":")
            made = await loop.create_connection(lambda: Connection(todo, each_s), host, int(port))
        connections.append(made[1])
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(connection.over for connection in connections))
    print(json.dumps({"took_s": time.perf_counter() - began_s, "each_s": each_s}))


def run() -> None:
    address, clients, count, path, token, form = sys.argv[1:]
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    asyncio.run(main(address, int(clients), int(count), path, token, form))


run()
