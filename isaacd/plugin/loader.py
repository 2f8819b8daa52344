"""BootLoader: loads the modules of the namespace package `isaac_plugins`, one failing alone."""

import importlib
import os
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Literal

import msgspec

from isaacd.clock import Clock
from isaacd.context import PluginCard
from isaacd.errors import IsaacError, PluginFailed
from isaacd.log import Log
from isaacd.plugin.choices import label_of, read_choices
from isaacd.plugin.discovery import discover
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin, check_name


class LoadedPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin that was found, whatever came of it; `origin` is the file or folder."""

    name: str
    origin: str
    state: Literal["loaded", "failed", "disabled", "hidden"]
    import_ms: float = 0.0
    plugin: Plugin | None = None
    error: str | None = None

    def card(self) -> PluginCard:
        """Describe it for the outside."""
        plugin = self.plugin
        return PluginCard(
            name=self.name,
            summary=plugin.summary if plugin else "",
            version=plugin.version if plugin else "",
            origin=self.origin,
            state=self.state,
            import_ms=round(self.import_ms, 3),
            commands=tuple(item.name for item in plugin.commands) if plugin else (),
            providers=tuple(item.kind for item in plugin.providers) if plugin else (),
            error=self.error,
        )


class BootLoader:
    """Loads plugins from every folder that is a part of `isaac_plugins`.

    `user_dir` may hold a further part: `<user_dir>/isaac_plugins/NAME.py`. The first folder that has a name wins, and
    the user's is the last: a plugin never replaces another in silence.
    """

    def __init__(
        self, *, user_dir: Path, disabled: Collection[str], clock: Clock, log: Log, uid: int | None = None
    ) -> None:
        self._user_dir = user_dir
        self._disabled = frozenset(disabled) | frozenset(read_choices(user_dir).disabled)
        self._clock = clock
        self._log = log
        self._uid = os.geteuid() if uid is None else uid

    def load_all(self) -> list[LoadedPlugin]:
        """Import every plugin that is not disabled, by name; a failure is kept as its record and logged."""
        found = discover(self._user_dir, self._uid, read_choices(self._user_dir))
        return [self._load(item) for item in sorted(found, key=lambda item: item.name)]

    def _load(self, found: Found) -> LoadedPlugin:
        name, origin = found.name, str(found.origin)
        if name in self._disabled:
            return LoadedPlugin(name=name, origin=origin, state="disabled")
        if found.hidden_by is not None:
            error = (
                f"hidden by {found.hidden_by}; rename it, or take it: "
                f"isaacctl plugins choose {name} {label_of(found)}"
            )
            self._log.warning("plugin hidden", plugin=name, origin=origin, reason=error)
            return LoadedPlugin(name=name, origin=origin, state="hidden", error=error)
        if found.refused is not None:
            self._log.warning("plugin refused", plugin=name, origin=origin, reason=found.refused)
            return LoadedPlugin(name=name, origin=origin, state="failed", error=found.refused)
        start = self._clock.monotonic()
        try:
            check_name(name)
            for folder in map(str, found.path):
                if folder not in sys.path:
                    sys.path.append(folder)
            plugin = _plugin_of(importlib.import_module(found.module), found)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything while it is imported
            reason = error.message if isinstance(error, IsaacError) else f"{type(error).__name__}: {error}"
            self._log.exception("plugin failed to load", plugin=name, origin=origin)
            return LoadedPlugin(name=name, origin=origin, state="failed", error=reason)
        took_ms = (self._clock.monotonic() - start) * 1000
        return LoadedPlugin(name=name, origin=origin, state="loaded", import_ms=took_ms, plugin=plugin)


def _plugin_of(module: ModuleType, found: Found) -> Plugin:
    plugin = getattr(module, found.attribute, None)
    if not isinstance(plugin, Plugin):
        raise PluginFailed(f'{module.__name__} has no `{found.attribute} = Plugin("{found.name}")`')
    if plugin.name != found.name:
        raise PluginFailed(
            f'{module.__name__} calls itself Plugin("{plugin.name}"); it must be Plugin("{found.name}")'
        )
    plugin.summary = plugin.summary or (module.__doc__ or "").strip().partition("\n")[0]
    return plugin
