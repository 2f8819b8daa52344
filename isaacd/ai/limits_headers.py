"""What the headers of an answer say of a provider's rate limits, in the ways of OpenAI and of Anthropic."""

import re
from collections.abc import Mapping
from datetime import datetime

from isaacd.ai.chat import RateLimits

# OpenAI's times are those of Go: 6m0s, 1.5s, 20ms.
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
# A number so large is no duration but a moment: seconds, or milliseconds, since the epoch.
_MOMENT_S = 1e9
_MOMENT_MS = 1e12
_OPENAI = "x-ratelimit-{what}-{of}"
_ANTHROPIC = "anthropic-ratelimit-{of}-{what}"
# The names of a limit by tokens, the first that is there counts; Anthropic's `tokens` is the tightest of its limits.
_TOKENS = ("tokens", "input-tokens")


def read_limits(headers: Mapping[str, str], now: float) -> RateLimits:
    """Read `x-ratelimit-*` and `anthropic-ratelimit-*`; `headers` need a look-up that ignores case.

    Resets are durations (`6m0s`, or plain seconds), or moments (RFC 3339, or seconds or milliseconds since the
    epoch), which count against `now`, the wall time in seconds.
    """
    if not any("ratelimit" in name.lower() for name in headers):
        return _NONE
    form = _ANTHROPIC if _has(headers, _ANTHROPIC) else _OPENAI
    requests = _Limit(headers, form, ("requests",), now)
    tokens = _Limit(headers, form, _TOKENS, now)
    if form is _OPENAI and requests.limit is None and requests.remaining is None:
        # Gateways count requests only, and do not say so.
        requests = _Limit(headers, "x-ratelimit-{what}", ("requests",), now)
    return RateLimits(
        requests_limit=requests.limit,
        requests_remaining=requests.remaining,
        requests_reset_s=requests.reset_s,
        tokens_limit=tokens.limit,
        tokens_remaining=tokens.remaining,
        tokens_reset_s=tokens.reset_s,
    )


def wait_s(limits: RateLimits) -> float | None:
    """Return how long to wait after a refusal that does not say so itself; None if the limits do not tell.

    What is used up counts, and the longest of it. If nothing is, the call was larger than the tokens that were left.
    """
    resets = (
        (limits.requests_remaining, limits.requests_reset_s),
        (limits.tokens_remaining, limits.tokens_reset_s),
    )
    used_up = [reset_s for left, reset_s in resets if left == 0 and reset_s is not None]
    if used_up:
        return max(used_up)
    unknown = [reset_s for left, reset_s in resets if left is None and reset_s is not None]
    if unknown:
        return max(unknown)
    return limits.tokens_reset_s if limits.tokens_reset_s is not None else limits.requests_reset_s


_NONE = RateLimits()


class _Limit:
    """One limit: how many, how many are left, and in how many seconds all are back."""

    __slots__ = ("limit", "remaining", "reset_s")

    def __init__(self, headers: Mapping[str, str], form: str, names: tuple[str, ...], now: float) -> None:
        name = next((item for item in names if _has(headers, form, item)), names[0])
        self.limit = _count(headers.get(form.format(what="limit", of=name)))
        self.remaining = _count(headers.get(form.format(what="remaining", of=name)))
        self.reset_s = reset_s(headers.get(form.format(what="reset", of=name)), now)


def _has(headers: Mapping[str, str], form: str, name: str | None = None) -> bool:
    return any(
        form.format(what=what, of=of) in headers
        for of in ((name,) if name else ("requests", *_TOKENS))
        for what in ("limit", "remaining", "reset")
    )


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def reset_s(text: str | None, now: float) -> float | None:
    """Return the seconds from `now` until the time that a header gives; None if it cannot be read."""
    text = (text or "").strip()
    if not text:
        return None
    parts = _DURATION.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    try:
        number = float(text)
    except ValueError:
        return _until(text, now)
    if not 0 <= number < 1e15:
        return None
    if number >= _MOMENT_MS:
        number /= 1000
    return max(0.0, number - now) if number >= _MOMENT_S else number


def _until(text: str, now: float) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else max(0.0, moment.timestamp() - now)
    except (ValueError, OverflowError):
        return None
