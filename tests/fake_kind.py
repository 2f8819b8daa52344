"""A kind of provider whose every call plays a script that the test has written."""

import asyncio
import copy
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

from isaacd.ai.chat import ChatRequest, Finish, Piece, TextDelta, Usage
from isaacd.ai.meter import Call, Outcome
from isaacd.ai.provider import Host
from isaacd.config import ProviderConfig

FINISH = Finish(reason="stop", model="s-1", usage=Usage(3, 2))
# A piece, an error, an event to wait for, or something to do.
Step = Piece | Exception | asyncio.Event | Callable[[], Awaitable[None] | None]


def says(*texts: str) -> list[Step]:
    return [*(TextDelta(text) for text in texts), FINISH]


class ScriptedProvider:
    """Plays the next of `scripts`, or else `script`; counts its calls and what became of them."""

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name
        self.config = config
        self.environ = host.environ
        self.requests: list[ChatRequest] = []
        self.script: list[Step] = says("one ", "two")
        self.scripts: deque[list[Step]] = deque()
        self.running = 0
        self.most = 0
        self.cut = 0
        self.closed = False

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        self.requests.append(request)
        script = self.scripts.popleft() if self.scripts else self.script
        self.running += 1
        self.most = max(self.most, self.running)
        done = False
        try:
            for step in script:
                if isinstance(step, Exception):
                    done = True
                    raise copy.copy(step)  # whoever handles it adds to it, and other tests play it too
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif callable(step):
                    waiting = step()
                    if waiting is not None:
                        await waiting
                else:
                    done = isinstance(step, Finish)
                    yield step
        finally:
            self.cut += not done
            self.running -= 1

    async def aclose(self) -> None:
        self.closed = True


class Kind:
    """The factory; providers by name in `made`, each with the script that `plays` says."""

    kind = "scripted"

    def __init__(self) -> None:
        self.made: dict[str, ScriptedProvider] = {}
        self.plays: dict[str, list[Step]] = {}
        self.first: dict[str, list[list[Step]]] = {}

    def __call__(self, name: str, config: ProviderConfig, host: Host) -> ScriptedProvider:
        provider = self.made[name] = ScriptedProvider(name, config, host)
        provider.script = self.plays.get(name, says(f"from {name}"))
        provider.scripts = deque(self.first.get(name, ()))
        return provider

    def calls(self) -> dict[str, int]:
        return {name: len(provider.requests) for name, provider in self.made.items()}


class CountingMeter:
    """Keeps the books as a ledger does, and finds out whether it is told everything exactly once."""

    waits = True

    def __init__(self, price: float | None = 0.25) -> None:
        self.price = price
        self.calls: list[Call] = []
        self.settled: dict[str, Outcome] = {}
        self.refuse: dict[str, Exception] = {}
        self.gate: asyncio.Event | None = None

    def bounded(self, request: ChatRequest) -> ChatRequest:
        return request

    async def reserve(self, call: Call) -> object:
        if call.provider in self.refuse:
            raise self.refuse[call.provider]
        if self.gate is not None:
            await self.gate.wait()
        self.calls.append(call)
        return call

    async def settle(self, reservation: object, outcome: Outcome) -> float | None:
        assert isinstance(reservation, Call)
        assert reservation.id not in self.settled, "settled twice"
        self.settled[reservation.id] = outcome
        return self.price if outcome.sent else 0.0

    def outcomes(self) -> list[tuple[str, str]]:
        """Return providers and outcomes; raises if a reservation was never settled."""
        return [(call.provider, self.settled[call.id].outcome) for call in self.calls]
