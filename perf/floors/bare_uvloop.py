"""The least that answers a request: one uvloop protocol, msgspec both ways, no dispatch, no limits, no errors."""

import asyncio
import socket
import sys

import msgspec
import uvloop


class Arguments(msgspec.Struct):
    """The arguments of the only method, by name."""

    name: str = "nobody"


class Request(msgspec.Struct, array_like=True):
    """`[0, id, method, [name]]` or `[0, id, method, [{"name": name}]]`, decoded whole in one go."""

    kind: int
    id: int
    method: str
    params: list[str | Arguments]


decode = msgspec.msgpack.Decoder(Request).decode
encode = msgspec.msgpack.Encoder().encode


class Bare(asyncio.Protocol):
    """Answers every chunk as if it were exactly one request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        request = decode(data)
        first = request.params[0] if request.params else "nobody"
        name = first.name if type(first) is Arguments else first
        self.transport.write(encode((1, request.id, None, f"hello {name}")))


async def main() -> None:
    """Serve the listening socket whose number is the first argument."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    server = await asyncio.get_running_loop().create_unix_server(Bare, sock=listening)
    await server.serve_forever()


uvloop.run(main())
