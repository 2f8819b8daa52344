"""AIRouter: chooses who is asked, asks, and makes sure that only a whole answer passes for one."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Unpack

import msgspec

from isaacd.ai.aliases import known_aliases
from isaacd.ai.chat import Answer, ChatRequest, Message
from isaacd.ai.choice import Choice, available, choose
from isaacd.ai.health import ProviderHealth
from isaacd.ai.meter import Meter, NoMeter
from isaacd.ai.options import AnyOptions, Options
from isaacd.ai.pool import ProviderPool
from isaacd.ai.provider import Host, ListsModels, ModelCard, Provider, ProviderFactory
from isaacd.ai.route import Route, Wish, plan
from isaacd.ai.stream import AnswerStream, PieceStream
from isaacd.clock import Clock, SystemClock
from isaacd.config import AIConfig
from isaacd.errors import InvalidParams, IsaacError

if TYPE_CHECKING:
    from isaacd.ai.routing.switchboard import Switchboard, View
    from isaacd.ai.routing.timers import Timers

__all__ = ["SYSTEM", "AIRouter", "AnswerStream", "Options", "PieceStream"]

SYSTEM = (
    "You are Isaac, the assistant in a person's shell and editor. Answer briefly, as plain text for a terminal. "
    "When a command answers the question, give the command first, alone on its line, and then a line on what it does."
)
# As many questions of a list are under way at once, unless the caller says otherwise; limiters may allow fewer.
BATCH_LIMIT = 256
_MAX_ROUTES = 64


def _chance() -> float:
    """Return a random number from 0 to below 1; the module `random` would cost the daemon's start more than it gives."""
    return int.from_bytes(os.urandom(6)) / 2**48


class AIRouter:
    """Answers conversations with the providers of one configuration and one caller's environment.

    One router owns the providers and all that is known of them; `seen_by` makes cheap further views of it for other
    callers. `meter` counts every call and may refuse it. `coming` waits until all kinds of providers are known that may
    still come; it is asked before a kind is said to be unknown.
    """

    def __init__(
        self,
        config: AIConfig,
        factories: Mapping[str, ProviderFactory],
        host: Host,
        *,
        clock: Clock | None = None,
        timers: "Timers | None" = None,
        random: Callable[[], float] = _chance,
        meter: Meter | None = None,
        caller: str = "",
        coming: Callable[[], Awaitable[None]] | None = None,
        board: "_Board | None" = None,
    ) -> None:
        self._config = config
        self._factories = factories
        self._host = host
        self._clock = clock or SystemClock()
        self._meter = meter or NoMeter()
        self._caller = caller
        self._board = board or _Board(factories, self._clock, timers, random, coming)
        self._view: View | None = None
        self._routes: dict[Hashable, Route] = {}

    def seen_by(
        self, config: AIConfig, environ: Mapping[str, str], *, caller: str = "", meter: Meter | None = None
    ) -> "AIRouter":
        """Return this router as a caller with this configuration and environment sees it; providers are shared."""
        return AIRouter(
            config,
            self._factories,
            msgspec.structs.replace(self._host, environ=environ),
            clock=self._clock,
            meter=meter or self._meter,
            caller=caller,
            board=self._board,
        )

    # Who there is.

    def providers(self) -> dict[str, str]:
        """Return the names of all providers that can be asked, most preferred first, and why each is there."""
        found = available(self._config, self._host.environ, self._factories)
        return {name: offer.reason for name, offer in found.items()}

    def aliases(self) -> dict[str, list[str]]:
        """Return the aliases and what each stands for: models, providers, or PROVIDER/MODEL."""
        return known_aliases(self._config, available(self._config, self._host.environ, self._factories))

    def choose(self, *, model: str | None = None, provider: str | None = None) -> Choice:
        """Say who would be asked first, and why; raises NotFound as `isaacd.ai.choice.choose` does."""
        return choose(self._config, self._host.environ, self._factories, provider=provider, model=model)

    def route(self, messages: str | Sequence[Message], **options: Unpack[Options]) -> Route:
        """Say who would be asked for this very question, in which order and how; raises what `choose` raises."""
        return self._plan(self.conversation(messages), options)

    def health(self) -> list[ProviderHealth]:
        """Return how the providers are that were called since the start, whoever called them."""
        return self._board.health()

    async def models(self, provider: str) -> Sequence[ModelCard]:
        """Ask a provider which models it has; none if its kind cannot say. Raises what its `models` raises."""
        async with self.lend(self.choose(provider=provider)) as lent:
            return await lent.models() if isinstance(lent, ListsModels) else ()

    async def key_origins(self) -> list[tuple[str, str, str]]:
        """Return the name and kind of every provider, and where its key comes from; never a key."""
        import anyio.to_thread

        from isaacd.ai.keys import KEY_FOLDER, key_origin

        found = available(self._config, self._host.environ, self._factories)
        return [
            (
                name,
                offer.config.kind,
                await anyio.to_thread.run_sync(
                    key_origin,
                    name,
                    offer.config,
                    self._host.environ,
                    self._host.paths.config_dir / KEY_FOLDER,
                    self._factories.get(offer.config.kind),
                ),
            )
            for name, offer in found.items()
        ]

    @asynccontextmanager
    async def lend(self, choice: Choice) -> AsyncGenerator[Provider, None]:
        """Lend a provider itself, for what only some kinds can do; limits and meter know nothing of it."""
        async with self._board.get().pool.lend(choice, self._host) as provider:
            yield provider

    # Asking.

    def stream(self, messages: str | Sequence[Message], **options: Unpack[Options]) -> AnswerStream:
        """Answer piece by piece; a lone string is one question.

        Without a system message `ai.system` precedes the conversation, or else Isaac's own instructions. Raises
        NotFound or ConfigInvalid at once if it is not clear who is meant.
        """
        from isaacd.ai.asking import open_stream
        from isaacd.ai.routing.switchboard import View

        if self._view is None:
            self._view = View(self._config, self._host, self._caller, self._meter)
        turns = self.conversation(messages)
        return open_stream(
            self._board.get(),
            self._view,
            self._plan(turns, options),
            self._request(turns, options),
            options,
        )

    async def chat_async(self, messages: str | Sequence[Message], **options: Unpack[Options]) -> Answer:
        """Answer as a whole."""
        async with self.stream(messages, **options) as stream:
            return await stream.whole()

    async def query_with_fallback(
        self, messages: str | Sequence[Message], providers: Sequence[str], **options: Unpack[AnyOptions]
    ) -> Answer:
        """Ask one provider after another, until one answers; an item may also be PROVIDER/MODEL or an alias."""
        options.setdefault("strategy", "fallback")
        return await self.chat_async(messages, **options, providers=providers)

    async def batch_query(
        self,
        questions: Iterable[str | Sequence[Message] | ChatRequest],
        *,
        limit: int = BATCH_LIMIT,
        **options: Unpack[Options],
    ) -> list[Answer | IsaacError]:
        """Answer many questions, at most `limit` at once; each has its answer or its error, in the given order.

        What a ChatRequest says itself comes before `options`.
        """
        from isaacd.ai.asking import ask_all

        return await ask_all(self.chat_async, questions, limit, options)

    async def aclose(self) -> None:
        """Stop all answers and close all providers, those that other views of this router made too."""
        await self._board.aclose()

    def conversation(self, messages: str | Sequence[Message]) -> tuple[Message, ...]:
        """Return the turns that would be sent, after their instructions; raises InvalidParams if none is the user's."""
        turns = (Message("user", messages),) if isinstance(messages, str) else tuple(messages)
        if all(turn.role == "system" for turn in turns):
            raise InvalidParams("there is no question: a conversation needs a turn of the user")
        system = SYSTEM if self._config.system is None else self._config.system
        if system and not any(turn.role == "system" for turn in turns):
            return (Message("system", system), *turns)
        return turns

    def _plan(self, turns: Sequence[Message], options: Options) -> Route:
        providers = options.get("providers")
        who = (
            options.get("model"),
            options.get("provider"),
            None if providers is None else tuple(providers),
            options.get("strategy"),
        )
        # Many questions are asked through one view, and all but simple ones go the same way.
        route = self._routes.get(who) if self._config.cheap_model is None else None
        if route is None:
            names = Wish.__struct_fields__
            wish = Wish(**{name: value for name, value in options.items() if name in names})  # type: ignore[arg-type]
            route = plan(self._config, self._host.environ, self._factories, turns, wish)
            if len(self._routes) < _MAX_ROUTES:
                self._routes[who] = route
        return route

    def _request(self, turns: tuple[Message, ...], options: Options) -> ChatRequest:
        max_tokens = options.get("max_tokens")
        return ChatRequest(
            messages=turns,
            temperature=options.get("temperature"),
            sampling=options.get("sampling"),
            max_tokens=self._config.max_tokens if max_tokens is None else max_tokens,
            stop=tuple(options.get("stop", ())),
            tools=tuple(options.get("tools", ())),
            tool_choice=options.get("tool_choice", "auto"),
            schema=options.get("schema"),
            effort=options.get("effort"),
            stream=options.get("stream", True),
            prompt_cache=self._config.prompt_cache,
            conversation=options.get("conversation"),
        )


class _Board:
    """The switchboard, made when it is first needed: a daemon that is only asked for its status does without."""

    def __init__(
        self,
        factories: Mapping[str, ProviderFactory],
        clock: Clock,
        timers: "Timers | None",
        random: Callable[[], float],
        coming: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._factories = factories
        self._clock = clock
        self._timers = timers
        self._random = random
        self._coming = coming
        self._made: Switchboard | None = None

    def get(self) -> "Switchboard":
        if self._made is None:
            from isaacd.ai.routing.switchboard import Switchboard
            from isaacd.ai.routing.timers import LoopTimers

            pool = ProviderPool(self._factories, self._coming)
            self._made = Switchboard(pool, self._clock, self._timers or LoopTimers(), self._random)
        return self._made

    def health(self) -> list[ProviderHealth]:
        return [] if self._made is None else list(self._made.services.health())

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()
