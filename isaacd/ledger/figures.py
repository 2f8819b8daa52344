"""What the ledger tells: sums of calls and money, budgets, single calls, prices."""

from typing import Literal

import msgspec

By = Literal["day", "week", "month", "model", "caller", "provider"]


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Calls and what they took; `key` says what they have in common (a day, a model, a caller ...).

    `cost_usd` is without the `unpriced` calls, whose price is not known (None if that is all of them), and with the `unsettled` ones, which were
    under way when the daemon was killed, at the most that they could cost. `hits` are answers that Isaac had kept;
    they cost nothing, and `saved_usd` is what they cost the first time. `cache_saved_usd` is what the providers' own
    caches saved. `written_tokens` were written to those; they and the `cached_tokens` are parts of `input_tokens`.
    """

    key: str
    calls: int = 0
    ok: int = 0
    failed: int = 0
    hits: int = 0
    unpriced: int = 0
    unsettled: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = 0.0
    saved_usd: float = 0.0
    cache_saved_usd: float = 0.0
    mean_ms: float = 0.0


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands; `until` is wall time in seconds, `setting` its name in config.toml."""

    name: str
    setting: str
    limit_usd: float
    spent_usd: float
    reserved_usd: float
    left_usd: float
    under_way: int
    until: float
    until_shown: str


class Report(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="report"):
    """What was used from one day to another (both included), in all and by `by`."""

    since: str
    until: str
    by: str
    total: Sums
    rows: tuple[Sums, ...]
    troubles: tuple[str, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="overview"):
    """How things stand now."""

    today: Sums
    month: Sums
    budgets: tuple[BudgetState, ...]
    models: tuple[Sums, ...]
    callers: tuple[Sums, ...]
    days: tuple[Sums, ...]
    troubles: tuple[str, ...] = ()


class PastCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that has ended; `cost_usd` None is not known. The texts are there only if history.prompts was on."""

    at: float
    day: str
    provider: str
    model: str
    caller: str
    lane: str
    attempt: int
    reason: str
    outcome: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None
    how: str
    elapsed_ms: float
    first_ms: float | None
    question: str | None = None
    answer: str | None = None


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a model costs in USD for a million tokens, in requests of more than `above` input tokens."""

    model: str
    vendor: str
    above: int
    input: float
    cached: float
    cache_write: float
    output: float
    batch: float | None
    source: str


class Updated(msgspec.Struct, frozen=True):
    """Prices that were taken in: whence and of which day, for how many models, and how many changed."""

    source: str
    date: str
    models: int
    changed: int


class Gone(msgspec.Struct, frozen=True):
    """What tidying removed."""

    calls: int
    texts: int
