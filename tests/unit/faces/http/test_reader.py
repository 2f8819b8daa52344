"""Requests are read the same wherever they are cut, and what two readers could read differently is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.faces.http.head import MAX_HEAD_BYTES, MAX_HEADERS, read_head
from isaacd.faces.http.reader import Reader
from isaacd.faces.http.refused import RefusedError

GET = b"GET /v1/models?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;name=value\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
)
Seen = list[tuple[object, ...]]


def read(*pieces: bytes, most: int = 1000) -> Seen:
    """Return all that is understood, and how it ended."""
    reader, found = Reader(most), []
    for piece in pieces:
        reader.feed(piece)
        try:
            while True:
                if reader.head is None and (head := reader.next_head()) is not None:
                    found.append((head.method, head.path, head.query, head.keeps, head.expects))
                body = reader.next_body()
                if body is None:
                    break
                found.append((body,))
        except RefusedError as error:
            found.append((error.status, error.closes))
    found.append((reader.is_between,))
    return found


def test_heads_and_bodies_come_out_as_they_went_in() -> None:
    assert read(GET + POST + CHUNKED) == [
        ("GET", "/v1/models", "a=b", True, False),
        (b"",),
        ("POST", "/", "", True, False),
        (b"hello",),
        ("POST", "/", "", True, False),
        (b"hello",),
        (True,),
    ]


@given(st.lists(st.sampled_from([GET, POST, CHUNKED]), min_size=1, max_size=3), st.data())
def test_a_cut_anywhere_makes_no_difference(requests: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(requests)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(*pieces) == read(whole)
    assert read(*(bytes([byte]) for byte in whole)) == read(whole)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_understood_or_refused_alike_wherever_they_are_cut(noise: bytes, at: int) -> None:
    for start in (b"", GET[:-2], POST[:-5], CHUNKED[:-30]):
        data = start + noise
        assert [item for item in read(data[:at], data[at:]) if len(item) > 1] == [
            item for item in read(data) if len(item) > 1
        ]


LINE = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        (b"Content-Length: 5, 5\r\n", 400),
        (b"Content-Length: +5\r\n", 400),
        (b"Content-Length: -5\r\n", 400),
        (b"Content-Length: 0x5\r\n", 400),
        (b"Content-Length: 5 5\r\n", 400),
        (b"Content-Length: \xb2\r\n", 400),
        (b"Content-Length: 1_0\r\n", 400),
        (b"Content-Length: 99999999999999999999\r\n", 400),
        (b"Content-Length : 5\r\n", 400),
        (b" Content-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\n folded: 1\r\n", 400),
        (b"Content-Length: 5\nX: y\r\n", 400),
        (b"Content-Length: 5\rX: y\r\n", 400),
        (b"Content-Length: 5\x00\r\n", 400),
        (b"Content\x00-Length: 5\r\n", 400),
        (b"Transfer-Encoding: xchunked\r\n", 501),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: chunked, identity\r\n", 501),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding:\x0bchunked\r\n", 400),
        (b"Transfer-Encoding: identity\r\n", 501),
        (b"Host: b\r\n", 400),
        (b"no colon\r\n", 400),
        (b": no name\r\n", 400),
        (b"Expect: something\r\n", 417),
        (b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
        (b"x: y\r\n" * MAX_HEADERS, 431),
        (b"x: " + b"y" * MAX_HEAD_BYTES + b"\r\n", 431),
    ],
)
def test_what_could_be_read_in_two_ways_ends_the_connection(fields: bytes, status: int) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
    assert read(LINE + fields + b"\r\n" + hidden, hidden) == [(status, True), (True,)]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/2.0", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / HTTP/1.1 ", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET /\xc3\xa4 HTTP/1.1", 400),
        (b"get / HTTP/1.1", 400),
        (b"GET /", 400),
        (b"GET", 400),
        (b"GET nowhere HTTP/1.1", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414),
        (b"GET / HTTP/1.1\nHost: a", 400),
    ],
)
def test_what_is_no_line_of_a_request_is_refused(line: bytes, status: int) -> None:
    assert read(line + b"\r\nHost: a\r\n\r\n") == [(status, True), (True,)]


@pytest.mark.parametrize(
    "host", [b"", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: u@a\r\n", b"Host: [x]\r\n"]
)
def test_a_host_is_said_once_and_is_one(host: bytes) -> None:
    assert read(b"GET / HTTP/1.1\r\n" + host + b"\r\n") == [(400, True), (True,)]


@pytest.mark.parametrize(
    "body",
    [
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"fffffffff\r\n",
        b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n",
        b"5;\x00\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_none_end_the_connection(body: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert read(head + body + GET)[1:] == [(400, True), (True,)]


def test_a_body_in_crumbs_is_refused() -> None:
    chunked = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
    assert read(chunked, b"1\r\nx\r\n" * 4000 + b"0\r\n\r\n", most=10_000)[1:] == [(b"x" * 4000,), (True,)]
    assert read(chunked, b"1\r\nx\r\n" * 4200, most=10_000)[1:] == [(400, True), (True,)]


def test_what_is_too_large_is_refused_before_it_is_taken() -> None:
    assert read(LINE + b"Content-Length: 1001\r\n\r\n") == [(413, True), (True,)]
    chunked = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
    assert read(chunked + b"3e9\r\n")[1:] == [(413, True), (True,)]
    assert read(chunked + b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\n")[1:] == [(413, True), (True,)]


def test_old_clients_and_whole_addresses_are_understood() -> None:
    old = read_head(b"GET / HTTP/1.0")
    assert (old.keeps, old.fields) == (False, {})
    assert read_head(b"GET / HTTP/1.0\r\nConnection: Keep-Alive").keeps
    assert not read_head(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close").keeps
    whole = read_head(b"GET http://b.example:80/x?y#z HTTP/1.1\r\nHost: a")
    assert (whole.path, whole.query, whole.fields["host"]) == ("/x", "y", "b.example:80")
    assert read_head(b"OPTIONS * HTTP/1.1\r\nHost: a").path == "*"


def test_an_empty_line_before_a_request_is_passed_over() -> None:
    assert read(b"\r\n" + GET)[0][:2] == ("GET", "/v1/models")
