"""AIRouter: chooses who is asked, asks, and makes sure that only a whole answer passes for one."""

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from isaacd.ai.chat import Answer, ChatRequest, Finish, Message, Piece, ReasoningDelta, TextDelta
from isaacd.ai.choice import Choice, available, choose
from isaacd.ai.pool import ProviderPool, provider_failed
from isaacd.ai.provider import Host, ProviderFactory
from isaacd.clock import Clock, SystemClock
from isaacd.config import AIConfig
from isaacd.errors import IsaacError, ProviderUnavailable

SYSTEM = (
    "You are Isaac, the assistant in a person's shell and editor. Answer briefly, as plain text for a terminal. "
    "When a command answers the question, give the command first, alone on its line, and then a line on what it does."
)


class AIRouter:
    """Answers conversations with the providers of one configuration and one caller's environment.

    One router owns the providers (`pool`); `seen_by` makes cheap further views of it for other callers.
    """

    def __init__(
        self,
        config: AIConfig,
        factories: Mapping[str, ProviderFactory],
        host: Host,
        *,
        clock: Clock | None = None,
        pool: ProviderPool | None = None,
    ) -> None:
        self._config = config
        self._host = host
        self._clock = clock or SystemClock()
        self._pool = ProviderPool(factories) if pool is None else pool

    def seen_by(self, config: AIConfig, environ: Mapping[str, str]) -> "AIRouter":
        """Return this router as a caller with this configuration and environment sees it; providers are shared."""
        host = msgspec.structs.replace(self._host, environ=environ)
        return AIRouter(config, self._pool.factories, host, clock=self._clock, pool=self._pool)

    def providers(self) -> dict[str, str]:
        """Return the names of all providers that can be asked, most preferred first, and why each is there."""
        found = available(self._config, self._host.environ, self._pool.factories)
        return {name: reason for name, (_, reason) in found.items()}

    def choose(self, *, model: str | None = None, provider: str | None = None) -> Choice:
        """Say who would be asked, and why; raises NotFound as `isaacd.ai.choice.choose` does."""
        return choose(self._config, self._host.environ, self._pool.factories, provider=provider, model=model)

    def stream(
        self,
        messages: str | Sequence[Message],
        *,
        model: str | None = None,
        provider: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> "AnswerStream":
        """Answer piece by piece; a lone string is one question.

        Without a system message `ai.system` precedes the conversation, or else Isaac's own instructions.
        """
        choice = self.choose(model=model, provider=provider)
        request = ChatRequest(
            messages=self.conversation(messages),
            model=choice.model,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        return AnswerStream(self._pool, self._host, choice, request, self._clock)

    async def chat_async(
        self,
        messages: str | Sequence[Message],
        *,
        model: str | None = None,
        provider: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> Answer:
        """Answer as a whole."""
        async with self.stream(
            messages, model=model, provider=provider, temperature=temperature, max_tokens=max_tokens
        ) as stream:
            return await stream.whole()

    async def aclose(self) -> None:
        """Close all providers, those that other views of this router made too."""
        await self._pool.aclose()

    def conversation(self, messages: str | Sequence[Message]) -> tuple[Message, ...]:
        """Return the turns that would be sent: those given, after the instructions that belong before them."""
        turns = (Message("user", messages),) if isinstance(messages, str) else tuple(messages)
        system = SYSTEM if self._config.system is None else self._config.system
        if system and not any(turn.role == "system" for turn in turns):
            return (Message("system", system), *turns)
        return turns


class PieceStream(AsyncIterator[Piece]):
    """The pieces of one answer, ending with its Finish; afterwards `answer` is the whole.

    Iterate it inside `async with`, or call `aclose`: leaving early stops whoever is answering at once.
    """

    answer: Answer | None = None
    _pieces: AsyncGenerator[Piece, None]

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Piece]:
        return self._pieces.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the provider, if it is still answering."""
        await self._pieces.aclose()

    async def whole(self) -> Answer:
        """Take all pieces that are left and return the answer."""
        async for _ in self._pieces:
            pass
        assert self.answer is not None  # or else the loop has raised
        return self.answer


class AnswerStream(PieceStream):
    """The answer of one provider.

    Raises what the provider raises, and ProviderUnavailable if it ends without a Finish; then `detail` has
    `received_chars`.
    """

    def __init__(
        self, pool: ProviderPool, host: Host, choice: Choice, request: ChatRequest, clock: Clock
    ) -> None:
        self.choice = choice
        self._text: list[str] = []
        self._clock = clock
        self._pieces = self._run(pool, host, request)

    async def _run(self, pool: ProviderPool, host: Host, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        start = self._clock.monotonic()
        async with pool.lend(self.choice, host) as provider:
            pieces = provider.stream(request)
            try:
                async for piece in pieces:
                    if type(piece) is TextDelta:
                        self._text.append(piece.text)
                    elif type(piece) is not ReasoningDelta:
                        finish = piece
                        break
                    yield piece
                else:
                    raise ProviderUnavailable(f"provider {self.choice.provider} broke off its answer")
            except IsaacError as error:
                error.detail = {**(error.detail or {}), "received_chars": sum(map(len, self._text))}
                raise
            except Exception as error:
                host.log.exception("provider failed", provider=self.choice.provider)
                raise provider_failed(self.choice, error) from error
            finally:
                close = getattr(pieces, "aclose", None)
                if close is not None:
                    await close()
        assert isinstance(finish, Finish)
        self.answer = self._whole(finish, (self._clock.monotonic() - start) * 1000)
        yield finish

    def _whole(self, finish: Finish, elapsed_ms: float) -> Answer:
        return Answer(
            text="".join(self._text),
            provider=self.choice.provider,
            model=finish.model,
            chosen=self.choice.reason,
            finish_reason=finish.reason,
            elapsed_ms=elapsed_ms,
            offline=finish.offline,
            usage=finish.usage,
            candidates=finish.candidates,
        )
