"""All that belongs to one plugin, made when it is first wanted, and all of these of one daemon."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from isaacd.clock import Clock
from isaacd.errors import InvalidParams
from isaacd.log import Log
from isaacd.paths import Paths

if TYPE_CHECKING:
    from isaacd.belongings.cache import PluginCache
    from isaacd.belongings.cache_file import CacheFile
    from isaacd.belongings.ports import CacheKeeper, SecretFinder, StateKeeper
    from isaacd.belongings.secrets import Secrets
    from isaacd.belongings.state import State
    from isaacd.belongings.state_file import StateFile
    from isaacd.database import Database, Schema

FOLDER = "plugin-data"
# What keeps the state has this name, so no database of a plugin can.
_STATE = "state"


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin has said of itself, as far as its belongings depend on it."""

    capabilities: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Belongings:
    """What belongs to the plugin `name`; `folder` is its own, and need not exist yet."""

    def __init__(
        self,
        name: str,
        declared: Declared,
        *,
        folder: Path,
        state: "Callable[[], StateKeeper]",
        cache: "Callable[[], CacheKeeper]",
        secrets: "Callable[[], SecretFinder]",
        clock: Clock,
        log: Log,
    ) -> None:
        self.name = name
        self.declared = declared
        self.folder = folder
        self.log = log.bind(plugin=name)
        self._make_state, self._make_cache, self._make_secrets = state, cache, secrets
        self._clock = clock
        self._databases: dict[str, tuple[Schema, Database]] = {}
        self._former: list[Database] = []

    def demand(self, capability: str, what: str) -> None:
        """Raise PermissionDenied unless the plugin has declared the capability that `what` needs."""
        if capability not in self.declared.capabilities:
            from isaacd.belongings.capabilities import demand

            demand(self.name, self.declared.capabilities, capability, what)

    @cached_property
    def state(self) -> "State":
        """Its state."""
        from isaacd.belongings.state import State

        return State(self.state_keeper)

    @cached_property
    def state_keeper(self) -> "StateKeeper":
        """What keeps its state."""
        return self._make_state()

    @cached_property
    def cache(self) -> "PluginCache":
        """Its cache."""
        from isaacd.belongings.cache import PluginCache

        return PluginCache(self.cache_keeper)

    @cached_property
    def cache_keeper(self) -> "CacheKeeper":
        """What keeps its cached values."""
        return self._make_cache()

    def secrets(self, environ: Mapping[str, str]) -> "Secrets":
        """Return its secrets, for a caller with these variables."""
        from isaacd.belongings.secrets import Secrets

        return Secrets(self.name, self.declared.capabilities, self._make_secrets(), environ)

    def database(self, schema: "Schema", name: str) -> "Database":
        """Return its database of that name, always the same one as long as its schema is.

        Raises InvalidParams for a name that is none.
        """
        if not name.isidentifier() or not name.isascii() or name == _STATE:
            raise InvalidParams(
                f"a database cannot be called {name[:80]!r}: take letters, digits and _, and not `{_STATE}`"
            )
        made_for, known = self._databases.get(name, (None, None))
        if known is None or made_for != schema:
            from isaacd.database import Database

            if known is not None:
                self._former.append(known)  # older code may still be using it
            known = Database(self.folder / f"{name}.sqlite", schema, clock=self._clock, log=self.log)
            self._databases[name] = schema, known
        return known

    async def aclose(self) -> None:
        """Let go of its databases."""
        for database in (*self._former, *(database for _, database in self._databases.values())):
            await database.aclose()


class Household:
    """The belongings of all plugins of one daemon; `declared` tells what a plugin has said of itself, now."""

    def __init__(self, paths: Paths, clock: Clock, log: Log, declared: Callable[[str], Declared]) -> None:
        self._paths = paths
        self._clock = clock
        self._log = log
        self._declared = declared
        self._known: dict[str, Belongings] = {}
        self._states: dict[str, StateFile] = {}
        self._cache: CacheFile | None = None

    def of(self, plugin: str) -> Belongings:
        """Return what belongs to a plugin; what it has said of itself counts as it is now."""
        declared = self._declared(plugin)
        known = self._known.get(plugin)
        if known is None:
            known = self._known[plugin] = Belongings(
                plugin,
                declared,
                folder=self._paths.data_dir / FOLDER / plugin,
                state=lambda: self.state(plugin),
                cache=lambda: self.cache(plugin),
                secrets=self.secrets,
                clock=self._clock,
                log=self._log,
            )
        known.declared = declared
        return known

    def state(self, plugin: str) -> "StateKeeper":
        """Return what keeps a plugin's state."""
        known = self._states.get(plugin)
        if known is None:
            from isaacd.belongings.state_file import StateFile

            file = self._paths.data_dir / FOLDER / plugin / f"{_STATE}.sqlite"
            known = self._states[plugin] = StateFile(plugin, file, clock=self._clock, log=self._log)
        return known

    def cache(self, plugin: str) -> "CacheKeeper":
        """Return what keeps a plugin's cached values."""
        if self._cache is None:
            from isaacd.belongings.cache_file import CacheFile

            self._cache = CacheFile(self._paths.cache_dir, clock=self._clock, log=self._log)
        return self._cache.of(plugin)

    def secrets(self) -> "SecretFinder":
        """Return what finds secrets."""
        from isaacd.belongings.chain import Chain

        return Chain(self._paths.config_dir, self._log)

    async def aclose(self) -> None:
        """Write everything down and let go of all files."""
        for one in self._known.values():
            await one.aclose()
        for state in self._states.values():
            await state.aclose()
        if self._cache is not None:
            await self._cache.aclose()
