"""An answer of the Messages API is the same whatever the split of its bytes, and never whole when it is cut."""

import json
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Finish, Piece, ReasoningDelta, TextDelta, ToolCall
from isaacd.ai.protocol.messages_reply import MessagesReader
from isaacd.ai.sse import SSEDecoder
from tests import fake_anthropic as claude

TEXTS = st.lists(st.text(), max_size=4)
ARGUMENTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3)


def read(body: bytes, cuts: list[int]) -> tuple[list[Piece], Finish | None]:
    """Read a stream that arrives cut at these places."""
    decoder, reader = SSEDecoder(), MessagesReader("asked")
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces: list[Piece] = []
    for begin, end in pairwise(places):
        for event in decoder.receive_data(body[begin:end]):
            pieces += reader.receive(event.data)
    for event in decoder.close():
        pieces += reader.receive(event.data)
    return pieces, reader.finish()


@given(TEXTS, TEXTS, ARGUMENTS, st.lists(st.integers(0, 5000)), st.lists(st.integers(0, 200), max_size=5))
def test_any_split_gives_what_was_said(
    thoughts: list[str], texts: list[str], arguments: dict[str, object], cuts: list[int], breaks: list[int]
) -> None:
    written = json.dumps(arguments)
    places = sorted({0, len(written), *(item % (len(written) + 1) for item in breaks)})
    fragments = [written[begin:end] for begin, end in pairwise(places)]
    body = b"".join(
        [
            claude.start(),
            *claude.thought(0, *thoughts),
            *claude.text(1, *texts),
            *claude.call(2, "look", *fragments),
            *claude.end("tool_use"),
        ]
    )
    pieces, finish = read(body, cuts)
    assert "".join(item.text for item in pieces if isinstance(item, TextDelta)) == "".join(texts)
    assert "".join(item.text for item in pieces if isinstance(item, ReasoningDelta)) == "".join(thoughts)
    assert [json.loads(item.arguments) for item in pieces if isinstance(item, ToolCall)] == [arguments]
    assert all(item.text or item.signature for item in pieces if isinstance(item, ReasoningDelta))
    assert finish is not None
    assert finish.reason == "tool_calls"


@given(st.integers(0, 10_000))
def test_what_is_cut_before_the_reason_of_its_end_is_not_whole(cut: int) -> None:
    events = claude.answer("Hello", ", world")
    open_ended = b"".join(events[:-2])
    _, finish = read(open_ended[: cut % (len(open_ended) + 1)], [])
    assert finish is None


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_anything_is_understood_or_refused_but_never_a_crash(data: bytes) -> None:
    reader = MessagesReader("asked")
    try:
        reader.receive(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert reader.finish() is None


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["text", "type", "id"]), inner)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from("index delta content_block message usage content model error".split()), JUNK
    )
)
def test_events_and_blocks_of_unknown_types_are_passed_over_whatever_they_hold(
    fields: dict[str, object],
) -> None:
    reader = MessagesReader("asked")
    assert reader.receive(json.dumps({**fields, "type": "of_tomorrow"}).encode()) == []
    strange = {"type": "content_block_start", "index": 0, "content_block": {**fields, "type": "of_tomorrow"}}
    assert reader.receive(json.dumps(strange).encode()) == []
    assert not reader.ended
