"""What an error means for the next step: ask again, ask another, or give up."""

from collections.abc import Callable

from isaacd.config import RetryConfig
from isaacd.errors import (
    ConfigInvalid,
    IsaacError,
    NotFound,
    PermissionDenied,
    PluginFailed,
    ProviderUnavailable,
    RateLimited,
)

BASE_S = 0.5
_OVERLOAD_STATUS = (503, 529)


def backoff_s(
    config: RetryConfig, random: Callable[[], float], tries: int, error: IsaacError
) -> float | None:
    """Return how long to wait before the next call after `tries` failed ones; None if there must be none.

    The wait is random between 0 and a bound that doubles each time ("full jitter", Brooker, "Exponential Backoff And
    Jitter"). What the provider asks for comes first, and the jitter on top of it, so that all who were told the same
    do not come back at the same moment.
    """
    if not may_repeat(error) or tries >= config.max_attempts:
        return None
    jitter_s = random() * min(config.max_wait_s, BASE_S * 2.0 ** (tries - 1))
    if error.retry_after_ms is None:
        return jitter_s
    asked_s = error.retry_after_ms / 1000
    if asked_s > config.max_wait_s:
        return None
    return min(config.max_wait_s, asked_s + min(jitter_s, BASE_S))


def may_repeat(error: IsaacError) -> bool:
    """Say whether the same call may succeed later; only what a provider did counts, not what we or the caller did."""
    return error.retryable and isinstance(error, ProviderUnavailable | RateLimited)


def may_fall_back(error: IsaacError) -> bool:
    """Say whether it makes sense to ask another provider the same."""
    return isinstance(
        error,
        # It is down, or does not speak as it should.
        ProviderUnavailable
        # It wants to be left alone for a while; the next one does not.
        | RateLimited
        # Its key, its account or its region is the matter, and the next one has its own.
        | PermissionDenied
        # It has no such model, or nothing at this address.
        | NotFound
        # Its plugin has a defect, or its section of the configuration has.
        | PluginFailed
        | ConfigInvalid,
        # Not InvalidParams: the request itself was refused, the next one would be asked in vain and be paid for it.
        # Not BudgetExceeded or StorageUnavailable: they are about us, not about the provider.
    )


def is_failure(error: IsaacError) -> bool:
    """Say whether a circuit breaker counts it: the service itself has failed.

    A rate limit is not one, the limiter and the cool-down deal with it; nor is a refused key, since the caller has to
    see that very message every time and the refusal costs the service nothing; nor is what the caller asked wrongly.
    """
    return isinstance(error, ProviderUnavailable)


def is_overload(error: IsaacError) -> bool:
    """Say whether fewer calls at once would help."""
    status = (error.detail or {}).get("status")
    return isinstance(error, RateLimited) or (
        isinstance(error, ProviderUnavailable) and status in _OVERLOAD_STATUS
    )
