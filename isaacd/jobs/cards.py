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
