"""The decoder of server-sent events, by example."""

import pytest

from isaacd.ai.sse import MAX_EVENT_BYTES, ServerSentEvent, SSEDecoder
from isaacd.errors import ProviderUnavailable


def decode(*pieces: bytes) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [event for piece in pieces for event in decoder.receive_data(piece)] + decoder.close()


def test_an_event_ends_at_an_empty_line() -> None:
    assert decode(b"data: a\n\ndata: b\n\n") == [ServerSentEvent(b"a"), ServerSentEvent(b"b")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_of_the_standard_is_known(end: bytes) -> None:
    assert decode(b"data: a" + end + b"data: b" + end + end) == [ServerSentEvent(b"a\nb")]


def test_a_line_feed_that_belongs_to_the_carriage_return_of_the_last_piece_ends_no_line() -> None:
    assert decode(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [ServerSentEvent(b"a\nb")]


def test_an_event_has_the_name_it_was_given_and_the_next_has_none() -> None:
    body = b"event: error\ndata: a\n\ndata: b\n\n"
    assert decode(body) == [ServerSentEvent(b"a", "error"), ServerSentEvent(b"b", "message")]


def test_comments_and_unknown_fields_are_passed_over() -> None:
    assert decode(b": ping\n\nid: 1\nretry: 5\nfoo: bar\ndata: a\n\n") == [ServerSentEvent(b"a")]


def test_a_byte_order_mark_is_passed_over_at_the_start_only() -> None:
    bom = b"\xef\xbb\xbf"
    assert decode(bom[:1], bom[1:] + b"data: a\n\n" + bom + b"data: b\n\n") == [ServerSentEvent(b"a")]


def test_one_blank_after_the_colon_is_no_part_of_the_data() -> None:
    assert decode(b"data:  a \n\ndata:b\n\n") == [ServerSentEvent(b" a "), ServerSentEvent(b"b")]


def test_a_letter_may_be_split_between_pieces() -> None:
    body = "data: 漢字\n\n".encode()
    assert decode(*(body[i : i + 1] for i in range(len(body)))) == [ServerSentEvent("漢字".encode())]


def test_an_event_whose_empty_line_is_missing_at_the_end_counts() -> None:
    assert decode(b"data: [DONE]\n") == [ServerSentEvent(b"[DONE]")]


def test_a_line_that_is_cut_off_at_the_end_does_not_count() -> None:
    assert decode(b"data: a\n\ndata: [DON") == [ServerSentEvent(b"a")]


def test_an_event_that_repeats_a_long_answer_is_read() -> None:
    data = b"x" * (2 * 1024 * 1024)
    assert decode(b"data: " + data + b"\n\n") == [ServerSentEvent(data)]


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    decoder = SSEDecoder()
    piece = b"x" * 65536
    for _ in range(MAX_EVENT_BYTES // len(piece)):
        assert decoder.receive_data(piece) == []
    with pytest.raises(ProviderUnavailable):
        decoder.receive_data(b"x")


def test_an_event_of_many_lines_is_refused_before_it_fills_the_memory() -> None:
    decoder = SSEDecoder(max_event_bytes=100)
    with pytest.raises(ProviderUnavailable):
        decoder.receive_data(b"data: 0123456789\n" * 20)


def test_after_an_event_that_is_too_long_nothing_is_decoded() -> None:
    decoder = SSEDecoder(max_event_bytes=10)
    assert decoder.receive_data(b"data: a\n\n" + b"x" * 11) == [ServerSentEvent(b"a")]
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            decoder.receive_data(b"data: b\n\n")
    with pytest.raises(ProviderUnavailable):
        decoder.close()
