"""Answers: looks an answer up, asks the AI only for what nobody has asked before, and keeps what may be kept."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec

from isaacd.ai.chat import Answer, Finish, Hit, Message, Piece, TextDelta, Usage
from isaacd.ai.choice import OFFLINE, Choice
from isaacd.ai.router import AIRouter, AnswerStream, Options, PieceStream
from isaacd.answers.asking import Asking
from isaacd.answers.request import request_of
from isaacd.answers.shelf import Shelf
from isaacd.cache.plan import Kept, Plan, plan, recall
from isaacd.cache.slots import explained
from isaacd.clock import Clock
from isaacd.config import CacheConfig
from isaacd.errors import IsaacError, NotFound
from isaacd.trace import span

# An offline answer is given instead of an AI's only if it is as good as certain.
SURE = 0.9
_MAX_PLANS = 64

# Told of every answer that came without asking for it.
OnHit = Callable[[Answer], None]
# Told of every whole answer, wherever it came from.
OnAnswer = Callable[[Answer], None]


def _nobody(_: Answer) -> None:
    """Tell nobody."""


class Answers:
    """An AIRouter with a memory, as one caller sees it; the shelf is shared by all.

    `learns` says that what is asked here tells what may be asked next, as it does for a person.
    """

    def __init__(
        self,
        router: AIRouter,
        shelf: Shelf,
        config: CacheConfig,
        *,
        clock: Clock,
        on_hit: OnHit = _nobody,
        on_answer: OnAnswer = _nobody,
        learns: bool = True,
    ) -> None:
        self._learns = learns
        self._planned: dict[object, Plan] = {}
        self._router = router
        self._shelf = shelf
        self._config = config
        self._clock = clock
        self._on_hit = on_hit
        self._on_answer = on_answer

    def stream(self, messages: str | Sequence[Message], asking: Asking | None = None) -> "RecalledStream":
        """Answer piece by piece; what had been kept comes as one piece.

        Raises NotFound if only a kept answer is wanted and there is none, and whatever AIRouter raises.
        """
        asking = asking or Asking()
        return RecalledStream(lambda out: self._run(self._router.conversation(messages), asking, out))

    async def chat(self, messages: str | Sequence[Message], asking: Asking | None = None) -> Answer:
        """Answer as a whole."""
        async with self.stream(messages, asking) as stream:
            return await stream.whole()

    async def batch(
        self,
        requests: Sequence[str | Sequence[Message]],
        asking: Asking | None = None,
        *,
        limit: int,
        on_done: Callable[[Answer | IsaacError], Awaitable[None]] | None = None,
    ) -> list[Answer | IsaacError]:
        """Answer many questions, at most `limit` at once; answers and errors come in the order of the questions."""
        # The calls, and all that makes them, are imported with the first question.
        from isaacd.ai.asking import ask_many

        return await ask_many(lambda messages: self.chat(messages, asking), requests, limit, on_done)

    async def _run(
        self, turns: Sequence[Message], asking: Asking, out: "RecalledStream"
    ) -> AsyncGenerator[Piece, None]:
        start = self._clock.monotonic()
        choice, refused = self._choose(turns, asking)
        unkept = asking.use == "none" or (choice is not None and choice.config.kind == OFFLINE)
        found = Plan() if unkept else self._plan(turns, choice, asking)
        if found.exact is None or not self._config.enabled:
            if asking.use == "only":
                raise _not_kept(found.why_not or "this provider's answers are not kept")
            async with aclosing(self._ask(turns, asking, None, out)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        await self._shelf.open(self._config)
        with span("cache") as part:
            kept = None if asking.use == "refresh" else await self._recall(found, turns, asking)
            part.note(found="no" if kept is None else kept[0])
        if kept is not None:
            out.answer = self._told(*kept, choice, start)
            yield TextDelta(out.answer.text)
            yield _finish(out.answer)
        elif asking.use == "only":
            raise _not_kept("nothing is kept for this question")
        elif refused is not None:
            raise refused
        else:
            async with aclosing(self._ask(turns, asking, found, out)) as pieces:
                async for piece in pieces:
                    yield piece
        if self._learns:
            self._shelf.learn_soon(found.exact)

    def _choose(self, turns: Sequence[Message], asking: Asking) -> tuple[Choice | None, IsaacError | None]:
        """Say who would be asked first; a kept answer needs nobody, if it may come from any provider."""
        try:
            return self._router.route(turns, **_options(asking)).choices[0], None
        except NotFound as error:
            if not self._config.provider_independent or asking.provider is not None:
                raise
            return None, error

    def _plan(self, turns: Sequence[Message], choice: Choice | None, asking: Asking) -> Plan:
        """Say where the answer is found; a question that a program asks again and again is read once."""
        asked = turns, asking, None if choice is None else (choice.provider, choice.model)
        try:
            found = self._planned.get(asked)
        except TypeError:  # a schema or tools, which nobody can hash
            return self._plan_anew(turns, choice, asking)
        if found is None:
            found = self._plan_anew(turns, choice, asking)
            if len(self._planned) >= _MAX_PLANS:
                del self._planned[next(iter(self._planned))]
            self._planned[asked] = found
        return found

    def _plan_anew(self, turns: Sequence[Message], choice: Choice | None, asking: Asking) -> Plan:
        if asking.tools:
            # What a tool tells is true when it is called.
            return Plan(why_not="the model may call tools")
        independent = self._config.provider_independent or choice is None
        request = request_of(
            turns,
            asking,
            model=choice.model if choice is not None else asking.model,
            provider=None if independent or choice is None else choice.provider,
        )
        return plan(request, sampled=self._config.sampled, slots=self._config.slots)

    async def _recall(self, found: Plan, turns: Sequence[Message], asking: Asking) -> tuple[str, Kept] | None:
        kept = {key: await self._shelf.look(key) for key in (found.exact, found.slot) if key is not None}
        hit = recall(found, kept.get)
        return hit or await self._known(turns, asking)

    async def _known(self, turns: Sequence[Message], asking: Asking) -> tuple[str, Kept] | None:
        """Have a command explained offline, if that is all that is asked and the offline answer is certain."""
        lone = [turn for turn in turns if turn.role != "system"]
        named = asking.model or asking.provider or asking.providers or asking.schema
        if not self._config.knowledge or named or len(lone) != 1 or lone[0].attachments:
            return None
        if explained(lone[0].content) is None:
            return None
        try:
            answer = await self._router.chat_async(lone, provider=OFFLINE)
        except IsaacError:
            return None
        if not answer.candidates or answer.candidates[0].confidence < SURE:
            return None
        best = answer.candidates[0]
        return "knowledge", Kept(
            text=f"{best.description}\n",
            provider=answer.provider,
            model=answer.model,
            finish_reason=answer.finish_reason,
            asked_at=self._clock.now(),
        )

    async def _ask(
        self, turns: Sequence[Message], asking: Asking, found: Plan | None, out: "RecalledStream"
    ) -> AsyncGenerator[Piece, None]:
        """Ask, and keep the answer once it is whole; one that breaks off is never kept.

        Those who ask the same at the same time share one call; one of them keeps and counts it.
        """
        async with self._router.stream(turns, **_options(asking)) as stream:
            first = stream.choice
            async for piece in stream:
                if stream.answer is not None and out.answer is None:
                    out.answer = await self._end(stream.answer, stream, first, found, asking)
                    self._on_answer(out.answer)
                yield piece

    async def _end(
        self, answer: Answer, stream: AnswerStream, first: Choice, found: Plan | None, asking: Asking
    ) -> Answer:
        if answer.offline:
            return answer
        if not stream.claim():
            # Somebody else of those who share the call has paid for it.
            return msgspec.structs.replace(answer, cost_usd=0.0)
        await self._keep(answer, found if self._is_same(first, stream.choice) else None, asking)
        return answer

    def _is_same(self, wanted: Choice, answered: Choice) -> bool:
        """Say whether an answer is one of those that were wanted; that of another model is not kept in its place."""
        same = wanted.provider == answered.provider or self._config.provider_independent
        return same and wanted.model == answered.model

    async def _keep(self, answer: Answer, found: Plan | None, asking: Asking) -> None:
        usage, cost = answer.usage or Usage(), answer.cost_usd
        now = self._clock.now()
        self._shelf.savings.note(
            now,
            "asked",
            usd=cost,
            tokens=usage.input_tokens + usage.output_tokens,
            seconds=answer.elapsed_ms / 1000,
        )
        if found is None or answer.tool_calls:
            return
        kept = Kept(
            text=answer.text,
            provider=answer.provider,
            model=answer.model,
            finish_reason=answer.finish_reason,
            elapsed_ms=answer.elapsed_ms,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=cost,
            asked_at=now,
        )
        for kind, key, value in found.entries(kept):
            await self._shelf.keep(kind, key, value, asking.ttl_s)

    def _told(self, kind: str, kept: Kept, choice: Choice | None, start: float) -> Answer:
        """Make the answer of what was kept, and count it."""
        now = self._clock.now()
        saved = Hit(
            kind=kind,
            age_s=max(0.0, now - kept.asked_at),
            saved_usd=kept.cost_usd,
            saved_ms=kept.elapsed_ms,
            saved_tokens=kept.input_tokens + kept.output_tokens,
        )
        self._shelf.savings.note(
            now, kind, usd=saved.saved_usd, tokens=saved.saved_tokens, seconds=saved.saved_ms / 1000
        )
        answer = Answer(
            text=kept.text,
            provider=kept.provider,
            model=kept.model,
            chosen=choice.reason if choice is not None else "kept",
            finish_reason=kept.finish_reason,
            elapsed_ms=(self._clock.monotonic() - start) * 1000,
            offline=kind == "knowledge",
            hit=saved,
            cost_usd=0.0,
        )
        self._on_hit(answer)
        self._on_answer(answer)
        return answer


class RecalledStream(PieceStream):
    """An answer that was kept, or comes from a provider and may then be kept; one that is left early never is."""

    def __init__(self, run: "Callable[[RecalledStream], AsyncGenerator[Piece, None]]") -> None:
        self._pieces = run(self)


def _options(asking: Asking) -> Options:
    return {
        "model": asking.model,
        "provider": asking.provider,
        "providers": asking.providers,
        "strategy": asking.strategy,
        "temperature": asking.temperature,
        "sampling": asking.sampling,
        "max_tokens": asking.max_tokens,
        "stop": asking.stop,
        "tools": asking.tools,
        "tool_choice": asking.tool_choice,
        "schema": asking.schema,
        "effort": asking.effort,
        "conversation": asking.conversation,
        "cheap": asking.cheap,
        "lane": asking.lane,
    }


def _finish(answer: Answer) -> Finish:
    return Finish(reason=answer.finish_reason, model=answer.model, offline=answer.offline)


def _not_kept(reason: str) -> NotFound:
    return NotFound(f"there is no kept answer: {reason}", hint="ask without --cache-only")
