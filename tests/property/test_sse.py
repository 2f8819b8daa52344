"""Laws of the decoder of server-sent events."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.sse import ServerSentEvent, SSEDecoder
from isaacd.errors import ProviderUnavailable

_ENDS = ["\n", "\r", "\r\n"]
_LINES = [
    "",
    "",
    "data",
    "data:",
    "data: ",
    "data:x",
    "data: a b",
    "data:  two",
    "event: error",
    "event:",
    ": comment",
]
_LINES += [
    "data: é",
    "data: 漢字",
    "data: 🎲",
    "id: 7",
    "retry: 1",
    "nonsense",
    "\ufeffdata: bom",
    "datax: no",
]

streams = st.lists(st.tuples(st.sampled_from(_LINES), st.sampled_from(_ENDS))).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)
bodies = st.one_of(
    streams, st.binary(max_size=200), st.lists(st.sampled_from([b"\r", b"\n", b"data:"])).map(b"".join)
)


def decode(body: bytes, cuts: list[int]) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    events = [event for a, b in pairwise(edges) for event in decoder.receive_data(body[a:b])]
    return events + decoder.close()


def reference(body: bytes) -> list[ServerSentEvent]:
    """Decode as the standard reads, line by line, with no care for speed."""
    text = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removeprefix(b"\xef\xbb\xbf")
    *lines, rest = text.split(b"\n")
    events, data, name = [], [], b""
    for line in [*lines, *([b""] if not rest else [])]:
        if not line:
            if data:
                events.append(ServerSentEvent(b"\n".join(data), name.decode(errors="replace") or "message"))
            data, name = [], b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return events


@given(bodies, st.lists(st.integers(0, 300)))
def test_any_split_of_a_body_gives_the_same_events(body: bytes, cuts: list[int]) -> None:
    assert decode(body, cuts) == decode(body, [])


@given(bodies)
def test_a_body_that_comes_byte_by_byte_gives_the_same_events(body: bytes) -> None:
    assert decode(body, list(range(len(body)))) == decode(body, [])


@given(bodies)
def test_the_events_are_those_of_the_standard(body: bytes) -> None:
    assert decode(body, []) == reference(body)


@given(
    st.lists(
        st.sampled_from([b"data: 123456\n", b"data: 1234567890\n", b"\n", b": a comment\n", b"event: e\n"])
    ),
    st.lists(st.integers(0, 200)),
)
def test_any_split_of_a_body_that_is_too_long_fails_after_the_same_events(
    lines: list[bytes], cuts: list[int]
) -> None:
    assert _until_failure(b"".join(lines), cuts) == _until_failure(b"".join(lines), [])


def _until_failure(body: bytes, cuts: list[int]) -> list[ServerSentEvent | str]:
    decoder = SSEDecoder(max_event_bytes=12)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    events: list[ServerSentEvent | str] = []
    try:
        for a, b in pairwise(edges):
            events += decoder.receive_data(body[a:b])
        events += decoder.close()
    except ProviderUnavailable:
        events.append("failed")
    return events
