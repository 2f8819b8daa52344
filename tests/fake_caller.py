"""A person at a command line, whose daemon is one catalog: type a line, and see what is shown."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import anyio
import msgspec

from isaacd.cli.run import CommandLine, Outcome
from isaacd.command import Catalog, Command
from isaacd.context import TTY, Context, Meta
from isaacd.plugin import Plugin
from tests.fakes import FakeServices

PIPES = TTY(stdin=True, stdout=False, stderr=False)
TERMINAL = TTY(stdin=True, stdout=True, stderr=True)


class FakeEvents:
    """Remembers what a command showed, and gives it input."""

    def __init__(self, piped: Iterable[bytes] | None = None) -> None:
        self.out = ""
        self.err = ""
        self.sent: list[tuple[str, object]] = []
        self.answers: list[bytes] = []  # to what the person is asked; then nobody is there
        self._piped = None if piped is None else list(piped)

    async def emit(self, kind: str, data: object) -> None:
        self.sent.append((kind, data))
        text = data.decode() if isinstance(data, bytes) else str(data)
        if kind == "out":
            self.out += text
        elif kind == "err":
            self.err += text

    async def read(self, max_bytes: int) -> bytes | None:
        if self._piped is None:
            return None
        return self._piped.pop(0) if self._piped else b""

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        self.sent.append((kind, data))
        return self.answers.pop(0) if self.answers else None

    def interruptible(self) -> AbstractContextManager[anyio.CancelScope]:
        return anyio.CancelScope()


class Shown(msgspec.Struct, frozen=True):
    """What a person saw, and the exit code."""

    exit: int
    out: str
    err: str
    outcome: Outcome
    events: FakeEvents

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Caller:
    """Types lines at the commands that it is given: plugins, or functions that become plugins of their own."""

    def __init__(self, *offered: Plugin | Callable[..., Any]) -> None:
        self.catalog = Catalog()
        for item in offered:
            self.offer(item)
        self.services = FakeServices()
        self.warning: str | None = None
        self.line = CommandLine(self.catalog, lambda: self.warning)

    def offer(self, item: Plugin | Callable[..., Any]) -> None:
        plugin = item if isinstance(item, Plugin) else Plugin(item.__name__)
        if not isinstance(item, Plugin):
            plugin.command(item)
        self.catalog.add(*plugin.commands)
        self.catalog.summaries[plugin.name] = plugin.summary

    def type(
        self,
        *argv: str,
        tty: TTY | None = PIPES,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        piped: Iterable[bytes] | None = None,
    ) -> Shown:
        meta = Meta(cwd=str(cwd) if cwd else None, env=dict(env or {}), tty=tty)
        events = FakeEvents(piped)
        context = Context(self.services, meta, events, 1)
        outcome = anyio.run(self.line.run, context, list(argv))
        # What cannot be encoded cannot be sent to a client either.
        msgspec.msgpack.encode(outcome)
        last = outcome.out.decode("utf-8", "replace") if isinstance(outcome.out, bytes) else outcome.out
        return Shown(outcome.exit, events.out + last, events.err + outcome.err, outcome, events)


def call_on_wire(command: Command, params: object, form: str = "msgpack") -> Any:
    """Decode params as a session would, and return the decoded arguments."""
    encode = msgspec.msgpack.encode if form == "msgpack" else msgspec.json.encode
    return command.decode(msgspec.Raw(encode(params)), form).args  # type: ignore[arg-type]
