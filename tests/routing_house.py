"""A router on a machine that is made up: its programs, its files and its commands are what a test says."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from isaacd.judge.facts import Kind, NoFacts
from isaacd.judge.judge import Judge
from isaacd.judge.surroundings import Surroundings
from isaacd.routing.asked import House
from isaacd.routing.programs import Programs
from isaacd.routing.route import Route
from isaacd.routing.router import CommandRouter
from isaacd.routing.settings import Settings
from isaacd.routing.translate.translator import Translator
from isaacd.routing.typo.corrector import Corrector
from isaacd.routing.typo.tools import Tools

PROGRAMS = (
    "ls cat grep git sudo rm cp mv vim python python3 docker npm apt apt-get ssh ss sh ssh-add find sort xargs make nmap curl "
    "systemctl terraform kubectl which ping man ifconfig clear touch head tail dir whoami who"
).split()
COMMANDS = ("status", "cache", "cache.stats", "ask", "usage", "plugins")


class FakeFacts(NoFacts):
    """Files that are said to be there; all others are missing."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds

    def kind(self, path: str) -> Kind | None:
        return self._kinds.get(path, "missing")


class RoutingHouse:
    """A router, and the folder of programs that its PATH names."""

    def __init__(self, folder: Path, programs: Sequence[str] = PROGRAMS, files: Sequence[str] = ()) -> None:
        self.bin = folder / "bin"
        self.cwd = folder / "here"
        self.bin.mkdir()
        self.cwd.mkdir()
        for name in programs:
            self.install(name)
        for name in files:
            (self.cwd / name).touch()
        self.judge = Judge()
        # Each look is later than the last, so that every change is seen.
        looks = itertools.count()
        self.programs = Programs(lambda: float(next(looks)))
        self.corrector = Corrector(Tools(self.judge.book))
        self.commands: Collection[str] = COMMANDS
        self.router = CommandRouter(
            House(self.judge, self.programs, self.corrector, Translator(), lambda: self.commands)
        )

    def install(self, name: str) -> None:
        (self.bin / name).touch(mode=0o755)

    def around(self, kinds: Mapping[str, Kind] | None = None) -> Surroundings:
        environ = {"PATH": str(self.bin), "HOME": "/home/ada"}
        facts = NoFacts() if kinds is None else FakeFacts(kinds)
        return Surroundings(cwd=str(self.cwd), home="/home/ada", environ=environ, facts=facts)

    def route(self, line: str, kinds: Mapping[str, Kind] | None = None, **settings: object) -> Route:
        return self.router.route(line, self.around(kinds), Settings(**settings))  # type: ignore[arg-type]
