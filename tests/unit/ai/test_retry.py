"""What an error means for the next step."""

import pytest

from isaacd.ai.routing.retry import backoff_s, is_failure, is_overload, may_fall_back, may_repeat
from isaacd.config import RetryConfig
from isaacd.errors import (
    BudgetExceeded,
    ConfigInvalid,
    InvalidParams,
    IsaacError,
    NotFound,
    Overloaded,
    PermissionDenied,
    PluginFailed,
    ProviderUnavailable,
    RateLimited,
    StorageUnavailable,
)

CONFIG = RetryConfig(max_attempts=5, max_wait_s=20)
DOWN = ProviderUnavailable("down")


def limited(retry_after_ms: int | None = None) -> RateLimited:
    return RateLimited("slow down", retry_after_ms=retry_after_ms)


def test_the_bound_of_the_wait_doubles_and_the_wait_is_random_below_it() -> None:
    assert [backoff_s(CONFIG, lambda: 1.0, tries, DOWN) for tries in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert backoff_s(CONFIG, lambda: 0.0, 4, DOWN) == 0.0
    assert backoff_s(CONFIG, lambda: 0.25, 2, DOWN) == 0.25


def test_no_wait_is_longer_than_the_longest() -> None:
    config = RetryConfig(max_attempts=20, max_wait_s=3)
    assert backoff_s(config, lambda: 1.0, 15, DOWN) == 3
    assert backoff_s(config, lambda: 1.0, 1, limited(2900)) == 3


def test_what_the_provider_asks_for_is_the_least_it_gets() -> None:
    assert backoff_s(CONFIG, lambda: 0.0, 1, limited(7000)) == 7.0
    assert backoff_s(CONFIG, lambda: 1.0, 1, limited(7000)) == 7.5
    assert backoff_s(CONFIG, lambda: 1.0, 4, limited(7000)) == 7.5


def test_who_asks_for_too_long_a_wait_is_given_up() -> None:
    assert backoff_s(CONFIG, lambda: 0.0, 1, limited(20_000)) == 20
    assert backoff_s(CONFIG, lambda: 0.0, 1, limited(20_001)) is None


def test_calls_are_counted() -> None:
    assert backoff_s(CONFIG, lambda: 0.0, 4, DOWN) == 0
    assert backoff_s(CONFIG, lambda: 0.0, 5, DOWN) is None


def test_what_the_provider_says_about_repeating_counts() -> None:
    error = ProviderUnavailable("no")
    error.retryable = False
    assert not may_repeat(error)
    assert backoff_s(CONFIG, lambda: 0.0, 1, error) is None


@pytest.mark.parametrize(
    ("error", "repeat", "fall_back", "failure"),
    [
        (DOWN, True, True, True),
        (limited(), True, True, False),
        (PermissionDenied("key"), False, True, False),
        (NotFound("model"), False, True, False),
        (PluginFailed("defect"), False, True, False),
        (ConfigInvalid("section"), False, True, False),
        (InvalidParams("too long"), False, False, False),
        (BudgetExceeded("broke"), False, False, False),
        (StorageUnavailable("full"), False, False, False),
        (Overloaded("us"), False, False, False),
    ],
)
def test_each_error_has_its_consequences(
    error: IsaacError, *, repeat: bool, fall_back: bool, failure: bool
) -> None:
    assert (may_repeat(error), may_fall_back(error), is_failure(error)) == (repeat, fall_back, failure)


def test_a_limit_and_an_overload_ask_for_fewer_calls() -> None:
    assert is_overload(limited())
    assert is_overload(ProviderUnavailable("full", detail={"status": 529}))
    assert not is_overload(ProviderUnavailable("broken", detail={"status": 500}))
    assert not is_overload(PermissionDenied("no", detail={"status": 403}))
