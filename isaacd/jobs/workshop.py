"""Tasks of one daemon: a few at a time, the others in a queue, and none of them lost."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping

import anyio
import msgspec

from isaacd.clock import Clock
from isaacd.config import JobsConfig
from isaacd.errors import InvalidParams, IsaacError, Overloaded, StorageUnavailable
from isaacd.jobs.cards import Kind, State, TaskCard, Work
from isaacd.jobs.ports import Executor, House
from isaacd.jobs.run import TaskRun
from isaacd.jobs.store import Piece, TaskStore
from isaacd.log import Log

MAX_LINE_BYTES = 64 * 1024
_TIDY_EVERY_S = 3600.0
_LOOK_AGAIN_S = 1.0


class Workshop:
    """Runs tasks; `executors` know how, each one kind of them."""

    def __init__(
        self,
        store: TaskStore,
        *,
        executors: Mapping[Kind, Executor],
        config: Callable[[], JobsConfig],
        clock: Clock,
        log: Log,
        house: House,
    ) -> None:
        self.store = store
        self._executors = executors
        self._config = config
        self._clock = clock
        self._log = log
        self._house = house
        self._queue: deque[int] = deque()
        self._secrets: dict[int, dict[str, str]] = {}
        self._runs: dict[int, TaskRun] = {}
        self._begun: set[int] = set()
        self._unkept: dict[int, tuple[State, int | None, str]] = {}
        self._tidied: float | None = None
        self._recovering = anyio.Lock()
        self._recovered = False

    @property
    def busy(self) -> bool:
        """Whether tasks wait or run here."""
        return bool(self._begun or self._queue)

    async def recover(self) -> None:
        """Take over what earlier daemons left: begin again what can be, and tell of what was interrupted. Once."""
        async with self._recovering:
            await self._catch_up()
            if self._recovered:
                return
            again, lost = await self.store.recover()
            self._recovered = True
        for card in lost:
            self._log.warning("task interrupted", task=card.id, line=card.line[:200])
            self._publish(card)
        for card in again:
            self.enqueue(card.id)

    async def start(self, work: Work) -> TaskCard:
        """Take a task; it is on disk when this returns, and begins when there is room.

        Raises InvalidParams for a line that is too long, Overloaded when too many wait, StorageUnavailable.
        """
        await self.recover()
        if sum(len(word) for word in work.argv) > MAX_LINE_BYTES:
            raise InvalidParams(f"a task's line may have {MAX_LINE_BYTES // 1024} KiB, this one is longer")
        limit = self._config().max_open
        if await self.store.open() >= limit:
            raise Overloaded(
                f"{limit} tasks wait or run already",
                hint="isaacctl tasks list shows them; jobs.max_open is the limit",
            )
        await self._tidy()
        card = await self.store.add(work)
        self.enqueue(card.id, work.secrets)
        return card

    def enqueue(self, task: int, secrets: Mapping[str, str] | None = None) -> None:
        """Run a task that is on disk as soon as there is room."""
        if secrets:
            self._secrets[task] = dict(secrets)
        self._queue.append(task)
        self._fill()

    async def card(self, task: int) -> TaskCard:
        """Return a task, with how far it is."""
        return self._shown(await self.store.card(task))

    async def cards(self, *, every: bool = False, running: bool = False, limit: int = 50) -> list[TaskCard]:
        """Return tasks, the newest first: with `running` only those that have not ended; `every` without a limit."""
        await self.recover()
        found = await self.store.cards(
            states=("queued", "running") if running else (), limit=-1 if every else limit
        )
        return [self._shown(card) for card in found]

    async def cancel(self, task: int) -> TaskCard:
        """Stop a task and wait until it has; one that has ended stays as it is."""
        await self.recover()
        await self.store.card(task)
        run = self._runs.get(task)
        if run is not None:
            run.cancel()
            await self._until_ended(task)
        elif await self.store.end(task, "cancelled", None, "cancelled before it began"):
            with contextlib.suppress(ValueError):
                self._queue.remove(task)
            self._publish(await self.store.card(task))
        return await self.store.card(task)

    async def follow(self, task: int) -> AsyncGenerator[Piece, None]:
        """Give a task's output from its beginning, and go on while it comes, until the task has ended."""
        await self.recover()
        last = 0
        while True:
            run = self._runs.get(task)
            changed = run.changed if run is not None else None
            ended = (await self.store.card(task)).ended
            async for piece in self.store.output(task, last):
                last = piece.seq
                yield piece
            if ended:
                return
            await self._wait(changed)

    async def wait(self, task: int) -> TaskCard:
        """Wait until a task has ended."""
        await self.recover()
        await self._until_ended(task)
        return await self.store.card(task)

    async def again(self, task: int, secrets: Mapping[str, str]) -> TaskCard:
        """Run what an ended task ran once more, as a new task."""
        work = await self.store.work(task)
        return await self.start(msgspec.structs.replace(work, secrets=dict(secrets)))

    async def remove(self, task: int) -> None:
        """Delete a task with its output; raises InvalidParams while it waits or runs."""
        await self.store.card(task)
        if not await self.store.remove(task):
            raise InvalidParams(
                f"task {task} has not ended", hint=f"cancel it first: isaacctl tasks cancel {task}"
            )

    async def _catch_up(self) -> None:
        """Put the ends on disk that could not be kept when they came, as when the disk was full."""
        for task, (state, code, note) in list(self._unkept.items()):
            try:
                if await self.store.end(task, state, code, note):
                    self._publish(await self.store.card(task))
            except StorageUnavailable:
                return
            self._unkept.pop(task, None)

    async def _until_ended(self, task: int) -> None:
        while True:
            run = self._runs.get(task)
            changed = run.changed if run is not None else None
            await self._catch_up()
            if (await self.store.card(task)).ended:
                return
            await self._wait(changed)

    async def _wait(self, changed: anyio.Event | None) -> None:
        """Wait for news; those of a task in the queue, or of another daemon, are looked for."""
        with anyio.move_on_after(_LOOK_AGAIN_S):
            if changed is None:
                await anyio.sleep(_LOOK_AGAIN_S / 5)
            else:
                await changed.wait()

    def _fill(self) -> None:
        while self._queue and not self._house.draining() and len(self._begun) < self._config().concurrency:
            task = self._queue.popleft()
            self._begun.add(task)
            self._house.began()
            self._house.spawn(self._serve, task)

    async def _serve(self, task: int) -> None:
        """Run one task to its end and let the next one begin; never raises but by cancellation."""
        cancelled = True  # by the end of the daemon, unless it is known better
        try:
            work = await self.store.work(task)
            work = msgspec.structs.replace(work, secrets=self._secrets.pop(task, {}))
            limit = self._config().max_output_bytes
            run = TaskRun(task, work, self.store, self._log, limit, self._house.draining)
            self._runs[task] = run
            await run.main(self._executors[work.kind], self._ended)
            if run.unkept_end is not None:
                self._unkept[task] = run.unkept_end
            cancelled = False
        except IsaacError as error:
            cancelled = False
            self._log.error("a task cannot be begun", task=task, reason=error.message)
        finally:
            self._runs.pop(task, None)
            self._begun.discard(task)
            self._house.left()
            if not cancelled:
                self._fill()

    async def _ended(self, card: TaskCard) -> None:
        self._publish(card)

    async def _tidy(self) -> None:
        """Delete what is kept for too long, now and then."""
        now = self._clock.monotonic()
        if self._tidied is not None and now - self._tidied < _TIDY_EVERY_S:
            return
        self._tidied = now
        config = self._config()
        removed = await self.store.prune(
            before=self._clock.now() - config.keep_days * 86400, keep=config.keep_tasks
        )
        if removed:
            self._log.info("old tasks removed", count=removed)

    def _publish(self, card: TaskCard) -> None:
        self._house.tell(
            "task.ended", {"task": card.id, "state": card.state, "exit": card.exit, "line": card.line}
        )

    def _shown(self, card: TaskCard) -> TaskCard:
        run = self._runs.get(card.id)
        return card if run is None else msgspec.structs.replace(card, progress=run.progress)
