"""What is fuzzed: each target takes any bytes, and fails by raising what its subject never may, or by breaking a law.

The first byte of the input chooses where the rest is cut in two, for subjects that take their bytes in pieces.
"""

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import DecodeError

from isaacd.ai.chat import Piece
from isaacd.ai.protocol.chat_answer import ChatDecoder
from isaacd.ai.protocol.messages_reply import MessagesReader
from isaacd.ai.protocol.responses_answer import ResponsesDecoder
from isaacd.ai.sse import SSEDecoder
from isaacd.config.file import ConfigFile
from isaacd.config.loaded import combine
from isaacd.errors import ConfigInvalid, FrameTooLarge, InvalidParams, InvalidRequest, IsaacError, ParseError
from isaacd.faces.http.completions import read_completion
from isaacd.faces.http.reader import Reader as HttpReader
from isaacd.faces.http.refused import RefusedError
from isaacd.faces.http.responses import read_response
from isaacd.history.importing.sources import read_file
from isaacd.history.records import Reader
from isaacd.redact import redact_text
from isaacd.shell.parse import Parser
from isaacd.wire import Codec, ContentLengthCodec, JsonLinesCodec, NativeCodec, Request
from tests.fake_faults import FakeFaults
from tests.routing_house import RoutingHouse

Target = Callable[[bytes], None]
_SMALL_FRAME = 4096
_ADDRESS = re.compile(" at 0x[0-9a-f]+")


def _cut(data: bytes) -> tuple[bytes, tuple[bytes, bytes]]:
    place, rest = (data[0] if data else 0), data[1:]
    at = place * len(rest) // 255
    return rest, (rest[:at], rest[at:])


def _messages(codec: Codec, pieces: tuple[bytes, ...]) -> list[object]:
    """Return all that is understood of a stream, decoded as far as its decoder goes."""
    found: list[object] = []
    for piece in pieces:
        codec.receive_data(piece)
        while True:
            try:
                message = codec.next_message()
            except (ParseError, InvalidRequest, FrameTooLarge) as error:
                found.append((error.name, codec.failed_id, codec.broken))
                if codec.broken:
                    return found
                continue
            if message is None:
                break
            found.append(_told(codec, message))
    return found


def _told(codec: Codec, message: Any) -> object:
    if not isinstance(message, Request):
        return type(message).__name__, getattr(message, "method", ""), repr(getattr(message, "id", ""))
    try:
        params = _ADDRESS.sub("", repr(codec.decode(message.params, Any)))
    except IsaacError as error:
        params = error.name
    return message.method, repr(message.id), params


def _wire(kind: type[Codec]) -> Target:
    def fuzz(data: bytes) -> None:
        rest, halves = _cut(data)
        whole = _messages(kind(max_frame_bytes=_SMALL_FRAME), (rest,))
        assert _messages(kind(max_frame_bytes=_SMALL_FRAME), halves) == whole, "the cut changes the messages"

    return fuzz


def _replies(make: Callable[[], Any]) -> Target:
    """Fuzz a reader of a provider's stream, behind the decoder of server-sent events."""

    def read(pieces: tuple[bytes, ...]) -> list[Piece | str]:
        stream, reader, found = SSEDecoder(100_000), make(), []
        try:
            for piece in pieces:
                for event in stream.receive_data(piece):
                    found += reader.receive(event.data)
            for event in stream.close():
                found += reader.receive(event.data)
            finished = reader.finish()
            found += finished if isinstance(finished, list) else [finished]
        except IsaacError as error:
            found.append(error.name)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            found.append("unreadable")  # as the reader of messages says it
        return found

    def fuzz(data: bytes) -> None:
        rest, halves = _cut(data)
        assert read(halves) == read((rest,)), "the cut changes the answer"

    return fuzz


def fuzz_spool(data: bytes) -> None:
    """Whatever dead shells and full disks leave: records that are whole, and the rest counted."""

    def read(pieces: tuple[bytes, ...]) -> tuple[list[object], int]:
        reader = Reader()
        found: list[object] = [run for piece in pieces if piece for run in reader.feed(piece)]
        reader.end()
        return found, reader.torn

    rest, halves = _cut(data)
    assert read(halves) == read((rest,)), "the cut changes the records"


def _import(source: Any) -> Target:
    def fuzz(data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            try:
                for own, run in read_file(source, Path(file.name)):
                    assert isinstance(own, str)
                    run.command.encode("utf-8", "surrogateescape")
            except InvalidParams:
                pass

    return fuzz


def fuzz_config(data: bytes) -> None:
    """A file of any text is read, or refused with its problems."""
    text = data.decode("utf-8", "replace")
    try:
        combine(ConfigFile(Path("/config.toml"), "/home/ada", text), ())
    except ConfigInvalid as error:
        str(error.message).encode()


def fuzz_set(data: bytes) -> None:
    """So are the values of --set."""
    try:
        combine(
            ConfigFile(Path("/config.toml"), "/home/ada"),
            (({}, data.decode("utf-8", "replace").split("\0")),),
        )
    except ConfigInvalid as error:
        str(error.message).encode()


def fuzz_shell(data: bytes) -> None:
    """A line of any text is understood, or its faults are said."""
    Parser().parse(data.decode("utf-8", "surrogateescape"))


@cache
def _house() -> RoutingHouse:
    folder = Path(tempfile.mkdtemp(prefix="isaac-fuzz-"))
    atexit.register(shutil.rmtree, folder)
    return RoutingHouse(folder)


def fuzz_router(data: bytes) -> None:
    """So is what becomes of it, and its judgement."""
    try:
        _house().route(data.decode("utf-8", "surrogateescape"))
    except IsaacError as error:
        str(error.message).encode()


def fuzz_http(data: bytes) -> None:
    """Requests are the same wherever the bytes are cut, and after one that is none nothing more is believed."""

    def read(pieces: tuple[bytes, ...]) -> list[object]:
        reader, found = HttpReader(_SMALL_FRAME), []
        for piece in pieces:
            reader.feed(piece)
            try:
                while True:
                    if reader.head is None and (head := reader.next_head()) is not None:
                        found.append(
                            (head.method, head.path, head.query, head.length, tuple(head.fields.items()))
                        )
                    body = reader.next_body()
                    if body is None:
                        break
                    found.append(body)
            except RefusedError as error:
                found.append((error.status, error.message, error.closes, reader.waiting_bytes))
        return found

    rest, halves = _cut(data)
    found = read((rest,))
    assert read(halves) == found, "the cut changes the requests"
    assert all(item[2:] == (True, 0) for item in found if type(item) is tuple and len(item) == 4)


def fuzz_http_chat(data: bytes) -> None:
    """A body is a question, or is refused in words that can be sent."""
    for read in (read_completion, read_response):
        status = 0
        try:
            assert read(data).messages
        except RefusedError as error:
            status = error.status
            error.message.encode()
        assert status in (0, 400)


def fuzz_redaction(data: bytes) -> None:
    """Redaction takes any text, and what it made is left as it is."""
    once = redact_text(data.decode("utf-8", "replace"))
    assert redact_text(once) == once


TARGETS: dict[str, Target] = {
    "wire-native": _wire(NativeCodec),
    "wire-json": _wire(JsonLinesCodec),
    "wire-content-length": _wire(ContentLengthCodec),
    "sse-chat": _replies(lambda: ChatDecoder("m", FakeFaults())),
    "sse-responses": _replies(lambda: ResponsesDecoder("m", FakeFaults())),
    "sse-messages": _replies(lambda: MessagesReader("m")),
    "spool": fuzz_spool,
    "import-bash": _import("bash"),
    "import-zsh": _import("zsh"),
    "import-fish": _import("fish"),
    "import-atuin": _import("atuin"),
    "config": fuzz_config,
    "set": fuzz_set,
    "shell": fuzz_shell,
    "router": fuzz_router,
    "http": fuzz_http,
    "http-chat": fuzz_http_chat,
    "redaction": fuzz_redaction,
}
