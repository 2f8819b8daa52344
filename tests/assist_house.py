"""A person at a command line with made-up manual pages, programs, and a model that says what the test wants."""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import anyio
import msgspec

from isaac_plugins.knowledge import plugin as knowledge
from isaacd.ai.chat import ChatRequest
from isaacd.ai.provider import Host
from isaacd.cli.run import Outcome
from isaacd.config import ProviderConfig
from isaacd.context import TTY, Context, Meta
from isaacd.plugin import Plugin
from tests.fake_caller import PIPES, Caller, FakeEvents, Shown
from tests.fake_kind import Kind, ScriptedProvider, Step, says
from tests.pages import DOCBOOK, MAN, write_pages

__all__ = ["AssistHouse", "asked"]


class _Robot(Kind):
    """Goes on with its answers where the provider before it stopped, and remembers what all of them were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[ChatRequest] = []
        self.left: deque[list[Step]] | None = None

    def __call__(self, name: str, config: ProviderConfig, host: Host) -> ScriptedProvider:
        made = super().__call__(name, config, host)
        made.requests = self.requests
        if name in self.first:
            self.left = made.scripts if self.left is None else self.left
            made.scripts = self.left
        return made


class AssistHouse:
    """One machine in a folder; `model` answers are queued by `will_say`."""

    def __init__(self, folder: Path, *plugins: Plugin, programs: Sequence[str] = ()) -> None:
        self.folder = folder
        self.here = folder / "here"
        self.bin = folder / "bin"
        for made in (self.here, self.bin):
            made.mkdir()
        self.man = write_pages(folder / "man", pack=MAN, box_add=DOCBOOK)
        for name in programs:
            (self.bin / name).touch(mode=0o755)
        self.caller = Caller(*plugins)
        services = self.caller.services
        services.environ = {"HOME": str(folder), "PATH": str(self.bin), "MANPATH": str(self.man)}
        services.paths = type(services.paths).from_environ(
            services.environ | {"XDG_RUNTIME_DIR": str(folder)}, 12345
        )
        self.kind = _Robot()
        self.services = services
        services.factories = {factory.kind: factory for factory in knowledge.providers}

    def has_model(self, *answers: object) -> None:
        """Configure a model that gives each of these answers (JSON, text, or an error) in turn, then the last again."""
        self.services.factories["scripted"] = self.kind
        scripts: list[list[Step]] = []
        for answer in answers:
            if isinstance(answer, Exception):
                scripts.append([answer])
            else:
                scripts.append(says(answer if isinstance(answer, str) else json.dumps(answer)))
        self.kind.first["robot"] = scripts
        self.kind.left = None
        self.kind.plays["robot"] = scripts[-1] if scripts else says("")
        config = self.services.paths.config_file
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text('[ai.providers.robot]\nkind = "scripted"\nmodel = "r-1"\n')

    @property
    def sent(self) -> list[str]:
        """All that was sent to the model, one text for each question."""
        if "robot" not in self.kind.made:
            return []
        return [
            "\n".join(turn.content for turn in item.messages) for item in self.kind.made["robot"].requests
        ]

    def type(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        tty: TTY | None = None,
        piped: Iterable[bytes] | None = None,
        answers: Iterable[str | bytes] = (),
    ) -> Shown:
        """Type a line of isaacctl; `answers` are to what the person, or the client, is asked then."""
        tty = tty or (PIPES if piped is None else TTY(stdin=False))
        meta = Meta(cwd=str(self.here), env={**self.services.environ, **(env or {})}, tty=tty)
        events = FakeEvents(piped)
        events.answers = [item if isinstance(item, bytes) else f"{item}\n".encode() for item in answers]

        async def run() -> Outcome:
            try:
                return await self.caller.line.run(Context(self.services, meta, events, 1), list(argv))
            finally:
                # Each line has a loop of its own, which nothing may outlive.
                if self.services._shelf is not None:
                    await self.services._shelf.aclose()
                    self.services._shelf = None
                self.services._router = None

        outcome = anyio.run(run)
        msgspec.msgpack.encode(outcome)
        last = outcome.out.decode("utf-8", "replace") if isinstance(outcome.out, bytes) else outcome.out
        return Shown(outcome.exit, events.out + last, events.err + outcome.err, outcome, events)


def asked(shown: Shown) -> list[str]:
    """What the person was asked, in order."""
    return [str(data["prompt"]) for kind, data in shown.events.sent if kind in ("line", "confirm")]  # type: ignore[index, call-overload]
