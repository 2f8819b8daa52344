"""A provider that costs next to nothing: chat completions on a listening socket, as slow and as long as its model says.

Who does not ask for a stream gets one body of JSON at once. Whoever posts to `/v1/messages` is answered by events of that protocol. The model `delay-100` answers after 100 ms, `pieces-2000` in 2000 pieces, each written by itself.
"""

import asyncio
import re
import socket
import sys

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MODEL = re.compile(rb'"model": *"(delay|pieces)-(\d+)"')
_STREAM = re.compile(rb'"stream": *true')
_BODY = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"a piece "},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}'
)
_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: keep-alive\r\n\r\n"
)
_USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9}}\n\ndata: [DONE]\n\n'


def _event(text: bytes, finish: bytes = b"null") -> bytes:
    return (
        b'data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"%s"},'
        b'"finish_reason":%s}]}\n\n' % (text, finish)
    )


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_PIECE = _chunk(_event(b"a piece "))
_END = _chunk(_event(b"", b'"stop"') + _USAGE) + b"0\r\n\r\n"


_MESSAGES = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",'
    b'"model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a piece "}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    b'"usage":{"output_tokens":9}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)


class Provider(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._data = b""
        self._room = asyncio.Event()
        self._room.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, gap, body = self._data.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if not gap or len(body) < int(found[1] if found else 0):
            return
        self._data = b""
        if b"/messages" in head.partition(b"\r\n")[0]:
            self._transport.write(_HEAD + _chunk(_MESSAGES) + b"0\r\n\r\n")
            return
        wanted = _MODEL.search(body)
        kind, number = (wanted[1], int(wanted[2])) if wanted else (b"delay", 0)
        if not _STREAM.search(body):
            self._transport.write(_WHOLE)
        elif kind == b"pieces":
            task = asyncio.get_running_loop().create_task(self._pieces(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif number:
            asyncio.get_running_loop().call_later(number / 1000, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(_HEAD + _PIECE + _END)

    async def _pieces(self, number: int) -> None:
        self._transport.write(_HEAD)
        for _ in range(number):
            await self._room.wait()
            self._transport.write(_PIECE)
            await asyncio.sleep(0)
        self._transport.write(_END)


async def main(descriptor: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, sock=socket.socket(fileno=descriptor))
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
