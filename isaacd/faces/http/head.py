"""The head of a request (RFC 9112), read strictly: what two readers could read differently is refused.

A proxy in front that takes a length from one header, and a server that takes it from another, see different requests in
the same bytes. So both kinds of length at once, two of one kind, signs and blanks in numbers, folded lines, bare line
feeds and blanks before colons all end the connection.
"""

import re

from isaacd.faces.http.refused import RefusedError, malformed

MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_HEADERS = 100
MAX_LENGTH_DIGITS = 15

_LINE = re.compile(rb"([A-Z][A-Z-]{0,19}) ([!-~]+) HTTP/([0-9])\.([0-9])\Z")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\Z")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)\Z", re.IGNORECASE)
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z")
# Fields that must not come twice: a second one could mean something else to somebody on the way.
_ONCE = frozenset(
    ("host", "content-length", "transfer-encoding", "authorization", "content-type", "expect", "origin")
)


class Head:
    """What is said before the body; names of fields are in small letters, and the fields of one name joined by commas.

    `length` is the size of the body, None if it comes in chunks. `keeps` says that the connection may go on afterwards,
    `expects` that the peer waits to be told before it sends the body.
    """

    __slots__ = ("expects", "fields", "keeps", "length", "method", "minor", "path", "query")

    def __init__(
        self, method: str, path: str, query: str, minor: int, fields: dict[str, str], length: int | None
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.minor = minor
        self.fields = fields
        self.length = length
        said = fields.get("connection")
        words = () if said is None else tuple(word.strip() for word in said.lower().split(","))
        self.keeps = "close" not in words and (minor > 0 or "keep-alive" in words)
        self.expects = minor > 0 and "expect" in fields

    @property
    def has_body(self) -> bool:
        """Whether anything follows that belongs to this request."""
        return self.length != 0


def read_head(data: bytes) -> Head:
    """Read a head, without the empty line that ends it; raises RefusedError."""
    first, *lines = data.split(b"\r\n")
    found = _LINE.match(first)
    if found is None:
        if len(first) > MAX_TARGET_BYTES:
            raise RefusedError(414, "the address is too long", code="uri_too_long", closes=True)
        raise malformed("this is no line with which a request of HTTP/1.1 begins")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise malformed(f"HTTP/{major.decode()} is not spoken here, HTTP/1.1 is", 505)
    if len(target) > MAX_TARGET_BYTES:
        raise RefusedError(414, "the address is too long", code="uri_too_long", closes=True)
    if len(lines) > MAX_HEADERS:
        raise RefusedError(
            431, f"there are more than {MAX_HEADERS} fields", code="too_many_fields", closes=True
        )
    fields = _fields(lines)
    path, query = _target(target.decode("ascii"), fields)
    head = Head(method.decode("ascii"), path, query, int(minor), fields, _length(fields, int(minor)))
    _check_host(head)
    if "expect" in fields and fields["expect"].lower() != "100-continue":
        raise RefusedError(417, "nothing but 100-continue can be expected here", closes=True)
    return head


def _fields(lines: list[bytes]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        found = _FIELD.match(line)
        if found is None:
            raise malformed("a field of the head is not `Name: value` on one line")
        name = found[1].decode("ascii").lower()
        value = found[2].decode("latin-1")
        if name in fields:
            if name in _ONCE:
                raise malformed(f"the field {name} comes twice")
            value = f"{fields[name]}, {value}"
        fields[name] = value
    return fields


def _target(target: str, fields: dict[str, str]) -> tuple[str, str]:
    """Return path and query; a whole address says the host too, and what it says counts (RFC 9112, 3.2.2)."""
    if not target.startswith("/"):
        absolute = _ABSOLUTE.match(target)
        if absolute is not None:
            if "host" in fields:
                fields["host"] = absolute[1]
            target = absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
        elif target != "*":
            raise malformed("the address of a request begins with a slash")
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def _length(fields: dict[str, str], minor: int) -> int | None:
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if length is not None:
            raise malformed("a body has a length or comes in chunks, not both")
        if minor == 0:
            raise malformed("HTTP/1.0 knows no chunks")
        if coding.lower() != "chunked":
            raise malformed("no other transfer coding than chunked is understood", 501)
        return None
    if length is None:
        return 0
    if not (length.isascii() and length.isdecimal()) or len(length) > MAX_LENGTH_DIGITS:
        raise malformed("the content-length is no number of bytes")
    return int(length)


def _check_host(head: Head) -> None:
    host = head.fields.get("host")
    if host is None:
        if head.minor > 0:
            raise malformed("a request of HTTP/1.1 says its host")
    elif host and not _HOST.match(host):
        raise malformed("the host is not a name or an address with a port")
