"""`POST /v1/chat/completions`: a question to whoever the router chooses, with all that Isaac does for one."""

from isaacd.ai.chat import Answer, Finish, ReasoningDelta, TextDelta, ToolCall
from isaacd.ai.stream import PieceStream
from isaacd.faces.http.chunks import DONE, Chunks, completion
from isaacd.faces.http.completions import Question, read_completion
from isaacd.faces.http.exchange import Exchange
from isaacd.faces.http.house import House
from isaacd.faces.http.reply import EVENTS


async def chat(house: House, exchange: Exchange) -> None:
    """Answer a conversation, whole or piece by piece."""
    question = house.questions.get(exchange.body)
    if question is None:
        question = house.questions.put(exchange.body, read_completion(exchange.body))
    exchange.body = b""
    answers = house.answers(exchange.asker.caller)
    identity = f"chatcmpl-{exchange.identity}"
    created = int(house.clock.now())
    async with answers.stream(question.messages, question.asking) as stream:
        if question.stream:
            await _streamed(exchange, stream, question, identity, created)
        else:
            answer = await stream.whole()
            exchange.json(completion(answer, identity, created), how(answer))


async def _streamed(
    exchange: Exchange, stream: PieceStream, question: Question, identity: str, created: int
) -> None:
    """Pass the pieces on as they come; the head is not sent before the first, so that an error has its status."""
    chunks: Chunks | None = None
    async for piece in stream:
        if chunks is None:
            model = piece.model if isinstance(piece, Finish) else question.asking.model or ""
            chunks = Chunks(identity, created, model, include_usage=question.include_usage)
            exchange.begin(EVENTS, () if stream.answer is None else how(stream.answer))
            exchange.write(chunks.first())
        kind = type(piece)
        if kind is TextDelta:
            exchange.write(chunks.text(piece.text))  # type: ignore[union-attr]  # it is one
        elif kind is ReasoningDelta:
            if piece.text:  # type: ignore[union-attr]
                exchange.write(chunks.reasoning(piece.text))  # type: ignore[union-attr]
        elif kind is ToolCall:
            exchange.write(chunks.call(piece))  # type: ignore[arg-type]
        elif kind is Finish:
            exchange.write(chunks.last(piece.reason))  # type: ignore[union-attr]
        await exchange.flow()
    assert chunks is not None  # there is a Finish at least
    if question.include_usage:
        answer = stream.answer
        exchange.write(chunks.usage(None if answer is None else answer.usage))
    exchange.write(DONE)
    exchange.end()


def how(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Say who answered, and whether the answer had been kept."""
    hit = "miss" if answer.hit is None else answer.hit.kind
    provider = "".join(char for char in answer.provider if char.isascii() and char.isprintable())
    return (("x-isaac-provider", provider), ("x-isaac-cache", hit))
