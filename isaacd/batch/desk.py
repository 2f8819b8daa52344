"""Batches as one request sees them: its files, its answers, its router, its money."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from isaacd.ai.chat import Answer
from isaacd.ai.router import AIRouter
from isaacd.answers.answers import Answers
from isaacd.answers.asking import Asking
from isaacd.batch.cards import BatchSummary, Form, Layout, Running, Wishes
from isaacd.batch.deferred import Deferred
from isaacd.batch.handing import Lent, Office
from isaacd.batch.holds import Bank
from isaacd.batch.question import Question
from isaacd.batch.source import FileSource, GivenSource, PipedSource, Read, Source
from isaacd.batch.store import BatchStore, Ports
from isaacd.config import BatchConfig
from isaacd.errors import InvalidParams


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a request lends its batches: `meter` counts calls at a discount, `emit` sends its events.

    `read_typed` reads standard input even if that is a person at a terminal.
    """

    answers: Answers
    router: AIRouter
    meter: Callable[[float], Bank]
    caller: str
    config: BatchConfig
    cwd: Path | None
    read: Read
    read_typed: Read
    emit: Callable[[str, object], Awaitable[None]]


class BatchDesk:
    """The batches of one request."""

    def __init__(self, store: BatchStore, means: Means) -> None:
        self.store = store
        self._means = means

    def source(self, file: Path | None, prompts: list[str]) -> Source:
        """Say where the rows are: in a file, in the call itself, or (no file, or `-`) in standard input.

        Raises InvalidParams for both a file and prompts, and for a relative path of a caller that told no directory.
        """
        if prompts:
            if file is not None:
                raise InvalidParams("a file and --prompt exclude each other")
            return GivenSource(prompts)
        if file is None:
            return PipedSource(self._means.read)
        if str(file) in ("-", "/dev/stdin"):
            return PipedSource(self._means.read_typed)
        if not file.is_absolute() and self._means.cwd is None:
            raise InvalidParams("the caller has told no directory", hint="give the whole path of the file")
        return FileSource((self._means.cwd or Path("/")) / file)

    async def run(
        self,
        source: Source,
        wishes: Wishes,
        running: Running,
        *,
        asking: Asking,
        form: Form | None = None,
        collect: bool = False,
    ) -> BatchSummary:
        """Ask every row; see `BatchStore.run`. `asking` is how each of them is asked.

        With `collect` the answers are in the summary too, which is for a few.
        """
        answers = self._means.answers
        pieces: list[str] = []

        async def ask(question: Question) -> Answer:
            model = question.model or asking.model
            how = asking if model == asking.model else msgspec.structs.replace(asking, model=model)
            return await answers.chat(question.messages, how)

        async def emit(text: str) -> None:
            if collect:
                pieces.append(text)
            await self._row(text)

        ports = Ports(ask, emit, self._show, self._say)
        summary = await self.store.run(
            source, wishes, running, ports, form=form, keep_days=self._means.config.keep_days
        )
        if not collect or running.layout != "jsonl":
            return summary
        lines = "".join(pieces).split("\n")
        found = [msgspec.json.decode(line, type=dict[str, object]) for line in lines if line]
        return msgspec.structs.replace(summary, answers=found)

    async def answers(self, batch: str, layout: Layout) -> int:
        """Write what is kept of a batch once more; return how many rows that are."""
        return await self.store.answers(batch, layout, self._row)

    @property
    def deferred(self) -> Deferred:
        """The batches that providers work on by themselves."""
        means = self._means
        office = Office(
            self._lend, means.meter, means.caller, means.router.conversation, self._say, self._show
        )
        return Deferred(self.store, office)

    @asynccontextmanager
    async def _lend(self, provider: str | None, model: str | None) -> AsyncGenerator[Lent, None]:
        choice = self._means.router.choose(provider=provider, model=model)
        async with self._means.router.lend(choice) as lent:
            yield Lent(choice.provider, choice.config.kind, choice.model, choice.url, lent)

    async def _row(self, text: str) -> None:
        await self._means.emit("row", text)

    async def _show(self, data: dict[str, object]) -> None:
        await self._means.emit("progress", data)

    async def _say(self, text: str) -> None:
        await self._means.emit("log", text)
