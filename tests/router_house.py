"""A router whose providers, time, chance and money are in the hand of the test."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isaacd.ai.chat import Answer
from isaacd.ai.router import AIRouter
from isaacd.config import AIConfig, BreakerConfig, ProviderConfig, RetryConfig, Strategy
from tests.fake_host import make_host
from tests.fake_kind import CountingMeter, Kind, Step
from tests.fake_time import FakeTime, chance, settle

NEVER = 1000


class RouterHouse:
    """Providers a, b and c in this order; chance is always the longest wait, unless told otherwise."""

    def __init__(
        self,
        home: Path,
        *,
        plays: Mapping[str, list[Step]] | None = None,
        first: Mapping[str, list[list[Step]]] | None = None,
        strategy: Strategy = "fallback",
        order: Sequence[str] = ("a", "b", "c"),
        retry: RetryConfig | None = None,
        breaker: BreakerConfig | None = None,
        luck: Sequence[float] = (1.0,),
        providers: Mapping[str, dict[str, Any]] | None = None,
        **config: Any,
    ) -> None:
        self.kind = Kind()
        self.kind.plays = dict(plays or {})
        self.kind.first = dict(first or {})
        self.time = FakeTime()
        self.meter = CountingMeter()
        extra = providers or {}
        self.config = AIConfig(
            providers={
                name: ProviderConfig(kind="scripted", model=f"m-{name}", **extra.get(name, {}))
                for name in "abc"
            },
            order=tuple(order),
            strategy=strategy,
            retry=retry or RetryConfig(max_attempts=1),
            breaker=breaker or BreakerConfig(failures=NEVER),
            **config,
        )
        self.host = make_host(home)
        self.router = AIRouter(
            self.config,
            {"scripted": self.kind},
            self.host,
            clock=self.time,
            timers=self.time,
            random=chance(*luck),
            meter=self.meter,
        )

    def ask(self, question: str = "why?", **options: Any) -> asyncio.Task[Answer]:
        return asyncio.create_task(self.router.chat_async(question, **options))

    async def asked(self, question: str = "why?", **options: Any) -> asyncio.Task[Answer]:
        """Ask, and go on when nobody has anything to do but to wait."""
        task = self.ask(question, **options)
        await settle()
        return task

    def calls(self) -> dict[str, int]:
        return self.kind.calls()

    def running(self) -> int:
        return sum(provider.running for provider in self.kind.made.values())
