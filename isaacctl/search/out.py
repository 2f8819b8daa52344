"""Results on their way out: as they come, coloured if that is wanted, and never steering a terminal."""

import base64
import json
import os
import re
import sys
import time

FLUSH_BYTES = 32 * 1024
FLUSH_S = 0.05
EXIT_OUTPUT_CLOSED = 141
# As isaacd.safety.visible has it, which costs more to import than the rest of this process.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Out:
    """Standard output; what is written is sent at once when it is rare, and in large pieces when it is not."""

    def __init__(self, *, color: bool, terminal: bool) -> None:
        self.color = color
        self.terminal = terminal
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._sent = time.monotonic()

    def write(self, text: str) -> None:
        """Write text; names that are no UTF-8 come out as the bytes that they are."""
        data = text.encode("utf-8", "surrogateescape")
        self._pieces.append(data)
        self._bytes += len(data)
        if self._bytes >= FLUSH_BYTES:
            self.flush()

    def tick(self) -> None:
        """Send what has waited long enough."""
        if self._pieces and (self.terminal or time.monotonic() - self._sent >= FLUSH_S):
            self.flush()

    def flush(self) -> None:
        """Send everything; leave quietly if nobody reads it."""
        data, self._pieces, self._bytes = b"".join(self._pieces), [], 0
        self._sent = time.monotonic()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(1, view) :]
        except BrokenPipeError:
            os._exit(EXIT_OUTPUT_CLOSED)
        except OSError as error:
            print(f"error: cannot write to standard output: {error.strerror}", file=sys.stderr)
            os._exit(2)

    def paint(self, text: str, code: str) -> str:
        """Colour text that is shown already."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def show(self, text: str) -> str:
        """Return foreign text as this output should have it: a terminal is not steered by it."""
        if not self.terminal:
            return text
        return _CONTROLS.sub(_visible, text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def row(self, fields: dict[str, object]) -> None:
        """Write a JSON line; text that is no UTF-8 comes with its bytes beside it."""
        for name, value in list(fields.items()):
            if isinstance(value, str) and not value.isascii():
                data = value.encode("utf-8", "surrogateescape")
                clean = data.decode("utf-8", "replace")
                if clean != value:
                    fields[name], fields[f"{name}_base64"] = clean, base64.b64encode(data).decode()
        self.write(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n")


def _visible(match: "re.Match[str]") -> str:
    code = ord(match[0])
    if code == 0x0D:
        return ""
    return chr(0x2400 + code) if code < 0x20 else f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def complain(text: str) -> None:
    """Say something on standard error; nobody there is no reason to stop."""
    try:
        sys.stderr.write(f"{_CONTROLS.sub(_visible, text)}\n")
    except OSError:
        pass
