"""How the providers are, as far as calls have shown."""

from typing import Literal

import msgspec


class ProviderHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One model of one provider; the limits, the queue and what is left are those of the whole provider.

    `retry_at` is the wall time from which it may be called again, None if that is now. `first_piece_*_ms` is the time
    to the first piece, None as long as too few are known; `*_left` is what the provider's headers say.
    """

    provider: str
    kind: str
    model: str | None
    breaker: Literal["closed", "open", "half-open"]
    retry_at: float | None = None
    in_flight: int = 0
    queued: int = 0
    concurrency_limit: int = 0
    first_piece_p50_ms: float | None = None
    first_piece_p95_ms: float | None = None
    requests_left: int | None = None
    tokens_left: int | None = None
