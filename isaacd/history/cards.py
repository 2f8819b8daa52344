"""What the history says: runs, questions to it, and figures; times in seconds since 1970, durations in seconds."""

import msgspec


class RunCard(msgspec.Struct, frozen=True, kw_only=True):
    """One command that was run; null is what nobody knows. `runs` is how often the line was run in all."""

    id: int
    command: str
    at: float | None = None
    duration_s: float | None = None
    exit: int | None = None
    cwd: str = ""
    host: str = ""
    session: str = ""
    shell: str = ""
    runs: int = 1


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs: all conditions have to hold; times in seconds since 1970.

    `text` are words that the command has, in any order, the last one perhaps only begun; with `pattern`, the whole
    command fits it (`*` and `?`). `cwd` is a folder, with all below it. A run without a known time is before all others.
    """

    text: str = ""
    pattern: str | None = None
    cwd: str | None = None
    session: str | None = None
    host: str | None = None
    shell: str | None = None
    exit: int | None = None
    failed: bool | None = None
    since: float | None = None
    until: float | None = None
    ids: tuple[int, ...] = ()


class NameRow(msgspec.Struct, frozen=True, kw_only=True):
    """How often a program was run, and how that ended; `failure_rate` is of the runs whose end is known."""

    name: str
    runs: int
    failed: int
    failure_rate: float | None
    mean_s: float | None
    total_s: float


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A command line with a number: how often it was run, or how long it took."""

    command: str
    runs: int
    seconds: float | None = None


class PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, and how many commands were run in it."""

    cwd: str
    runs: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of all runs that were asked for; `hours` has the runs of each hour of the day, here."""

    runs: int
    lines: int
    failed: int
    failure_rate: float | None
    first_at: float | None
    last_at: float | None
    total_s: float
    median_s: float | None
    names: list[NameRow]
    commands: list[LineRow]
    slowest: list[LineRow]
    places: list[PlaceRow]
    hours: list[int]
    torn: int


class Added(msgspec.Struct, frozen=True):
    """What came of taking records in: how many are new, how many were there already, not wanted, or torn."""

    added: int = 0
    known: int = 0
    ignored: int = 0
    torn: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.added + other.added,
            self.known + other.known,
            self.ignored + other.ignored,
            self.torn + other.torn,
        )


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was forgotten, or would be (`dry_run`): how many runs, of how many lines, and some of them."""

    runs: int
    lines: int
    dry_run: bool
    examples: list[str]
    notes: list[str] = []
