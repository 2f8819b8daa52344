"""A plugin's code brought in, after those that it requires, and let go of once nothing of it is under way."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

import anyio

from isaacd.context import Context, Services
from isaacd.errors import PluginFailed
from isaacd.plugin.hooks import set_up, tear_down
from isaacd.plugin.importer import Importer
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.order import needs
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.timing import Timings

if TYPE_CHECKING:
    from isaacd.plugin.ports import House

_IDLE_LOOK_S = 0.05
_LONGEST_LOOK_S = 5.0


async def describe(found: Found, importer: Importer, house: "House", timings: Timings) -> Manifest:
    """Return what a plugin declares; raises PluginFailed."""
    async with _turn(importer, house):
        with timings.step("import"):
            return await importer.describe(found)


async def bring_in(
    found: Found, manifest: Manifest, choose: Callable[[], Importer], house: "House", timings: Timings
) -> Plugin:
    """Return a plugin with code, set up, after those that it requires; raises PluginFailed.

    `choose` says who brings it to life, once the others are there: what a person trusts may change meanwhile.
    """
    name = found.name
    problem = house.problem(name)
    if problem is not None:
        raise PluginFailed(problem)
    for other in needs(manifest):
        await house.require(other)
    importer = choose()
    described = "import" in timings.steps
    async with _turn(importer, house):
        with timings.step("load" if described else "import"):
            plugin = await importer.load(found, manifest)
    try:
        with timings.step("setup"):
            await set_up(plugin, Context(house.services, plugin=name))
    except PluginFailed as error:
        await importer.drop(plugin)
        told = error.message.removeprefix(f"the plugin {name} cannot be used: ")
        raise PluginFailed(told, hint=error.hint) from None
    return plugin


def _turn(importer: Importer, house: "House") -> AbstractAsyncContextManager[None]:
    """Return what to hold while an importer is at work: what runs elsewhere needs no turn here."""
    return nullcontext() if importer.isolation else house.turn()


async def retire(plugin: Plugin, importer: Importer | None, services: Services) -> None:
    """Let go of code as soon as nothing of it is under way."""
    wait_s = _IDLE_LOOK_S
    while any(command.under_way for command in plugin.commands):
        await anyio.sleep(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_LOOK_S)
    await leave(plugin, importer, services)


async def leave(plugin: Plugin, importer: Importer | None, services: Services) -> None:
    """Let go of code; without an importer the process ends anyway."""
    await tear_down(plugin, Context(services, plugin=plugin.name))
    if importer is not None:
        await importer.drop(plugin)
