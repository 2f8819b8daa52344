"""The lines of one daemon's callers: what each caller has said about routing, and where its line would run."""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from isaacd.config.routing import RoutingConfig
from isaacd.judge.disk import DiskFacts
from isaacd.judge.facts import Facts
from isaacd.judge.judge import Judge
from isaacd.judge.overrides import NO_OVERRIDES, Overrides, read_overrides
from isaacd.judge.surroundings import Surroundings
from isaacd.judge.verdict import Verdict
from isaacd.log import Log
from isaacd.routing.asked import House
from isaacd.routing.own_aliases import OwnAliases
from isaacd.routing.programs import LOOK_AGAIN_S, Programs
from isaacd.routing.route import Route
from isaacd.routing.router import CommandRouter
from isaacd.routing.settings import OwnRule, Rewrite, Settings
from isaacd.routing.translate.translator import Translator
from isaacd.routing.typo.corrector import Corrector
from isaacd.routing.typo.tools import Names, Tools
from isaacd.shell.find import commands as found_in
from isaacd.shell.parse import Parser

SAFETY = "safety.toml"
PROJECT = ".isaac"
MAX_PROJECTS = 64
_Stamp = tuple[int, int] | None


class Lines:
    """Routes lines for callers; `rewrites` are plugins' rules by the plugin's name."""

    def __init__(
        self,
        *,
        config_dir: Path,
        monotonic: Callable[[], float],
        log: Log,
        commands: Callable[[], Collection[str]],
        rewrites: Callable[[], Mapping[str, Rewrite]] = dict,
        judge: Judge | None = None,
        names: Names | None = None,
        uid: int | None = None,
    ) -> None:
        self.judge = judge or Judge()
        self.translator = Translator()
        corrector = Corrector(Tools(self.judge.book, names))
        self._programs = Programs(monotonic)
        house = House(self.judge, self._programs, corrector, self.translator, commands)
        self.router = CommandRouter(house)
        self._log = log
        self._rewrites = rewrites
        self._uid = uid
        self._monotonic = monotonic
        self._parser = Parser()
        self.own_aliases = OwnAliases(config_dir)
        self._own_rules = config_dir / SAFETY
        self._known: tuple[RoutingConfig, Mapping[str, str], Settings] | None = None
        self._by_folder: dict[str, tuple[float, Overrides]] = {}
        self._overrides: dict[Path, tuple[_Stamp, Overrides]] = {}

    def route(
        self,
        line: str,
        *,
        config: RoutingConfig,
        environ: Mapping[str, str],
        cwd: str | None,
        facts: Facts | None = None,
    ) -> Route:
        """Say what should happen with a caller's line, by the facts of the disk or others; one that is forced is logged."""
        route = self.router.route(line, self.around(environ, cwd, facts), self._settings(config))
        if route.forced:
            tier = route.verdict.tier.label if route.verdict else "none"
            self._log.info("line forced", commands=self._known_commands(route.line), tier=tier)
        return route

    def verdict(self, line: str, *, environ: Mapping[str, str], cwd: str | None) -> Verdict:
        """Judge a line just as it stands; no alias is replaced in it, and nothing corrected."""
        return self.judge.judge(line, self.around(environ, cwd))

    def programs(self, environ: Mapping[str, str]) -> frozenset[str]:
        """Return the names of all programs on a PATH."""
        return self._programs.on(environ.get("PATH", ""))

    def _known_commands(self, line: str) -> list[str]:
        """Return the commands of a line that rules know: all else in it may be a secret, which no log should have."""
        found = found_in(self._parser.parse(line), self._parser).invocations
        names = dict.fromkeys(item.name for item in found if item.name is not None)
        return [name for name in names if self.judge.book.reading(name) is not None][:10]

    def around(self, environ: Mapping[str, str], cwd: str | None, facts: Facts | None = None) -> Surroundings:
        """Say where a caller's line would run."""
        home = environ.get("HOME", "")
        cwd = cwd or home or "/"
        facts = facts or DiskFacts()
        uid = os.getuid() if self._uid is None else self._uid
        return Surroundings(
            cwd=cwd,
            home=home,
            is_root=uid == 0,
            environ=environ,
            facts=facts,
            overrides=self._rules(cwd, home, uid, facts),
        )

    def _settings(self, config: RoutingConfig) -> Settings:
        known, own = self._known, self.own_aliases.lately(self._monotonic())
        if known is not None and known[0] is config and known[1] is own:
            return known[2]
        rules = [
            OwnRule(name, rule.pattern, rule.run, rule.ask, rule.refuse)
            for name, rule in config.rules.items()
        ]
        settings = Settings(
            aliases={**own, **config.aliases},
            rules=rules,
            rewrites=self._rewrites(),
            translate=config.translate,
            autocorrect=config.autocorrect,
        )
        self._known = (config, own, settings)
        return settings

    def _rules(self, cwd: str, home: str, uid: int, facts: Facts) -> Overrides:
        """Return the person's own rules, and those of the project, which may only raise."""
        found = self._read(self._own_rules, home, uid, only_raises=False)
        now = self._monotonic()
        known = self._by_folder.get(cwd)
        if known is not None and now - known[0] < LOOK_AGAIN_S:
            return known[1]
        repository = facts.repository(cwd)
        for folder in dict.fromkeys((repository.root if repository else cwd, cwd)):
            project = self._read(Path(folder, PROJECT, SAFETY), home, uid, only_raises=True)
            if project is not NO_OVERRIDES:
                found = found | project
        if len(self._by_folder) >= MAX_PROJECTS:
            self._by_folder.clear()
        self._by_folder[cwd] = (now, found)
        return found

    def _read(self, path: Path, home: str, uid: int, *, only_raises: bool) -> Overrides:
        stamp = _stamp(path)
        if stamp is None:
            return NO_OVERRIDES
        known = self._overrides.get(path)
        if known is None or known[0] != stamp:
            if len(self._overrides) >= MAX_PROJECTS:
                self._overrides.clear()
            known = self._overrides[path] = (
                stamp,
                read_overrides(path, only_raises=only_raises, home=home, uid=uid),
            )
        return known[1]


def _stamp(path: Path) -> _Stamp:
    """Return what changes when a file does; None if there is none. A file that cannot be looked at has one as well."""
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return (-1, -1)
    return (state.st_mtime_ns, state.st_size)
