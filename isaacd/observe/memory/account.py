"""The account of the daemon's memory: what each room holds, what code takes, and what nobody can tell."""

import asyncio
import gc
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import msgspec

from isaacd.context import MemoryCard, MemoryRow
from isaacd.observe.memory.copied import in_a_copy
from isaacd.observe.memory.mapped import ANONYMOUS, children, mapped, sqlite_used
from isaacd.observe.memory.scales import Scales, Takes

_PLUGINS = "isaac_plugins"
_OURS = "isaacd"


class Weights(msgspec.Struct, frozen=True):
    """What was weighed in the copy; sizes in bytes."""

    rows: list[tuple[str, str, int, int]]
    blocks: int
    sqlite: int


async def measure(rooms: Mapping[str, Sequence[object]], shared: Iterable[object]) -> MemoryCard:
    """Weigh what each room holds (the objects that it begins with), all code, and everything else.

    Several tenths of a second of another processor. `shared` are objects that all rooms know, and that belong to none.
    """
    began = time.perf_counter()
    before = mapped()
    processes = children()
    apart = [*shared, asyncio.get_running_loop()]
    data = await in_a_copy(lambda: msgspec.msgpack.encode(_weigh(rooms, apart)))
    weights = msgspec.msgpack.decode(data, type=Weights)
    rows = [
        MemoryRow(group=group, name=name, kib=round(size / 1024, 1), objects=count)
        for group, name, size, count in weights.rows
    ]
    rows += [MemoryRow(group="mapped", name=name, kib=float(kib)) for name, kib in before.kinds.items()]
    for pid, name in processes:
        row = mapped(Path(f"/proc/{pid}"))
        rows.append(MemoryRow(group="process", name=f"{name} {pid}", kib=float(row.pss or row.rss)))
    rows.sort(key=lambda row: (row.group, -row.kib, row.name))
    python_kib = sum(size for _, _, size, _ in weights.rows) / 1024
    sqlite_kib = weights.sqlite / 1024
    return MemoryCard(
        rss_kib=before.rss,
        pss_kib=before.pss,
        private_kib=before.private,
        swapped_kib=before.swapped,
        python_kib=round(python_kib, 1),
        sqlite_kib=round(sqlite_kib, 1),
        unaccounted_kib=round(max(0.0, before.kinds.get(ANONYMOUS, 0) - python_kib - sqlite_kib), 1),
        blocks=weights.blocks,
        took_ms=round((time.perf_counter() - began) * 1000, 1),
        rows=tuple(rows),
    )


def _weigh(rooms: Mapping[str, Sequence[object]], shared: Sequence[object]) -> Weights:
    gc.disable()
    gc.unfreeze()  # what was set aside is not told otherwise
    blocks, sqlite = sys.getallocatedblocks(), sqlite_used()
    packages = _packages()
    names = [vars(module) for modules in packages.values() for module in modules]
    roots = [root for every in rooms.values() for root in every]
    scales = Scales([*shared, *names, *roots, rooms, roots, names, packages])
    rows = [("room", name, *scales.weigh(every)) for name, every in rooms.items()]
    for name, modules in packages.items():
        size = scales.weigh(map(vars, modules), _made_in({module.__name__ for module in modules}))
        is_plugin = name.startswith(f"{_PLUGINS}.")
        rows.append(("plugin" if is_plugin else "code", name.removeprefix(f"{_PLUGINS}."), *size))
    rows.append(("rest", "other objects", *scales.rest()))
    return Weights(rows, blocks, sqlite)


def _made_in(modules: set[str]) -> Takes:
    """Tell whether a class or function was made in one of these modules, and is not only known there."""
    return lambda item: getattr(item, "__module__", None) in modules


def _packages() -> dict[str, list[ModuleType]]:
    """Return the modules that are loaded by package: our own by room, plugins by plugin, the standard library as one."""
    found: dict[str, list[ModuleType]] = defaultdict(list)
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            found[_package(name)].append(module)
    return dict(found)


def _package(name: str) -> str:
    first, _, rest = name.partition(".")
    if first in (_OURS, _PLUGINS):
        return f"{first}.{rest.partition('.')[0]}" if rest else first
    return "standard library" if first in sys.stdlib_module_names or first == "__main__" else first
