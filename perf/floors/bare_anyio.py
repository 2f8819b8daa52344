"""The least daemon: anyio on uvloop with one listener that answers whatever comes."""

import socket
import sys

import anyio
import anyio.abc


async def answer(stream: anyio.abc.ByteStream) -> None:
    """Send back what comes."""
    async with stream:
        async for chunk in stream:
            await stream.send(chunk)


async def main() -> None:
    """Serve the listening socket whose number is the first argument."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    listener = await anyio.abc.SocketListener.from_socket(listening)
    await listener.serve(answer)


anyio.run(main, backend_options={"use_uvloop": True})
