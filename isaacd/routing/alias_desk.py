"""AliasDesk: the aliases of one caller, where each is from, and what a name or a line would do here."""

from collections.abc import Mapping

import msgspec

from isaacd.config.routing import RoutingConfig
from isaacd.judge.verdict import Verdict
from isaacd.routing.lines import Lines
from isaacd.routing.names import BUILTINS, KEYWORDS


class AliasRow(msgspec.Struct, frozen=True):
    """One alias; `origin` is `config` for one of config.toml, `isaac` for one that was added by command."""

    name: str
    line: str
    origin: str


class AliasDesk:
    """What commands may do with aliases."""

    def __init__(
        self, lines: Lines, config: RoutingConfig, environ: Mapping[str, str], cwd: str | None
    ) -> None:
        self._lines = lines
        self._config = config
        self._environ = environ
        self._cwd = cwd

    def rows(self) -> list[AliasRow]:
        """Return all aliases by name; those of config.toml come before others of the same name."""
        kept = {name: AliasRow(name, line, "isaac") for name, line in self._lines.own_aliases.read().items()}
        given = {name: AliasRow(name, line, "config") for name, line in self._config.aliases.items()}
        return [row for _, row in sorted({**kept, **given}.items())]

    def add(self, aliases: Mapping[str, str]) -> None:
        """Keep aliases; raises InvalidParams for what cannot be one, StorageUnavailable."""
        self._lines.own_aliases.add(aliases)

    def remove(self, name: str) -> bool:
        """Remove an alias that was added by command, and say whether there was one."""
        return self._lines.own_aliases.remove(name)

    def shadowed(self, name: str) -> str | None:
        """Say what the name means already; None if nothing."""
        if name in KEYWORDS:
            return "a word of the shell's language"
        if name in BUILTINS:
            return "a command of the shell itself"
        if name in self._lines.programs(self._environ):
            return "a program here"
        return None

    def verdict(self, line: str) -> Verdict:
        """Judge what an alias stands for."""
        return self._lines.verdict(line, environ=self._environ, cwd=self._cwd)
