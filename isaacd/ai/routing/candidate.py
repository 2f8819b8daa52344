"""One provider that may be asked for an answer: how often it was, and from when on it may be asked again."""

from collections.abc import Callable
from math import ceil

from isaacd.ai.choice import Choice
from isaacd.ai.routing.retry import backoff_s
from isaacd.ai.routing.services import Line
from isaacd.config import RetryConfig
from isaacd.errors import IsaacError, ProviderUnavailable, RateLimited


class Candidate:
    """A choice of the route, as one answer sees it.

    `tries` are the calls that were made of it, `last_took_s` is how long the last one took to fail.
    """

    __slots__ = (
        "_after_others_s",
        "_error",
        "_held_until_s",
        "_now",
        "_ready_at_s",
        "choice",
        "given_up",
        "last_took_s",
        "line",
        "tries",
    )

    def __init__(self, choice: Choice, line: Line, now: Callable[[], float]) -> None:
        self.choice = choice
        self.line = line
        self.tries = 0
        self.given_up = False
        self.last_took_s = 0.0
        self._error: IsaacError | None = None
        self._ready_at_s = 0.0  # after a failure of its own
        self._held_until_s = 0.0  # by limits a minute
        self._after_others_s = 0.0  # spent on waiting for what calls of others have brought about
        self._now = now

    def is_ready(self) -> bool:
        """Say whether it can be called now."""
        return not self.given_up and self.line.breaker.closed_for_s() == 0.0 and max(self._waits_s()) <= 0

    def wait_s(self, max_wait_s: float, left_s: float, *, patient: bool) -> float | None:
        """Return how long to wait before it may be called; None if it has to be given up, now or before.

        A wait may take `max_wait_s` and has to end within `left_s`. What others have brought about, such as a
        cool-down, may cost that much in all, so that nobody waits for ever; who is `patient` may.
        """
        if self.given_up:
            return None
        if self.line.breaker.closed_for_s() != 0.0:
            self._hold_back(self._circuit_is_open())
            return None
        own_s, foreign_s = self._waits_s()
        wait_s = max(own_s, foreign_s, 0.0)
        spent_s = 0.0 if patient or foreign_s <= own_s else self._after_others_s
        if wait_s > 0 and (wait_s + spent_s > max_wait_s or wait_s >= left_s):
            self._hold_back(self._has_to_wait(wait_s))
            return None
        return wait_s

    def waits(self, wait_s: float) -> None:
        """Note that it is waited for."""
        own_s, foreign_s = self._waits_s()
        if foreign_s > own_s:
            self._after_others_s += wait_s

    def hold(self, wait_s: float) -> None:
        """Note that limits a minute hold it back for some time."""
        self._held_until_s = self._now() + wait_s

    def failed(
        self,
        error: IsaacError,
        retry: RetryConfig,
        random: Callable[[], float],
        *,
        called: bool,
        took_s: float,
    ) -> None:
        """Note an error, and decide whether it may be called again."""
        self.tries += called
        self.last_took_s = took_s
        wait_s = backoff_s(retry, random, max(1, self.tries), error)
        self._error = error
        if wait_s is None:
            self.given_up = True
        else:
            self._ready_at_s = self._now() + wait_s

    def why(self) -> IsaacError:
        """Return what stands between the asker and an answer of this provider."""
        assert self._error is not None  # nothing is given up without one
        return self._error

    def _waits_s(self) -> tuple[float, float]:
        now = self._now()
        return self._ready_at_s - now, max(self.line.cooling_s(), self._held_until_s - now)

    def _hold_back(self, error: IsaacError) -> None:
        self.given_up = True
        # What the provider itself has said tells more than that it is not called any more.
        self._error = self._error or error

    def _circuit_is_open(self) -> IsaacError:
        left_s = self.line.breaker.closed_for_s()
        when = "one call is just trying it" if left_s is None else f"it is tried again in {ceil(left_s)} s"
        return ProviderUnavailable(
            f"provider {self.choice.provider} has failed too often of late and is left alone; {when}",
            hint="`isaacctl status` shows how the providers are; choose another with --provider",
            detail={"provider": self.choice.provider, "circuit": self.line.breaker.state, "sent": False},
            retry_after_ms=None if left_s is None else ceil(left_s * 1000),
        )

    def _has_to_wait(self, wait_s: float) -> IsaacError:
        return RateLimited(
            f"provider {self.choice.provider} may not be called for another {ceil(wait_s)} s",
            hint="its own limits say so; try again then, or choose another with --provider",
            detail={"provider": self.choice.provider, "sent": False},
            retry_after_ms=ceil(wait_s * 1000),
        )
