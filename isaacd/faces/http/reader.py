"""Bytes of a connection become heads and bodies, in any pieces; it knows no socket."""

import re

from isaacd.faces.http.head import MAX_HEAD_BYTES, Head, read_head
from isaacd.faces.http.refused import RefusedError, malformed

MAX_BODY_BYTES = 16 * 1024 * 1024
_MAX_SIZE_LINE = 256
_MAX_TRAILERS_BYTES = 8 * 1024
# A body of single bytes in chunks costs a thousand times what it should, so chunks have to be of some size by and by.
_FREE_CHUNKS = 4096
_LEAST_CHUNK_BYTES = 64
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e]*)?\Z")
_END = b"\r\n\r\n"


class Reader:
    """Gives the head of a request, then its body, then the next head.

    `head` is what the body belongs to that is being read. After an error that `closes`, nothing more is given.
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.head: Head | None = None
        self.broken = False
        self._max_body_bytes = max_body_bytes
        self._data = bytearray()
        self._raw_head = b""
        self._seen = 0  # how much of the data was looked through in vain
        self._body = bytearray()  # as far as it came in chunks
        self._size = 0  # of the chunks so far, and of what comes after them
        self._count = 0  # of chunks
        self._left = -1  # of the chunk that is being read; -1 before its size, -2 in the trailers

    @property
    def waiting_bytes(self) -> int:
        """How much was received and not given yet."""
        return len(self._data)

    @property
    def is_between(self) -> bool:
        """Whether nothing of a request has come of which the rest has not."""
        return self.head is None and not self._data

    def rest(self) -> bytes | None:
        """Return what has come of the next request, None after an error or once a part of a body was passed over."""
        if self.broken or self._count:
            return None
        return bytes(self._data) if self.head is None else self._raw_head + _END + self._data

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        if not self.broken:
            self._data += data

    def next_head(self) -> Head | None:
        """Return the next head, None if it is not whole; raises RefusedError, after which nothing is understood."""
        if self.broken:
            return None
        data = self._data
        if data[:2] == b"\r\n":  # after the body of an old client (RFC 9112, 2.2)
            del data[:2]
        end = data.find(_END, max(0, self._seen - 3))
        if end < 0:
            self._seen = len(data)
            if len(data) > MAX_HEAD_BYTES:
                raise self._break(
                    RefusedError(
                        431, f"the head is longer than {MAX_HEAD_BYTES // 1024} KiB", code="head_too_long"
                    )
                )
            return None
        if end > MAX_HEAD_BYTES:
            raise self._break(
                RefusedError(
                    431, f"the head is longer than {MAX_HEAD_BYTES // 1024} KiB", code="head_too_long"
                )
            )
        try:
            self._raw_head = bytes(data[:end])
            head = read_head(self._raw_head)
            if head.length is not None and head.length > self._max_body_bytes:
                raise self._too_large()
        except RefusedError as error:
            raise self._break(error) from None
        del data[: end + 4]
        self._seen = 0
        self.head = head
        return head

    def next_body(self) -> bytes | None:
        """Return the whole body of `head`, None if it is not there yet; raises RefusedError as `next_head` does."""
        head = self.head
        if head is None or self.broken:
            return None
        length = head.length
        if length is None:
            try:
                return self._next_chunks()
            except RefusedError as error:
                raise self._break(error) from None
        if len(self._data) < length:
            return None
        body = bytes(self._data[:length])
        del self._data[:length]
        self.head = None
        return body

    def _next_chunks(self) -> bytes | None:
        """Read chunks as far as they have come (RFC 9112, 7.1)."""
        data = self._data
        while True:
            if self._left == -2:
                return self._trailers()
            if self._left == -1:
                line = self._line(_MAX_SIZE_LINE, "the size of a chunk")
                if line is None:
                    return None
                found = _SIZE.match(line)
                if found is None:
                    raise malformed("the size of a chunk is no number of bytes")
                size = int(found[1], 16)
                self._size += size
                if self._size > self._max_body_bytes:
                    raise self._too_large()
                self._count += 1
                if self._count > _FREE_CHUNKS + self._size // _LEAST_CHUNK_BYTES:
                    raise malformed("the chunks of the body are too small")
                self._left = size or -2
                continue
            if len(data) < self._left + 2:
                return None
            if data[self._left : self._left + 2] != b"\r\n":
                raise malformed("a chunk is longer than it said")
            self._body += data[: self._left]
            del data[: self._left + 2]
            self._left = -1

    def _trailers(self) -> bytes | None:
        """Pass over the fields after the last chunk, of which nobody needs any."""
        while True:
            line = self._line(_MAX_TRAILERS_BYTES, "a field after the last chunk")
            if line is None:
                return None
            if not line:
                break
            self._size += len(line)
            if self._size > self._max_body_bytes + _MAX_TRAILERS_BYTES:
                raise self._too_large()
        body = bytes(self._body)
        self._body, self._size, self._left, self.head = bytearray(), 0, -1, None
        self._count = 0
        return body

    def _line(self, most: int, what: str) -> bytes | None:
        end = self._data.find(b"\r\n", 0, most + 2)
        if end < 0:
            if len(self._data) > most:
                raise malformed(f"{what} is too long")
            if b"\n" in self._data:
                raise malformed(f"{what} does not end as a line does")
            return None
        line = bytes(self._data[:end])
        if b"\n" in line or b"\r" in line:
            raise malformed(f"{what} does not end as a line does")
        del self._data[: end + 2]
        return line

    def _too_large(self) -> RefusedError:
        most = self._max_body_bytes
        told = f"{most // 1024**2} MiB" if most >= 1024**2 else f"{most} bytes"
        return RefusedError(413, f"the body is larger than {told}", code="body_too_large", closes=True)

    def _break(self, error: RefusedError) -> RefusedError:
        error.closes = True
        self.broken, self.head = True, None
        self._data.clear()
        self._body.clear()
        return error
