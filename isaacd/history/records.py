"""The records of a spool: bytes that shells have appended, read whatever befell them."""

import sys
from collections.abc import Iterable, Iterator

import msgspec

# `isaacctl.spool` describes the format, and writes it.
_MARK = b"\x1e"
_FIELDS = 9
MAX_RECORD_BYTES = 8 * 1024 * 1024
_MAX_PARTS = 4096
_MAX_OPEN = 64
_MAX_US = 1 << 62
_ESCAPED = {ord("\\"): b"\\", ord("t"): b"\t", ord("n"): b"\n", ord("e"): _MARK, ord("0"): b""}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was run: times in microseconds (since 1970, and how long), None where nobody knows."""

    command: str
    started_us: int | None = None
    duration_us: int | None = None
    exit_code: int | None = None
    session: str = ""
    host: str = ""
    shell: str = ""
    cwd: str = ""


class Reader:
    """Takes a spool in pieces of any size and gives its records; what is torn is skipped and counted."""

    def __init__(self) -> None:
        self.torn = 0
        self._rest = b""
        self._parts: dict[bytes, list[bytes]] = {}

    def feed(self, data: bytes) -> Iterator[Run]:
        """Give the records that are whole by now."""
        *lines, self._rest = (self._rest + data).split(b"\n") if data else (self._rest,)
        yield from self._runs(lines)
        if len(self._rest) > MAX_RECORD_BYTES:
            self._rest = b""
            self.torn += 1

    def end(self) -> None:
        """Say that nothing follows: what was begun will never be whole."""
        self.torn += bool(self._rest) + len(self._parts)
        self._rest = b""
        self._parts.clear()

    def _runs(self, lines: Iterable[bytes]) -> Iterator[Run]:
        for line in lines:
            # Whatever stands before the last mark was broken off before its own end of line.
            *broken, content = line.split(_MARK)
            if not broken:
                self.torn += bool(content)
                continue
            self.torn += bool(broken[0]) + len(broken) - 1
            run = self._run(content)
            if run is not None:
                yield run

    def _run(self, content: bytes) -> Run | None:
        kind, _, rest = content.partition(b"\t")
        if kind in (b"+", b"="):
            whole = self._joined(rest, is_last=kind == b"=")
            if whole is None:
                return None
            kind, _, rest = whole.partition(b"\t")
        run = _decoded(rest) if kind == b"1" else None
        self.torn += run is None
        return run

    def _joined(self, rest: bytes, *, is_last: bool) -> bytes | None:
        """Return a record whose last piece this is; None if there is more to come, or a piece is missing."""
        key, _, rest = rest.partition(b"\t")
        number, _, piece = rest.partition(b"\t")
        parts = self._parts.get(key, [])
        if not key or number != b"%d" % len(parts) or len(parts) >= _MAX_PARTS:
            self._parts.pop(key, None)
            # A record is counted once, with its last piece, however many pieces are missing.
            self.torn += is_last
            return None
        parts.append(piece)
        if not is_last:
            self._parts[key] = parts
            if len(self._parts) > _MAX_OPEN:
                del self._parts[next(iter(self._parts))]
                self.torn += 1
            return None
        self._parts.pop(key, None)
        return b"".join(parts)


def _decoded(rest: bytes) -> Run | None:
    fields = rest.split(b"\t", _FIELDS - 2)
    if len(fields) != _FIELDS - 1 or b"\0" in rest:
        return None
    try:
        started_us, duration_us, exit_code = (_number(field) for field in fields[:3])
    except ValueError:
        return None
    # Thousands of runs have few of these: one string each is half of what they weigh.
    session, host, shell, cwd = (sys.intern(_text(field)) for field in fields[3:7])
    command = _text(fields[7])
    if not command.strip():
        return None
    return Run(
        command=command.rstrip("\n"),  # bash puts one behind a document that it reads from the line
        started_us=started_us,
        duration_us=duration_us,
        exit_code=exit_code,
        session=session,
        host=host,
        shell=shell,
        cwd=cwd,
    )


def _number(field: bytes) -> int | None:
    if not field:
        return None
    if len(field) > 20 or not field.isdigit() or int(field) > _MAX_US:
        raise ValueError
    return int(field)


def _text(field: bytes) -> str:
    r"""Undo the escapes; bytes that are no UTF-8 are written `\xff`, as nothing else can be kept and sent as text."""
    if b"\\" in field:
        first, *rest = field.split(b"\\")
        pieces = [first]
        pending = iter(rest)
        for piece in pending:
            if piece:
                pieces += [_ESCAPED.get(piece[0], b"\\" + piece[:1]), piece[1:]]
            else:  # two backslashes: what follows the second is as it is
                pieces += [b"\\", next(pending, b"")]
        field = b"".join(pieces)
    return field.decode("utf-8", "backslashreplace")
