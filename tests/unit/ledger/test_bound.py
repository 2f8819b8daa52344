"""How many tokens a request can be: never fewer than any tokenizer makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.ai.chat import Attachment, ChatRequest, Message, OutputSchema, Reasoning, Tool, ToolCall
from isaacd.ledger.bound import most_input_tokens, probable_input_tokens, probable_tokens

EMPTY = most_input_tokens(ChatRequest(messages=()))


def most(*messages: Message, **more: object) -> int:
    return most_input_tokens(ChatRequest(messages=messages, **more)) - EMPTY  # type: ignore[arg-type]


@given(st.lists(st.text(), max_size=5))
def test_every_byte_may_be_a_token(texts: list[str]) -> None:
    sent = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    request = ChatRequest(messages=tuple(Message("user", text) for text in texts))
    assert most_input_tokens(request) - EMPTY >= sent + 3 * len(texts)
    assert probable_input_tokens(request) <= most_input_tokens(request)


def test_everything_that_is_sent_counts() -> None:
    plain = most(Message("user", "x"))
    long = "y" * 1000
    tool = Tool(name="t", description=long, parameters={"type": "object"})
    for more in (
        most(Message("user", "x"), tools=(tool,)),
        most(Message("user", "x"), schema=OutputSchema(schema={"description": long})),
        most(Message("assistant", "x", tool_calls=(ToolCall("i", "n", long),))),
        most(Message("assistant", "x", reasoning=(Reasoning(long[:500], long[:500]),))),
        most(Message("tool", "x", tool_call_id=long)),
        most(Message("user", "x", attachments=(Attachment(media_type="text/plain", data=long.encode()),))),
    ):
        assert more >= plain + 1000


@pytest.mark.parametrize(
    ("attachment", "tokens"),
    [
        (Attachment(media_type="image/png", data=b"tiny"), 48_169),
        (Attachment(media_type="image/png", url="https://example.org/a.png"), 48_169),
        (Attachment(media_type="application/pdf", data=b"x" * 30_000), 120_000),
        (Attachment(media_type="application/pdf", url="https://example.org/a.pdf"), 1_000_000),
    ],
)
def test_attachments_count_with_the_most_that_vendors_make_of_them(
    attachment: Attachment, tokens: int
) -> None:
    assert most(Message("user", "", attachments=(attachment,))) >= tokens


def test_no_request_is_longer_than_the_longest_context() -> None:
    picture = Attachment(media_type="image/png", data=b"x")
    assert (
        most_input_tokens(ChatRequest(messages=(Message("user", "", attachments=(picture,) * 500),)))
        == 2_000_000
    )


def test_a_text_probably_has_a_token_for_three_bytes() -> None:
    assert [probable_tokens(text) for text in ("", "a", "abc", "abcd", "äöü")] == [0, 1, 1, 2, 2]
