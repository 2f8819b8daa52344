"""What the tests of the wire share: streams cut into pieces, and all that a codec makes of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from isaacd.errors import FrameTooLarge, InvalidRequest, IsaacError, ParseError
from isaacd.wire import (
    Codec,
    ContentLengthCodec,
    JsonLinesCodec,
    Message,
    NativeCodec,
    Notification,
    Request,
    Response,
)

CODECS: list[type[Codec]] = [NativeCodec, JsonLinesCodec, ContentLengthCodec]
GOLDEN = Path(__file__).parent / "golden"


class Refusal(NamedTuple):
    """What a codec said of bytes that are no message."""

    name: str
    failed_id: int | str | None
    broken: bool


Outcome = tuple[object, ...] | Refusal


def plain(message: Message) -> tuple[object, ...]:
    """Return a message as values that compare by content."""
    match message:
        case Request():
            return ("request", message.id, message.method, bytes(message.params))
        case Response():
            return ("response", message.id, bytes(message.error), bytes(message.result))
        case Notification():
            return ("notification", message.method, bytes(message.params))


def drain(codec: Codec) -> Iterator[Outcome]:
    """Yield every message and every refusal until the codec needs more bytes; let all other exceptions out."""
    while True:
        try:
            message = codec.next_message()
        except (ParseError, InvalidRequest, FrameTooLarge) as error:
            yield Refusal(error.name, codec.failed_id, codec.broken)
            continue
        if message is None:
            return
        yield plain(message)


def read_all(codec: Codec, pieces: Iterable[bytes]) -> list[Outcome]:
    """Return everything that a codec makes of the pieces, read eagerly."""
    outcomes: list[Outcome] = []
    for piece in pieces:
        codec.receive_data(piece)
        outcomes += drain(codec)
    return outcomes


def read_whole_first(codec: Codec, pieces: Iterable[bytes]) -> list[Outcome]:
    """Return the same, read as a session does: a piece that is one whole message is taken by itself."""
    outcomes: list[Outcome] = []
    for piece in pieces:
        message = codec.whole_message(piece)
        if message is not None:
            outcomes.append(plain(message))
            continue
        codec.receive_data(piece)
        outcomes += drain(codec)
    return outcomes


def cut(stream: bytes, size: int) -> list[bytes]:
    """Return the stream in pieces of one size."""
    return [stream[start : start + size] for start in range(0, len(stream), size)]


@st.composite
def splits(draw: st.DrawFn, stream: bytes) -> list[bytes]:
    """Return the stream in pieces of any sizes."""
    places = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12))) if stream else []
    return [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]


def golden(file_name: str) -> dict[str, list[str]]:
    """Return title -> lines of a golden file."""
    blocks: dict[str, list[str]] = {}
    title = ""
    for line in (GOLDEN / file_name).read_text("utf-8").splitlines():
        if line.startswith("  "):
            blocks[title].append(line[2:])
        elif line and not line.startswith("#"):
            title = line
            blocks[title] = []
    return blocks


def golden_native() -> dict[str, bytes]:
    """Return title -> bytes."""
    found = golden("wire-native.txt")
    return {title: bytes.fromhex("".join(line.partition(";")[0] for line in found[title])) for title in found}


def golden_json() -> dict[str, bytes]:
    """Return title -> one object."""
    return {title: "".join(lines).encode() for title, lines in golden("wire-json.txt").items()}


def golden_content_length() -> dict[str, bytes]:
    """Return title -> header section and object."""
    return {
        title: "".join(lines).replace("\\r", "\r").replace("\\n", "\n").encode()
        for title, lines in golden("wire-content-length.txt").items()
    }


def expected_refusal(title: str) -> Refusal | None:
    """Return what a golden title says about its bytes: `refused, NAME, id ID: ...` or `closed, NAME: ...`."""
    verdict, _, _ = title.partition(":")
    match verdict.split(", "):
        case ["refused", name, shown_id]:
            text = shown_id.removeprefix("id ")
            return Refusal(name, None if text == "none" else int(text), broken=False)
        case ["closed", name]:
            return Refusal(name, None, broken=True)
        case _:
            return None


def failure(codec: Codec) -> IsaacError:
    """Return the error that the next message is."""
    try:
        message = codec.next_message()
    except IsaacError as error:
        return error
    raise AssertionError(f"not refused: {message}")
