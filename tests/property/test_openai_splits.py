"""Laws of the decoders of OpenAI's two protocols: the split of the bytes, and of the pieces, changes nothing."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Piece, TextDelta, ToolCall
from isaacd.ai.protocol.chat_answer import ChatDecoder
from isaacd.ai.protocol.responses_answer import ResponsesDecoder
from isaacd.ai.sse import SSEDecoder
from tests.fake_faults import FakeFaults

texts = st.text(min_size=1, max_size=30)
calls = st.lists(
    st.tuples(
        st.sampled_from(["find", "read_file"]), st.dictionaries(texts, st.integers() | texts, max_size=3)
    ),
    max_size=3,
)
cuts = st.lists(st.integers(1, 50), min_size=1)


def cut(whole: Any, sizes: list[int]) -> list[Any]:
    """Cut text or bytes into pieces of these sizes, over and over."""
    pieces, at, turn = [], 0, 0
    while at < len(whole):
        size = sizes[turn % len(sizes)]
        pieces.append(whole[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\r\n\r\n"


def decoded(decoder: ChatDecoder | ResponsesDecoder, body: bytes, sizes: list[int]) -> list[Piece]:
    stream, found = SSEDecoder(), []
    for chunk in cut(body, sizes):
        for item in stream.receive_data(chunk):
            found += decoder.receive(item.data)
    return [*found, *decoder.finish()]


def chat_body(text: str, wanted: list[Any], sizes: list[int]) -> bytes:
    deltas: list[dict[str, Any]] = [{"content": part} for part in cut(text, sizes)]
    for index, (name, arguments) in enumerate(wanted):
        head = {"index": index, "id": f"c{index}", "function": {"name": name, "arguments": ""}}
        deltas.append({"tool_calls": [head]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
            for part in cut(json.dumps(arguments), sizes)
        ]
    events = [event({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    end = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return b"".join([*events, end, b"data: [DONE]\n\n"])


def responses_body(text: str, wanted: list[Any], sizes: list[int]) -> bytes:
    said = "response.output_text.delta"
    events = [event({"type": said, "output_index": 0, "delta": part}) for part in cut(text, sizes)]
    items: list[dict[str, Any]] = [{"type": "message", "id": "m", "content": []}]
    for index, (name, arguments) in enumerate(wanted):
        whole = json.dumps(arguments)
        items.append({"type": "function_call", "call_id": f"c{index}", "name": name, "arguments": whole})
        piece = "response.function_call_arguments.delta"
        events += [event({"type": piece, "delta": part}) for part in cut(whole, sizes)]
        done = {"type": "response.output_item.done", "output_index": index + 1, "item": items[-1]}
        events.append(event(done))
    end = {"status": "completed", "model": "m", "output": items}
    return b"".join([*events, event({"type": "response.completed", "response": end})])


@given(texts, calls, cuts, cuts)
def test_text_and_calls_come_whole_in_order_and_before_the_end(
    text: str, wanted: list[Any], sizes: list[int], splits: list[int]
) -> None:
    for decoder, body in (
        (ChatDecoder("m", FakeFaults()), chat_body(text, wanted, sizes)),
        (ResponsesDecoder("m", FakeFaults()), responses_body(text, wanted, sizes)),
    ):
        found = decoded(decoder, body, splits)
        assert "".join(piece.text for piece in found if isinstance(piece, TextDelta)) == text
        called = [piece for piece in found if isinstance(piece, ToolCall)]
        assert [(item.name, json.loads(item.arguments)) for item in called] == wanted
        assert [item.id for item in called] == [f"c{index}" for index in range(len(wanted))]
        assert found[-1].reason == ("tool_calls" if wanted else "stop")


@given(texts, calls, cuts)
def test_any_split_of_the_bytes_gives_the_same_pieces(
    text: str, wanted: list[Any], splits: list[int]
) -> None:
    for make, body in (
        (ChatDecoder, chat_body(text, wanted, [7])),
        (ResponsesDecoder, responses_body(text, wanted, [7])),
    ):
        whole = decoded(make("m", FakeFaults()), body, [len(body)])
        assert decoded(make("m", FakeFaults()), body, splits) == whole
