"""A desk of plans in a home that is made up: callers, a clock that a test moves, and tokens that can be foreseen."""

import hashlib
import itertools
import os
from collections.abc import Mapping
from pathlib import Path

from isaacd.config.routing import RoutingConfig
from isaacd.log import open_log
from isaacd.plans.desk import Desk
from isaacd.plans.plan import Caller, Plan
from isaacd.routing.lines import Lines
from tests.fakes import FakeClock

BASH = "/bin/bash"


class FakeWays:
    """A machine on which the shells of a test are there."""

    def __init__(self, *shells: str, parent: str | None = None) -> None:
        self._shells = shells or (BASH,)
        self._parent = parent

    def is_program(self, path: str) -> bool:
        return path in self._shells

    def parent(self, pid: int) -> str | None:
        return self._parent

    def login(self) -> str | None:
        return None


class PlanHouse:
    """A desk, and callers with a working tree below a home."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.cwd = self.home / "work"
        self.cwd.mkdir(parents=True)
        self.log = folder / "log"
        self.clock = FakeClock()
        self.born = itertools.count(1)
        self.desk = self.restarted()

    def restarted(self) -> Desk:
        """Return the desk of another daemon on this machine."""
        born, numbers = next(self.born), itertools.count(1)

        def random(count: int) -> bytes:
            return hashlib.shake_128(f"{born} {next(numbers)}".encode()).digest(count)

        lines = Lines(
            config_dir=self.home / "config",
            monotonic=self.clock.monotonic,
            log=open_log(self.log, level="debug"),
            commands=lambda: ("status", "cache.stats"),
            uid=1000,
        )
        return Desk(lines, monotonic=self.clock.monotonic, random=random, ways=FakeWays())

    def caller(
        self, owner: str = "one", *, told: Mapping[str, str] | None = None, **options: object
    ) -> Caller:
        environ = {"HOME": str(self.home), "PATH": os.environ["PATH"], "SHELL": BASH, **(told or {})}
        settings: dict[str, object] = {"cwd": str(self.cwd), **options}
        return Caller(
            routing=RoutingConfig(),
            environ=environ,
            told=environ,
            owner=owner,
            **settings,  # type: ignore[arg-type]
        )

    def plan(self, line: str, owner: str = "one", **options: object) -> Plan:
        _, plan = self.desk.prepare(line, self.caller(owner, **options))  # type: ignore[arg-type]
        assert plan is not None, line
        return plan

    def token(self, line: str, owner: str = "one") -> str:
        return self.desk.show(self.plan(line, owner)).token
