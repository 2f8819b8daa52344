"""The configuration as it holds for one request, and where each of its values comes from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from isaacd.config.file import ConfigFile, read_file
from isaacd.config.keys import dotted
from isaacd.config.layers import NOTHING, PREFIX, Layer, environment_layer, file_layer, merge, set_layer
from isaacd.config.offered import UNKNOWN, Offered
from isaacd.config.problem import Origin, Problem, refuse
from isaacd.config.schema import Config
from isaacd.config.tree import Leaf, Names, Node, leaves
from isaacd.errors import ConfigInvalid, NotFound
from isaacd.redact import REDACTED, redact_text

# A caller's ISAAC_* variables and its `--set` texts.
Overrides = tuple[Mapping[str, str], Sequence[str]]
S = TypeVar("S", bound=msgspec.Struct)


class ConfigRow(msgspec.Struct, frozen=True):
    """One value for people, secrets masked; the value comes last because it may be long."""

    key: str
    origin: str
    value: object


class Loaded(msgspec.Struct, frozen=True):
    """A configuration with its layers, from the lowest to the highest; `overrides` are what made the upper ones."""

    config: Config
    file: ConfigFile
    overrides: tuple[Overrides, ...] = ()
    layers: tuple[Layer, ...] = ()
    offered: Offered = UNKNOWN

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is not wrong but not safe either, such as a file that others can write."""
        return self.file.warnings

    def settings(self, plugin: str, kind: type[S]) -> S:
        """Return the settings of a plugin as its Struct; raises ConfigInvalid."""
        values = self.config.plugins.settings.get(plugin, {})
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            raise refuse(self._complaints(plugin, str(error))) from None

    def _complaints(self, plugin: str, otherwise: str) -> list[Problem]:
        """Say what is wrong with the settings of one plugin, and where it is written."""
        from isaacd.config.explain import explain

        problems: list[Problem] = []
        place = Origin()
        for layer in self.layers:
            plugins = layer.values.get("plugins")
            own = plugins.get("settings", {}).get(plugin) if isinstance(plugins, dict) else None
            if own is not None:
                place = layer.where(("plugins", "settings", plugin))
                problems += explain({"plugins": {"settings": {plugin: own}}}, layer.where, self.offered)
        key = dotted(("plugins", "settings", plugin))
        return problems or [Problem(place, key, f"{key} does not fit: {otherwise}")]

    @property
    def origins(self) -> dict[str, Origin]:
        """Where each value comes from, by dotted key; computed anew each time."""
        return {dotted(key): origin for key, _, _, origin in self._values()}

    def rows(self, key: str | None = None, *, changed: bool = False) -> list[ConfigRow]:
        """List the values below `key` (all without one), or only those that are not defaults.

        Raises NotFound, with the nearest known key, if there is no such key.
        """
        rows = []
        known = []
        for path, leaf, value, origin in self._values():
            name = dotted(path)
            known += [dotted(path[:end]) for end in range(1, len(path) + 1)]
            if key is None or name == key or name.startswith(f"{key}."):
                rows.append((origin, ConfigRow(name, str(origin), mask(value, leaf))))
        tables = {
            dotted(path[:end]) for path, _ in leaves(self.offered.tree) for end in range(1, len(path) + 1)
        }
        if not rows and key not in tables:
            from isaacd.config.explain import nearest

            near = nearest(key or "", [*dict.fromkeys(known)])
            raise NotFound(f"there is no key {key}", hint=f"did you mean {near}?" if near else None)
        return [row for origin, row in rows if origin.kind != "default" or not changed]

    def again(self, path: Path | None = None) -> "Loaded":
        """Load its file anew, or another one, under the same variables and `--set`; raises ConfigInvalid."""
        home = self.file.home
        return combine(read_file(path or self.file.path, home=home), self.overrides, self.offered)

    def extended(self, environ: Mapping[str, str], sets: Sequence[str]) -> "Loaded":
        """Lay a caller's variables and `--set` texts over it; raises ConfigInvalid."""
        more = (own_variables(environ), tuple(sets))
        return combine(self.file, (*self.overrides, more), self.offered, trusted=len(self.overrides))

    def _values(self) -> Iterator[tuple[tuple[str, ...], Leaf, object, Origin]]:
        merged: dict[str, Any] = {}
        for layer in self.layers:
            merged = merge(merged, layer.values)
        yield from self._below(self.offered.tree, (), merged)

    def _below(
        self, node: Node, key: tuple[str, ...], merged: Any
    ) -> Iterator[tuple[tuple[str, ...], Leaf, object, Origin]]:
        if isinstance(node, Leaf):
            value = node.default if merged is None else merged
            yield key, node, value, self._origin(key)
        elif isinstance(node, Names):
            for name in merged or ():
                yield from self._below(node.item, (*key, name), merged[name])
        else:
            for name, child in node.fields.items():
                yield from self._below(child, (*key, name), (merged or {}).get(name))

    def _origin(self, key: tuple[str, ...]) -> Origin:
        for layer in reversed(self.layers):
            table: Any = layer.values
            for part in key:
                table = table.get(part) if isinstance(table, dict) else None
            if table is not None:
                return layer.where(key)
        return Origin()


def load(
    path: Path, environ: Mapping[str, str], sets: Sequence[str] = (), offered: Offered = UNKNOWN
) -> Loaded:
    """Load the file at `path` if it exists, and lay ISAAC_* variables and then `section.key=value` texts over it.

    Raises ConfigInvalid with every problem of every layer: its message has a line for each, its detail `problems`.
    """
    overrides = ((own_variables(environ), tuple(sets)),)
    return combine(read_file(path, home=environ.get("HOME", "")), overrides, offered)


def combine(
    file: ConfigFile,
    overrides: Sequence[Overrides],
    offered: Offered = UNKNOWN,
    *,
    trusted: int | None = None,
) -> Loaded:
    """Lay `overrides` over a file that was read; raises ConfigInvalid.

    With `trusted`, the file and so many of the overrides have been looked at already, and only the rest is.
    """
    layer, problems = (NOTHING, []) if file.text is None else file_layer(file.text, file.name)
    problems = [*file.problems, *problems]
    layers = [layer]
    checked = 0
    for number, (environ, sets) in enumerate(overrides):
        if number == trusted:
            checked, problems = len(layers), []
        upper, found = set_layer(sets, offered)
        problems += found
        middle, found = environment_layer(environ, _provider_names([*layers, upper]), offered)
        problems += found
        layers += [middle, upper]
    merged: dict[str, Any] = {}
    for number, layer in enumerate(layers):
        if number >= checked and (offered.decides(layer.values) or not _fits(layer.values)):
            from isaacd.config.explain import explain

            problems += explain(layer.values, layer.where, offered)
        merged = merge(merged, layer.values)
    if problems:
        raise refuse(problems)
    written = tuple(layer for layer in layers if layer.values)
    # To convert anything, the types of all keys have to be looked at; a daemon without a file is ready before that.
    config = msgspec.convert(merged, Config) if merged else Config()
    return Loaded(config, file, tuple(overrides), written, offered)


def _fits(values: Mapping[str, Any]) -> bool:
    if not values:
        return True
    try:
        msgspec.convert(values, Config)
    except msgspec.ValidationError:
        return False
    return True


def own_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep the variables that may configure Isaac."""
    return {name: value for name, value in environ.items() if name.startswith(PREFIX)}


def mask(value: object, leaf: Leaf) -> object:
    """Return a value as it may be shown."""
    if isinstance(value, str):
        return REDACTED if leaf.secret and value else redact_text(value)
    if isinstance(value, (list, tuple)):
        return [mask(item, leaf) for item in value]
    return value


def _provider_names(layers: Sequence[Layer]) -> list[str]:
    names: dict[str, None] = {}
    for layer in layers:
        section = layer.values.get("ai")
        providers = section.get("providers") if isinstance(section, dict) else None
        if isinstance(providers, dict):
            names.update(dict.fromkeys(providers))
    return list(names)


def without_file(
    path: Path, environ: Mapping[str, str], sets: Sequence[str], offered: Offered = UNKNOWN
) -> Loaded:
    """Return what holds without the file at `path`; where that is invalid too, the defaults."""
    file = ConfigFile(path, environ.get("HOME", ""))
    try:
        return combine(file, ((own_variables(environ), tuple(sets)),), offered)
    except ConfigInvalid:
        return Loaded(Config(), file)
