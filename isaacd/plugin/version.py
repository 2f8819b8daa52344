"""The version of the plugin API, and what plugins demand of it and of each other.

The API's version is MAJOR.MINOR. A new MINOR adds something: a plugin that was written for an older MINOR goes on working.
A new MAJOR takes away or changes something: plugins for another MAJOR are refused. A plugin names the least that it needs,
`Plugin(..., api="1")` or `api="1.2"`. What is not in `isaacd.api.__all__` is no part of it.
"""

import re
from collections.abc import Mapping

import msgspec

from isaacd.errors import PluginFailed

API_VERSION = "1.0"
_API = re.compile(r"(\d{1,4})(?:\.(\d{1,4}))?\Z")
_REQUIREMENT = re.compile(
    r"\s*([a-z][a-z0-9_]{0,39})\s*((?:(?:>=|<=|==|!=|>|<)\s*[0-9][0-9A-Za-z.+-]*\s*,?\s*)*)\Z"
)
_BOUND = re.compile(r"(>=|<=|==|!=|>|<)\s*([0-9][0-9A-Za-z.+-]*)")
# Numbers come before words at the same place: 1.0rc1 is older than 1.0, and 1.0.1 newer.
Parts = tuple[tuple[int, int, str], ...]


class Requirement(msgspec.Struct, frozen=True):
    """Another plugin that one needs, and which versions of it: `bounds` are pairs such as (">=", "2")."""

    name: str
    bounds: tuple[tuple[str, str], ...] = ()

    def accepts(self, version: str) -> bool:
        """Say whether a version is one of those."""
        return all(_holds(_compare(version, wanted), sign) for sign, wanted in self.bounds)

    def __str__(self) -> str:
        return self.name + ",".join(f"{sign}{version}" for sign, version in self.bounds)


def parse_requirement(text: str) -> Requirement:
    """Read `NAME`, `NAME>=2` or `NAME>=1.2,<2`; raises PluginFailed."""
    found = _REQUIREMENT.match(text)
    if found is None:
        raise PluginFailed(f"{text[:80]!r} names no plugin to require: write NAME, NAME>=2 or NAME>=1.2,<2")
    return Requirement(found[1], tuple((sign, version) for sign, version in _BOUND.findall(found[2])))


def check_api(plugin: str, api: object, offered: str = API_VERSION) -> None:
    """Raise PluginFailed if a plugin was written for an API that this Isaac does not have."""
    found = _API.match(api) if isinstance(api, str) else None
    if found is None:
        raise PluginFailed(f'{plugin}: `api` must be a version of the plugin API such as "1", not {api!r}')
    major, minor = (int(part) for part in offered.split("."))
    wanted = int(found[1]), int(found[2] or 0)
    if wanted > (major, minor):
        raise PluginFailed(
            f"the plugin {plugin} needs version {api} of the plugin API, and this Isaac has {offered}",
            hint="update Isaac, or install an older version of the plugin",
        )
    if wanted[0] < major:
        raise PluginFailed(
            f"the plugin {plugin} was written for version {api} of the plugin API, and this Isaac has {offered}",
            hint="update the plugin",
        )


def unmet(requires: tuple[str, ...], versions: Mapping[str, str]) -> str | None:
    """Say which requirement of a plugin is not met by the plugins there are, by name, or return None."""
    for text in requires:
        wanted = parse_requirement(text)
        version = versions.get(wanted.name)
        if version is None:
            return f"it needs the plugin {wanted}, which is not there"
        if not wanted.accepts(version):
            return f"it needs the plugin {wanted}, and there is {wanted.name} {version}"
    return None


def _compare(one: str, other: str) -> int:
    left, right = _parts(one), _parts(other)
    length = max(len(left), len(right))
    filler = ((1, 0, ""),)
    left, right = left + filler * (length - len(left)), right + filler * (length - len(right))
    return (left > right) - (left < right)


def _parts(version: str) -> Parts:
    """Take a version apart into what compares as people expect."""
    public = version.partition("+")[0]
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part)
        for part in re.findall(r"\d+|[A-Za-z]+", public)
    )


def _holds(order: int, sign: str) -> bool:
    return {
        ">=": order >= 0,
        "<=": order <= 0,
        "==": order == 0,
        "!=": order != 0,
        ">": order > 0,
        "<": order < 0,
    }[sign]
