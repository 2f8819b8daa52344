"""What else steers the answer reaches each provider, as far as its protocol has a word for it."""

from typing import Any

import msgspec

from isaacd.ai.chat import ChatRequest, Message, Sampling
from isaacd.ai.protocol.chat_request import ChatDialect, chat_body
from isaacd.ai.protocol.messages_request import messages_body
from isaacd.ai.protocol.ollama_chat import ollama_body
from isaacd.ai.protocol.responses_request import responses_body
from isaacd.answers.asking import Asking
from isaacd.answers.request import request_of
from isaacd.cache.keys import exact_key

NAMES = ("top_p", "seed", "presence_penalty", "frequency_penalty", "parallel_tool_calls")
SAMPLING = Sampling(
    top_p=0.5, seed=7, presence_penalty=1.0, frequency_penalty=-1.0, parallel_tool_calls=False
)
REQUEST = ChatRequest(messages=(Message("user", "hi"),), sampling=SAMPLING)


def said(body: Any) -> dict[str, object]:
    return {name: body[name] for name in NAMES if name in body}


def test_each_protocol_says_what_it_can() -> None:
    assert said(chat_body(REQUEST, "m", ChatDialect(), provider="p", kind="k")) == SAMPLING.told()
    assert said(responses_body(REQUEST, "m", provider="p", kind="k")) == {
        "top_p": 0.5,
        "parallel_tool_calls": False,
    }
    assert said(messages_body(REQUEST, "claude-x")) == {"top_p": 0.5}
    options = msgspec.json.decode(ollama_body(REQUEST, "m", provider="p"))["options"]
    assert said(options) == {"top_p": 0.5, "seed": 7, "presence_penalty": 1.0, "frequency_penalty": -1.0}


def test_it_decides_what_is_kept_and_nothing_more_than_before_where_it_is_not_said() -> None:
    def key(sampling: Sampling | None) -> str:
        turns = (Message("user", "hi"),)
        return exact_key(request_of(turns, Asking(sampling=sampling), model="m", provider="p"))

    keys = [key(None), key(Sampling(top_p=0.5)), key(Sampling(top_p=0.6)), key(Sampling(seed=1))]
    assert len(set(keys)) == len(keys)
    assert key(Sampling()) == key(None)
