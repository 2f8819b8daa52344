"""How a question is to be asked: of whom, and with how much memory."""

from typing import Literal

import msgspec

Use = Literal["normal", "none", "refresh", "only"]


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """How one question is to be asked.

    `use` of the cache: normal, none (neither read nor written), refresh (written only), only (nobody is asked).
    `ttl_s` is how long the answer is kept: 0 not at all, None as long as the configuration says.
    """

    model: str | None = None
    provider: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    use: Use = "normal"
    ttl_s: float | None = None
