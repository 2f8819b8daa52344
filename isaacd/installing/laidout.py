"""What pip has laid out: the distributions in a folder, and the plugins that one of them offers."""

from importlib.metadata import Distribution, distributions
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams
from isaacd.plugin.declared import check_name
from isaacd.plugin.entries import GROUP
from isaacd.plugin.places import NAMESPACE
from isaacd.plugin.receipts import normalized, origin_of


class LaidOut(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution and its company; `compiled` says that it depends on the version of Python."""

    distribution: str
    version: str
    plugins: dict[str, str]
    needs: dict[str, str]
    compiled: bool


def look(site: Path, wanted: str) -> LaidOut:
    """Look at what is in `site`, which pip has filled because of the distribution `wanted`.

    Raises InvalidParams if that is not there, or offers no plugin, or one whose name or module cannot be.
    """
    found = {normalized(item.name): item for item in distributions(path=[str(site)])}
    one = found.pop(normalized(wanted), None)
    if one is None:
        raise InvalidParams(f"{wanted} is no plugin, but a package that Isaac itself runs with")
    plugins = _plugins(one)
    if not plugins:
        raise InvalidParams(
            f"{one.name} {one.version} is no plugin for Isaac: it has no entry point in the group {GROUP}",
            hint="its pyproject.toml would need one; isaacctl plugin new shows how",
        )
    if (site / NAMESPACE / "__init__.py").exists():
        raise InvalidParams(
            f"{one.name} has a file {NAMESPACE}/__init__.py, which would hide all other plugins",
            hint="its author has to take it out: isaacctl plugin check tells so",
        )
    for name, target in plugins.items():
        check_name(name)
        if not origin_of(site, target.partition(":")[0]).exists():
            raise InvalidParams(f"{one.name} says that {target} is its plugin {name}, but that is not in it")
    return LaidOut(
        distribution=one.name,
        version=one.version,
        plugins=plugins,
        needs={item.name: item.version for _, item in sorted(found.items())},
        compiled=any(site.rglob("*.so")) or any(site.rglob("*.dylib")),
    )


def _plugins(one: Distribution) -> dict[str, str]:
    return {item.name: item.value for item in one.entry_points if item.group == GROUP}
