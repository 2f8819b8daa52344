"""What is remembered of each provider from call to call: its limits, and the circuit, cool-down and pace of its models."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator

from isaacd.ai.choice import Choice
from isaacd.ai.health import ProviderHealth
from isaacd.ai.routing.breaker import Breaker
from isaacd.ai.routing.latency import Latency
from isaacd.ai.routing.limiter import Limiter
from isaacd.ai.routing.timers import Timers
from isaacd.clock import Clock
from isaacd.config import BreakerConfig

# Providers differ by key and configuration; those that were used last are remembered.
_MAX_SERVICES = 256
_MAX_MODELS = 256


class Line:
    """The way to one model of one provider."""

    __slots__ = ("_clock", "breaker", "cool_at", "latency", "limiter", "model")

    def __init__(self, model: str | None, limiter: Limiter, breaker: Breaker, clock: Clock) -> None:
        self.model = model
        self.limiter = limiter
        self.breaker = breaker
        self.latency = Latency()
        self.cool_at = 0.0  # on the monotonic clock
        self._clock = clock

    def cool_down(self, wait_s: float) -> None:
        """Leave it alone for as long as the provider asks; a shorter wish does not undo a longer one."""
        self.cool_at = max(self.cool_at, self._clock.monotonic() + wait_s)

    def cooling_s(self) -> float:
        """Return how long it still has to be left alone."""
        return max(0.0, self.cool_at - self._clock.monotonic())


class Service:
    """One provider, as one key and one configuration reach it."""

    __slots__ = ("kind", "limiter", "lines", "name")

    def __init__(self, choice: Choice, limiter: Limiter) -> None:
        self.name = choice.provider
        self.kind = choice.config.kind
        self.limiter = limiter
        self.lines: OrderedDict[str | None, Line] = OrderedDict()


class Services:
    """All providers that have been called, the least recently used ones forgotten when there are too many."""

    def __init__(self, clock: Clock, timers: Timers) -> None:
        self._clock = clock
        self._timers = timers
        self._services: OrderedDict[Hashable, Service] = OrderedDict()

    def line(self, identity: Hashable, choice: Choice, breaker: BreakerConfig) -> Line:
        """Return what is known of the model of a choice; settings are those of the first one who asks."""
        service = self._services.get(identity)
        if service is None:
            limiter = Limiter(choice.config, self._clock.monotonic, self._timers)
            service = self._services[identity] = Service(choice, limiter)
            self._forget()
        self._services.move_to_end(identity)
        line = service.lines.get(choice.model)
        if line is None:
            line = Line(choice.model, service.limiter, Breaker(breaker, self._clock.monotonic), self._clock)
            service.lines[choice.model] = line
            if len(service.lines) > _MAX_MODELS:
                service.lines.popitem(last=False)
        service.lines.move_to_end(choice.model)
        return line

    def health(self) -> Iterator[ProviderHealth]:
        """Describe every model that has been called."""
        for service in self._services.values():
            for line in service.lines.values():
                yield self._describe(service, line)

    def _describe(self, service: Service, line: Line) -> ProviderHealth:
        limiter = service.limiter
        wait_s = max(line.cooling_s(), line.breaker.closed_for_s() or 0.0, limiter.wait_s(0))
        p50_s, p95_s = line.latency.percentile(0.5), line.latency.percentile(0.95)
        return ProviderHealth(
            provider=service.name,
            kind=service.kind,
            model=line.model,
            breaker=line.breaker.state,
            retry_at=self._clock.now() + wait_s if wait_s else None,
            in_flight=limiter.in_flight,
            queued=limiter.queued,
            concurrency_limit=limiter.limit,
            first_piece_p50_ms=None if p50_s is None else round(p50_s * 1000, 1),
            first_piece_p95_ms=None if p95_s is None else round(p95_s * 1000, 1),
            requests_left=limiter.requests_left.left,
            tokens_left=limiter.tokens_left.left,
        )

    def _forget(self) -> None:
        if len(self._services) > _MAX_SERVICES:
            idle = (
                key
                for key, item in self._services.items()
                if not item.limiter.in_flight + item.limiter.queued
            )
            oldest = next(idle, None)
            if oldest is not None:
                del self._services[oldest]
