"""What people and programs see of tasks."""

from typing import Literal

import msgspec

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Kind = Literal["isaac", "shell"]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled", "interrupted"})


class TaskCard(msgspec.Struct, frozen=True, kw_only=True):
    """A task: what it runs, and what became of it.

    `exit` is the exit code of the command once it has ended. `interrupted` means that the daemon ended before it did.
    `cut` says that its output was longer than is kept. `schedule` is the one that made it. Times are seconds since
    the epoch, `output_bytes` counts both streams.
    """

    id: int
    state: State
    line: str
    kind: Kind = "isaac"
    label: str = ""
    cwd: str | None = None
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    exit: int | None = None
    resumable: bool = False
    attempts: int = 0
    schedule: int | None = None
    output_bytes: int = 0
    cut: bool = False
    note: str = ""
    progress: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in ENDED


class TaskOutput(msgspec.Struct, frozen=True, kw_only=True):
    """A task with what it wrote: `out` is its standard output, `err` its standard error."""

    task: TaskCard
    out: str
    err: str


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a task runs: the words of a command line of isaacctl, or one line for a shell, and where.

    `env` are the caller's variables that may be written down; `secrets` those that may not, and are lost with the
    daemon. `input` is its standard input. A task that is `resumable` is run again when the daemon ended before it did.
    """

    argv: tuple[str, ...]
    kind: Kind = "isaac"
    label: str = ""
    cwd: str | None = None
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    input: bytes | None = None
    caller: str = "isaacctl"
    resumable: bool = False
    schedule: int | None = None

    @property
    def line(self) -> str:
        """The line as a person would type it."""
        if self.kind == "shell":
            return self.argv[0]
        from shlex import join

        return join(self.argv)


Outcome = Literal["ran", "late", "missed", "skipped", "held"]


class ScheduleCard(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule: when and what, what comes next and what came last.

    `when` is what the person wrote, `spec` how it was understood, `next_at` None once nothing more is due. `missed`
    counts the runs that were due while nobody could begin them. `tier` is what a line for a shell was approved as.
    `last_outcome` and `last_state` are those of its last run; `now` is when this was looked at.
    """

    id: int
    when: str
    spec: str
    zone: str
    line: str
    kind: Kind = "isaac"
    label: str = ""
    cwd: str | None = None
    paused: bool = False
    catch_up: bool = False
    tier: str | None = None
    created_at: float
    next_at: float | None = None
    next_local: str | None = None
    last_at: float | None = None
    last_task: int | None = None
    last_outcome: Outcome | None = None
    last_state: State | None = None
    last_note: str = ""
    missed: int = 0


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a schedule was due: what was done, `count` times at once for those that were missed together.

    `ran` in time; `late` is a missed one that was caught up; `missed` that nobody was there to begin it; `skipped` that
    the run before was still under way; `held` that it was not allowed, or that nothing could run it: `note` says why.
    """

    schedule: int
    due_at: float
    at: float
    outcome: Outcome
    count: int = 1
    task: int | None = None
    state: State | None = None
    exit: int | None = None
    note: str = ""


class Approved(msgspec.Struct, frozen=True):
    """What a person agreed to for a line that a shell is to run: the tier it was judged as then."""

    tier: str


class Judged(msgspec.Struct, frozen=True):
    """How a line for a shell is judged now: its tier, the words that would be executed, and the weightiest reason."""

    tier: str
    argv: tuple[str, ...]
    reason: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is to do: run `argv`, or stop what it runs under this token."""

    token: str
    stop: bool = False
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    env: dict[str, str] = {}
