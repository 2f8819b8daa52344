"""Lines for a shell, carried out by a runner: a process of the client's kind, because the daemon runs no programs."""

import secrets
from collections import deque
from collections.abc import Callable

import anyio

from isaacd.errors import NotFound, PermissionDenied, ShuttingDown
from isaacd.jobs.cards import Judged, Order, Work
from isaacd.jobs.ports import Lost, Show, Write

NO_RUNNER = "no runner was there to run it; start one: isaacctl schedule runner"
# Judges a line for a shell in a directory with these variables; raises PermissionDenied for what may not run at all.
Judge = Callable[[Work], Judged]
# A daemon that stops does not wait for its runner, which asks all the time.
_LOOK_EVERY_S = 1.0
_TIERS = ("1", "2", "2.5", "3", "4")


class _Running:
    def __init__(self, write: Write) -> None:
        self.write = write
        self.ended = anyio.Event()
        self.code: int | None = None


class Shells:
    """Hands lines to the runner that is there, and takes what it reports (the port Executor).

    Every order has a token of its own, which is good for one run: what comes under another is refused.
    """

    def __init__(self, judge: Judge, draining: Callable[[], bool]) -> None:
        self._judge = judge
        self._draining = draining
        self._orders: deque[Order] = deque()
        self._news = anyio.Event()
        self._running: dict[str, _Running] = {}
        self._runner: object | None = None

    @property
    def is_attended(self) -> bool:
        """Whether a runner is there."""
        return self._runner is not None

    def why_not(self, work: Work, tier: str | None) -> str | None:
        """Say why a line that was approved as `tier` must not, or cannot, run now; None if it may."""
        try:
            judged = self._judge(work)
        except PermissionDenied as error:
            return error.message
        if tier is None or _TIERS.index(judged.tier) > _TIERS.index(tier) or judged.tier == "4":
            return (
                f"it is of tier {judged.tier} now ({judged.reason}), and was approved as {tier or 'nothing'}; "
                "remove the schedule, and make it anew if you still want it"
            )
        return None if self.is_attended else NO_RUNNER

    async def run(self, work: Work, write: Write, show: Show) -> int:
        """Have the runner run a line to its end."""
        if not self.is_attended:
            raise Lost(NO_RUNNER)
        token = secrets.token_urlsafe(24)
        running = self._running[token] = _Running(write)
        judged = self._judge(work)
        self._give(Order(token=token, argv=judged.argv, cwd=work.cwd, env=work.env))
        try:
            await running.ended.wait()
        except BaseException:
            self._give(Order(token=token, stop=True))
            raise
        finally:
            del self._running[token]
        if running.code is None:
            raise Lost("the runner went away before this had ended; the line may have gone on without it")
        return running.code

    async def attend(self) -> None:
        """Be the runner, until the caller leaves; an earlier one is asked no more. Raises ShuttingDown."""
        mine = object()
        self._runner = mine
        try:
            while self._running or not self._draining():  # noqa: ASYNC110 - draining has no event
                await anyio.sleep(_LOOK_EVERY_S)
            raise ShuttingDown("the daemon is stopping")
        finally:
            if self._runner is mine:
                self._runner = None
                self._orders.clear()
                for running in self._running.values():
                    running.ended.set()

    async def next(self) -> Order:
        """Return the next order for the runner, once there is one; raises ShuttingDown while the daemon drains."""
        while not self._orders:
            if self._draining():
                raise ShuttingDown("the daemon is stopping")
            self._news = anyio.Event()
            with anyio.move_on_after(_LOOK_EVERY_S):
                await self._news.wait()
        return self._orders.popleft()

    async def report(self, token: str, stream: int, data: bytes) -> None:
        """Take output of a run; raises NotFound for a token that is not good (any more)."""
        await self._of(token).write(2 if stream == 2 else 1, data)

    def ended(self, token: str, code: int) -> None:
        """Take the end of a run, once."""
        running = self._of(token)
        if running.code is None:
            running.code = code
            running.ended.set()

    def _of(self, token: str) -> _Running:
        running = self._running.get(token)
        if running is None:
            raise NotFound("nothing runs under this token any more")
        return running

    def _give(self, order: Order) -> None:
        if self.is_attended:
            self._orders.append(order)
            self._news.set()
