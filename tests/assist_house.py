"""A person at a command line with made-up manual pages, programs, and a model that says what the test wants."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isaac_plugins.knowledge import plugin as knowledge
from isaacd.context import TTY
from isaacd.plugin import Plugin
from tests.fake_caller import PIPES, Caller, Shown
from tests.fake_kind import FINISH, Kind, Step, says
from tests.pages import DOCBOOK, MAN, write_pages

__all__ = ["FINISH", "AssistHouse"]


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
        self.kind = Kind()
        self.services = services
        services.factories = {factory.kind: factory for factory in knowledge.providers}
        self._script: list[Step | list[Step]] = []

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

    def type(self, *argv: str, env: Mapping[str, str] | None = None, **options: Any) -> Shown:
        """Type a line of isaacctl."""
        options.setdefault("tty", PIPES if options.get("piped") is None else TTY(stdin=False))
        options.setdefault("cwd", self.here)
        return self.caller.type(*argv, env={**self.services.environ, **(env or {})}, **options)
