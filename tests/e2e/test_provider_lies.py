"""A provider that lies about lengths, forms and figures: no answer is another's, a part or doubled, and no figure is absurd."""

import json
from collections.abc import Mapping

from tests.fake_provider import DONE, Exchange, Script, answer, completion, delta, event, stream
from tests.ill_providers import Ward, ask_all, ill_house, well

TEXT = "half of it"
EACH = 3
HUGE = 10**30


def sends(head: str, body: bytes) -> Script:
    """Send this, byte for byte, and hang up."""

    async def script(exchange: Exchange) -> None:
        await exchange.raw(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        exchange.hang_up()

    return script


def events(*parts: bytes) -> bytes:
    return b"".join(parts)


def tells(**usage: object) -> Script:
    """Answer as it should, and count tokens as no service does."""

    async def script(exchange: Exchange) -> None:
        question = exchange.request.body["messages"][-1]["content"]
        await stream(*answer("re: ", question)[:-2], event(choices=[], usage=usage), DONE)(exchange)

    return script


OK = "HTTP/1.1 200 OK\nContent-Type: text/event-stream"
JSON = "HTTP/1.1 200 OK\nContent-Type: application/json"
WHOLE = events(*answer(TEXT))
HALF = events(*answer(TEXT)[:2])
BODY = json.dumps(completion(TEXT)).encode()

# None of this is an answer.
LIES: Mapping[str, Script] = {
    "longer": sends(f"{OK}\nContent-Length: {len(WHOLE) + 100}", HALF),
    "shorter": sends(f"{OK}\nContent-Length: {len(HALF)}", WHOLE),
    "below zero": sends(f"{OK}\nContent-Length: -1", WHOLE),
    "two lengths": sends(f"{OK}\nContent-Length: {len(WHOLE)}\nContent-Length: 3", WHOLE),
    "big chunk": sends(f"{OK}\nTransfer-Encoding: chunked", b"ffffff\r\n" + HALF),
    "giant chunk": sends(f"{OK}\nTransfer-Encoding: chunked", b"f" * 40 + b"\r\n" + HALF),
    "odd chunk": sends(f"{OK}\nTransfer-Encoding: chunked", b"zz\r\n" + HALF),
    "no gzip": sends(f"{OK}\nContent-Encoding: gzip\nContent-Length: {len(WHOLE)}", WHOLE),
    "half a body": sends(f"{JSON}\nContent-Length: {len(BODY)}", BODY[:-20]),
    "cut JSON": sends(f"{JSON}\nContent-Length: {len(BODY) - 20}", BODY[:-20]),
    "a list": sends(f"{JSON}\nContent-Length: 2", b"[]"),
    "a number": sends(f"{JSON}\nContent-Length: 2", b"42"),
    "nothing": sends(f"{JSON}\nContent-Length: 0", b""),
    "a page": sends(f"{JSON}\nContent-Length: 13", b"<html></html>"),
    "deep": sends(f"{JSON}\nContent-Length: 100000", b"[" * 100_000),
    "no choices": stream(event(choices=[]), DONE),
    "odd choices": stream(event(choices={"0": "x"}), DONE),
    "odd text": stream(delta(content={"text": "x"}), DONE),
    "no UTF-8": stream(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n', DONE),
    "zeros": stream(b"\x00" * 4096),
    "an error in 200": stream(event(error={"message": "out of luck", "type": "server_error"}), DONE),
    "done at once": stream(DONE),
    "no end": stream(*answer(TEXT)[:2]),
}
# The answers to these are whole; what they say of tokens must not become anybody's bill.
FIGURES: Mapping[str, Script] = {
    "negative": tells(prompt_tokens=-1000, completion_tokens=-5, total_tokens=-1005),
    "huge": tells(prompt_tokens=10**18, completion_tokens=10**18),
    "cached more": tells(
        prompt_tokens=1, completion_tokens=1, prompt_tokens_details={"cached_tokens": 10**9}
    ),
    "negative price": tells(prompt_tokens=1, completion_tokens=1, cost=-5.0),
    "odd price": tells(prompt_tokens=1, completion_tokens=1, cost="free"),
    "none": tells(),
}
# Figures that are none may end the answer, or not count; they may not be believed.
ODD: Mapping[str, Script] = {
    "too huge": tells(prompt_tokens=HUGE, completion_tokens=1),
    "words": tells(prompt_tokens="many", completion_tokens="few"),
    "a fraction": tells(prompt_tokens=1.5, completion_tokens=2.5),
    "a list of them": tells(prompt_tokens=[1], completion_tokens={"a": 1}),
}
CONFIG = """[ai.retry]
max_attempts = 1
[ai.breaker]
failures = 1000
[budget]
day_usd = 1000000000
[ai.prices.m]
input = 1
output = 1
"""


def scripts(_: Ward) -> dict[str, Script]:
    return {**LIES, **FIGURES, **ODD}


def test_each_question_has_its_own_whole_answer_or_an_error_and_every_bill_is_sound() -> None:
    lies = [f"{kind} {number}" for kind in LIES for number in range(EACH)]
    sound = [f"{kind} {number}" for kind in FIGURES for number in range(EACH)]
    sound += [f"well {number}" for number in range(len(lies))]
    odd = [f"{kind} {number}" for kind in ODD for number in range(EACH)]
    with ill_house(scripts, CONFIG, it="") as house, house.daemon.caller() as caller:
        told = ask_all(caller, [*lies, *sound, *odd], provider="it")
        believed = [text for text in lies if told[text][0] != "error"]
        assert not believed, {text: told[text] for text in believed}
        for text in sound:
            assert told[text][0] == "reply", (text, told[text])
        answered = {text: value["text"] for text, (how, value) in told.items() if how == "reply"}
        assert answered == {text: well(text) for text in answered}
        for text in lies:
            assert "internal" not in told[text][1], told[text]
        house.let_go()

        today = house.today()
        assert today["ok"] == len(answered)
        assert today["ok"] + today["failed"] == len(told) == len(house.ward.heard)
        for name in ("input_tokens", "output_tokens", "cached_tokens", "written_tokens", "cost_usd"):
            assert today[name] >= 0, today
        assert today["cached_tokens"] <= today["input_tokens"], today

        # Nothing of what was wrong is kept: all of it is asked anew, and now answered; the rest is kept, and not asked.
        house.recover()
        again = ask_all(caller, [*lies, *sound, *odd], provider="it")
        assert {text: value["text"] for text, (_, value) in again.items()} == {
            text: well(text) for text in told
        }
        assert len(house.ward.heard) == 2 * len(told) - len(answered)
        assert house.daemon.status()["in_flight"] == 0
        assert not [line for line in house.daemon.log() if line.get("level") == "error"]
