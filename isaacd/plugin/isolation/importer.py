"""Plugins in processes of their own, behind the port by which the loader brings plugins to life."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.to_thread

from isaacd.config.isolation import IsolationConfig
from isaacd.context import Services
from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.grants import grants_of
from isaacd.plugin.isolation.cell import Cell, Granting, House
from isaacd.plugin.isolation.checked import checked
from isaacd.plugin.isolation.fence import MIB, Limits
from isaacd.plugin.isolation.forks import Forks
from isaacd.plugin.isolation.places import modules_for
from isaacd.plugin.isolation.process import Patience
from isaacd.plugin.isolation.quarters import TEMPORARY
from isaacd.plugin.isolation.stand_in import plugin_of
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin

# Plugins that are described at once: a start with many new ones must not take the whole machine.
_DESCRIBED_AT_ONCE = 2
_PATIENCE_S = 1.0


class IsolatedImporter:
    """Describes and runs plugins that nobody has said to trust, each in a process of its own."""

    def __init__(
        self, services: Services, limits: Limits, patience: Patience, grants: Granting | None = None
    ) -> None:
        self._forks = Forks(lambda: modules_for(services.paths), services.log)
        self._house = House(
            services=services,
            grants=grants or grants_of(services.paths),
            limits=limits,
            patience=patience,
            forks=self._forks,
        )
        self._cells: dict[int, Cell] = {}
        self._newest: dict[str, Cell] = {}
        self._describing = anyio.CapacityLimiter(_DESCRIBED_AT_ONCE)
        self._swept = False

    async def describe(self, found: Found) -> Manifest:
        """Run the plugin's code once behind the fence, with nothing declared; raises PluginFailed."""
        await self._sweep()
        async with self._place():
            cell = Cell(found, Manifest(name=found.name), self._house, keeps=False)
            try:
                return checked(found.name, await cell.describe())
            except IsaacError as error:
                told = _of_itself(found.name, error.message)
                raise PluginFailed(told, hint=error.hint, detail=error.detail) from error
            finally:
                with anyio.CancelScope(shield=True):
                    await cell.drop()

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None, None]:
        """Wait for one's turn to be described; behind those that never end nobody waits for long."""
        has_place = False
        with anyio.move_on_after(_PATIENCE_S):
            await self._describing.acquire()
            has_place = True
        try:
            yield
        finally:
            if has_place:
                self._describing.release()

    async def load(self, found: Found, manifest: Manifest) -> Plugin:
        """Return what stands for the plugin; its process is started when it is first used."""
        await self._sweep()
        cell = Cell(found, checked(found.name, manifest), self._house)
        plugin = plugin_of(cell, self._house.services)
        self._cells[id(plugin)] = self._newest[found.name] = cell
        return plugin

    async def drop(self, plugin: Plugin) -> None:
        """End the plugin's process."""
        cell = self._cells.pop(id(plugin), None)
        if cell is not None:
            if self._newest.get(cell.found.name) is cell:
                del self._newest[cell.found.name]
            await cell.drop()

    async def aclose(self) -> None:
        """End all processes."""
        async with anyio.create_task_group() as group:
            for cell in self._cells.values():
                group.start_soon(cell.drop)
        self._cells.clear()
        await self._forks.aclose()

    def told(self, found: Found) -> str:
        """Describe for a person what isolation holds for a plugin, or will."""
        cell = self._newest.get(found.name) or Cell(found, Manifest(name=found.name), self._house)
        return cell.isolation

    async def _sweep(self) -> None:
        """Remove once what processes of an earlier daemon have left; there is one daemon at a time."""
        if not self._swept:
            self._swept = True
            base = self._house.services.paths.cache_dir / TEMPORARY
            await anyio.to_thread.run_sync(partial(shutil.rmtree, base, ignore_errors=True))


def _of_itself(name: str, message: str) -> str:
    """Take the plugin's name from the beginning of a message that is shown beside it."""
    told = message.removeprefix(f"the plugin {name}: ")
    return f"it {told.removeprefix(named)}" if told.startswith(named := f"the plugin {name} ") else told


def isolated_importer(services: Services, config: IsolationConfig) -> IsolatedImporter:
    """Return what brings plugins that nobody trusts to life, as the configuration says."""
    return IsolatedImporter(
        services,
        Limits(memory_bytes=config.memory_mib * MIB, cpu_s=config.cpu_s, file_bytes=config.file_mib * MIB),
        Patience(
            open_s=config.open_s,
            call_s=config.call_s,
            hang_s=config.hang_s,
            grace_s=config.grace_s,
            idle_s=config.idle_s,
        ),
    )
