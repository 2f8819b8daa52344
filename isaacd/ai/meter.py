"""What the router tells whoever counts calls and money, before a call and after it."""

from typing import Literal, Protocol

import msgspec

from isaacd.ai.chat import ChatRequest, Usage

Lane = Literal["interactive", "batch"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call to one provider that is about to be made.

    `id` is unique to the call; `attempt` counts the calls made for one answer from 1; `reason` says why it is made:
    first, retry, fallback, hedge or race. `url` is the provider's address without anything secret, if it has one.
    """

    id: str
    provider: str
    kind: str
    model: str | None
    url: str | None
    caller: str
    request: ChatRequest
    attempt: int = 1
    reason: str = "first"
    lane: Lane = "interactive"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended.

    `outcome` is ok, cancelled, broken (the stream ended early) or the name of an error. `text` is what arrived,
    reasoning and the arguments of tool calls included. `sent` is False when the call certainly never reached the
    provider, so that it cannot cost anything. `model` is the one that answered, as far as known.
    """

    outcome: str
    elapsed_ms: float
    usage: Usage | None = None
    first_ms: float | None = None
    text: str = ""
    model: str = ""
    sent: bool = True


class Meter(Protocol):
    """Counts calls, and refuses those that would go over a budget.

    Where it says that it never `waits`, `reserve` and `settle` come back without letting anybody else have a turn.
    """

    @property
    def waits(self) -> bool:
        """Whether to reserve or to settle may have to wait, for a disk or for others."""
        ...

    def bounded(self, request: ChatRequest) -> ChatRequest:
        """Return `request` with a limit on its answer where a budget needs one; called once, before `reserve`."""
        ...

    async def reserve(self, call: Call) -> object:
        """Set aside what `call` may cost, before any byte is sent; raises BudgetExceeded when that is too much.

        What it returns is handed to `settle`.
        """
        ...

    async def settle(self, reservation: object, outcome: Outcome) -> float | None:
        """Count what the call has cost, and return that in USD, None when the price is not known.

        It is called exactly once for each reservation, and is not cancelled with the call.
        """
        ...


class NoMeter:
    """Counts nothing and refuses nothing; every price is unknown."""

    waits = False

    def bounded(self, request: ChatRequest) -> ChatRequest:
        """Leave the request as it is."""
        return request

    async def reserve(self, call: Call) -> object:
        """Let every call be made."""
        return None

    async def settle(self, reservation: object, outcome: Outcome) -> float | None:
        """Know only a price that the provider itself has stated, and that what was never sent costs nothing."""
        return self.cost_usd(outcome)

    def cost_usd(self, outcome: Outcome) -> float | None:
        """Say what `settle` would."""
        if outcome.usage is not None and outcome.usage.cost_usd is not None:
            return outcome.usage.cost_usd
        return None if outcome.sent else 0.0
