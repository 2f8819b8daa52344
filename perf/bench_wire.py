"""What a codec adds to bare msgspec for one small request and its reply, and to the bytes of a large message.

A room of `perf/run`; alone, `python perf/bench_wire.py [--quick]` prints the same table for the Python it runs in, or is the
room where that has no Isaac. No socket is there: what comes is handed over in chunks, and what goes is thrown away.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from alone import alone, has_isaac
from harness import Effort, Row, add_effort, effort_of, in_turns
from place import Place
from tables import table

if TYPE_CHECKING:
    from isaacd.wire import Codec

_MIB = 1024 * 1024
BARE, COPY = "bare msgspec", "16 MiB put together, 64 KiB at a time"
LARGE = "1.6 KB request, 500 B reply"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure in the clean environment."""
    argv = [place.python, __file__, "--json", *effort.words]
    done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=True)
    yield from rows(json.loads(done.stdout))


def rows(found: dict[str, list[float]]) -> Iterator[Row]:
    """Make a table of what was measured."""
    for name, values in found.items():
        if name in (BARE, COPY, f"{BARE}, {LARGE}"):
            continue
        floor = COPY if "16 MiB" in name else f"{BARE}, {LARGE}" if LARGE in name else BARE
        yield Row(name, floor.partition(",")[0] if floor != COPY else COPY, values, found[floor])


def bare_msgpack(params: object = None, result: object = "pong") -> Callable[[], object]:
    """Return what a server without any codec would do: decode one whole message, encode one reply."""
    import msgspec

    from isaacd.wire import NativeCodec
    from isaacd.wire.messages import Notification, Request, Response

    decode = msgspec.msgpack.Decoder(Request | Response | Notification).decode
    encode = msgspec.msgpack.Encoder().encode
    frame = NativeCodec().encode_request(1, "ping", params)

    def round_trip() -> bytes:
        message = decode(frame)
        return encode((1, message.id, None, result))

    return round_trip


def through(codec: "Codec", params: object = None, result: object = "pong") -> Callable[[], object]:
    """Return one request and its reply through a codec."""
    frame = codec.encode_request(1, "ping", params)

    def round_trip() -> bytes:
        codec.receive_data(frame)
        message = codec.next_message()
        assert message is not None
        assert message.method == "ping"
        return codec.encode_result(message.id, result)

    return round_trip


def in_pieces(codec: "Codec", piece_bytes: int) -> Callable[[], object]:
    """Return the reading of one message of nearly 16 MiB that comes in pieces."""
    frame = codec.encode_request(1, "put", ["x" * (16 * _MIB - 1024)])
    pieces = [frame[start : start + piece_bytes] for start in range(0, len(frame), piece_bytes)]

    def read() -> None:
        for piece in pieces:
            codec.receive_data(piece)
            message = codec.next_message()
        assert message is not None
        assert message.method == "put"

    return read


def one_copy() -> bytearray:
    """Do the least that pieces of 64 KiB cost: put them one after another."""
    piece = b"x" * 65536
    whole = bytearray()
    for _ in range(16 * _MIB // len(piece)):
        whole += piece
    return whole


def main() -> None:
    """Measure here."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_effort(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = _measure_here(effort_of(options))
    print(json.dumps(found) if options.json else table(list(rows(found))))


def _measure_here(effort: Effort) -> dict[str, list[float]]:
    from isaacd.wire import ContentLengthCodec, JsonLinesCodec, NativeCodec

    environ = {f"NAME_{number}": "some value of usual length" for number in range(40)}
    params, result = [{"argv": ["status"], "_meta": {"env": environ}}], {"exit": 0, "out": "x" * 500}
    small: dict[str, Callable[[], object]] = {
        BARE: bare_msgpack(),
        "native: request and reply": through(NativeCodec()),
        "json-lines: request and reply": through(JsonLinesCodec()),
        "content-length: request and reply": through(ContentLengthCodec()),
        f"{BARE}, {LARGE}": bare_msgpack(params, result),
        f"native: {LARGE}": through(NativeCodec(), params, result),
    }
    large: dict[str, Callable[[], object]] = {COPY: one_copy}
    for codec in (NativeCodec(), JsonLinesCodec(), ContentLengthCodec()):
        large[f"{codec.name}: 16 MiB, 64 KiB at a time"] = in_pieces(codec, 65536)
    times = effort.size(2000, 10)
    return in_turns(
        {name: _timed(call, times) for name, call in small.items()}, effort.rounds(60, 15)
    ) | in_turns({name: _timed(call, 1) for name, call in large.items()}, effort.rounds(10, 3))


def _timed(call: Callable[[], object], times: int) -> Callable[[], float]:
    """Return what measures the CPU time of one call, in seconds."""

    def measured() -> float:
        start_s = time.thread_time()
        for _ in range(times):
            call()
        return (time.thread_time() - start_s) / times

    return measured


if __name__ == "__main__":
    if not has_isaac():
        alone(__file__)
    main()
