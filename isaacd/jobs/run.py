"""One task under way: its output kept as it comes, a scope to cancel it, and exactly one end."""

from collections.abc import Awaitable, Callable

import anyio

from isaacd.errors import IsaacError, StorageUnavailable
from isaacd.jobs.cards import State, TaskCard, Work
from isaacd.jobs.ports import Executor, Lost
from isaacd.jobs.store import TaskStore
from isaacd.log import Log

FLUSH_S = 0.2
FLUSH_BYTES = 64 * 1024
_STOPPED = "the daemon stopped before this had ended"
_CUT = b"\n... the output is longer than is kept; the rest is dropped ...\n"


class TaskRun:
    """A task that runs; `changed` is set, and made anew, whenever more of its output can be read."""

    def __init__(
        self,
        task: int,
        work: Work,
        store: TaskStore,
        log: Log,
        max_bytes: int,
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self.progress = ""
        self.unkept_end: tuple[State, int | None, str] | None = None  # if it could not be put on disk
        self.changed = anyio.Event()
        self._task = task
        self._work = work
        self._store = store
        self._log = log
        self._room = max_bytes
        self._leaving = leaving
        self._scope = anyio.CancelScope()
        self._pending: list[tuple[int, bytes]] = []
        self._pending_bytes = 0
        self._cut = False
        self._unkept = ""
        self._cancelled = False
        self._turn = anyio.Lock()

    def cancel(self) -> None:
        """Ask it to stop because a person wants that."""
        self._cancelled = True
        self._scope.cancel()

    async def main(self, executor: Executor, ended: Callable[[TaskCard], Awaitable[None]]) -> None:
        """Run the task to its end, however that comes, and keep what it was; never raises but by cancellation."""
        state: State = "interrupted"
        code: int | None = None
        note = _STOPPED
        if not await self._store.begin(self._task):
            return
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._keep_up)
                with self._scope:
                    state, code, note = await self._run(executor)
                if self._scope.cancelled_caught:
                    state, code, note = "cancelled", None, "cancelled"
                group.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - one task must not end the daemon
            self._log.exception("task failed", task=self._task)
            state, code, note = "failed", None, f"the daemon failed at this: {type(error).__name__}"
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(state, code, note, ended)

    async def _run(self, executor: Executor) -> tuple[State, int | None, str]:
        try:
            code = await executor.run(self._work, self._write, self._show)
        except IsaacError as error:
            return "failed", None, error.message if error.hint is None else f"{error.message}; {error.hint}"
        except Lost as error:
            return "interrupted", None, str(error)
        if code and self._work.resumable and self._leaving():
            return (
                "interrupted",
                code,
                _STOPPED,
            )  # it has stopped because the daemon does, and goes on in the next one
        return ("failed" if code else "done"), code, ""

    async def _end(
        self,
        state: State,
        code: int | None,
        note: str,
        ended: Callable[[TaskCard], Awaitable[None]],
    ) -> None:
        try:
            await self._flush()
            note = "; ".join(filter(None, (note, self._unkept)))
            if state == "interrupted" and self._work.resumable:
                await self._store.requeue(self._task)
                return
            await self._store.end(self._task, state, code, note)
            card = await self._store.card(self._task)
        except IsaacError as error:
            # Tried again later; if the daemon ends before, the next one tells it as interrupted.
            self.unkept_end = (state, code, note)
            self._log.error("the end of a task cannot be kept", task=self._task, reason=error.message)
        else:
            await ended(card)
        finally:
            self._tell()

    def _show(self, progress: str) -> None:
        self.progress = progress

    async def _write(self, stream: int, data: bytes) -> None:
        if self._cut or not data:
            return
        if len(data) > self._room:
            data, self._cut = data[: self._room] + _CUT, True
        self._room -= len(data)
        self._pending.append((stream, data))
        self._pending_bytes += len(data)
        if self._pending_bytes >= FLUSH_BYTES:
            await self._flush()

    async def _keep_up(self) -> None:
        while True:
            await anyio.sleep(FLUSH_S)
            await self._flush()

    async def _flush(self) -> None:
        """Put what has come on disk; what cannot be kept is dropped, and said at the end."""
        async with self._turn:
            pieces, self._pending, self._pending_bytes = _joined(self._pending), [], 0
            if not pieces:
                return
            try:
                await self._store.write(self._task, pieces, cut=self._cut)
            except StorageUnavailable as error:
                self._unkept = f"some of its output could not be kept: {error.message}"
            self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


def _joined(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Join neighbours of one stream, so that a thousand short lines are one row."""
    joined: list[tuple[int, list[bytes]]] = []
    for stream, data in pieces:
        if joined and joined[-1][0] == stream:
            joined[-1][1].append(data)
        else:
            joined.append((stream, [data]))
    return [(stream, b"".join(parts)) for stream, parts in joined]
