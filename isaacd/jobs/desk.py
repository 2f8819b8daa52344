"""Tasks as one request sees them: its own line, directory, variables and input become a task's."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from isaacd.errors import InvalidParams, NotFound
from isaacd.jobs.cards import TaskCard, TaskOutput, Work
from isaacd.jobs.jobs import Jobs

if TYPE_CHECKING:
    from isaacd.jobs.planner import Planner

# What is shown of a task at once; `follow` gives the rest.
MAX_SHOWN_BYTES = 1024 * 1024
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")
# Commands with a journal of their own: run again, they go on where they stopped.
RESUMES = frozenset({"batch"})
# These come in every call, and have a meaning of their own each time.
_NOT_KEPT = ("ISAAC_CALLER",)


class Origin(msgspec.Struct, frozen=True):
    """Who asks: where, with which variables, and by which program."""

    cwd: Path | None
    env: Mapping[str, str]
    caller: str


class JobDesk:
    """The tasks of the daemon, for one request; `check` raises for a line that isaacctl would not understand."""

    def __init__(self, jobs: Jobs, origin: Origin, check: Callable[[Sequence[str]], None]) -> None:
        self.workshop = jobs.workshop
        self._jobs = jobs
        self._origin = origin
        self._check = check

    def work(
        self,
        argv: Sequence[str],
        *,
        label: str = "",
        given: bytes | None = None,
        resumable: bool = False,
    ) -> Work:
        """Describe a command line of isaacctl as work; raises InvalidParams for one that cannot be understood."""
        if not argv:
            raise InvalidParams(
                "there is nothing to run", hint='name a command, as in: isaacctl tasks run -- ask "..."'
            )
        self._check(argv)
        return msgspec.structs.replace(
            self._here(tuple(argv), label), input=given, resumable=resumable or argv[0] in RESUMES
        )

    def shell_work(self, line: str, *, label: str = "") -> Work:
        """Describe a line for a shell as work."""
        return msgspec.structs.replace(self._here((line,), label), kind="shell", secrets={})

    def _here(self, argv: tuple[str, ...], label: str) -> Work:
        kept, secrets = parted(self._origin.env)
        return Work(
            argv=argv,
            label=label,
            cwd=str(self._origin.cwd) if self._origin.cwd else None,
            env=kept,
            secrets=secrets,
            caller=self._origin.caller,
        )

    async def start(
        self,
        argv: Sequence[str],
        *,
        label: str = "",
        given: bytes | None = None,
        resumable: bool = False,
    ) -> TaskCard:
        """Begin a command line of isaacctl in the background; `given` is its standard input.

        Raises InvalidParams for a line that cannot be understood, Overloaded when there are too many.
        """
        return await self.workshop.start(self.work(argv, label=label, given=given, resumable=resumable))

    def schedules(self, environ: Mapping[str, str], now: float) -> "Planner":
        """Return the schedules of the daemon, for this request."""
        from isaacd.jobs.planner import Planner

        return Planner(self._jobs, self, environ, now)

    async def again(self, task: int) -> TaskCard:
        """Run what a task ran once more."""
        return await self.workshop.again(task, parted(self._origin.env)[1])

    async def find(self, named: str) -> int:
        """Return the id of the task that a person named: a number, or `last`; raises NotFound."""
        await self.workshop.recover()
        if named.strip().lower() in ("last", "newest", "-"):
            return (await self.workshop.store.newest()).id
        number = named.strip().lstrip("#")
        if not number.isascii() or not number.isdigit() or len(number) > 18:
            raise NotFound(
                f"{named[:60]!r} is no task",
                hint="a task is named by its number, or `last`; see: isaacctl tasks list",
            )
        return (await self.workshop.card(int(number))).id

    async def output(self, task: int) -> TaskOutput:
        """Return a task with what it wrote; of much only the end is shown."""
        card = await self.workshop.card(task)
        out, err = bytearray(), bytearray()
        async for piece in self.workshop.store.output(task):
            kept = out if piece.stream == 1 else err
            kept += piece.data
            if len(kept) > 2 * MAX_SHOWN_BYTES:
                del kept[:-MAX_SHOWN_BYTES]
        return TaskOutput(task=card, out=_text(out), err=_text(err))


def parted(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part a caller's variables into those that may be written down and those that must not."""
    kept: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, value in env.items():
        if name not in _NOT_KEPT:
            (secrets if is_secret(name, value) else kept)[name] = value
    return kept, secrets


def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable may hold a secret: by its name, or because it is an address with a password in it."""
    return any(word in name.upper() for word in _SECRET) or ("://" in value and "@" in value)


def _text(data: bytearray) -> str:
    return bytes(data[-MAX_SHOWN_BYTES:]).decode("utf-8", "replace")
