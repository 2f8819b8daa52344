"""What all answers of one daemon share: providers, what is known of them, the calls under way, time and chance."""

from collections.abc import Callable

from isaacd.ai.choice import Choice
from isaacd.ai.meter import Meter
from isaacd.ai.pool import Identity, ProviderPool
from isaacd.ai.provider import Host
from isaacd.ai.routing.flight import Flights
from isaacd.ai.routing.services import Line, Services
from isaacd.ai.routing.timers import Timers
from isaacd.clock import Clock
from isaacd.config import AIConfig

_MAX_IDENTITIES = 256


class View:
    """One caller's side of its calls: the configuration, the environment, its name, and who counts."""

    __slots__ = ("_identities", "caller", "config", "host", "meter")

    def __init__(self, config: AIConfig, host: Host, caller: str, meter: Meter) -> None:
        self.config = config
        self.host = host
        self.caller = caller
        self.meter = meter
        self._identities: dict[int, tuple[Choice, Identity]] = {}

    def identity(self, choice: Choice, pool: ProviderPool) -> Identity:
        """Return what tells one provider from another; found out once for each choice, which many questions share."""
        known = self._identities.get(id(choice))
        if known is None or known[0] is not choice:
            known = choice, pool.identity(choice, self.host.environ)
            if len(self._identities) < _MAX_IDENTITIES:
                self._identities[id(choice)] = known
        return known[1]


class Switchboard:
    """Made once; `random` returns numbers from 0 to below 1."""

    def __init__(self, pool: ProviderPool, clock: Clock, timers: Timers, random: Callable[[], float]) -> None:
        self.pool = pool
        self.clock = clock
        self.timers = timers
        self.random = random
        self.services = Services(clock, timers)
        self.flights = Flights()
        self._prefix = f"{int(random() * 2**53):014x}"
        self._calls = 0

    def line(self, choice: Choice, view: View) -> Line:
        """Return what is known of the model of a choice."""
        return self.services.line(view.identity(choice, self.pool), choice, view.config.breaker)

    def new_id(self) -> str:
        """Return a name for a call that no other call has."""
        self._calls += 1
        return f"{self._prefix}-{self._calls}"

    async def aclose(self) -> None:
        """Cancel what is under way, then close all providers."""
        await self.flights.aclose()
        await self.pool.aclose()
