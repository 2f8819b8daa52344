"""Tasks as one request sees them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from isaacd.errors import NotFound
from isaacd.jobs.cards import TaskCard, TaskOutput
from isaacd.jobs.jobs import Jobs
from isaacd.jobs.orders import Orders

if TYPE_CHECKING:
    from isaacd.jobs.planner import Planner

# What is shown of a task at once; `follow` gives the rest.
MAX_SHOWN_BYTES = 1024 * 1024


class JobDesk:
    """The tasks of the daemon, for one request."""

    def __init__(self, jobs: Jobs, orders: Orders) -> None:
        self.workshop = jobs.workshop
        self._jobs = jobs
        self._orders = orders

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
        return await self.workshop.start(
            self._orders.work(argv, label=label, given=given, resumable=resumable)
        )

    def schedules(self, environ: Mapping[str, str], now: float) -> "Planner":
        """Return the schedules of the daemon, for this request."""
        from isaacd.jobs.planner import Planner

        return Planner(self._jobs, self._orders, environ, now)

    async def again(self, task: int) -> TaskCard:
        """Run what a task ran once more."""
        return await self.workshop.again(task, self._orders.secrets)

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


def _text(data: bytearray) -> str:
    return bytes(data[-MAX_SHOWN_BYTES:]).decode("utf-8", "replace")
