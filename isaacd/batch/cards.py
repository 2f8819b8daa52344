"""What the outside may know of a batch, and what it may wish for; light enough to be imported at the daemon's start."""

from typing import Literal

import msgspec

Form = Literal["jsonl", "lines", "csv", "tsv"]
Layout = Literal["jsonl", "text", "csv"]


def plural(count: int, noun: str) -> str:
    """Count something: 1 row, 2,000 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of one batch are to be asked; a row may name its own model and system prompt."""

    model: str | None = None
    provider: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    system: str | None = None
    template: str | None = None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch is run: so many rows at once, in order or as they come, and what is done with an earlier run.

    `fresh` forgets the earlier answers, `retry_failed` asks only those rows again that had failed. `echo` repeats each
    prompt in its row.
    """

    concurrency: int
    ordered: bool = True
    fresh: bool = False
    retry_failed: bool = False
    echo: bool = False
    layout: Layout = "jsonl"


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="summary"):
    """What became of a batch; rows that were answered by an earlier run are `resumed`, those of the cache `cached`.

    `cost_usd` is what this run cost, as far as prices are known; `unpriced` answers are not in it.
    """

    batch: str
    total: int
    ok: int
    failed: int
    bad: int = 0
    cached: int = 0
    resumed: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    elapsed_s: float = 0.0
    answers: list[dict[str, object]] | None = None


class JobCard(msgspec.Struct, frozen=True, kw_only=True):
    """One job at a provider's own batch interface, as last seen; times are seconds since the epoch.

    `state` is holding (money is set aside for it; it was certainly not sent), submitting (or unknown: nobody can tell
    whether the provider took it), working, ended, collected,
    failed, cancelled or expired.
    """

    number: int
    provider: str
    model: str | None
    state: str
    rows: int
    remote: str | None = None
    succeeded: int = 0
    failed: int = 0
    discount: float = 0.0
    submitted_at: float | None = None
    checked_at: float | None = None
    expires_at: float | None = None
    message: str = ""


class BatchCard(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="batch"):
    """A batch that is remembered; `total` is None while nobody has read its input to the end."""

    id: str
    state: str
    source: str
    rows: int
    failed: int
    total: int | None
    deferred: bool
    cost_usd: float
    created_at: float
    updated_at: float
    wishes: Wishes = Wishes()
    jobs: tuple[JobCard, ...] = ()
