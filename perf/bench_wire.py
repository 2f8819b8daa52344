"""What a codec adds to bare msgspec for one small request and its reply.

Run `python perf/bench_wire.py`, with any option of pyperf (`--fast`, `-o FILE`). Needs the extra `perf`.
"""

from collections.abc import Callable

import msgspec
import pyperf

from isaacd.wire import Codec, ContentLengthCodec, JsonLinesCodec, NativeCodec
from isaacd.wire.messages import Notification, Request, Response

_MIB = 1024 * 1024


def bare_msgpack() -> Callable[[], bytes]:
    """Return what a server without any codec would do: decode one whole message, encode one reply."""
    decode = msgspec.msgpack.Decoder(Request | Response | Notification).decode
    encode = msgspec.msgpack.Encoder().encode
    frame = NativeCodec().encode_request(1, "ping")

    def round_trip() -> bytes:
        message = decode(frame)
        return encode((1, message.id, None, "pong"))

    return round_trip


def through(codec: Codec, params: object = None, result: object = "pong") -> Callable[[], bytes]:
    """Return one request and its reply through a codec."""
    frame = codec.encode_request(1, "ping", params)

    def round_trip() -> bytes:
        codec.receive_data(frame)
        message = codec.next_message()
        assert isinstance(message, Request)
        return codec.encode_result(message.id, result)

    return round_trip


def in_pieces(codec: Codec, piece_bytes: int) -> Callable[[], None]:
    """Return the reading of one message of nearly 16 MiB that comes in pieces."""
    frame = codec.encode_request(1, "put", ["x" * (16 * _MIB - 1024)])
    pieces = [frame[start : start + piece_bytes] for start in range(0, len(frame), piece_bytes)]

    def read() -> None:
        for piece in pieces:
            codec.receive_data(piece)
            message = codec.next_message()
        assert isinstance(message, Request)

    return read


def pipelined(codec: Codec, count: int) -> Callable[[], None]:
    """Return the reading of many small messages that come in one chunk."""
    chunk = codec.encode_request(1, "ping", [{"name": "ada"}]) * count

    def read() -> None:
        codec.receive_data(chunk)
        while codec.next_message():
            pass

    return read


def one_copy() -> Callable[[], bytearray]:
    """Return the least that pieces of 64 KiB cost: to be put one after another."""
    piece = b"x" * 65536

    def copy() -> bytearray:
        whole = bytearray()
        for _ in range(16 * _MIB // len(piece)):
            whole += piece
        return whole

    return copy


def main() -> None:
    """Measure."""
    runner = pyperf.Runner()
    runner.bench_func("bare msgspec: request and reply", bare_msgpack())
    runner.bench_func("native: request and reply", through(NativeCodec()))
    environ = {f"NAME_{number}": "some value of usual length" for number in range(40)}
    large = {
        "params": [{"argv": ["status"], "_meta": {"env": environ}}],
        "result": {"exit": 0, "out": "x" * 500},
    }
    runner.bench_func("native: 1.6 KB request, 500 B reply", through(NativeCodec(), **large))
    runner.bench_func("json-lines: request and reply", through(JsonLinesCodec()))
    runner.bench_func("content-length: request and reply", through(ContentLengthCodec()))
    runner.bench_func("native: 1000 messages in one chunk", pipelined(NativeCodec(), 1000))
    runner.bench_func("16 MiB put together, 64 KiB at a time", one_copy())
    for codec in (NativeCodec(), JsonLinesCodec(), ContentLengthCodec()):
        runner.bench_func(f"{codec.name}: 16 MiB, 64 KiB at a time", in_pieces(codec, 65536))
    runner.bench_func("native: 16 MiB, 1 KiB at a time", in_pieces(NativeCodec(), 1024))


if __name__ == "__main__":
    main()
