"""Clients of an OpenAI-compatible gateway, on bare sockets: `gateway.py UNIX_SOCKET|HOST:PORT TOKEN CLIENTS COUNT KIND MODEL`.

Each of CLIENTS connections asks COUNT questions one after another. KIND is miss (no two questions are the same), hit (all
are) or stream. Prints as JSON how long all took, and the latencies, in seconds.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

_END = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """One connection: the next question is sent when the last one is answered."""

    def __init__(self, host: str, token: str, questions: list[bytes]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self._head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            + (f"Authorization: Bearer {token}\r\n" if token else "")
        ).encode()
        self._questions = questions
        self._data = b""
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if not self._questions:
            self._transport.close()
            self.done.set_result(None)
            return
        body = self._questions.pop()
        self._sent = time.perf_counter()
        self._transport.write(self._head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, gap, body = self._data.partition(_END)
        if not gap:
            return
        if b"chunked" in head:
            if not body.endswith(b"0\r\n\r\n"):
                return
        else:
            at = head.lower().find(b"content-length:")
            if len(body) < int(head[at + 15 :].split(b"\r\n", 1)[0]):
                return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._data[:500].decode(errors="replace")))
            return
        self._data = b""
        self.latencies.append(time.perf_counter() - self._sent)
        self._ask()

    def connection_lost(self, exc: BaseException | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the connection ended: {exc}"))


def _question(kind: str, model: str, salt: str) -> bytes:
    content = "the same question" if kind == "hit" else f"question {salt}"
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": content}]}
    if kind == "stream":
        body["stream"] = True
    return json.dumps(body).encode()


async def main(where: str, token: str, clients: int, count: int, kind: str, model: str) -> None:
    loop = asyncio.get_running_loop()
    salt = time.time_ns()
    made: list[Client] = []
    start = time.perf_counter()
    for number in range(clients):
        client = Client(
            "localhost", token, [_question(kind, model, f"{salt} {number} {item}") for item in range(count)]
        )
        made.append(client)
        if where.startswith("/"):
            await loop.create_unix_connection(lambda client=client: client, where)
        else:
            host, _, port = where.rpartition(":")
            await loop.create_connection(lambda client=client: client, host, int(port))
    await asyncio.gather(*(client.done for client in made))
    took_s = time.perf_counter() - start
    print(json.dumps({"took": [took_s], "latency": [item for client in made for item in client.latencies]}))


if __name__ == "__main__":
    place, secret, many, each, how, whom = sys.argv[1:]
    uvloop.run(main(place, secret, int(many), int(each), how, whom))
