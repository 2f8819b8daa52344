"""BootLoader: finds plugins wherever they may lie, and says which of them count; it can load them all at once, too."""

import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal

import msgspec

from isaacd.clock import Clock
from isaacd.context import PluginCard
from isaacd.errors import IsaacError, PluginFailed
from isaacd.log import Log
from isaacd.plugin.choices import label_of, read_choices, settle
from isaacd.plugin.declared import check_name
from isaacd.plugin.places import Found, find
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.receipts import installed


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
    """Finds the plugins of every folder that is a part of `isaac_plugins`, and of entry points.

    `user_dir` may hold a further part: `<user_dir>/isaac_plugins/NAME.py`. Where two have one name, `choose` says which
    is meant, as `isaacd.plugin.choices` does; otherwise it is the first, and Isaac's own come first: a plugin never
    replaces another in silence.
    """

    def __init__(
        self,
        *,
        user_dir: Path,
        disabled: Collection[str],
        clock: Clock,
        log: Log,
        uid: int | None = None,
        choose: Mapping[str, str] | None = None,
        further: Callable[[], Iterable[Found]] = tuple,
    ) -> None:
        self.user_dir = user_dir
        choices = read_choices(user_dir)
        self.disabled = frozenset(disabled) | frozenset(choices.disabled)
        self._taken = {**choices.taken, **(choose or {})}
        self._clock = clock
        self._log = log
        self._uid = os.geteuid() if uid is None else uid
        self._further = further

    def find(self) -> list[Found]:
        """Return all plugins by name, each with what hides it or why it is refused; imports none of them."""
        every = [*find(self.user_dir, self._uid), *installed(self.user_dir), *self._further()]
        return sorted(settle(every, self._taken), key=lambda item: (item.name, item.hidden_by is not None))

    def load_all(self) -> list[LoadedPlugin]:
        """Import every plugin that is not disabled, by name; a failure is kept as its record and logged."""
        return [self._load(item) for item in self.find()]

    def _load(self, found: Found) -> LoadedPlugin:
        name, origin = found.name, str(found.origin)
        if name in self.disabled:
            return LoadedPlugin(name=name, origin=origin, state="disabled")
        if found.hidden_by is not None:
            error = why_hidden(found)
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


def why_hidden(found: Found) -> str:
    """Say that two plugins have one name, which of them is used, and how to choose the other one."""
    label = label_of(found)
    if found.hidden_by is not None and found.hidden_by.parent == found.origin.parent:
        return f"hidden by {found.hidden_by}: two plugins cannot both be called {found.name}; rename or remove one of them"
    return (
        f"hidden by {found.hidden_by}: two plugins cannot both be called {found.name}; rename one, or take this one with "
        f'isaacctl plugins choose {found.name} {label}, or in config.toml: [plugins.choose] {found.name} = "{label}"'
    )


def _plugin_of(module: ModuleType, found: Found) -> Plugin:
    plugin: object = module
    for part in found.attribute.split("."):
        plugin = getattr(plugin, part, None)
    name = found.name
    if not isinstance(plugin, Plugin):
        raise PluginFailed(f'{module.__name__} has no `{found.attribute} = Plugin("{name}")`')
    if plugin.name != name:
        raise PluginFailed(
            f'{module.__name__} calls itself Plugin("{plugin.name}"); it must be Plugin("{name}")'
        )
    plugin.summary = plugin.summary or (module.__doc__ or "").strip().partition("\n")[0]
    return plugin
