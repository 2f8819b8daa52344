"""A plugin in a process of its own, beside a test that plays the daemon."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread

from isaacd.belongings import Declared
from isaacd.clock import SystemClock
from isaacd.context import TTY, Context, Meta
from isaacd.plugin.choices import label_of
from isaacd.plugin.grants import grants_of
from isaacd.plugin.isolation.fence import Limits
from isaacd.plugin.isolation.importer import IsolatedImporter
from isaacd.plugin.isolation.process import Patience
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.tokens.scope import SCOPES
from tests.daemon import eventually
from tests.fakes import FakeServices


async def soon(look: Callable[[], object], what: str) -> None:
    """Look again and again, in a thread, until there is something true to see."""
    await anyio.to_thread.run_sync(eventually, look, what)


# Nothing ends by itself, however busy the machine is; a test of one of these limits sets that one.
PATIENT = Patience(open_s=90.0, call_s=90.0, hang_s=90.0, grace_s=90.0, idle_s=300.0)
SMALL = Limits(memory_bytes=256 << 20)


class Recorder:
    """Keeps the events of a command, and answers its questions with `answers`, last first."""

    def __init__(self, answers: Sequence[bytes] = (), piped: Sequence[bytes] = ()) -> None:
        self.events: list[tuple[str, object]] = []
        self.questions: list[tuple[str, Mapping[str, object]]] = []
        self._answers = list(answers)
        self._piped = list(piped)

    async def emit(self, kind: str, data: object) -> None:
        self.events.append((kind, data))

    async def read(self, max_bytes: int) -> bytes | None:
        return self._piped.pop(0) if self._piped else b""

    async def ask(
        self, kind: str, data: Mapping[str, object], timeout_s: float | None = None
    ) -> bytes | None:
        self.questions.append((kind, data))
        return self._answers.pop() if self._answers else b""

    def interruptible(self) -> Any:
        raise AssertionError


class Isolated:
    """One isolated plugin: `run` calls one of its commands, as `isaacctl` would on a terminal."""

    def __init__(self, services: FakeServices, importer: IsolatedImporter, found: Found) -> None:
        self.services = services
        self.importer = importer
        self.found = found
        self.manifest = Manifest(name=found.name)
        self.plugin = Plugin(found.name)
        self.home = Path(services.environ["HOME"])

    async def begin(self) -> None:
        self.manifest = await self.importer.describe(self.found)
        self.services.declared[self.found.name] = Declared(
            capabilities=self.manifest.capabilities, events=self.manifest.events
        )
        self.plugin = await self.importer.load(self.found, self.manifest)

    async def run(
        self, which: str, /, *, meta: Meta | None = None, events: Recorder | None = None, **values: object
    ) -> Any:
        full = which if which == self.found.name else f"{self.found.name}.{which}"
        command = next(item for item in self.plugin.commands if item.name == full)
        call = command.bind(values, meta or Meta(cwd="/", tty=TTY(), env={"HOME": str(self.home)}))
        return await command.run(Context(self.services, call.meta, events, plugin=self.found.name), call.args)

    @property
    def told(self) -> str:
        return self.importer.told(self.found)

    @property
    def log(self) -> str:
        file = self.home / "log"
        return file.read_text() if file.exists() else ""


@asynccontextmanager
async def isolated(
    home: Path,
    name: str,
    text: str,
    *,
    limits: Limits = SMALL,
    patience: Patience = PATIENT,
    environ: Mapping[str, str] | None = None,
    begin: bool = True,
    granted: Sequence[str] = SCOPES,
) -> AsyncIterator[Isolated]:
    """Write a plugin and lend it, isolated, with the scopes that a person has granted it."""
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh/id_rsa").write_text("PRIVATE KEY")
    folder = home / "plugins/isaac_plugins"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(text.replace("%HOME%", str(home)))
    services = FakeServices(
        {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PATH": os.environ["PATH"], **(environ or {})},
        home / "log",
    )
    services.log.set_level("info")
    services.clock = SystemClock()  # type: ignore[assignment]
    importer = IsolatedImporter(services, limits, patience)
    found = Found(name=name, origin=file)
    grants_of(services.paths).grant(name, label_of(found), granted, now=0.0)
    one = Isolated(services, importer, found)
    try:
        if begin:
            await one.begin()
        yield one
    finally:
        await importer.aclose()
