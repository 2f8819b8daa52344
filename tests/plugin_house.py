"""Everything around the plugins of one folder, as a daemon has it, with fakes for the rest."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec

from isaacd.command import Catalog
from isaacd.config import Offered
from isaacd.context import Context
from isaacd.plugin import BootLoader, Registry
from isaacd.plugin.activity import Activity
from isaacd.plugin.hall import Hall
from isaacd.plugin.here import Here
from isaacd.plugin.importing import Importing
from isaacd.plugin.places import Found
from isaacd.plugin.roster import Roster
from tests.fakes import FakeServices


class OnlyOwn(BootLoader):
    """Finds the plugins of the user's folder and no others."""

    def find(self) -> list[Found]:
        return [found for found in super().find() if found.source == "user"]


class PluginHouse:
    """The plugins below `home`, and their catalog."""

    def __init__(self, home: Path, group: anyio.abc.TaskGroup, timeout_s: float = 10.0) -> None:
        self.home = home
        services = FakeServices({"HOME": str(home), "XDG_RUNTIME_DIR": "/nonexistent"})
        self.services = services
        self.catalog = Catalog()
        self.registry = Registry(self.catalog, ())
        importing = Importing(home / "importing")
        self.here = Here(services.log, lambda: timeout_s, importing)
        self.disabled: tuple[str, ...] = ()
        self.offered: list[Offered] = []  # what the configuration was told, each time
        self.hall = Hall(
            self.registry,
            Activity(services.paths, services.clock, services.log),
            loader=self._loader,
            importer=lambda _: self.here,
            import_now=self.here.load_now,
            spawn=group.start_soon,
            services=services,
            uid=os.geteuid(),
            importing=importing,
        )
        self.roster = Roster(self.hall, changed=lambda: self.offered.append(self.roster.offered()))
        self.catalog.later(lambda: self.roster, ())

    def _loader(self, further: Callable[[], Iterable[Found]]) -> BootLoader:
        return OnlyOwn(
            user_dir=self.services.paths.data_dir / "plugins",
            disabled=self.disabled,
            clock=self.services.clock,
            log=self.services.log,
            further=further,
        )

    async def settle(self) -> None:
        """Look at all files, and wait until all is done."""
        if (wait := self.catalog.waiting()) is not None:
            await wait()
        await self.roster.look_again()

    async def call(self, name: str) -> Any:
        """Call a command without arguments."""
        command = await self.catalog.get(name).ready()
        context = Context(self.services, plugin=command.plugin)
        return await command.run(context, command.decode(msgspec.Raw(), "msgpack").args)

    def view(self) -> dict[str, Any]:
        """Return what the outside can see of each plugin without using it."""
        commands: dict[str, list[Any]] = {}
        for item in sorted(self.catalog, key=lambda item: item.name):
            shown = (item.name, item.doc, item.mode, item.hidden, item.tool, msgspec.json.encode(item.schema))
            commands.setdefault(item.plugin, []).append(shown)
        return {
            card.name: "failed"
            if card.state == "failed"
            else (card.summary, card.version, card.providers, commands.get(card.name))
            for card in self.roster.cards()
        }


@asynccontextmanager
async def plugin_house(home: Path, timeout_s: float = 10.0) -> AsyncIterator[PluginHouse]:
    """Open the plugins below `home`; afterwards nothing of them is left in this process."""
    before, path, finders = set(sys.modules), list(sys.path), list(sys.meta_path)
    try:
        async with anyio.create_task_group() as group:
            house = PluginHouse(home, group, timeout_s)
            try:
                house.catalog.complete()
                yield house
            finally:
                house.hall.vigil.close()
            group.cancel_scope.cancel()
    finally:
        sys.path[:] = path
        sys.meta_path[:] = finders
        for name in set(sys.modules) - before:
            if name.startswith("isaac_plugins."):
                del sys.modules[name]


def plugins_of(home: Path) -> Path:
    """Return the folder of plugins below a home, which is made if there is none."""
    folder = home / ".local/share/isaac/plugins/isaac_plugins"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
