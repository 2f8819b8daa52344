"""What is found in code once its texts are put together."""

import base64
import binascii
import codecs
import zlib
from collections.abc import Callable

import msgspec

MAX_TEXT = 4096
MAX_TEXTS = 64


class Assembled(msgspec.Struct, frozen=True):
    """`lines` are all texts that may be run, as lines of a shell; `code` is the code with its texts put together."""

    lines: tuple[str, ...] = ()
    code: str = ""


def as_text(data: bytes) -> str:
    """Return bytes as the text that a program would be given."""
    return data[:MAX_TEXT].decode("utf-8", "surrogateescape")


def decoded(how: str, text: str) -> str | None:
    """Return what a decoder makes of a text, by the family of its name: 64, 32, 16, 85, rot13, zlib; None if nothing."""
    try:
        return _DECODERS[how](text)
    except (ValueError, binascii.Error, zlib.error, KeyError):
        return None


def _padded(decode: Callable[[str], bytes]) -> Callable[[str], str]:
    def run(text: str) -> str:
        text = "".join(text.split()).replace("-", "+").replace("_", "/")
        return as_text(decode(text + "=" * (-len(text) % 4)))

    return run


def _inflated(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    # No more than what is looked at is unpacked, whatever it says of itself.
    return as_text(zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, MAX_TEXT))


_DECODERS: dict[str, Callable[[str], str]] = {
    "64": _padded(base64.b64decode),
    "32": lambda text: as_text(base64.b32decode(text)),
    "16": lambda text: as_text(bytes.fromhex(text)),
    "a85": lambda text: as_text(base64.a85decode(text)),
    "85": lambda text: as_text(base64.b85decode(text)),
    "rot13": lambda text: codecs.decode(text, "rot13"),
    "zlib": _inflated,
}
