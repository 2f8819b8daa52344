"""What one codec leaves, another goes on with: the messages are those that came, wherever the stream is cut."""

from hypothesis import given
from hypothesis import strategies as st

from isaacd.wire import Codec, ContentLengthCodec, JsonLinesCodec, NativeCodec, Request


def taken(codec: Codec, data: bytes, found: list[tuple[object, str]]) -> None:
    codec.receive_data(data)
    while (message := codec.next_message()) is not None:
        assert isinstance(message, Request)
        found.append((message.id, message.method))


@given(
    st.sampled_from([NativeCodec, JsonLinesCodec, ContentLengthCodec]),
    st.lists(st.text("abc", min_size=1, max_size=40), min_size=1, max_size=4),
    st.data(),
)
def test_messages_survive_any_number_of_handovers(
    kind: type[Codec], methods: list[str], data: st.DataObject
) -> None:
    stream = b"".join(kind().encode_request(place, name, []) for place, name in enumerate(methods))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    codec, found, start = kind(), [], 0  # type: ignore[var-annotated]
    for end in (*cuts, len(stream)):
        if end > start:
            taken(codec, stream[start:end], found)
        start = end
        left, codec = codec.left(), kind()
        if left:
            taken(codec, left, found)
    assert found == list(enumerate(methods))
