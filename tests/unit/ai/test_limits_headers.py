"""What the headers of an answer say of limits."""

import pytest

from isaacd.ai.chat import RateLimits
from isaacd.ai.limits_headers import read_limits, reset_s, wait_s

NOW = 1_800_000_000.0


def test_the_headers_of_openai_are_read() -> None:
    limits = read_limits(
        {
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-limit-tokens": "30000",
            "x-ratelimit-remaining-tokens": "29000",
            "x-ratelimit-reset-tokens": "1m2s",
        },
        NOW,
    )
    assert limits == RateLimits(
        requests_limit=500,
        requests_remaining=499,
        requests_reset_s=0.12,
        tokens_limit=30000,
        tokens_remaining=29000,
        tokens_reset_s=62.0,
    )


def test_the_headers_of_anthropic_are_read() -> None:
    limits = read_limits(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:30Z",
            "anthropic-ratelimit-input-tokens-limit": "40000",
            "anthropic-ratelimit-input-tokens-remaining": "39000",
            "anthropic-ratelimit-input-tokens-reset": "2027-01-15T07:59:00Z",
        },
        NOW,
    )
    assert limits == RateLimits(
        requests_limit=50,
        requests_remaining=0,
        requests_reset_s=30.0,
        tokens_limit=40000,
        tokens_remaining=39000,
        tokens_reset_s=0.0,
    )


def test_the_headers_of_gateways_count_requests() -> None:
    headers = {
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(NOW + 9) * 1000),
    }
    assert read_limits(headers, NOW) == RateLimits(
        requests_limit=20, requests_remaining=0, requests_reset_s=9.0
    )


def test_no_headers_say_nothing() -> None:
    assert read_limits({}, NOW) == RateLimits()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("1h1m1.5s", 3661.5),
        ("20ms", 0.02),
        ("12", 12.0),
        ("0.5", 0.5),
        (str(NOW + 5), 5.0),
        (str(NOW - 5), 0.0),
        ("2027-01-15T08:00:01+00:00", 1.0),
        ("2027-01-15T08:00:01", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("1s later", None),
        ("9" * 400, None),
        ("", None),
        (None, None),
    ],
)
def test_a_reset_is_a_duration_or_a_moment(text: str | None, seconds: float | None) -> None:
    assert reset_s(text, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        (RateLimits(), None),
        (RateLimits(requests_remaining=0, requests_reset_s=2, tokens_remaining=5, tokens_reset_s=60), 2),
        (RateLimits(requests_remaining=0, requests_reset_s=2, tokens_remaining=0, tokens_reset_s=60), 60),
        (RateLimits(requests_remaining=9, requests_reset_s=2, tokens_remaining=5, tokens_reset_s=60), 60),
        (RateLimits(requests_reset_s=2), 2),
    ],
)
def test_what_is_used_up_says_how_long_to_wait(limits: RateLimits, seconds: float | None) -> None:
    assert wait_s(limits) == seconds
