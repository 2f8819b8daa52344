"""The beginning and the end of a plugin: its own functions for that, each with a time limit."""

from functools import partial

from isaacd.context import Context
from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.calling import TookTooLong, attempt, call
from isaacd.plugin.plugin import Plugin


async def set_up(plugin: Plugin, context: Context) -> None:
    """Run a plugin's `setup`, if it has one; raises PluginFailed if that raises or takes too long."""
    hook = plugin.begin
    if hook is None:
        return
    error = await attempt(partial(call, hook.function, context), hook.timeout_s)
    if error is None:
        return
    if isinstance(error, TookTooLong):
        reason = f"its setup took longer than {hook.timeout_s:g} s"
    else:
        context.log.error("plugin setup failed", exc_info=error)
        told = error.message if isinstance(error, IsaacError) else f"{type(error).__name__}: {error}"
        reason = f"its setup failed: {told}"
    raise PluginFailed(f"the plugin {plugin.name} cannot be used: {reason}", hint="see isaacctl logs")


async def tear_down(plugin: Plugin, context: Context) -> None:
    """Run a plugin's `teardown`, if it has one; what goes wrong is logged and no more, since the plugin goes anyway."""
    hook = plugin.end
    if hook is None:
        return
    error = await attempt(partial(call, hook.function, context), hook.timeout_s)
    if isinstance(error, TookTooLong):
        context.log.error("plugin teardown took too long", timeout_s=hook.timeout_s)
    elif error is not None:
        context.log.error("plugin teardown failed", exc_info=error)
