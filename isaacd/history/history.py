"""History: the commands of all shells, taken from the spool, kept, searched, counted and forgotten."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from isaacd.clock import Clock
from isaacd.config.shell import ShellConfig
from isaacd.history.cards import Added, Forgotten, Query, RunCard, Stats
from isaacd.history.drain import Spool, Taken
from isaacd.history.learned import Learned
from isaacd.history.masking.mask import mask_secrets
from isaacd.history.records import Reader, Run
from isaacd.history.store import HistoryStore, Kept
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.history.importing.sources import Keys, Source

SPOOL = "spool"
FILE = "history.sqlite"
MAX_COMMAND_CHARS = 1024 * 1024
# The end of the year 9999, and ten years.
MAX_AT_US = 253_402_300_799_000_000
MAX_DURATION_US = 10 * 366 * 86_400 * 1_000_000
_PIECE = 2000
# After a week without a daemon nobody waits for thousands of events.
MAX_EVENTS = 200
# What asks the history is no answer to the question what was run last.
OWN_PROGRAM = "isaacctl"

Publish = Callable[[str, Mapping[str, object]], None]
Progress = Callable[[int], Awaitable[None]]


class History:
    """All commands of a person. Whoever asks gets what shells have appended until now."""

    def __init__(
        self,
        paths: Paths,
        *,
        config: Callable[[], ShellConfig],
        publish: Publish,
        learned: Learned,
        clock: Clock,
        log: Log,
        use_fts: bool = True,
    ) -> None:
        self.spool = Spool(paths.state_dir / SPOOL)
        self.store = HistoryStore(paths.data_dir / FILE, clock=clock, log=log, use_fts=use_fts)
        self.learned = learned
        self._config = config
        self._publish = publish
        self._log = log
        self._turn = asyncio.Lock()
        self._ignored: tuple[tuple[str, ...], re.Pattern[str] | None] = ((), None)

    async def aclose(self) -> None:
        """Let go of the file."""
        await self.store.aclose()

    async def drain(self) -> Added:
        """Take in what is in the spool; what cannot be written stays there. Raises StorageUnavailable."""
        async with self._turn:
            total = Added()
            for taken in await asyncio.to_thread(self._take):
                kept, torn, ignored = await asyncio.to_thread(self._read, taken)
                added = await self.store.add(kept, spool=taken.name, torn=torn)
                await asyncio.to_thread(self._remove, taken)
                if added is None:
                    continue  # taken in already, by a process that was killed before it could remove it
                total += Added(added=added, ignored=ignored, torn=torn)
                self._tell(kept)
            if total.added or total.ignored or total.torn:
                await self._tidy()
            if total.torn:
                self._log.warning("records of the history were torn", count=total.torn)
            return total

    async def learn(self) -> None:
        """Count what the file has, for those who look for mistakes in lines."""
        self.learned.learn(await self.store.counts() if self.store.file.exists() else {})

    async def last(self, *, session: str | None = None, failed: bool | None = None) -> RunCard | None:
        """Return the last command that was run, or the last that (not) failed; calls of isaacctl do not count."""
        await self.drain()
        for run in await self.store.find(Query(session=session, failed=failed), 50):
            if run.command.split(maxsplit=1)[0].rpartition("/")[2] != OWN_PROGRAM:
                return run
        return None

    async def search(
        self, query: Query, *, limit: int = 100, fuzzy: bool = False, unique: bool = False
    ) -> list[RunCard]:
        """Return the runs that were asked for, the latest first; `fuzzy` ones the nearest first, a line once."""
        await self.drain()
        if not fuzzy or not query.text.strip():
            return await self.store.find(query, limit, unique=unique)
        from isaacd.history.fuzzy import near

        lines = await self.store.lines()
        places = await asyncio.to_thread(near, query.text, [line[1] for line in lines], 10 * limit)
        numbers = [lines[place][0] for place in places]
        found: list[RunCard] = []
        for at in range(0, len(numbers), 500):
            some = numbers[at : at + 500]
            latest = await self.store.latest_of(some, query)
            found += [latest[number] for number in some if number in latest]
        return found[:limit]

    async def every(self, query: Query) -> AsyncGenerator[RunCard, None]:
        """Give the runs that were asked for in the order in which they were kept, in constant memory."""
        await self.drain()
        async for run in self.store.every(query):
            yield run

    async def stats(self, query: Query, *, top: int = 10) -> Stats:
        """Return the figures of the runs that were asked for."""
        from isaacd.history.figures import stats

        await self.drain()
        return await stats(self.store, query, top)

    async def counts(self) -> Mapping[str, int]:
        """Return how often each program was run, the most used first."""
        await self.drain()
        return await self.store.counts()

    async def forget(self, query: Query, *, dry_run: bool) -> Forgotten:
        """Remove runs for good, from the spool, the file, its index and its log."""
        await self.drain()
        found = await self.store.forget(query, dry_run=dry_run)
        if not dry_run:
            await self.learn()
        return found

    async def take_in(self, source: "Source", file: Path, progress: Progress) -> Added:
        """Import a history; what was imported before is not added again. It may be cancelled: what is in, stays in."""
        from isaacd.history.importing.sources import Keys, read_file

        await self.drain()
        done, total, keys, runs = 0, Added(), Keys(), read_file(source, file)
        while True:
            kept, count = await asyncio.to_thread(self._piece, runs, keys)
            if not count:
                break
            added = await self.store.add(kept) if kept else 0
            total += Added(added=added or 0, known=len(kept) - (added or 0), ignored=count - len(kept))
            done += count
            await progress(done)
        await self.learn()
        return total

    def _take(self) -> list[Taken]:
        self.spool.prepare()
        self.spool.sweep()
        return self.spool.take()

    def _remove(self, taken: Taken) -> None:
        taken.remove()

    async def _tidy(self) -> None:
        """Forget the names of spools that are gone: they never come back."""
        names = await self.store.spools()
        gone = [name for name in names if not (self.spool.folder / name).exists()]
        await self.store.spools_gone(gone)

    def _read(self, taken: Taken) -> tuple[list[Kept], int, int]:
        """Return the runs of a spool without their secrets, how many were torn, and how many are not to be kept."""
        reader = Reader()
        runs = [run for piece in taken.pieces() for run in reader.feed(piece)]
        reader.end()
        kept = [Kept(_keepable(run)) for run in runs if self._is_wanted(run.command)]
        return kept, reader.torn, len(runs) - len(kept)

    def _piece(self, runs: Iterator[tuple[str, Run]], keys: "Keys") -> tuple[list[Kept], int]:
        """Return some more runs of an import, and how many they were with those that are not to be kept."""
        count = 0
        kept = []
        for own, run in islice(runs, _PIECE):
            count += 1
            if self._is_wanted(run.command, imported=True):
                run = _keepable(run)
                kept.append(Kept(run, keys.key(own, run)))
        return kept, count

    def _is_wanted(self, command: str, *, imported: bool = False) -> bool:
        config = self._config()
        if (not config.history and not imported) or command[:1] == " " or len(command) > MAX_COMMAND_CHARS:
            return False
        pattern = self._pattern(config.ignore)
        return pattern is None or pattern.match(command) is None

    def _pattern(self, patterns: tuple[str, ...]) -> re.Pattern[str] | None:
        if self._ignored[0] != patterns:
            self._ignored = (patterns, re.compile("|".join(map(translate, patterns))))
        return self._ignored[1] if patterns else None

    def _tell(self, kept: Sequence[Kept]) -> None:
        """Let others know of commands that were run just now."""
        self.learned.add(item.run.command for item in kept)
        for run in _newest(kept):
            self._publish(
                "history.added",
                {
                    "command": run.command,
                    "cwd": run.cwd,
                    "exit": run.exit_code,
                    "at": None if run.started_us is None else run.started_us / 1e6,
                    "duration_s": None if run.duration_us is None else run.duration_us / 1e6,
                    "session": run.session,
                    "host": run.host,
                    "shell": run.shell,
                },
            )


def _newest(kept: Sequence[Kept]) -> Iterable[Run]:
    return (item.run for item in kept[-MAX_EVENTS:])


def _keepable(run: Run) -> Run:
    """Return a run without secrets, and without times that cannot be."""
    command = mask_secrets(run.command)
    started, duration = run.started_us, run.duration_us
    if started is not None and not 0 <= started <= MAX_AT_US:
        started = None
    if duration is not None and not 0 <= duration <= MAX_DURATION_US:
        duration = None
    if (command, started, duration) == (run.command, run.started_us, run.duration_us):
        return run
    return msgspec.structs.replace(run, command=command, started_us=started, duration_us=duration)
