"""`POST /v1/responses`: the same question and answer in the words of OpenAI's newer protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from isaacd.ai.chat import Answer, Finish, ReasoningDelta, TextDelta, ToolCall, Usage
from isaacd.ai.stream import PieceStream
from isaacd.faces.http.chat import how
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.house import House
from isaacd.faces.http.reply import EVENTS, chunk
from isaacd.faces.http.responses import read_response

Item = dict[str, Any]


async def respond(house: House, exchange: Exchange) -> None:
    """Answer a conversation, whole or in events."""
    question = read_response(exchange.body)
    exchange.body = b""
    answers = house.answers(exchange.asker.caller)
    teller = Teller(exchange.identity, int(house.clock.now()), question.asking.model or "")
    async with answers.stream(question.messages, question.asking) as stream:
        if question.stream:
            await _streamed(exchange, stream, teller)
            return
        answer = await stream.whole()
        text = [teller.message(answer.text, "completed")] if answer.text or not answer.tool_calls else []
        calls = [teller.call(call, number) for number, call in enumerate(answer.tool_calls, len(text))]
        teller.model = answer.model
        exchange.json(msgspec.json.encode(teller.response([*text, *calls], answer)), how(answer))


async def _streamed(exchange: Exchange, stream: PieceStream, teller: "Teller") -> None:
    begun = False
    async for piece in stream:
        if not begun:
            begun = True
            exchange.begin(EVENTS, () if stream.answer is None else how(stream.answer))
            exchange.write(teller.begin())
        if isinstance(piece, TextDelta):
            exchange.write(teller.text(piece.text))
        elif isinstance(piece, ToolCall):
            exchange.write(teller.called(piece))
        elif isinstance(piece, Finish):
            exchange.write(teller.end(piece, stream.answer))
        elif isinstance(piece, ReasoningDelta):
            continue  # it has events of its own, which need the provider's seal
        await exchange.flow()
    exchange.end()


class Teller:
    """Writes the events of one response, numbered, and what they say of it."""

    def __init__(self, identity: str, created: int, model: str) -> None:
        self.model = model
        self._identity = f"resp_{identity}"
        self._created = created
        self._number = 0
        self._done: list[Item] = []
        self._text: list[str] | None = None  # of the message that is being told

    def response(self, output: Sequence[Item], answer: Answer | None, status: str = "completed") -> Item:
        """Describe the whole; without an answer it is under way."""
        cut = answer is not None and answer.finish_reason == "length"
        return {
            "id": self._identity,
            "object": "response",
            "created_at": self._created,
            "status": "incomplete" if cut else status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": None,
            "metadata": {},
            "model": self.model,
            "output": list(output),
            "parallel_tool_calls": True,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "usage": None if answer is None else _usage(answer.usage),
        }

    def message(self, text: str, status: str) -> Item:
        """Describe the text of the answer."""
        part = [{"type": "output_text", "text": text, "annotations": []}] if status == "completed" else []
        return {
            "id": f"msg_{self._identity}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": part,
        }

    def call(self, call: ToolCall, number: int) -> Item:
        """Describe a tool call."""
        return {
            "id": f"fc_{self._identity}_{number}",
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }

    def begin(self) -> bytes:
        """Say that there will be an answer."""
        told = self.response((), None, "in_progress")
        return self._event("response.created", response=told) + self._event(
            "response.in_progress", response=told
        )

    def text(self, text: str) -> bytes:
        """Tell the next characters."""
        before = b""
        if self._text is None:
            self._text = []
            item = self.message("", "in_progress")
            before = self._event("response.output_item.added", output_index=len(self._done), item=item)
            empty = {"type": "output_text", "text": "", "annotations": []}
            before += self._event("response.content_part.added", **self._place(), part=empty)
        self._text.append(text)
        return before + self._event("response.output_text.delta", **self._place(), delta=text, logprobs=[])

    def called(self, call: ToolCall) -> bytes:
        """Tell a tool call."""
        before = self._end_text()
        item = self.call(call, len(self._done))
        place = {"output_index": len(self._done), "item_id": item["id"]}
        begun = {**item, "status": "in_progress", "arguments": ""}
        sent = self._event("response.output_item.added", output_index=len(self._done), item=begun)
        sent += self._event("response.function_call_arguments.delta", **place, delta=call.arguments)
        sent += self._event(
            "response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments
        )
        return before + sent + self._end_item(item)

    def end(self, finish: Finish, answer: Answer | None) -> bytes:
        """Tell the end, and all once more."""
        self.model = finish.model
        before = self._end_text()
        told = self.response(self._done, answer)
        return before + self._event(f"response.{told['status']}", response=told)

    def _end_text(self) -> bytes:
        if self._text is None:
            return b""
        text = "".join(self._text)
        item = self.message(text, "completed")
        sent = self._event("response.output_text.done", **self._place(), text=text, logprobs=[])
        sent += self._event("response.content_part.done", **self._place(), part=item["content"][0])
        self._text = None
        return sent + self._end_item(item)

    def _end_item(self, item: Item) -> bytes:
        sent = self._event("response.output_item.done", output_index=len(self._done), item=item)
        self._done.append(item)
        return sent

    def _place(self) -> Mapping[str, object]:
        return {
            "item_id": f"msg_{self._identity}",
            "output_index": len(self._done),
            "content_index": 0,
        }

    def _event(self, kind: str, **fields: object) -> bytes:
        data = msgspec.json.encode({"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        return chunk(b"event: %b\ndata: %b\n\n" % (kind.encode(), data))


def _usage(usage: Usage | None) -> Item:
    """Return the tokens; none were used for an answer that had been kept."""
    found = usage or Usage()
    return {
        "input_tokens": found.input_tokens,
        "input_tokens_details": {"cached_tokens": found.cached_tokens},
        "output_tokens": found.output_tokens,
        "output_tokens_details": {"reasoning_tokens": found.reasoning_tokens},
        "total_tokens": found.input_tokens + found.output_tokens,
    }
