"""All about the plugins of one daemon, put together when the first of them is needed."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from isaacd.command import Catalog
from isaacd.config import Offered, PluginsConfig
from isaacd.context import Services
from isaacd.plugin.activity import Activity
from isaacd.plugin.hall import Hall
from isaacd.plugin.here import Here
from isaacd.plugin.importer import Importer
from isaacd.plugin.importing import FILE_NAME, Importing
from isaacd.plugin.loader import BootLoader
from isaacd.plugin.places import Found
from isaacd.plugin.registry import Registry
from isaacd.plugin.roster import Roster

if TYPE_CHECKING:
    from isaacd.plugin.importers import Importers
    from isaacd.plugin.isolation.importer import IsolatedImporter


class Residents:
    """The hall and the roster, with what they stand on; `learn` is told what plugins add to the configuration."""

    def __init__(
        self,
        services: Services,
        catalog: Catalog,
        *,
        reserved: Collection[str],
        config: Callable[[], PluginsConfig],
        spawn: Callable[..., None],
        learn: Callable[[Offered], None],
        uid: int,
    ) -> None:
        self._services = services
        self._config = config
        self.registry = Registry(catalog, reserved)
        self.activity = Activity(services.paths, services.clock, services.log)
        self._importing = Importing(services.paths.runtime_dir / FILE_NAME)
        self._here = Here(services.log, lambda: config().import_timeout_s, self._importing)
        self.hall = Hall(
            self.registry,
            self.activity,
            loader=self._loader,
            importer=self._importer,
            import_now=self._here.load_now,
            spawn=spawn,
            services=services,
            uid=uid,
            importing=self._importing,
            wait_s=lambda: config().wait_s,
        )
        self.roster = Roster(self.hall, changed=lambda: learn(self.roster.offered()))

    async def end(self) -> None:
        """Let go of all plugins, and of the processes of those that are isolated."""
        self._importing.close()
        await self.hall.end()
        if "_importers" in self.__dict__:
            await self._importers.aclose()

    def _loader(self, further: Callable[[], Iterable[Found]]) -> BootLoader:
        """Return what finds plugins, as the configuration is now."""
        config = self._config()
        return BootLoader(
            user_dir=self._services.paths.data_dir / "plugins",
            disabled=config.disabled,
            choose=config.choose,
            clock=self._services.clock,
            log=self._services.log,
            further=further,
        )

    def _importer(self, found: Found) -> Importer:
        """Say who may bring a plugin to life."""
        return self._importers.of(found)

    @cached_property
    def _importers(self) -> "Importers":
        """Who brings plugins to life, by what is trusted; a start that knows all its plugins asks nobody."""
        from isaacd.plugin.importers import Importers
        from isaacd.plugin.trust import trust_of

        return Importers(self._here, trust_of(self._services.paths), self._isolated)

    def _isolated(self) -> "IsolatedImporter":
        """Make what runs plugins that are not trusted; imported when there is the first."""
        from isaacd.plugin.isolation.importer import isolated_importer

        return isolated_importer(self._services, self._config().isolation)
