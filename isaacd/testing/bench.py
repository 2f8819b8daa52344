"""A bench for one plugin: its functions get a real context, with real files in a folder, and no daemon."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from isaacd.belongings import Belongings, Declared, Household
from isaacd.clock import Clock, SystemClock
from isaacd.config import Config, Loaded, Offered, load
from isaacd.context import Context, Meta
from isaacd.errors import PluginFailed
from isaacd.log import open_log
from isaacd.paths import Paths
from isaacd.plugin import Plugin


class Bench:
    """What a context needs of the daemon, for one plugin; `published` are the events that it has told.

    What only a daemon has (AI providers, conversations, other commands) raises PluginFailed: test such commands with a
    daemon, as `isaacctl plugin test` does.
    """

    def __init__(
        self,
        plugin: Plugin,
        folder: Path,
        *,
        settings: Mapping[str, object],
        environ: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self.plugin = plugin
        self.published: list[tuple[str, dict[str, object]]] = []
        self.environ: Mapping[str, str] = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), **environ}
        self.paths = Paths.from_environ(self.environ, 0)
        self.clock = clock
        self.log = open_log(folder / "log")
        self._settings = dict(settings)
        self._declared = Declared(capabilities=plugin.capabilities, events=plugin.events)
        self._household = Household(self.paths, clock, self.log, lambda _: self._declared)

    def context(self, *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Context:
        """Make a context, as the plugin's functions get it, for a caller in `cwd` with the variables `env`."""
        meta = Meta(cwd=None if cwd is None else str(cwd), env=None if env is None else dict(env))
        return Context(self, meta, plugin=self.plugin.name)

    def belongings(self, plugin: str) -> Belongings:
        """Return what belongs to the plugin."""
        return self._household.of(plugin)

    def publish(self, name: str, data: Mapping[str, object]) -> None:
        """Write the event down."""
        self.published.append((name, dict(data)))

    def loaded(self, environ: Mapping[str, str], sets: Sequence[str]) -> Loaded:
        """Return the defaults, with the plugin's settings."""
        from isaacd.config.tree import to_toml

        schema = self.plugin.settings_schema
        offered = Offered({} if schema is None else {self.plugin.name: schema})
        given = [
            f"plugins.settings.{self.plugin.name}.{key}={to_toml(value)}"
            for key, value in self._settings.items()
        ]
        return load(self.paths.config_file, environ, (*given, *sets), offered)

    def router(self, config: Config, environ: Mapping[str, str], caller: str) -> NoReturn:
        """Have no AI provider."""
        raise PluginFailed("a bench has no AI providers", hint="test this with a daemon")

    def __getattr__(self, name: str) -> Any:
        raise PluginFailed(f"a bench has no `{name}`", hint="test this with a daemon")

    async def aclose(self) -> None:
        """Let go of all files."""
        await self._household.aclose()


@asynccontextmanager
async def bench(
    plugin: Plugin,
    folder: Path,
    *,
    settings: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Bench]:
    """Set a bench up for a plugin in an empty `folder`; `settings` are what its table in config.toml would hold."""
    made = Bench(plugin, folder, settings=settings or {}, environ=environ or {}, clock=clock or SystemClock())
    try:
        yield made
    finally:
        await made.aclose()
