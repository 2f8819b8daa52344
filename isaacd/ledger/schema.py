"""The tables of the ledger. Money is kept in whole billionths of a dollar, so that sums are exact in any order."""

import math

from isaacd.database import Schema

# What `days` sums up, in the order of its columns; each is a number of a row of `calls` or follows from one.
SUMS = (
    "calls", "ok", "failed", "hits", "unpriced", "unsettled",
    "input", "cached", "written", "output", "reasoning", "cost", "saved", "cache_saved", "elapsed_ms",
)  # fmt: skip
FACTS = (
    "id", "at", "day", "provider", "kind", "model", "caller", "lane", "attempt", "reason", "outcome",
    "input", "cached", "written", "written_1h", "output", "reasoning",
    "cost", "how", "saved", "cache_saved", "elapsed_ms", "first_ms",
)  # fmt: skip

SCHEMA = Schema(
    what="the ledger of AI calls",
    number=2,
    versions=(
        (
            # One row for each call that has ended; cost NULL is not known. `saved` is what our own cache saved.
            """CREATE TABLE calls (
                seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL, day TEXT NOT NULL,
                provider TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, caller TEXT NOT NULL,
                lane TEXT NOT NULL, attempt INTEGER NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL,
                input INTEGER NOT NULL, cached INTEGER NOT NULL, written INTEGER NOT NULL,
                written_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
                cost INTEGER, how TEXT NOT NULL, saved INTEGER NOT NULL, cache_saved INTEGER NOT NULL,
                elapsed_ms REAL NOT NULL, first_ms REAL
            ) STRICT""",
            "CREATE INDEX calls_day ON calls (day)",
            "CREATE INDEX calls_unsettled ON calls (id) WHERE outcome = 'unsettled'",
            # Only while history.prompts is on.
            """CREATE TABLE texts (
                seq INTEGER PRIMARY KEY REFERENCES calls (seq) ON DELETE CASCADE,
                question TEXT NOT NULL, answer TEXT NOT NULL
            ) STRICT""",
            # The sums of `calls`, changed in the same transaction: budgets and reports read these.
            "CREATE TABLE days (day TEXT NOT NULL, caller TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, "
            + ", ".join(f"{name} {'REAL' if name == 'elapsed_ms' else 'INTEGER'} NOT NULL" for name in SUMS)
            + ", PRIMARY KEY (day, caller, provider, model)) STRICT, WITHOUT ROWID",
            # Money set aside for calls under way, or for a batch that its provider works on (no owner).
            """CREATE TABLE holds (
                id TEXT PRIMARY KEY, at REAL NOT NULL, day TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
                model TEXT NOT NULL, caller TEXT NOT NULL, lane TEXT NOT NULL, attempt INTEGER NOT NULL,
                reason TEXT NOT NULL, bound INTEGER NOT NULL, owner TEXT NOT NULL
            ) STRICT, WITHOUT ROWID""",
            "CREATE INDEX holds_day ON holds (day)",
        ),
    ),
)

_NANO = 10**9
# A sum of many of these still fits into 64 bits.
_MOST_NANO = 10**18


def nano(usd: float) -> int:
    """Return USD as whole billionths."""
    return min(round(usd * _NANO), _MOST_NANO)


def nano_above(usd: float) -> int:
    """Return USD as whole billionths, rounded up, except for what floating point alone has added."""
    return min(math.ceil(round(usd * _NANO, 3)), _MOST_NANO)


def usd(nanos: int) -> float:
    """Return whole billionths as USD."""
    return nanos / _NANO
